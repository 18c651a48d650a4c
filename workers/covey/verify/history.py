"""A task's history as its logs tell it, before anything is computed from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .events import (
    Cause,
    Params,
    RoundSettled,
    RoundTallied,
    Shard,
    TaskFinished,
    TrainerConcluded,
    ValidatorConcluded,
)
from .pools import Pools
from .records import Record
from .rules import Context, Schedule


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an account was concluded; of a validator nothing is `returned`."""

    event: TrainerConcluded | ValidatorConcluded
    record: Record


@dataclass(slots=True)
class Trainer:
    """A trainer's place: `stake` in gwei; `handle` once it opened one."""

    operator: str
    hot_key: str
    stake: int
    handle: int | None = None
    conclusion: Conclusion | None = None


@dataclass(slots=True)
class Validator:
    """A validator's place: `stake` in gwei, `box_key` the X25519 key that models are encrypted to."""

    operator: str
    hot_key: str
    stake: int
    box_key: bytes
    conclusion: Conclusion | None = None


@dataclass(slots=True)
class Handle:
    """A handle; `messages` without the mask, `member` the trainer that opened it."""

    key: str
    tag: bytes
    open_commitment: bytes
    messages: int = 0
    member: int | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A published model."""

    handle: int
    manifest_hash: bytes
    plaintext_hash: bytes
    creator_box_hash: bytes
    cid: str
    first_round: int


@dataclass(frozen=True, slots=True)
class Vector:
    """A revealed score vector."""

    ordinal: int
    scores: tuple[int, ...]


@dataclass(slots=True)
class Round:
    """One round. `done` are handles. Dictionaries keep the order of the logs: `commitments`, `published` and
    `delivered` (the log) by handle, `commits` and `reveals` (vector hash) by validator, `vectors` by hash, `paid` by
    ordinal, all `paid_in` one transaction."""

    number: int
    commitments: dict[int, bytes] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    lanes: list[Lane] = field(default_factory=list)
    published: dict[int, Lane] = field(default_factory=dict)
    lanes_hash: bytes = bytes(32)
    key: bytes | None = None
    active: frozenset[int] = frozenset()
    commits: dict[int, bytes] = field(default_factory=dict)
    reveals: dict[int, bytes] = field(default_factory=dict)
    vectors: dict[bytes, Vector] = field(default_factory=dict)
    empty: bool = False
    settled: RoundSettled | None = None
    paid: dict[int, int] = field(default_factory=dict)
    paid_in: set[bytes] = field(default_factory=set)
    delivered: dict[int, Record] = field(default_factory=dict)
    tallied: RoundTallied | None = None

    @property
    def over(self) -> bool:
        """Settled or passed empty."""
        return self.empty or self.settled is not None


@dataclass(frozen=True, slots=True)
class End:
    """How the task ended: `round` is the one it ended in (the number of rounds if completed), `at` the second."""

    cause: Cause
    round: int
    at: int


@dataclass(slots=True)
class History:
    """Everything about one task. Members are by index, `opened` counts handles; `records` are all logs in order."""

    context: Context
    creator: str
    params: Params
    shards: tuple[Shard, ...]
    uri: str
    schedule: Schedule
    pools: Pools
    records: list[Record]
    trainers: dict[int, Trainer] = field(default_factory=dict)
    validators: dict[int, Validator] = field(default_factory=dict)
    enrolled: Record | None = None
    seed: bytes | None = None
    handles: list[Handle] = field(default_factory=list)
    opened: int = 0
    rounds: list[Round] = field(default_factory=list)
    end: End | None = None
    finished: TaskFinished | None = None

    def members(self, trainers: bool) -> dict[int, Trainer] | dict[int, Validator]:
        """Trainers, or else validators."""
        return self.trainers if trainers else self.validators

    def everybody(self) -> list[Trainer | Validator]:
        """All members."""
        return [*self.trainers.values(), *self.validators.values()]

    @property
    def settled_rounds(self) -> list[Round]:
        """Rounds that were settled, in order."""
        return [one for one in self.rounds if one.settled is not None]

    @property
    def run_rounds(self) -> list[Round]:
        """Rounds whose faults count: those over, and the one that ended the task."""
        if self.end is None or self.end.cause.cancels:
            return []
        return self.rounds[: self.end.round + 1]

    def is_tallied(self) -> bool:
        """Whether every settled round with winners was tallied."""
        return all(one.tallied for one in self.settled_rounds if one.settled and one.settled.winners)
