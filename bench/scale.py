"""Gas and RPC time of every verb as an Arena grows from 10 to 100 to 1,000 tasks, trainers and delegators.

    python bench/scale.py [--sizes 10,100,1000] [--json]

One chain grows through the sizes n. Then it has n tasks, n trainers, each an operator of its own, 50 validators, and n
delegators behind the first validator, which has a lock in every task, too. In each size two tasks are played from their
posting to their end: one of 10 trainers and 5 validators, whose cost shows what everybody else costs it, and one of n
trainers and 50 validators, which shows what its own size costs it. All but one of the validators agree.

Gas is the median of the last few transactions of a verb. `ms` is the median time of its three questions to the node, as
its sender sees it: for an estimate, which executes it, for taking it, and for its receipt. Waiting for a block is left
out: anvil hashes all accounts for each, which the line of an empty block shows. Readings are timed as a user has them,
decoding and all, with the number of questions that they ask. `×` is the largest size's figure over the smallest's. A
verb is flat if its gas, or the number of its questions, grows by less than 5 %; of all others the table says why they
grow.
"""

import argparse
import io
import itertools
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from eth_utils.address import to_checksum_address
from rich.console import Console
from rich.table import Table
from support.deeds import TRANSACTION_GAS, Deed, Hands, require_success, transaction
from support.machine import machine

from covey.chain import Call, Gateway, Parameters, Sender, deploy
from covey.chain.artefacts import codebook
from covey.cli.acts import statuses, tasks
from covey.cli.acts.session import Connection
from covey.cli.output import Output
from covey.journal import Journal, Scope
from covey.localnet import Localnet, Settings
from covey.protocol import lanes
from covey.protocol.commitments import Domain, Shard, key_hash, lanes_hash, shards_hash, vector_hash
from covey.protocol.hashing import keccak
from covey.protocol.params import GWEI, Lengths, TaskParams
from covey.roles.arena import ARENA
from covey.roles.keeper import KeeperFacts, decide
from covey.roles.messages import HandleKeys, HandleMessages
from covey.roles.observer import Observer
from covey.roles.settling import next_witness
from covey.roles.task import TaskState
from covey.roles.view import View
from covey.sealing import Published
from covey.wallet import Signer

SIZES = (10, 100, 1_000)
VALIDATORS = 50
SMALL = (10, 5)  # trainers, validators
SAMPLES = 5
FLAT = 1.05
TOKEN = 10**18
DAY = 86_400
UNLIMITED = 2**96 - 1
LENGTHS = Lengths(enrol=DAY, mask=DAY, submit=DAY, publish=DAY, key=DAY, score=DAY, reveal=DAY, open=DAY)
UNBONDING = 30 * DAY
LOCK = TOKEN // GWEI
KEY = bytes([1]) * 32
SHARD = Shard(bytes([2]) * 32, bytes([3]) * 32, key_hash(KEY))
CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
EXPIRY = 2**40
BLOCK_GAS = 10**9

WORLD, READINGS = "accounts", "readings"
SMALL_TASK, LARGE_TASK = "a task of 10 trainers and 5 validators", "a task of n trainers and 50 validators"
WHY = {
    "claim delegation pay": "looks up shares in the pool's history, as many steps as the logarithm of its length",
    "enrol validator": "as above: the first validator's pool",
    "enrol trainer, evicting": "looks for the smallest lock among all trainers of the full task",
    "mask": "verifies a ring of up to 16 trainers",
    "reveal scores, new vector": "carries one score for each model",
    "settle": "checks each distinct vector's score of each model",
    "anvil: an empty block": "hashes all accounts",
    "keeper: decides in all tasks": "looks at every task in each block",
    "task list": "shows the 20 newest tasks",
    "task list --all": "every task is a row",
    "task show, n trainers": "reads all events of the task",
    "status of a trainer": "reads all events of the trainer's tasks; asks the last 1,000 tasks for unpaid relay fees",
    "status of a delegator": "asks the last 1,000 tasks for unpaid relay fees",
    "keeper: all tasks, from nothing": "reads all events of all tasks",
    "keeper: all tasks, again": "adds up all events of all tasks, from its journal",
}


# Measuring ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """One verb at one size. Gas of a transaction, or questions of a reading; milliseconds of the node, or of all."""

    scene: str
    verb: str
    size: int
    cost: int
    milliseconds: float


