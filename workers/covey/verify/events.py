"""The events that settle a task: those of the Arena, the StakeVault, the Ledger and the token, as types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeVar

from .abi import AbiError, Tuple, Word, decode, parse_type, split_types
from .keccak import keccak256

PARAMS: Final = (
    "(uint8,uint16,uint16,uint16,uint16,uint64,uint64,uint16,uint16,uint24,uint24,uint24,uint24,uint24,uint16,uint16,"
    "uint16,uint24,uint24,uint24,uint24,uint96,uint96,uint80,uint80,uint16,uint24,uint24,uint24,uint24,uint24,uint24,"
    "uint24,uint24)"
)


class UnknownEvent(ValueError):
    """A log that is none of the events known here."""


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


@dataclass(frozen=True, slots=True)
class Kind:
    """How one event is encoded."""

    name: str
    parameters: tuple[str, ...]
    indexed: tuple[bool, ...]
    in_data: Tuple
    make: Callable[..., Any]

    @property
    def topic(self) -> bytes:
        return keccak256(f"{self.name}({','.join(self.parameters)})".encode())

    def decode(self, topics: Sequence[bytes], data: bytes) -> Event:
        """The event in a log with these topics and data. Raises AbiError."""
        if len(topics) != 1 + sum(self.indexed):
            raise AbiError(f"{self.name} with {len(topics)} topics")
        from_topics, from_data = iter(topics[1:]), iter(decode(self.in_data, data))
        values = (
            Word(name).read(next(from_topics)) if indexed else next(from_data)
            for name, indexed in zip(self.parameters, self.indexed, strict=True)
        )
        event: Event = self.make(*values)
        return event


KINDS: Final[dict[str, dict[bytes, Kind]]] = {"arena": {}, "vault": {}, "ledger": {}, "token": {}}

_EventClass = TypeVar("_EventClass", bound=type)


def _event(contract: str, signature: str) -> Callable[[_EventClass], _EventClass]:
    """Register an event class; parameters are `type` or `type*` (indexed), in the order of the class's fields."""
    name, _, rest = signature.partition("(")
    parts = split_types(rest.removesuffix(")"))
    plain = tuple(part.removesuffix("*") for part in parts)
    indexed = tuple(part.endswith("*") for part in parts)
    in_data = Tuple(tuple(parse_type(part) for part in parts if not part.endswith("*")))

    def register(cls: _EventClass) -> _EventClass:
        kind = Kind(name, plain, indexed, in_data, cls)
        KINDS[contract][kind.topic] = kind
        return cls

    return register


def topic_of(event: type[Event]) -> bytes:
    """First topic of the logs of an event class."""
    return next(kind.topic for kinds in KINDS.values() for kind in kinds.values() if kind.make is event)


def decode_event(contract: str, topics: Sequence[bytes], data: bytes) -> Event:
    """The event that `contract` (arena, vault, ledger, token) logged. Raises UnknownEvent, AbiError."""
    kind = KINDS[contract].get(topics[0]) if topics else None
    if kind is None:
        raise UnknownEvent(f"the {contract} has no event {topics[0].hex() if topics else 'without topics'}")
    return kind.decode(topics, data)


# ── Arena ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@_event("arena", f"TaskCreated(uint256*,address*,{PARAMS},(bytes32,bytes32,bytes32)[],string)")
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


@_event("arena", "TrainerEnrolled(uint256*,uint256*,address*,address,uint64,uint256,uint256)")
class TrainerEnrolled(NamedTuple):
    task: int
    member: int
    operator: str
    hot_key: str
    stake: int
    public_key_x: int
    public_key_y: int


@_event("arena", "ValidatorEnrolled(uint256*,uint256*,address*,address,uint64,bytes32)")
class ValidatorEnrolled(NamedTuple):
    task: int
    member: int
    operator: str
    hot_key: str
    stake: int
    box_key: bytes


@_event("arena", "Evicted(uint256*,uint256*,address*,bool)")
class Evicted(NamedTuple):
    task: int
    member: int
    operator: str
    trainer: bool


@_event("arena", "EnrolClosed(uint256*,uint256,uint256,uint256)")
class EnrolClosed(NamedTuple):
    task: int
    trainers: int
    validators: int
    total_weight: int


@_event("arena", "DrawPostponed(uint256*)")
class DrawPostponed(NamedTuple):
    task: int


@_event("arena", "RingsDrawn(uint256*,bytes32)")
class RingsDrawn(NamedTuple):
    task: int
    seed: bytes


@_event("arena", "HandleRegistered(uint256*,uint256*,address*,bytes32,bytes32,uint256,address)")
class HandleRegistered(NamedTuple):
    task: int
    handle: int
    key: str
    tag: bytes
    open_commitment: bytes
    ring: int
    relay: str


@_event("arena", "Submitted(uint256*,uint256*,uint256*,bytes32,bool,address)")
class Submitted(NamedTuple):
    task: int
    round: int
    handle: int
    commitment: bytes
    last: bool
    relay: str


@_event("arena", "Published(uint256*,uint256*,uint256*,uint256,bytes32,bytes32,bytes32,bytes32,string,uint256,address)")
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


@_event("arena", "KeyPosted(uint256*,uint256*,bytes32)")
class KeyPosted(NamedTuple):
    task: int
    round: int
    key: bytes


@_event("arena", "ScoresCommitted(uint256*,uint256*,uint256*,bytes32)")
class ScoresCommitted(NamedTuple):
    task: int
    round: int
    validator: int
    commitment: bytes


