"""Running a cast on a node of its own.

Everything that is started ends with the Network, and with this process, however that ends.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from covey.chain import Call, Contracts, Gateway, Parameters, Sender, deploy
from covey.chain.artefacts import codebook
from covey.closing import Closing
from covey.journal import Journal
from covey.localnet import Localnet, Settings
from covey.localnet.children import Child, kill, spawn, stop
from covey.network.cast import JOIN, TASK, Cast, Person
from covey.protocol.bounds import PhaseLengths
from covey.wallet import Signer

UNBONDING: Final = 86_400
"""Seconds; bounds the length of tasks on a local network."""

_MIN_PHASE: Final = 1
_UNLIMITED: Final = (1 << 96) - 1
_READY_TIMEOUT: Final = 180.0
_ENDED_TIMEOUT: Final = 60.0
_POLL: Final = 0.1
_VERB_TIMEOUT: Final = 60.0
_TAIL: Final = 12  # lines


class NetworkError(Exception):
    """A local network did not do what it was made for."""


@dataclass(frozen=True)
class Worker:
    """A person's running process, and what it was started with; `log` has its notices, one JSON object a line."""

    person: Person
    arguments: tuple[str, ...]
    child: Child
    log: Path

    def notices(self) -> Iterator[dict[str, Any]]:
        """What it has said so far."""
        for line in self.log.read_text(errors="replace").splitlines():
            if line.startswith("{") and line.endswith("}"):
                yield json.loads(line)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_TAIL:])