class Meter(Hands):
    """Carries deeds out, and keeps what they cost at the present size, under the present scene."""

    def __init__(self, net: Localnet) -> None:
        super().__init__(net)
        self.size = 0
        self.scene = WORLD
        self.found: list[Figure] = []

    def do(self, verb: str, deeds: Iterable[Deed]) -> None:
        """All of a verb's deeds: the last few one by one, those before in full blocks."""
        deeds = list(deeds)
        self.carry_out(deeds[:-SAMPLES])
        gas, milliseconds = zip(*map(self._alone, deeds[-SAMPLES:]), strict=True)
        self._note(verb, int(statistics.median(gas)), statistics.median(milliseconds))

    def time(self, verb: str, gateway: Gateway, read: Callable[[], object], prepare: Callable[[], object]) -> None:
        """A reading, the median of a few; each is prepared for untimed."""
        seconds = []
        for _ in range(SAMPLES):
            prepare()
            before, began = gateway.metrics.read().total, time.perf_counter()
            read()
            seconds.append(time.perf_counter() - began)
        self._note(verb, gateway.metrics.read().total - before, 1e3 * statistics.median(seconds))

    def _alone(self, deed: Deed) -> tuple[int, float]:
        """Gas, and the node's milliseconds."""
        first, estimate = self._timed("eth_estimateGas", transaction(deed, TRANSACTION_GAS))
        second, hash_ = self._timed("eth_sendTransaction", transaction(deed, int(estimate, 16) * 5 // 4))
        third, receipt = self._timed("eth_getTransactionReceipt", hash_)
        while receipt is None:  # its block is being made
            time.sleep(0.002)
            third, receipt = self._timed("eth_getTransactionReceipt", hash_)
        return require_success(deed, receipt), first + second + third

    def _timed(self, method: str, *parameters: Any) -> tuple[float, Any]:
        """Milliseconds, and the answer."""
        began = time.perf_counter()
        [answer] = self.ask_each([(method, list(parameters))])
        return 1e3 * (time.perf_counter() - began), answer

    def _note(self, verb: str, cost: int, milliseconds: float) -> None:
        self.found.append(Figure(self.scene, verb, self.size, cost, milliseconds))


# The world ------------------------------------------------------------------------------------------------------------


class World:
    """A chain with Covey, and everybody on it. `folder` takes journals."""

    def __init__(self, net: Localnet, folder: Path, stack: ExitStack) -> None:
        self.meter = Meter(net)
        stack.callback(self.meter.close)
        self.gateway = stack.enter_context(Gateway([net.url], codebook=codebook()))
        journal = stack.enter_context(Journal(folder / "bank.sqlite"))
        self._bank = Signer(net.keys[0])
        parameters = Parameters(unbonding=UNBONDING, min_phase=1)
        self.deployment = deploy(self.gateway, Sender(self.gateway, self._bank, journal), parameters)
        self.contracts = self.deployment.contracts()
        self.connection = Connection(self.gateway, self.deployment, self.contracts)
        self.domain = Domain(self.deployment.chain_id, self.contracts.arena.address)
        self._net, self._folder, self._names = net, folder, itertools.count()
        self._observer = Observer(
            ARENA, self.gateway, stack.enter_context(Journal(folder / "all.sqlite")), self.deployment, None
        )
        self.trainers: list[Signer] = []
        self.delegators: list[str] = []
        self.creator, self.relay = account("creator"), account("relay")
        self.validators = [account("validator", i) for i in range(VALIDATORS)]
        allow = self.contracts.token.call("approve", self.contracts.ledger.address, UNLIMITED)
        self.meter.carry_out([Deed(self._bank.address, allow)])
        self._enrich([self.creator, self.relay])
        self._credit([self.creator], 10**7 * TOKEN)
        self._stake(self.validators, 10**5 * TOKEN)

    # Growing ----------------------------------------------------------------------------------------------------------

    def grow(self, size: int) -> None:
        """To this size; two tasks are still to be played."""
        self.meter.size, self.meter.scene = size, WORLD
        token, vault, delegation = self.contracts.token, self.contracts.vault, self._delegation()
        delegators = [account("delegator", i) for i in range(len(self.delegators), size)]
        self._enrich(delegators)
        self._each(None, delegators, lambda _: token.call("approve", vault.address, UNLIMITED))
        for who in delegators[:-SAMPLES]:  # a block for each, so that the pool's history is as long as it can be
            self.meter.carry_out([Deed(who, delegation)])
        signers = [Signer(keccak(b"trainer %d" % i)) for i in range(len(self.trainers), size + 1)]
        addresses = [signer.address for signer in signers]
        self._stake(addresses, 100 * TOKEN)
        self._credit(addresses, 100 * TOKEN)
        self.trainers += signers  # one more than play, who comes late
        self._each("delegate", delegators[-SAMPLES:], lambda _: delegation)
        self.delegators += delegators
        arena = self.contracts.arena
        before = self.gateway.read(arena.call("taskCount"))
        posted = size - 2 - before
        self.meter.do("create task", [Deed(self.creator, self._creation(task_params(*SMALL)))] * posted)
        first, numbers = self.validators[0], range(before + 1, before + 1 + posted)
        self.meter.do("enrol validator", [Deed(first, self._enrol_validator(task, first)) for task in numbers])

    def _stake(self, operators: Sequence[str], amount: int) -> None:
        token, vault, arena = self.contracts.token, self.contracts.vault, self.contracts.arena
        self._enrich(operators)
        self._each(None, operators, lambda _: token.call("approve", vault.address, UNLIMITED))
        self._each("stake", operators, lambda _: vault.call("stake", amount))
        self._each("authorize", operators, lambda operator: vault.call("authorize", operator, b""))
        self._each("approve engine", operators, lambda _: vault.call("approveEngine", arena.address, UNLIMITED))

    def _credit(self, accounts: Sequence[str], amount: int) -> None:
        token, ledger, arena = self.contracts.token, self.contracts.ledger, self.contracts.arena
        self._each(None, accounts, lambda _: token.call("approve", ledger.address, UNLIMITED))
        self._each("deposit", accounts, lambda _: ledger.call("deposit", amount))
        self._each("approve charges", accounts, lambda _: ledger.call("approve", arena.address, UNLIMITED))

    def _delegation(self) -> Call:
        vault, operator = self.contracts.vault, self.validators[0]
        version = self.gateway.read(vault.call("approvalsVersion", operator))
        return vault.call("delegate", operator, 10 * TOKEN, version)

    def _enrich(self, accounts: Sequence[str]) -> None:
        """Coins, tokens, and some credit: the first credit that an account ever gets costs it more than any later."""
        self.meter.ask_each([("anvil_setBalance", [who, hex(10**6 * TOKEN)]) for who in accounts])
        token, ledger, bank = self.contracts.token, self.contracts.ledger, self._bank.address
        self.meter.carry_out([Deed(bank, token.call("transfer", who, 10**7 * TOKEN)) for who in accounts])
        self.meter.carry_out([Deed(bank, ledger.call("depositFor", who, TOKEN)) for who in accounts])

    def _each(self, verb: str | None, senders: Sequence[str], call: Callable[[str], Call]) -> None:
        deeds = [Deed(sender, call(sender)) for sender in senders]
        if verb is None or not self.meter.size:
            self.meter.carry_out(deeds)
        else:
            self.meter.do(verb, deeds)

    # Leaving ----------------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Some delegators go, and some trainers fetch what they earned; the first validator's locks expire."""
        self.meter.scene = WORLD
        vault, arena, operator = self.contracts.vault, self.contracts.arena, self.validators[0]
        epoch = self.gateway.read(vault.call("currentEpoch"))
        leaving = self.delegators[-SAMPLES:]
        shares = [self.gateway.read(vault.call("positionOf", operator, who))[0] for who in leaving]
        exits = (vault.call("requestExit", operator, n // 2) for n in shares)
        self.meter.do("exit", map(Deed, leaving, exits))
        earners = [signer.address for signer in self.trainers[:SAMPLES]]
        self._each("claim", earners, lambda _: self.contracts.ledger.call("claim", TOKEN // 100))
        numbers = range(1, self.gateway.read(arena.call("taskCount")) + 1)
        locks = self.gateway.read_each([vault.call("lockOf", arena.address, operator, task) for task in numbers])
        self._net.rpc("evm_increaseTime", 2 * UNBONDING)
        self._net.mine()
        self._each("withdraw", leaving, lambda _: vault.call("withdraw", operator, epoch))
        held = [task for task, lock in zip(numbers, locks, strict=True) if lock["until"]][-SAMPLES:]
        self.meter.do(
            "expire", [Deed(self.relay, vault.call("expire", arena.address, operator, task)) for task in held]
        )

    # Tasks ------------------------------------------------------------------------------------------------------------

    def play(self, scene: str, trainers: Sequence[Signer], late: Signer, validators: Sequence[str]) -> int:
        """One task from its posting to its end; `late` takes the place of the last of `trainers`."""
        self.meter.scene = scene
        arena, do = self.contracts.arena, self.meter.do
        params = task_params(len(trainers), len(validators))
        do("create task", [Deed(self.creator, self._creation(params))])
        task = int(self.gateway.read(arena.call("taskCount")))
        do("enrol trainer", [self._enrol_trainer(task, signer, LOCK) for signer in trainers])
        do("enrol trainer, evicting", [self._enrol_trainer(task, late, LOCK * 2)])
        do("enrol validator", [Deed(who, self._enrol_validator(task, who)) for who in validators])
        self._net.rpc("evm_setNextBlockTimestamp", self.state(task).created_at + LENGTHS.enrol)
        self._net.mine()
        do("advance: close enrol", [Deed(self.relay, arena.call("advance", task))])
        self._net.mine()
        do("advance: draw rings", [Deed(self.relay, arena.call("advance", task))])
        people = People(self, task, [*trainers, late])
        do("mask", people.masks())
        do("submit", people.submissions())
        do("publish", people.publications())
        shards = [tuple(asdict(SHARD).values())]
        do("post key", [Deed(self.creator, arena.call("postKey", task, 0, KEY, shards))])
        panel = Panel(self, task, validators)
        do("commit scores", panel.commitments())
        do("reveal scores, new vector", panel.new_reveals())
        do("reveal scores, known vector", panel.known_reveals())
        witness = tuple(asdict(next_witness(self.state(task))).values())
        do("settle", [Deed(self.relay, arena.call("settle", task, witness))])
        do("open", people.openings())
        do("deliver", people.deliveries())
        do("tally", [Deed(self.relay, arena.call("tally", task, 0))])
        do("conclude trainer", [Deed(self.relay, arena.call("concludeTrainer", task, i)) for i in range(len(trainers))])
        members = [Deed(self.relay, arena.call("concludeValidator", task, i)) for i in range(len(validators))]
        do("conclude validator", members)
        claims = [arena.call("claimDelegation", task, validators[0], who) for who in self.delegators[:SAMPLES]]
        do("claim delegation pay", [Deed(self.relay, call) for call in claims])
        do("claim relay pay", [Deed(self.relay, arena.call("claimRelay", task, self.relay))])
        do("finish", [Deed(self.relay, arena.call("finish", task))])
        return task

    def _creation(self, params: TaskParams) -> Call:
        shards = [tuple(asdict(SHARD).values())]
        return self.contracts.arena.call("createTask", params.to_abi(), shards, f"ipfs://{CID}")

    def _enrol_trainer(self, task: int, signer: Signer, lock: int) -> Deed:
        x, y = int.from_bytes(signer.public_key[:32]), int.from_bytes(signer.public_key[32:])
        return Deed(signer.address, self.contracts.arena.call("enrolTrainer", task, lock, x, y))

    def _enrol_validator(self, task: int, who: str) -> Call:
        return self.contracts.arena.call("enrolValidator", task, LOCK, keccak(who.encode()), shards_hash([SHARD]))

    # Reading ----------------------------------------------------------------------------------------------------------

    def state(self, task: int) -> TaskState:
        self._observer.update(self.gateway.head())
        return self._observer.tasks[task]

    def read(self, small: int, large: int) -> None:
        """Everything that a user looks at, and what a worker reads."""
        self.meter.scene = READINGS

        def time_(verb: str, read: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> None:
            self.meter.time(verb, self.gateway, read, prepare)

        self.state(large)
        time_("anvil: an empty block", self._net.mine)
        time_("keeper: reads a block", lambda: self._observer.update(self.gateway.head()), self._net.mine)
        time_("keeper: decides in all tasks", self._decide)
        with TemporaryDirectory(dir=self._folder) as name:
            journals = (Path(name) / f"{i}.sqlite" for i in itertools.count())
            time_("keeper: all tasks, from nothing", lambda: self._follow(next(journals)))
            time_("keeper: all tasks, again", lambda: self._follow(Path(name) / "0.sqlite"))
        with quiet() as out:
            store = f"dir:{self._folder / 'store'}"
            time_("task list", lambda: tasks.show_list(self.connection, False, out))
            time_("task list --all", lambda: tasks.show_list(self.connection, True, out))
            time_("task show, 10 trainers", lambda: tasks.show(self.connection, small, store, out))
            time_("task show, n trainers", lambda: tasks.show(self.connection, large, store, out))
            time_("status of a trainer", lambda: statuses.show(self.connection, self.trainers[-2].address, out))
            time_("status of a delegator", lambda: statuses.show(self.connection, self.delegators[-1], out))

    def _decide(self) -> None:
        head, own = self.gateway.heads.latest(), KeeperFacts(self.relay, DAY)
        for state in self._observer.tasks.values():
            decide(View(state, head.timestamp, head.number), own)

    def _follow(self, path: Path) -> None:
        with Journal(path) as journal:
            Observer(ARENA, self.gateway, journal, self.deployment, None).update(self.gateway.head())


@contextmanager
def quiet() -> Iterator[Output]:
    """What a command says goes nowhere."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield Output(False)


def account(*name: object) -> str:
    """An address whose key nobody needs."""
    return to_checksum_address(keccak(repr(name).encode())[12:])


def task_params(trainers: int, validators: int) -> TaskParams:
    return TaskParams.for_counts(
        100,
        20,
        rounds=1,
        max_trainers=trainers,
        max_validators=validators,
        min_trainers=1,
        min_validators=1,
        min_trainer_stake=LOCK,
        min_validator_stake=LOCK,
        bounty=1_000 * TOKEN,
        bond=0,
        keeper_fee=TOKEN // 100,
        relay_fee=TOKEN // 1_000,
        lengths=LENGTHS,
    )


# People of a task -----------------------------------------------------------------------------------------------------


class People:
    """A task's trainers: what they send, all by the relay but what opens handles."""

    def __init__(self, world: World, task: int, signers: Sequence[Signer]) -> None:
        self.world, self.task = world, task
        by_key: dict[str, Signer] = {signer.address: signer for signer in signers}
        self._members = [by_key[member.hot_key] for member in world.state(task).trainers]
        keys = [HandleKeys(self._scope("trainer"), signer.worker_secret()) for signer in self._members]
        self._messages = [HandleMessages(world.contracts.arena, world.domain, key) for key in keys]
        self._nonces = [key.open_nonce for key in keys]

    def masks(self) -> Iterator[Deed]:
        state = self._state()
        for i, (signer, messages) in enumerate(zip(self._members, self._messages, strict=True)):
            yield self._relayed(messages.mask(state, i, signer.export(), signer.address))

    def submissions(self) -> Iterator[Deed]:
        state = self._state()
        for i, messages in enumerate(self._messages):
            index, manifest = self._handle(state, i), model(self.task, i).manifest_hash
            yield self._relayed(messages.submit(state, index, 0, manifest, EXPIRY))

    def publications(self) -> Iterator[Deed]:
        state = self._state()
        for i, messages in enumerate(self._messages):
            call = messages.publish(state, self._handle(state, i), 0, model(self.task, i), CID, EXPIRY)
            yield self._relayed(call)

    def openings(self) -> Iterator[Deed]:
        state, arena = self._state(), self.world.contracts.arena
        for i, signer in enumerate(self._members):
            index = self._handle(state, i)
            call = arena.call("open", self.task, index, i, state.handles[index].tag, self._nonces[i])
            yield Deed(signer.address, call)

    def deliveries(self) -> Iterator[Deed]:
        state, arena = self._state(), self.world.contracts.arena
        members = {self._handle(state, i): i for i in range(len(self._members))}
        settled = state.rounds[0].settled
        for index in settled["winners"] if settled else ():
            published = model(self.task, members[index])
            hashes = (published.plaintext_hash, published.manifest_hash)
            yield self._relayed(arena.call("deliver", self.task, 0, index, *hashes, box(self.task, members[index])))

    def _state(self) -> TaskState:
        return self.world.state(self.task)

    def _handle(self, state: TaskState, i: int) -> int:
        found = state.handle(self._messages[i].address)
        assert found is not None  # all have registered theirs
        return found

    def _scope(self, role: str) -> Scope:
        return Scope(self.world.domain.chain_id, self.world.domain.arena, self.task, role)

    def _relayed(self, call: Call) -> Deed:
        return Deed(self.world.relay, call)


class Panel:
    """A task's validators: all agree but the last."""

    def __init__(self, world: World, task: int, validators: Sequence[str]) -> None:
        self._arena, self._domain, self._task, self._validators = world.contracts.arena, world.domain, task, validators
        state = world.state(task)
        models = state.rounds[0].publications
        self._lanes = lanes_hash((state.handles[m.handle].address, m.plaintext_hash, m.manifest_hash) for m in models)
        truth = [20_000 + 8 * lane for lane in range(len(models))]
        own = [truth[0] + 1, *truth[1:]]
        self._vectors = [lanes.pack(truth)] * (len(validators) - 1) + [lanes.pack(own)]

    def commitments(self) -> Iterator[Deed]:
        for i, (who, vector) in enumerate(zip(self._validators, self._vectors, strict=True)):
            commitment = self._domain.score_commitment(self._task, 0, who, self._lanes, vector_hash(vector), KEY)
            yield Deed(who, self._arena.call("commitScores", self._task, 0, i, commitment))

    def new_reveals(self) -> Iterator[Deed]:
        for i in (0, len(self._validators) - 1):
            call = self._arena.call("revealScores", self._task, 0, i, KEY, self._vectors[i])
            yield Deed(self._validators[i], call)

    def known_reveals(self) -> Iterator[Deed]:
        hash_ = vector_hash(self._vectors[0])
        for i, who in list(enumerate(self._validators))[1:-1]:
            yield Deed(who, self._arena.call("revealKnownScores", self._task, 0, i, KEY, hash_))


def model(task: int, i: int) -> Published:
    """What trainer i of a task publishes."""
    return Published(keccak(b"manifest %d %d" % (task, i)), keccak(b"model %d %d" % (task, i)), keccak(box(task, i)))


def box(task: int, i: int) -> bytes:
    """The creator's."""
    return keccak(b"box %d %d" % (task, i)) * 3


# Report ---------------------------------------------------------------------------------------------------------------


def measure(sizes: Sequence[int]) -> list[Figure]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="covey-bench-")))
        net = stack.enter_context(Localnet(settings=Settings(gas_limit=BLOCK_GAS)))
        world = World(net, folder, stack)
        for size in sizes:
            world.grow(size)
            *trainers, late = world.trainers
            small, panel = SMALL
            tasks_ = (
                world.play(SMALL_TASK, trainers[:small], late, world.validators[:panel]),
                world.play(LARGE_TASK, trainers, late, world.validators),
            )
            world.read(*tasks_)
            world.leave()
        return world.meter.found


def table(figures: Sequence[Figure], sizes: Sequence[int]) -> Table:
    """One scene's."""
    reads = figures[0].scene == READINGS
    unit = "asks" if reads else "gas"
    shown = Table("verb", *(f"{unit}, {n:,}" for n in sizes), "×", *(f"ms, {n:,}" for n in sizes), "×", "")
    for verb in dict.fromkeys(figure.verb for figure in figures):
        by_size = {figure.size: figure for figure in figures if figure.verb == verb}
        costs = [by_size[n].cost for n in sizes]
        times = [by_size[n].milliseconds for n in sizes]
        grown = costs[-1] / max(1, costs[0])
        why = "flat" if grown < FLAT and not (reads and verb in WHY) else WHY.get(verb, "grows, and nobody knows why")
        cells = (*(f"{cost:,}" for cost in costs), f"{grown:.2f}", *(f"{t:.1f}" for t in times))
        shown.add_row(verb, *cells, f"{times[-1] / times[0]:.1f}", why)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sizes = [int(n) for n in arguments.sizes.split(",")]

    here = {"machine": machine(), "python": platform.python_version()}
    here["load before"] = f"{os.getloadavg()[0]:.1f}"
    began = time.monotonic()
    found = measure(sizes)
    here["seconds"] = f"{time.monotonic() - began:.0f}"
    if arguments.json:
        print(json.dumps(here | {"figures": [asdict(figure) for figure in found]}))
        return
    console = Console(width=170)
    console.print(", ".join(f"{name} {value}" for name, value in here.items()))
    for scene in (WORLD, SMALL_TASK, LARGE_TASK, READINGS):
        console.print(f"\n{scene}")
        console.print(table([figure for figure in found if figure.scene == scene], sizes))


if __name__ == "__main__":
    main()
