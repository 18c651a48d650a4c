"""The Alliance's events as types. Sets of clients are bitmaps here: bit i stands for client i."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from ..kinds import Kinds, event

ALLIANCE: Final[Kinds] = {}
PARAMS: Final = (
    "(uint8,uint8,uint8,uint8,uint24,uint32,uint24,uint24,uint24,uint24,uint24,uint24,uint16,uint8,uint8,uint8,uint8,"
    "uint8,uint96,uint96,uint80,uint24,uint24,uint24,uint24,uint24)"
)
TERMS: Final = "(bytes32,string,string,string,address,uint256)"
UPDATE: Final = "(bytes32,uint32,string,bytes32)"
RESULT: Final = "(bytes32,uint128)"
VOTE: Final = f"({RESULT},bool,bytes,bytes32)"
CONCLUSION: Final = "(uint8,bytes32,uint128,uint256,uint256,uint256,uint256,uint256,uint256,bytes)"


class Cause(IntEnum):
    """Why a task ended."""

    NONE = 0
    COMPLETED = 1
    TOO_FEW_CLIENTS = 2


class Outcome(IntEnum):
    """How a round ended."""

    TOO_FEW_UPDATES = 0
    QUORUM_MISSED = 1
    UNDECIDED = 2
    TIED = 3
    ACCEPTED = 4
    REJECTED = 5

    @property
    def decided(self) -> bool:
        """Whether the round pays, and slashes for votes and updates."""
        return self in (Outcome.ACCEPTED, Outcome.REJECTED)


class Verdict(IntEnum):
    """What a round meant for a client."""

    NONE = 0
    RIGHT = 1
    WRONG = 2
    REJECTED = 3
    SILENT = 4
    ISOLATED = 5


class Params(NamedTuple):
    """Rules of a task: rates in parts per million, money in wei, lengths in seconds."""

    rounds: int
    min_clients: int
    max_clients: int
    min_updates: int
    proposer_share: int
    max_samples: int
    epsilon: int
    slash_silent: int
    slash_wrong: int
    slash_rejected: int
    burn_share: int
    contribution_share: int
    harm: int
    initial_reputation: int
    max_reputation: int
    reputation_threshold: int
    fraction_bits: int
    rule: int
    min_stake: int
    pool: int
    keeper_fee: int
    join: int
    propose: int
    publish: int
    vote: int
    reveal: int


class Terms(NamedTuple):
    """What a task is about; all but the starting `model`'s hash is published only."""

    model: bytes
    model_cid: str
    rule_parameters: str
    uri: str
    arena: str
    arena_task: int


class Update(NamedTuple):
    """A proposer's update as it opened it."""

    update_hash: bytes
    samples: int
    cid: str
    salt: bytes


class Result(NamedTuple):
    """What aggregating a round gives; `accepted` are the proposers whose updates it holds."""

    aggregate_hash: bytes
    accepted: int


class Vote(NamedTuple):
    """A voter's finding as it revealed it; `contributions` are packed lanes."""

    raw_result: tuple[bytes, int]
    in_favour: bool
    contributions: bytes
    salt: bytes

    @property
    def result(self) -> Result:
        return Result(*self.raw_result)


class Conclusion(NamedTuple):
    """How a round ended. Weights of the voters for its result, amounts in wei, `medians` packed lanes."""

    outcome: int
    model: bytes
    accepted: int
    in_favour: int
    against: int
    paid: int
    returned: int
    slashed: int
    burnt: int
    medians: bytes


@event(ALLIANCE, f"AllianceCreated(uint256*,address*,{PARAMS},{TERMS})")
class AllianceCreated(NamedTuple):
    task: int
    creator: str
    raw_params: tuple[int, ...]
    raw_terms: tuple[bytes, str, str, str, str, int]

    @property
    def params(self) -> Params:
        return Params(*self.raw_params)

    @property
    def terms(self) -> Terms:
        return Terms(*self.raw_terms)


@event(ALLIANCE, "ClientJoined(uint256*,uint256*,address*,address,uint96)")
class ClientJoined(NamedTuple):
    task: int
    client: int
    operator: str
    hot_key: str
    stake: int


@event(ALLIANCE, "ClientLeft(uint256*,uint256*)")
class ClientLeft(NamedTuple):
    task: int
    client: int


@event(ALLIANCE, "ClientResumed(uint256*,uint256*)")
class ClientResumed(NamedTuple):
    task: int
    client: int


@event(ALLIANCE, "RoundFrozen(uint256*,uint256*,uint128)")
class RoundFrozen(NamedTuple):
    task: int
    round: int
    clients: int


@event(ALLIANCE, "DrawPostponed(uint256*)")
class DrawPostponed(NamedTuple):
    task: int


@event(ALLIANCE, "RolesDrawn(uint256*,uint256*,bytes32,uint128,uint128)")
class RolesDrawn(NamedTuple):
    task: int
    round: int
    seed: bytes
    proposers: int
    voters: int


@event(ALLIANCE, "Committed(uint256*,uint256*,uint256*,bytes32)")
class Committed(NamedTuple):
    task: int
    round: int
    client: int
    commitment: bytes


@event(ALLIANCE, f"UpdatePublished(uint256*,uint256*,uint256*,{UPDATE})")
class UpdatePublished(NamedTuple):
    task: int
    round: int
    client: int
    raw_update: tuple[bytes, int, str, bytes]

    @property
    def update(self) -> Update:
        return Update(*self.raw_update)


@event(ALLIANCE, f"VoteRevealed(uint256*,uint256*,uint256*,{VOTE})")
class VoteRevealed(NamedTuple):
    task: int
    round: int
    client: int
    raw_vote: tuple[tuple[bytes, int], bool, bytes, bytes]

    @property
    def vote(self) -> Vote:
        return Vote(*self.raw_vote)


@event(ALLIANCE, f"RoundConcluded(uint256*,uint256*,{CONCLUSION})")
class RoundConcluded(NamedTuple):
    task: int
    round: int
    raw_conclusion: tuple[int, bytes, int, int, int, int, int, int, int, bytes]

    @property
    def conclusion(self) -> Conclusion:
        return Conclusion(*self.raw_conclusion)


@event(ALLIANCE, "ClientJudged(uint256*,uint256*,uint256*,uint8,uint256,uint256,uint256)")
class ClientJudged(NamedTuple):
    task: int
    round: int
    client: int
    verdict: int
    reward: int
    slash: int
    reputation: int


@event(ALLIANCE, "Collected(uint256*,uint256*,address*,uint256,bool)")
class Collected(NamedTuple):
    task: int
    client: int
    operator: str
    amount: int
    gone: bool


@event(ALLIANCE, "KeeperPaid(uint256*,address*,uint256)")
class KeeperPaid(NamedTuple):
    task: int
    keeper: str
    amount: int


@event(ALLIANCE, "AllianceEnded(uint256*,uint256,uint8,uint256)")
class AllianceEnded(NamedTuple):
    task: int
    rounds: int
    cause: int
    refunded: int


AllianceEvent = (
    AllianceCreated
    | ClientJoined
    | ClientLeft
    | ClientResumed
    | RoundFrozen
    | DrawPostponed
    | RolesDrawn
    | Committed
    | UpdatePublished
    | VoteRevealed
    | RoundConcluded
    | ClientJudged
    | Collected
    | KeeperPaid
    | AllianceEnded
)
