"""What must hold at the end, whatever happened: from the chain's events and books, and from the workers' journals.

An honest worker is one that no fault kept away for a whole phase in which it had to act: all others met theirs for less
than their phases lasted. Those that were kept away may lose what the rules say, which the verifier checks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from covey.chain import EventFollower, Filter, Gateway, Record, queries
from covey.chain.attempts import Attempt
from covey.chaos.crew import Ending
from covey.chaos.people import Group
from covey.cli.exits import Exit
from covey.journal import Intent, Journal, State
from covey.network import Network
from covey.protocol.phases import Status
from covey.roles.decision import Step
from covey.roles.observer import Observer
from covey.roles.task import TaskState
from covey.verify.bundle import read_bundle, write_bundle
from covey.verify.check import verify
from covey.verify.export import export
from covey.verify.moves import DEAD
from covey.verify.rpc import Node

_ONCE: Final[Mapping[str, tuple[str, ...]]] = {
    "TaskCreated": ("creator",),
    "TrainerEnrolled": ("task", "hotKey"),
    "ValidatorEnrolled": ("task", "hotKey"),
    "HandleRegistered": ("task", "handle"),
    "Published": ("task", "round", "index"),
    "KeyPosted": ("task", "round"),
    "ScoresCommitted": ("task", "round", "index"),
    "ScoresRevealed": ("task", "round", "index"),
    "RoundSettled": ("task", "round"),
    "HandleOpened": ("task", "index"),
    "Delivered": ("task", "round", "index"),
    "RoundTallied": ("task", "round"),
    "TrainerConcluded": ("task", "member"),
    "ValidatorConcluded": ("task", "member"),
    "TaskFinished": ("task",),
}
"""What may be on chain once, by the arguments that say of whom. Of creators: each was asked to post one task."""

_OWN: Final = frozenset({Step.ENROL, Step.COMMIT, Step.REVEAL, Step.POST_KEY, Step.OPEN, Step.DELIVER, Step.CLAIM})
"""Deeds that nobody else does in a worker's place."""


@dataclass(frozen=True)
class Books:
    """Wei at the end: what each contract holds, and what it owes."""

    vault: int
    staked: int
    locked: int
    ledger: int
    credits: int
    buckets: int
    supply: int
    held: int


@dataclass(frozen=True)
class Deed:
    """An intent of a journal. `successes` counts its transactions on chain that did what they were sent for."""

    who: str
    key: str
    done: bool
    successes: int


@dataclass(frozen=True)
class Findings:
    """`passed` has the verifier's verdict by task."""

    violations: Sequence[str]
    passed: Mapping[int, bool]


def everything(
    network: Network,
    observer: Observer[TaskState],
    groups: Sequence[Group],
    away: Collection[str],
    endings: Iterable[Ending],
) -> Findings:
    """All checks, on a network whose workers have ended. Raises ChainError, JournalError."""
    observer.update(network.gateway.head())
    tasks, names = observer.tasks, network.names()
    passed = dict(_verdicts(network, tasks))
    found = chain(
        ends(tasks, len(groups)),
        (f"task {task}: the verifier finds a difference" for task, good in passed.items() if not good),
        conserved(read_books(network, tasks), sum(map(unclaimed, tasks.values()))),
        balanced(_ledger_records(network), tasks),
        repeated(observer.records()),
        unopened(tasks, names, away),
        slashed(tasks, names, away),
        lost(list(read_deeds(network))),
        faulty(endings),
    )
    return Findings(list(found), passed)


# Tasks ----------------------------------------------------------------------------------------------------------------


def ends(tasks: Mapping[int, TaskState], expected: int) -> Iterator[str]:
    """Every task was settled or refunded."""
    if len(tasks) != expected:
        yield f"{len(tasks)} tasks were posted, {expected} were to be"
    for task in tasks.values():
        if task.status is not Status.FINISHED:
            yield f"task {task.task} is not finished: {task.status.name.lower()}"


def slashed(tasks: Mapping[int, TaskState], names: Mapping[str, str], away: Collection[str]) -> Iterator[str]:
    """Nobody honest lost stake."""
    for task in tasks.values():
        for member in (*task.trainers, *task.validators):
            name = names[member.operator]
            if member.concluded and member.concluded["slashed"] and name not in away:
                yield f"task {task.task}: {name} is honest and was slashed {member.concluded['slashed']} wei"


def unopened(tasks: Mapping[int, TaskState], names: Mapping[str, str], away: Collection[str]) -> Iterator[str]:
    """Everything that honest people committed to was opened."""
    for task in tasks.values():
        for index, handle in enumerate(task.handles):
            if handle.member is None:
                yield f"task {task.task}: handle {index} was not opened"
            for round_ in handle.committed.keys() - handle.published.keys():
                if task.rounds[round_].settled or task.rounds[round_].key:
                    yield f"task {task.task}, round {round_ + 1}: handle {index} did not publish its model"
        for round_, data in enumerate(task.rounds):
            for index in data.commitments.keys() - data.reveals.keys():
                name = names[task.validators[index].operator]
                if name not in away:
                    yield f"task {task.task}, round {round_ + 1}: {name} committed to scores it did not reveal"


def repeated(records: Iterable[Record]) -> Iterator[str]:
    """Nothing was done twice."""
    counts = Counter(
        (record.name, *(record.arguments[name] for name in _ONCE[record.name]))
        for record in records
        if record.name in _ONCE
    )
    for (event, *of), count in counts.items():
        if count > 1:
            yield f"{event} of {', '.join(map(str, of))} happened {count} times"


