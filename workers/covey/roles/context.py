"""What the deeds of every role need: chain, store, journal and secrets of one worker."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from eth_hash.auto import keccak

from covey.chain.artefacts import codebook
from covey.chain.contract import Call
from covey.chain.deployment import Contracts
from covey.chain.gateway import Gateway
from covey.chain.sender import Sender
from covey.journal import Journal, Scope, Secret, State
from covey.protocol.commitments import Domain
from covey.roles import faults
from covey.roles.config import Notice, Report, WorkerConfig
from covey.roles.content import KeptStore
from covey.roles.decision import Act
from covey.roles.description import Description, fetch_description
from covey.roles.outcome import Sent
from covey.roles.task import TaskState
from covey.storage import open_store
from covey.storage.local import LocalStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Context:
    """One running worker's. `store` keeps in the worker's folder what it fetched; `wake`, once set, lets the worker
    decide again before the next block."""

    config: WorkerConfig
    gateway: Gateway
    contracts: Contracts
    sender: Sender
    journal: Journal
    store: KeptStore
    domain: Domain
    secret: Secret = field(repr=False)
    report: Report = field(repr=False)
    _descriptions: dict[str, Description] = field(default_factory=dict, init=False, repr=False)
    wake: Event = field(default_factory=Event, repr=False)

    @property
    def address(self) -> str:
        return self.config.signer.address

    def scope(self, task: int, role: str) -> Scope:
        """Where this worker's secrets of one task belong."""
        return Scope(self.domain.chain_id, self.domain.arena, task, role)

    def send(self, act: Act, task: int, call: Call) -> Sent:
        """Sends a call from the worker's account, once, whenever it is asked to for the same deed."""
        key = _key(act, task, call)
        self.sender.submit(key, call)
        faults.point(f"sent/{act}")
        return Sent(key)

    def did(self, act: Act, task: int, call: Call) -> bool:
        """Whether the journal knows that this was done."""
        intent = self.journal.intents.find(_key(act, task, call))
        return intent is not None and intent.state is State.DONE

    def describe(self, state: TaskState) -> Description:
        """A task's public description. Raises BadDescription, StoreError."""
        if state.uri not in self._descriptions:
            self._descriptions[state.uri] = fetch_description(state.uri, state.params.rounds, self.store)
        return self._descriptions[state.uri]

    def inform(self, task: int | None, text: str, **facts: object) -> None:
        self.report(Notice("info", text, task, facts))


@contextmanager
def opened(config: WorkerConfig, report: Report) -> Iterator[Context]:
    """Opens everything a worker needs, and closes it. Raises ChainError, JournalError, StoreError."""
    with ExitStack() as stack:
        gateway = stack.enter_context(Gateway(config.rpc, codebook=codebook(), chain_id=config.deployment.chain_id))
        config.deployment.check(gateway)
        config.folder.mkdir(parents=True, exist_ok=True)
        journal = stack.enter_context(Journal(config.folder / "journal.sqlite"))
        yield Context(
            config=config,
            gateway=gateway,
            contracts=config.deployment.contracts(),
            sender=Sender(gateway, config.signer, journal, config.sending),
            journal=journal,
            store=KeptStore(LocalStore(config.folder / "content"), open_store(config.store)),
            domain=Domain(config.deployment.chain_id, config.deployment.addresses.arena),
            secret=config.signer.worker_secret(),
            report=_one_at_a_time(report),
        )


def _one_at_a_time(report: Report) -> Report:
    """So that no listener need care that a worker has threads, and none stops one.

    A notice for which the disk has no room is lost: what the worker says is worth less than what it does. That nobody
    listens any more ends it.
    """
    lock = Lock()

    def locked(notice: Notice) -> None:
        with lock:
            try:
                report(notice)
            except BrokenPipeError:
                raise
            except OSError as error:
                _log.warning("a notice could not be written: %s", error)

    return locked


def _key(act: Act, task: int, call: Call) -> str:
    """Names one deed: what is done, by which contract and with which arguments."""
    return f"{task}/{act}/{keccak(str(call.to).encode() + call.data).hex()[:16]}"
