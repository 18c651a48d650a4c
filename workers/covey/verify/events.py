"""The Arena's events as types."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from .kinds import Kinds, event

ARENA: Final[Kinds] = {}
PARAMS: Final = (
    "(uint8,uint16,uint16,uint16,uint16,uint64,uint64,uint16,uint16,uint24,uint24,uint24,uint24,uint24,uint16,uint16,"
    "uint16,uint24,uint24,uint24,uint24,uint96,uint96,uint80,uint80,uint16,uint24,uint24,uint24,uint24,uint24,uint24,"
    "uint24,uint24)"
)


class Cause(IntEnum):
    """Why a task ended."""

    NONE = 0
    COMPLETED = 1
    KEY_MISSING = 2
    QUORUM_MISSED = 3
    DATASET_INVALID = 4
    TOO_FEW_MEMBERS = 5
    SEED_NOT_DRAWN = 6

    @property
    def cancels(self) -> bool:
        """Whether everything is returned."""
        return self in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN)

    @property
    def creators_fault(self) -> bool:
        """Whether what is left of bounty and bond is burnt."""
        return self in (Cause.KEY_MISSING, Cause.DATASET_INVALID)


class Params(NamedTuple):
    """Rules of a task: rates in parts per million, stakes in gwei, money in wei, lengths in seconds."""

    rounds: int
    max_trainers: int
    max_validators: int
    min_trainers: int
    min_validators: int
    min_trainer_stake: int
    min_validator_stake: int
    k1: int
    k2: int
    gamma: int
    delta: int
    q: int
    sigma: int
    tau: int
    epsilon: int
    mu: int
    baseline: int
    slash_unpublished: int
    slash_malformed: int
    slash_no_commit: int
    slash_no_reveal: int
    bounty: int
    bond: int
    keeper_fee: int
    relay_fee: int
    quota: int
    enrol: int
    mask: int
    submit: int
    publish: int
    key: int
    score: int
    reveal: int
    open: int


class Shard(NamedTuple):
    """Hashes of one round's hidden data."""

    ciphertext_hash: bytes
    plaintext_hash: bytes
    key_hash: bytes


@event(ARENA, f"TaskCreated(uint256*,address*,{PARAMS},(bytes32,bytes32,bytes32)[],string)")
class TaskCreated(NamedTuple):
    task: int
    creator: str
    raw_params: tuple[int, ...]
    raw_shards: tuple[tuple[bytes, bytes, bytes], ...]
    uri: str

    @property
    def params(self) -> Params:
        return Params(*self.raw_params)

    @property
    def shards(self) -> tuple[Shard, ...]:
        return tuple(Shard(*shard) for shard in self.raw_shards)


@event(ARENA, "TrainerEnrolled(uint256*,uint256*,address*,address,uint64,uint256,uint256)")
class TrainerEnrolled(NamedTuple):
    task: int
    member: int
    operator: str
    hot_key: str
    stake: int
    public_key_x: int
    public_key_y: int


@event(ARENA, "ValidatorEnrolled(uint256*,uint256*,address*,address,uint64,bytes32)")
class ValidatorEnrolled(NamedTuple):
    task: int
    member: int
    operator: str
    hot_key: str
    stake: int
    box_key: bytes


@event(ARENA, "Evicted(uint256*,uint256*,address*,bool)")
class Evicted(NamedTuple):
    task: int
    member: int
    operator: str
    trainer: bool


@event(ARENA, "EnrolClosed(uint256*,uint256,uint256,uint256)")
class EnrolClosed(NamedTuple):
    task: int
    trainers: int
    validators: int
    total_weight: int


@event(ARENA, "DrawPostponed(uint256*)")
class DrawPostponed(NamedTuple):
    task: int


@event(ARENA, "RingsDrawn(uint256*,bytes32)")
class RingsDrawn(NamedTuple):
    task: int
    seed: bytes


@event(ARENA, "HandleRegistered(uint256*,uint256*,address*,bytes32,bytes32,uint256,address)")
class HandleRegistered(NamedTuple):
    task: int
    handle: int
    key: str
    tag: bytes
    open_commitment: bytes
    ring: int
    relay: str


@event(ARENA, "Submitted(uint256*,uint256*,uint256*,bytes32,bool,address)")
class Submitted(NamedTuple):
    task: int
    round: int
    handle: int
    commitment: bytes
    last: bool
    relay: str