def _verdicts(network: Network, tasks: Mapping[int, TaskState]) -> Iterator[tuple[int, bool]]:
    """What the verifier says of each task's bundle, which stays in the folder."""
    node, arena = Node(network.node.url), network.deployment.addresses.arena.lower()
    for task in tasks:
        bundle = network.folder / f"task-{task}.bundle.json"
        bundle.write_bytes(write_bundle(export(node, arena, task, network.deployment.block)))
        yield task, verify(read_bundle(bundle.read_bytes())).passed


# Money ----------------------------------------------------------------------------------------------------------------


def read_books(network: Network, tasks: Iterable[int]) -> Books:
    """All that the contracts hold and owe: nobody but this network's people has anything."""
    c, gateway = network.contracts, network.gateway
    vault, ledger = c.vault.address, c.ledger.address
    people = network.holders()
    stakes = gateway.read_each([c.vault.call("stakeOf", person) for person in people])
    balances = gateway.read_each([c.token.call("balanceOf", holder) for holder in (vault, ledger, DEAD, *people)])
    return Books(
        vault=balances[0],
        staked=sum(stake["ownTokens"] + stake["delegatedTokens"] for stake in stakes),
        locked=sum(stake["locked"] for stake in stakes),
        ledger=balances[1],
        credits=sum(gateway.read_each([c.ledger.call("creditOf", person) for person in people])),
        buckets=sum(gateway.read_each([c.ledger.call("bucketOf", c.arena.address, task) for task in tasks])),
        supply=gateway.read(c.token.call("totalSupply")),
        held=sum(balances),
    )


def unclaimed(task: TaskState) -> int:
    """Wei that waits under a task for those who sent messages of handles: the only pay that is fetched later."""
    return sum(task.relays.values()) * task.params.relay_fee


def conserved(books: Books, due: int) -> Iterator[str]:
    """I-1 and I-2; nothing stays locked, nothing but what is `due` in a bucket, and no token came or went."""
    if books.vault != books.staked:
        yield f"the vault holds {books.vault} wei and owes {books.staked} of stake"
    if books.ledger != books.credits + books.buckets:
        yield f"the ledger holds {books.ledger} wei and owes {books.credits} of credit and {books.buckets} of bounties"
    if books.locked:
        yield f"{books.locked} wei of stake are still locked"
    if books.buckets != due:
        yield f"{books.buckets} wei of bounties are in no account, {due} are due"
    if books.supply != books.held:
        yield f"of {books.supply} wei of tokens {books.held} are to be found"


def balanced(records: Iterable[Record], tasks: Mapping[int, TaskState]) -> Iterator[str]:
    """I-3: what was charged for each task was paid out, returned or burnt, or is unclaimed."""
    left: Counter[int] = Counter()
    for record in records:
        if record.name in ("Charged", "Paid", "Burnt"):
            left[record.arguments["id"]] += record.arguments["amount"] * (1 if record.name == "Charged" else -1)
    for task in tasks.values():
        if left[task.task] != unclaimed(task):
            yield f"task {task.task}: {left[task.task]} wei of its bucket are left, {unclaimed(task)} are due"


def _ledger_records(network: Network) -> Iterator[Record]:
    with Journal(network.folder / "setup" / "ledger.sqlite") as journal:
        filter_ = Filter((network.contracts.ledger.address,), network.deployment.block)
        follower = EventFollower(network.gateway, journal.feed("ledger"), filter_)
        for changes in follower.sync(network.gateway.head()):
            yield from changes.new


# Journals -------------------------------------------------------------------------------------------------------------


def read_deeds(network: Network) -> Iterator[Deed]:
    """What the journals of all workers say that these did, and how often each deed is on chain."""
    for name in network.signers:
        path = network.folder / "workers" / name / "journal.sqlite"
        if path.exists():
            with Journal(path) as journal:
                intents = [journal.intents.get(key) for key in journal.intents.all_keys()]
            yield from (_deed(network.gateway, name, intent) for intent in intents)


def _deed(gateway: Gateway, who: str, intent: Intent) -> Deed:
    hashes = [Attempt.decoded(content).hash for content in intent.attempts]
    receipts = gateway.rpc.ask_each([queries.receipt(hash_) for hash_ in hashes])
    successes = sum(receipt is not None and receipt.succeeded for receipt in receipts)
    return Deed(who, intent.key, intent.state is State.DONE, successes)


def lost(deeds: Sequence[Deed]) -> Iterator[str]:
    """No intent was carried out twice, and none that its journal calls done is missing from the chain.

    After a reorganisation a deed may be done anew with other contents, under another key: then one of them is there.
    """
    alike: defaultdict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.successes > 1:
            yield f"{deed.who} did {deed.key} {deed.successes} times"
        alike[deed.who, deed.key.rpartition("/")[0]].append(deed)
    for (who, what), same in alike.items():
        step = what.partition("/")[2].partition("/")[0]
        if step in _OWN and any(deed.done for deed in same) and not any(deed.successes for deed in same):
            yield f"{who} has done {what} by its journal, and the chain does not know it"


def faulty(endings: Iterable[Ending]) -> Iterator[str]:
    """No worker ended by a fault of its own: it may give up, with a reason that its exit status names."""
    for ending in endings:
        if ending.status == Exit.FAILED:
            yield f"{ending.name} ended by a fault of its own: its log ends with it"