@_event("arena", "VectorRevealed(uint256*,uint256*,uint256,bytes32,bytes)")
class VectorRevealed(NamedTuple):
    task: int
    round: int
    ordinal: int
    vector_hash: bytes
    vector: bytes


@_event("arena", "ScoresRevealed(uint256*,uint256*,uint256*,bytes32,bytes32,uint256)")
class ScoresRevealed(NamedTuple):
    task: int
    round: int
    validator: int
    vector_hash: bytes
    salt: bytes
    weight: int


@_event("arena", "RoundEmpty(uint256*,uint256*)")
class RoundEmpty(NamedTuple):
    task: int
    round: int


@_event("arena", "RoundSettled(uint256*,uint256*,uint256,uint256,uint256,uint256,uint256[])")
class RoundSettled(NamedTuple):
    task: int
    round: int
    counted: int
    pass_mark: int
    trainer_pool: int
    validator_pool: int
    winners: tuple[int, ...]


@_event("arena", "VectorPaid(uint256*,uint256*,uint256,uint256)")
class VectorPaid(NamedTuple):
    task: int
    round: int
    ordinal: int
    amount: int


@_event("arena", "TaskEnded(uint256*,uint256,uint8)")
class TaskEnded(NamedTuple):
    task: int
    round: int
    cause: int


@_event("arena", "HandleOpened(uint256*,uint256*,uint256*,address,bytes32)")
class HandleOpened(NamedTuple):
    task: int
    handle: int
    member: int
    operator: str
    nonce: bytes


@_event("arena", "Delivered(uint256*,uint256*,uint256*,bytes)")
class Delivered(NamedTuple):
    task: int
    round: int
    handle: int
    box: bytes


@_event("arena", "RoundTallied(uint256*,uint256*,uint256,uint256,uint256)")
class RoundTallied(NamedTuple):
    task: int
    round: int
    denominator: int
    best: int
    dust: int


@_event("arena", "TrainerConcluded(uint256*,uint256*,address*,uint256,uint256,uint256,uint256)")
class TrainerConcluded(NamedTuple):
    task: int
    member: int
    operator: str
    paid: int
    delegated: int
    slashed: int
    returned: int


@_event("arena", "ValidatorConcluded(uint256*,uint256*,address*,uint256,uint256,uint256)")
class ValidatorConcluded(NamedTuple):
    task: int
    member: int
    operator: str
    paid: int
    delegated: int
    slashed: int


@_event("arena", "DelegationClaimed(uint256*,address*,address*,uint256,uint256)")
class DelegationClaimed(NamedTuple):
    task: int
    operator: str
    delegator: str
    amount: int
    dust: int


@_event("arena", "RelayPaid(uint256*,address*,uint256,uint256)")
class RelayPaid(NamedTuple):
    task: int
    relay: str
    units: int
    amount: int


@_event("arena", "KeeperPaid(uint256*,address*,uint256)")
class KeeperPaid(NamedTuple):
    task: int
    keeper: str
    amount: int


@_event("arena", "TaskFinished(uint256*,uint256,uint256)")
class TaskFinished(NamedTuple):
    task: int
    refunded: int
    burnt: int


# ── StakeVault ───────────────────────────────────────────────────────────────────────────────────────────────────────


@_event("vault", "Staked(address*,address*,uint96,uint112,uint24)")
class Staked(NamedTuple):
    operator: str
    account: str
    amount: int
    shares: int
    generation: int


@_event("vault", "ExitRequested(address*,address*,uint24*,uint112,uint96)")
class ExitRequested(NamedTuple):
    operator: str
    account: str
    epoch: int
    shares: int
    amount: int


@_event("vault", "Locked(address*,address*,uint256*,uint96,uint48)")
class Locked(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int
    until: int


@_event("vault", "Released(address*,address*,uint256*,uint96)")
class Released(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int


@_event("vault", "Slashed(address*,address*,uint256*,uint96,uint96)")
class Slashed(NamedTuple):
    engine: str
    operator: str
    case_id: int
    amount: int
    from_active: int


@_event("vault", "PoolEmptied(address*,uint24)")
class PoolEmptied(NamedTuple):
    operator: str
    generation: int


@_event("vault", "BucketEmptied(address*,uint24*)")
class BucketEmptied(NamedTuple):
    operator: str
    epoch: int


# ── Ledger and token ─────────────────────────────────────────────────────────────────────────────────────────────────


@_event("ledger", "Charged(address*,uint256*,address*,uint96)")
class Charged(NamedTuple):
    engine: str
    id: int
    payer: str
    amount: int


@_event("ledger", "Paid(address*,uint256*,address*,uint96)")
class Paid(NamedTuple):
    engine: str
    id: int
    account: str
    amount: int


@_event("ledger", "Burnt(address*,uint256*,uint96)")
class Burnt(NamedTuple):
    engine: str
    id: int
    amount: int


@_event("token", "Transfer(address*,address*,uint256)")
class Transfer(NamedTuple):
    sender: str
    recipient: str
    amount: int


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
VaultEvent = Staked | ExitRequested | Locked | Released | Slashed | PoolEmptied | BucketEmptied
LedgerEvent = Charged | Paid | Burnt
Event = ArenaEvent | VaultEvent | LedgerEvent | Transfer


@dataclass(frozen=True, slots=True)
class Record:
    """An event and where it stands; `place` counts all logs of the bundle."""

    event: Event
    place: int
    block: int
    timestamp: int
    transaction: bytes