class Network(Closing):
    """Use it as a context manager. `folder` takes all files; it should be new. Raises LocalnetError, ChainError."""

    def __init__(self, folder: Path, cast: Cast, *, port: int = 0, relay_port: int) -> None:
        self.folder = folder
        self.cast = cast
        self.relay_port = relay_port
        self.workers: dict[str, Worker] = {}
        self.endpoints: dict[str, str] = {}  # RPC addresses of those who are not told the node's, by name
        self._stack = ExitStack()
        try:
            self._open(port)
        except BaseException:
            self._stack.close()
            raise

    def _open(self, port: int) -> None:
        for name in ("logs", "workers", "setup"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # One account more than people, for whoever wants to join by hand; the first owns all tokens and deploys.
        settings = Settings(accounts=len(self.cast.everybody) + 2)
        self.node = self._stack.enter_context(
            Localnet(settings=settings, port=port, log=self.folder / "logs" / "node.log")
        )
        self.gateway = self._stack.enter_context(Gateway([self.node.url], codebook=codebook()))
        self._stack.callback(self.end_workers)
        deployer, *signers, self.spare = map(Signer, self.node.keys)
        self.signers = {person.name: signer for person, signer in zip(self.cast.everybody, signers, strict=True)}
        self._senders: dict[str, Sender] = {}
        self._bank = self._sender("bank", deployer)
        parameters = Parameters(unbonding=UNBONDING, min_phase=_MIN_PHASE)
        self.deployment = deploy(self.gateway, self._bank, parameters)
        self.deployment_file = self.folder / "deployment.json"
        self.deployment.save(self.deployment_file)

    @property
    def contracts(self) -> Contracts:
        return self.deployment.contracts()

    @property
    def store(self) -> str:
        return f"dir:{self.folder / 'store'}"

    @property
    def models(self) -> Path:
        """Where the creator puts the models that it paid for."""
        return self.folder / "models"

    @property
    def relay(self) -> str:
        return f"http://127.0.0.1:{self.relay_port}"

    def names(self) -> dict[str, str]:
        """People by address."""
        return {signer.address: name for name, signer in self.signers.items()}

    def holders(self) -> list[str]:
        """Addresses of all who may own tokens: people, the spare account, and the one that had them all at first."""
        return [*(signer.address for signer in self.signers.values()), self.spare.address, self._bank.address]

    # Accounts ---------------------------------------------------------------------------------------------------------

    def fund(self) -> None:
        """Gives everybody tokens, stake, credit, and Arena and Alliance leave to use them."""
        for person in self.cast.everybody:
            self.endow(self.signers[person.name], self._sender(person.name, self.signers[person.name]), person)
        spare = Person("spare", (), stake=1_000 * 10**18, credit=1_000 * 10**18)
        self.endow(self.spare, self._sender("spare", self.spare), spare)
        for delegator, operator, amount in self.cast.delegations:
            self._delegate(delegator, self.signers[operator], amount)

    def endow(self, signer: Signer, sender: Sender, person: Person) -> None:
        c, name = self.contracts, person.name
        vault, ledger, arena, alliance = c.vault.address, c.ledger.address, c.arena.address, c.alliance.address
        amount = person.stake + person.credit + sum(wei for who, _, wei in self.cast.delegations if who == name)
        if amount:
            self._bank.send(f"{name}/tokens", c.token.call("transfer", signer.address, amount))
        calls: list[Call] = []
        if person.stake or person.verb == JOIN:
            calls.append(c.vault.call("authorize", signer.address, b""))
        if person.stake:
            calls += [
                c.token.call("approve", vault, person.stake),
                c.vault.call("stake", person.stake),
                c.vault.call("approveEngine", arena, _UNLIMITED),
            ]
        if person.credit:
            calls += [
                c.token.call("approve", ledger, person.credit),
                c.ledger.call("deposit", person.credit),
                c.ledger.call("approve", arena, _UNLIMITED),
                c.ledger.call("approve", alliance, _UNLIMITED),
            ]
        for i, call in enumerate(calls):
            sender.send(f"{name}/{i}", call)

    def _delegate(self, delegator: str, operator: Signer, amount: int) -> None:
        c, sender = self.contracts, self._senders[delegator]
        sender.send(f"{delegator}/allow", c.token.call("approve", c.vault.address, amount))
        version = self.gateway.read(c.vault.call("approvalsVersion", operator.address))
        sender.send(f"{delegator}/delegate", c.vault.call("delegate", operator.address, amount, version))

    def _sender(self, name: str, signer: Signer) -> Sender:
        journal = self._stack.enter_context(Journal(self.folder / "setup" / f"{name}.sqlite"))
        self._senders[name] = Sender(self.gateway, signer, journal)
        return self._senders[name]

    # Time -------------------------------------------------------------------------------------------------------------

    def mine_every(self, seconds: int) -> None:
        """From now on there is a block every so many seconds, and not one for each transaction."""
        self.node.rpc("evm_setAutomine", False)
        self.node.rpc("evm_setIntervalMining", seconds)

    def skip_to(self, timestamp: int) -> None:
        """Moves the chain's clock forward, so that the next block is at `timestamp` or a little later."""
        now = self.gateway.head().timestamp
        if timestamp > now:
            self.node.rpc("evm_increaseTime", timestamp - now)

    # Workers ----------------------------------------------------------------------------------------------------------

    def start_workers(self) -> None:
        """Starts everybody but the creator; they wait for the task."""
        for person in self.cast.workers:
            self.start_worker(person, TASK)

    def start_worker(self, person: Person, task: int, *options: str) -> None:
        """Starts somebody who waits for `task` to be posted."""
        arguments: tuple[str, ...] = ("--task", str(task), "--wait", "--store", self.store)
        if person.stake:
            arguments += ("--stake", f"{self._stake_of(person)}wei")
        if person.verb == ("train",):
            arguments += ("--relay", self.relay, "--device", "cpu")
        elif person.verb == ("validate",):
            arguments += ("--device", "cpu")
        elif person.verb == ("keep",):
            arguments += ("--relay", f"127.0.0.1:{self.relay_port}")
        self.start(person, (*arguments, *options))

    def _stake_of(self, person: Person) -> int:
        """Wei that a person locks: all there is, its delegators' included."""
        return person.stake + sum(amount for _, operator, amount in self.cast.delegations if operator == person.name)

    def await_ready(self, people: Sequence[Person]) -> None:
        """Until all these wait for their task. Raises NetworkError."""
        deadline = time.monotonic() + _READY_TIMEOUT
        waiting = {person.name: self.workers[person.name] for person in people}
        while waiting:
            for name, worker in list(waiting.items()):
                if any(notice["kind"] == "ready" for notice in worker.notices()):
                    del waiting[name]
            self.require_alive()
            if time.monotonic() > deadline:
                raise NetworkError(f"{', '.join(waiting)} did not start within {_READY_TIMEOUT:.0f} s")
            time.sleep(_POLL)

    def post(
        self,
        data: Sequence[str],
        rounds: int,
        lengths: PhaseLengths,
        bounty: int,
        reference: str,
        creator: Person | None = None,
    ) -> None:
        """Starts a creator, the first unless named, which posts a task and stays. `data` are the options that choose
        the data, and any others."""
        arguments = [*data, "--rounds", str(rounds), "--bounty", f"{bounty}wei", "--reference", reference]
        arguments += ["--store", self.store, "--models", str(self.models), "--set", "min_trainers=1"]
        arguments += _set(lengths)
        self.start(creator or self.cast.creator, arguments)

    def post_alliance(self, model: Path, lengths: PhaseLengths, options: Sequence[str]) -> None:
        """Starts the creator's posting of an alliance, which goes on from a `model` that won the Arena's task."""
        arguments = ["--start", str(model), "--arena-task", str(TASK), "--store", self.store, *_set(lengths), *options]
        self.start(replace(self.cast.creator, verb=("fl", "create")), arguments)

    def start_clients(self, data: Mapping[str, Path]) -> None:
        """Starts everybody who takes part in the alliance that is to be posted, clients with `data` files by name."""
        shared = ("--wait", "--store", self.store)
        for person in self.cast.clients:
            self.start(person, (str(TASK), "--data", str(data[person.name]), "--device", "cpu", *shared))
        self.start(self.cast.keeper, ("--alliance", str(TASK), *shared))

    def start(self, person: Person, arguments: Sequence[str]) -> None:
        """Starts a person's process; again, if it has ended."""
        log = self.folder / "logs" / f"{person.name}.log"
        state = self.folder / "workers" / person.name
        command = [*person.verb, *person.arguments, *arguments, "--state", str(state), "--json"]
        environment = self.environment(self.signers[person.name])
        if person.name in self.endpoints:
            environment["COVEY_RPC"] = self.endpoints[person.name]
        with log.open("ab") as output:
            child = spawn(covey(command), output, environment)
        self.workers[person.name] = Worker(person, tuple(arguments), child, log)

    def run(self, name: str, *arguments: str) -> None:
        """Runs a `covey` command of somebody's that ends by itself. Raises NetworkError."""
        command, environment = covey([*arguments, "--json"]), self.environment(self.signers[name])
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_VERB_TIMEOUT, check=False
        )
        if done.returncode:
            raise NetworkError(f"{name} failed at {' '.join(arguments)}: {done.stdout.strip() or done.stderr.strip()}")

    def environment(self, signer: Signer) -> dict[str, str]:
        """What a `covey` process of this network needs in its environment. It holds the key."""
        own = {
            "COVEY_HOME": str(self.folder),
            "COVEY_RPC": self.node.url,
            "COVEY_DEPLOYMENT": str(self.deployment_file),
            "COVEY_KEY": signer.export().reveal().hex(),
            # Many processes share this machine: one thread each is faster for all.
            "OMP_NUM_THREADS": "1",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVEY_")}
        return inherited | own

    def require_alive(self) -> None:
        """Raises NetworkError if a worker has failed."""
        for name, worker in self.workers.items():
            if worker.child.poll() not in (None, 0):
                status, log = worker.child.returncode, worker.log
                raise NetworkError(f"{name} ended with status {status}; its log {log} ends with:\n{worker.tail()}")

    def await_ended(self) -> None:
        """Until all workers have ended by themselves. Raises NetworkError."""
        deadline = time.monotonic() + _ENDED_TIMEOUT
        while any(worker.child.poll() is None for worker in self.workers.values()):
            self.require_alive()
            if time.monotonic() > deadline:
                late = [name for name, worker in self.workers.items() if worker.child.poll() is None]
                raise NetworkError(f"{', '.join(late)} did not end with the task")
            time.sleep(_POLL)
        self.require_alive()

    def kill(self, name: str) -> None:
        """Ends a worker as a power cut would, for good."""
        kill(self.workers.pop(name).child)

    def end_workers(self) -> None:
        stop(*(worker.child for worker in self.workers.values()))

    # Life -------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends everything. May be called twice."""
        self._stack.close()


def covey(arguments: Sequence[str]) -> list[str]:
    """The command line that runs `covey` with this Python."""
    return [sys.executable, "-m", "covey", *arguments]


def _set(lengths: PhaseLengths) -> list[str]:
    """The options that set the lengths of a task's phases."""
    return [option for name, length in vars(lengths).items() for option in ("--set", f"{name}={length}s")]


def exports(environment: Mapping[str, str]) -> list[str]:
    """Shell lines that set the variables of Covey."""
    return [f"export {name}={value}" for name, value in environment.items() if name.startswith("COVEY_")]