@event(ARENA, "Published(uint256*,uint256*,uint256*,uint256,bytes32,bytes32,bytes32,bytes32,string,uint256,address)")
class Published(NamedTuple):
    task: int
    round: int
    handle: int
    lane: int
    manifest_hash: bytes
    plaintext_hash: bytes
    creator_box_hash: bytes
    salt: bytes
    cid: str
    first_round: int
    relay: str


@event(ARENA, "KeyPosted(uint256*,uint256*,bytes32)")
class KeyPosted(NamedTuple):
    task: int
    round: int
    key: bytes


@event(ARENA, "ScoresCommitted(uint256*,uint256*,uint256*,bytes32)")
class ScoresCommitted(NamedTuple):
    task: int
    round: int
    validator: int
    commitment: bytes


@event(ARENA, "VectorRevealed(uint256*,uint256*,uint256,bytes32,bytes)")
class VectorRevealed(NamedTuple):
    task: int
    round: int
    ordinal: int
    vector_hash: bytes
    vector: bytes


@event(ARENA, "ScoresRevealed(uint256*,uint256*,uint256*,bytes32,bytes32,uint256)")
class ScoresRevealed(NamedTuple):
    task: int
    round: int
    validator: int
    vector_hash: bytes
    salt: bytes
    weight: int


@event(ARENA, "RoundEmpty(uint256*,uint256*)")
class RoundEmpty(NamedTuple):
    task: int
    round: int


@event(ARENA, "RoundSettled(uint256*,uint256*,uint256,uint256,uint256,uint256,uint256[])")
class RoundSettled(NamedTuple):
    task: int
    round: int
    counted: int
    pass_mark: int
    trainer_pool: int
    validator_pool: int
    winners: tuple[int, ...]


@event(ARENA, "VectorPaid(uint256*,uint256*,uint256,uint256)")
class VectorPaid(NamedTuple):
    task: int
    round: int
    ordinal: int
    amount: int


@event(ARENA, "TaskEnded(uint256*,uint256,uint8)")
class TaskEnded(NamedTuple):
    task: int
    round: int
    cause: int


@event(ARENA, "HandleOpened(uint256*,uint256*,uint256*,address,bytes32)")
class HandleOpened(NamedTuple):
    task: int
    handle: int
    member: int
    operator: str
    nonce: bytes


@event(ARENA, "Delivered(uint256*,uint256*,uint256*,bytes)")
class Delivered(NamedTuple):
    task: int
    round: int
    handle: int
    box: bytes


@event(ARENA, "RoundTallied(uint256*,uint256*,uint256,uint256,uint256)")
class RoundTallied(NamedTuple):
    task: int
    round: int
    denominator: int
    best: int
    dust: int


@event(ARENA, "TrainerConcluded(uint256*,uint256*,address*,uint256,uint256,uint256,uint256)")
class TrainerConcluded(NamedTuple):
    task: int
    member: int
    operator: str
    paid: int
    delegated: int
    slashed: int
    returned: int


@event(ARENA, "ValidatorConcluded(uint256*,uint256*,address*,uint256,uint256,uint256)")
class ValidatorConcluded(NamedTuple):
    task: int
    member: int
    operator: str
    paid: int
    delegated: int
    slashed: int


@event(ARENA, "DelegationClaimed(uint256*,address*,address*,uint256,uint256)")
class DelegationClaimed(NamedTuple):
    task: int
    operator: str
    delegator: str
    amount: int
    dust: int


@event(ARENA, "RelayPaid(uint256*,address*,uint256,uint256)")
class RelayPaid(NamedTuple):
    task: int
    relay: str
    units: int
    amount: int


@event(ARENA, "KeeperPaid(uint256*,address*,uint256)")
class KeeperPaid(NamedTuple):
    task: int
    keeper: str
    amount: int


@event(ARENA, "TaskFinished(uint256*,uint256,uint256)")
class TaskFinished(NamedTuple):
    task: int
    refunded: int
    burnt: int


ArenaEvent = (
    TaskCreated
    | TrainerEnrolled
    | ValidatorEnrolled
    | Evicted
    | EnrolClosed
    | DrawPostponed
    | RingsDrawn
    | HandleRegistered
    | Submitted
    | Published
    | KeyPosted
    | ScoresCommitted
    | VectorRevealed
    | ScoresRevealed
    | RoundEmpty
    | RoundSettled
    | VectorPaid
    | TaskEnded
    | HandleOpened
    | Delivered
    | RoundTallied
    | TrainerConcluded
    | ValidatorConcluded
    | DelegationClaimed
    | RelayPaid
    | KeeperPaid
    | TaskFinished
)
