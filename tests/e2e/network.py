"""A whole Covey network on this machine for tests: a real anvil, deployed contracts, a store, and worker processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from covey.chain import queries
from covey.chain.abi import Record
from covey.chain.artefacts import codebook
from covey.chain.contract import Call
from covey.chain.deploy import deploy
from covey.chain.deployment import Contracts, Parameters
from covey.chain.follower import EventFollower, Filter
from covey.chain.gateway import Gateway
from covey.chain.sender import Sender
from covey.journal import Journal
from covey.learning.data import Dataset, load
from covey.localnet import Localnet, Node, Settings
from covey.protocol.params import Lengths, TaskParams
from covey.roles.arena import ARENA
from covey.roles.config import Notice, TaskPlan, WorkerConfig
from covey.roles.engine import Engine, Event, S
from covey.roles.run import create_task
from covey.roles.task import TaskState
from covey.wallet import Signer

TOKEN = 10**18
STAKE = 1_000 * TOKEN
LENGTHS = Lengths(enrol=3_600, mask=300, submit=300, publish=300, key=300, score=300, reveal=300, open=300)
"""Long: everything but Enrol, which a test skips when all are in, closes when everybody has acted."""

PATIENCE = 400.0
"""Seconds after which what a test waits for will not come, on the slowest of machines."""

_PROCESS = Path(__file__).with_name("process.py")
_SOURCES = Path(__file__).parents[2] / "workers"


@dataclass
class Worker:
    """A worker process, and what it needs to be started again."""

    name: str
    config: Path
    notices: Path
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def heard(self) -> list[Notice]:
        """All its notices so far."""
        if not self.notices.exists():
            return []
        return [Notice(**json.loads(line)) for line in self.notices.read_text().splitlines() if line.endswith("}")]


class Network:
    """Use it as a context manager: everything it started ends with it."""

    def __init__(self, folder: Path, lengths: Lengths = LENGTHS, accounts: int = 16, node: Node = Node.ANVIL) -> None:
        self.folder = folder
        self.lengths = lengths
        self.workers: dict[str, Worker] = {}
        self.net = Localnet(node, settings=Settings(accounts=accounts), log=folder / "anvil.log")
        self.rpc = self.net.url  # what workers are told
        try:
            self.gateway = Gateway([self.net.url], codebook=codebook())
            self.signers = [Signer(key) for key in self.net.keys]
            self._journals = [Journal(folder / f"setup-{i}.sqlite") for i in range(accounts)]
            self._senders = [
                Sender(self.gateway, signer, journal)
                for signer, journal in zip(self.signers, self._journals, strict=True)
            ]
            parameters = Parameters(unbonding=30 * 86_400, min_phase=1)
            self.deployment = deploy(self.gateway, self._senders[0], parameters)
            self.deployment_file = folder / "deployment.json"
            self.deployment.save(self.deployment_file)
            self._fund()
        except BaseException:
            self.net.close()
            raise

    @property
    def contracts(self) -> Contracts:
        return self.deployment.contracts()

    @property
    def store(self) -> str:
        return f"dir:{self.folder / 'store'}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self.workers.values():
            if worker.process is not None and worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()
        for journal in self._journals:
            journal.close()
        self.gateway.close()
        self.net.close()

    # Accounts ---------------------------------------------------------------------------------------------------------

    def send(self, account: int, call: Call) -> None:
        """One transaction of an account, mined."""
        self._senders[account].send(f"{time.monotonic_ns()}", call)

    def read(self, call: Call) -> Any:
        return self.gateway.read(call)

    def _fund(self) -> None:
        """Every account gets stake, credit, and lets the Arena use both."""
        c = self.contracts
        vault, ledger, arena, alliance = c.vault.address, c.ledger.address, c.arena.address, c.alliance.address
        for i, signer in enumerate(self.signers):
            if i:
                self.send(0, c.token.call("transfer", signer.address, 10_000 * TOKEN))
            self.send(i, c.token.call("approve", vault, 2**256 - 1))
            self.send(i, c.token.call("approve", ledger, 2**256 - 1))
            self.send(i, c.vault.call("authorize", signer.address, b""))
            self.send(i, c.vault.call("stake", STAKE))
            self.send(i, c.vault.call("approveEngine", arena, 2**96 - 1))
            self.send(i, c.ledger.call("deposit", 5_000 * TOKEN))
            self.send(i, c.ledger.call("approve", arena, 2**96 - 1))
            self.send(i, c.ledger.call("approve", alliance, 2**96 - 1))

    # Time -------------------------------------------------------------------------------------------------------------

    def mine_every(self, seconds: int) -> None:
        """From now on blocks come by themselves."""
        self.net.rpc("evm_setAutomine", False)
        self.net.rpc("evm_setIntervalMining", seconds)

    @contextmanager
    def mining_by_hand(self) -> Iterator[None]:
        """Adds a block a second to those that each transaction gets, on a node that can't do so by itself."""
        stop = threading.Event()

        def mine() -> None:
            while not stop.wait(1.0):
                httpx.post(self.net.url, json={"jsonrpc": "2.0", "id": 1, "method": "evm_mine", "params": []})

        miner = threading.Thread(target=mine)
        miner.start()
        try:
            yield
        finally:
            stop.set()
            miner.join()

    def skip_to(self, timestamp: int) -> None:
        """Moves the chain's clock forward, so that the next block is at `timestamp` or a little later."""
        now = self.gateway.head().timestamp
        if timestamp > now:
            self.net.rpc("evm_increaseTime", timestamp - now)

    # Tasks and workers ------------------------------------------------------------------------------------------------

    def config(self, account: int) -> WorkerConfig:
        return WorkerConfig(
            deployment=self.deployment,
            rpc=(self.net.url,),
            signer=self.signers[account],
            store=self.store,
            folder=self.folder / f"worker-{account}",
        )

    def post(self, creator: int = 0, rounds: int = 3, **chosen: Any) -> int:
        """Posts a digits task."""

        def params(shards: tuple[Dataset, ...]) -> TaskParams:
            examples = min(map(len, shards))
            largest = max(int((shard.y == c).sum()) for shard in shards for c in range(shard.classes))
            return TaskParams.for_counts(examples, largest, rounds=rounds, **(self._rules() | chosen))

        plan = TaskPlan("test", "digits", "image-classification", load("digits"), rounds, params)
        return create_task(self.config(creator), plan, lambda notice: None)

    def post_with_uri(self, uri: str) -> int:
        """Posts a task whose public description is elsewhere, or nowhere."""
        examples = TaskParams.for_counts(100, 20, rounds=1, **self._rules())
        call = self.contracts.arena.call("createTask", examples.to_abi(), [(bytes(32), bytes(32), bytes(32))], uri)
        self.send(0, call)
        return int(self.read(self.contracts.arena.call("taskCount")))

    def _rules(self) -> dict[str, Any]:
        return {
            "min_trainer_stake": 100 * 10**9,
            "min_validator_stake": 100 * 10**9,
            "min_trainers": 1,
            "min_validators": 1,
            "max_trainers": 16,
            "bounty": 1_000 * TOKEN,
            "bond": 100 * TOKEN,
            "keeper_fee": TOKEN // 10,
            "relay_fee": TOKEN // 100,
            "lengths": self.lengths,
        }

    def start(self, role: str, account: int, kill_log: Path | None = None, **options: Any) -> Worker:
        """Starts a worker process."""
        name = f"{role}-{account}"
        defaults: dict[str, dict[str, Any]] = {
            "trainer": {"architecture": "linear", "epochs": 5, "seed": account, "strategy": "honest", "relays": []},
            "validator": {"strategy": "honest"},
            "keeper": {"courtesy": 5, "task": None, "alliance": None},
            "client": {"strategy": "honest", "seed": account, "data": None, "app": None},
            "creator": {"models": str(self.folder / "models")},
        }
        config = self.folder / f"{name}.json"
        notices = self.folder / f"{name}.log"
        document = {
            "role": role,
            "deployment": str(self.deployment_file),
            "rpc": self.rpc,
            "key": self.net.keys[account].hex(),
            "store": self.store,
            "folder": str(self.folder / f"worker-{account}"),
            "notices": str(notices),
            "options": defaults[role] | options,
        }
        config.write_text(json.dumps(document))
        worker = Worker(name, config, notices)
        self.workers[name] = worker
        self.restart(worker, kill_log)
        return worker

    def restart(self, worker: Worker, kill_log: Path | None = None) -> None:
        environment = os.environ | {"PYTHONPATH": str(_SOURCES), "OMP_NUM_THREADS": "1"}
        if kill_log is not None:
            environment["COVEY_KILL_LOG"] = str(kill_log)
        with (self.folder / f"{worker.name}.err").open("ab") as errors:
            worker.process = subprocess.Popen(
                [sys.executable, str(_PROCESS), str(worker.config)], env=environment, stderr=errors, stdout=errors
            )

    def kill(self, name: str) -> None:
        """kill -9."""
        process = self.workers[name].process
        assert process is not None
        process.kill()
        process.wait()

    def await_exit(self, worker: Worker) -> int:
        assert worker.process is not None
        return worker.process.wait(PATIENCE)

    def enrol(self, task: int, trainers: int, validators: int) -> TaskState:
        """Waits until so many have enrolled, then closes Enrol."""
        state = self.await_state(task, lambda s: len(s.trainers) == trainers and len(s.validators) == validators)
        self.skip_to(state.created_at + state.params.lengths.enrol)
        return state

    # What happened ----------------------------------------------------------------------------------------------------

    def records(self, engine: Engine[Any, Any] = ARENA) -> list[Record]:
        """All events of a contract so far."""
        with Journal(self.folder / f"observer-{time.monotonic_ns()}.sqlite") as journal:
            address = engine.contract(self.contracts).address
            follower = EventFollower(self.gateway, journal.feed("all"), Filter((address,), self.deployment.block))
            for _ in follower.sync(self.gateway.head()):
                pass
            return list(follower.records())

    def relays_of(self, task: int) -> list[str]:
        """Who sent each message of a task's handles."""
        return [
            r.arguments["relay"] for r in self.records() if r.name in ("HandleRegistered", "Submitted", "Published")
        ]

    def state(self, task: int) -> TaskState:
        """The Arena's task, folded from all its events."""
        return self.tasks(ARENA)[task]

    def tasks(self, engine: Engine[S, Any]) -> dict[int, S]:
        """All tasks of a contract, folded from its events."""
        records = self.records(engine)
        numbers = sorted({record.log.block for record in records})
        heads = self.gateway.rpc.ask_each([queries.block(number) for number in numbers])
        times = {head.number: head.timestamp for head in heads if head is not None}
        events = (Event(r.name, r.arguments, r.log.block, times[r.log.block]) for r in records)
        return engine.fold({}, events)

    def await_state(self, task: int, condition: Callable[[TaskState], bool]) -> TaskState:
        """Waits until the Arena's task meets a condition."""
        return self.await_task(ARENA, task, condition)

    def await_task(self, engine: Engine[S, Any], task: int, condition: Callable[[S], bool]) -> S:
        """Waits until a task's state meets a condition."""
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self.tasks(engine)[task]
            if condition(state):
                return state
            crashed = [w.name for w in self.workers.values() if w.process is not None and w.process.poll() in (1, 3)]
            if crashed or time.monotonic() > deadline:
                raise TimeoutError(self.story())
            time.sleep(0.5)

    def story(self) -> str:
        """The last notices of every worker, for a failing test's message."""
        lines = []
        for worker in self.workers.values():
            lines.append(f"--- {worker.name}")
            lines += [f"{n.kind}: {n.text[:200]}" for n in worker.heard() if n.kind != "training"][-12:]
            errors = self.folder / f"{worker.name}.err"
            if errors.exists():
                lines.append(errors.read_text()[-1500:])
        return "\n".join(lines)
