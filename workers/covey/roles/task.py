"""A task as its chain events tell it: everything a role needs to decide, without asking the chain again.

`TaskState` is a fold: `apply` each event of the Arena in order. Whoever undoes events (a reorganisation) folds the
rest anew. Indices are those of the contract: members by place, handles by order of registration, lanes by order of
publication.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from covey.protocol.commitments import Shard
from covey.protocol.params import MASK_UNITS, TaskParams
from covey.protocol.phases import Cause, Status
from covey.roles.engine import Event


@dataclass
class Member:
    """A trainer's or validator's place. `stake` in gwei; `handle` is the index a trainer opened; `public_key` of a
    trainer is (x, y), `box_key` of a validator its X25519 key."""

    operator: str
    hot_key: str
    stake: int
    public_key: tuple[int, int] | None = None
    box_key: bytes | None = None
    handle: int | None = None
    concluded: Mapping[str, Any] | None = None


@dataclass
class Handle:
    """`messages` is the nonce of the next message; sets and mappings go by round, `delivered` to the creator's
    boxes."""

    address: str
    tag: bytes
    open_commitment: bytes
    messages: int = 0
    committed: dict[int, bytes] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    published: dict[int, "Publication"] = field(default_factory=dict)
    delivered: dict[int, bytes] = field(default_factory=dict)
    member: int | None = None


@dataclass(frozen=True)
class Publication:
    handle: int
    lane: int
    manifest_hash: bytes
    plaintext_hash: bytes
    creator_box_hash: bytes
    cid: str
    first_round: int


@dataclass
class Round:
    """`commitments` and `reveals` are by validator, `vectors` by hash in order of first reveal; the empty vector is
    DATASET_INVALID and in no list."""

    publications: list[Publication] = field(default_factory=list)
    key: bytes | None = None
    key_posted_at: int = 0
    commitments: dict[int, bytes] = field(default_factory=dict)
    reveals: dict[int, bytes] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)
    vectors: dict[bytes, bytes] = field(default_factory=dict)
    settled: Mapping[str, Any] | None = None
    empty: bool = False
    paid_vectors: dict[int, int] = field(default_factory=dict)
    tallied: Mapping[str, Any] | None = None


@dataclass
class TaskState:
    """One task. `seed`, from the hash of the block `drawn_from`, draws the rings; the draw was `postponed` so often.
    `relays` counts each one's unpaid message units; `evicted` holds hot keys that lost their place; `changed_at` is the
    time of the last event."""

    task: int
    creator: str
    params: TaskParams
    shards: tuple[Shard, ...]
    uri: str
    created_at: int
    status: Status = Status.ENROLLING
    cause: Cause = Cause.NONE
    trainers: list[Member] = field(default_factory=list)
    validators: list[Member] = field(default_factory=list)
    total_weight: int = 0
    drawn_from: int = 0
    postponed: int = 0
    seed: bytes | None = None
    handles: list[Handle] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    ended_at: int = 0
    relays: dict[str, int] = field(default_factory=dict)
    evicted: set[str] = field(default_factory=set)
    finished: Mapping[str, Any] | None = None
    changed_at: int = 0

    @property
    def settled(self) -> int:
        """Rounds settled or passed empty: the index of the earliest round that is neither."""
        return sum(1 for r in self.rounds if r.settled is not None or r.empty)

    @property
    def last_scored(self) -> Round | None:
        """The last settled round that had a key: whoever did not reveal in it is benched."""
        return next((r for r in reversed(self.rounds[: self.settled]) if r.key is not None), None)

    def active_validators(self) -> set[int]:
        """Those that may act in the earliest unsettled round."""
        last = self.last_scored
        return set(range(len(self.validators))) if last is None else set(last.reveals)

    def trainer(self, hot_key: str) -> int | None:
        """The place of the trainer that enrolled with `hot_key`."""
        return next((i for i, member in enumerate(self.trainers) if member.hot_key == hot_key), None)

    def validator(self, hot_key: str) -> int | None:
        """The place of the validator that enrolled with `hot_key`."""
        return next((i for i, member in enumerate(self.validators) if member.hot_key == hot_key), None)

    def handle(self, address: str) -> int | None:
        """The index of the handle with this address."""
        return next((i for i, handle in enumerate(self.handles) if handle.address == address), None)

    def apply(self, event: Event) -> None:
        """Takes one more event of this task into account; events that change nothing here are ignored."""
        a = event.args
        self.changed_at = max(self.changed_at, event.timestamp)
        match event.name:
            case "TrainerEnrolled":
                self.evicted.discard(a["hotKey"])
                key = (int(a["publicKeyX"]), int(a["publicKeyY"]))
                _put(self.trainers, a["index"], Member(a["operator"], a["hotKey"], a["stake"], public_key=key))
            case "ValidatorEnrolled":
                self.evicted.discard(a["hotKey"])
                _put(self.validators, a["index"], Member(a["operator"], a["hotKey"], a["stake"], box_key=a["boxKey"]))
            case "Evicted":
                members = self.trainers if a["trainer"] else self.validators
                self.evicted.add(members[a["index"]].hot_key)
            case "EnrolClosed":
                self.status, self.total_weight = Status.DRAWING, a["totalWeight"]
                self.drawn_from = event.block
            case "DrawPostponed":
                self.postponed += 1
                self.drawn_from = event.block
            case "RingsDrawn":
                self.status, self.seed = Status.RUNNING, a["seed"]
            case "HandleRegistered":
                self.handles.append(Handle(a["handle"], a["tag"], a["openCommitment"]))
                self._count_units(a["relay"], MASK_UNITS)
            case "Submitted":
                self._submitted(a)
            case "Published":
                self._published(a)
            case "KeyPosted":
                self.rounds[a["round"]].key = a["key"]
                self.rounds[a["round"]].key_posted_at = event.timestamp
            case "ScoresCommitted":
                self.rounds[a["round"]].commitments[a["index"]] = a["commitment"]
            case "VectorRevealed":
                self.rounds[a["round"]].vectors[a["vectorHash"]] = a["vector"]
            case "ScoresRevealed":
                self.rounds[a["round"]].reveals[a["index"]] = a["vectorHash"]
                self.rounds[a["round"]].weights[a["index"]] = a["weight"]
            case "VectorPaid":
                self.rounds[a["round"]].paid_vectors[a["ordinal"]] = a["amount"]
            case "RoundSettled":
                self.rounds[a["round"]].settled = a
            case "RoundEmpty":
                self.rounds[a["round"]].empty = True
            case "TaskEnded":
                self.cause = Cause(a["cause"])
                cancelled = self.status in (Status.ENROLLING, Status.DRAWING)
                self.status = Status.CANCELLED if cancelled else Status.ENDED
                self.ended_at = event.timestamp
            case "HandleOpened":
                self.handles[a["index"]].member = a["member"]
                self.trainers[a["member"]].handle = a["index"]
            case "Delivered":
                self.handles[a["index"]].delivered[a["round"]] = a["box"]
            case "RoundTallied":
                self.rounds[a["round"]].tallied = a
            case "TrainerConcluded":
                self.trainers[a["member"]].concluded = a
            case "ValidatorConcluded":
                self.validators[a["member"]].concluded = a
            case "RelayPaid":
                self._count_units(a["relay"], -a["units"])
            case "TaskFinished":
                self.status, self.finished = Status.FINISHED, a
            case _:
                pass

    def _submitted(self, a: Mapping[str, Any]) -> None:
        handle = self.handles[a["index"]]
        handle.messages += 1
        if any(a["commitment"]):
            handle.committed[a["round"]] = a["commitment"]
        else:
            handle.committed.pop(a["round"], None)
        if a["last"]:
            handle.done.add(a["round"])
        self._count_units(a["relay"], 1)

    def _published(self, a: Mapping[str, Any]) -> None:
        handle = self.handles[a["index"]]
        handle.messages += 1
        publication = Publication(
            a["index"], a["lane"], a["manifestHash"], a["plaintextHash"], a["creatorBoxHash"], a["cid"], a["firstRound"]
        )
        handle.published[a["round"]] = publication
        self.rounds[a["round"]].publications.append(publication)
        self._count_units(a["relay"], 1)

    def _count_units(self, relay: str, units: int) -> None:
        self.relays[relay] = self.relays.get(relay, 0) + units


def created(event: Event) -> TaskState:
    """The task that a `TaskCreated` event begins."""
    a = event.args
    params = TaskParams.from_abi(tuple(a["params"].values()))
    shards = tuple(Shard(s["ciphertextHash"], s["plaintextHash"], s["keyHash"]) for s in a["shards"])
    rounds = [Round() for _ in range(params.rounds)]
    at = event.timestamp
    return TaskState(a["task"], a["creator"], params, shards, a["uri"], at, rounds=rounds, changed_at=at)


def _put(members: list[Member], index: int, member: Member) -> None:
    """A place is filled once, then again when its holder is evicted."""
    if index < len(members):
        members[index] = member
    else:
        members.append(member)
