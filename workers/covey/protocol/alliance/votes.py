"""What a round's voters decided (docs/alliance.md, section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from covey.protocol import weights
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import MIN_VOTERS
from covey.protocol.consensus import consensus


class Outcome(IntEnum):
    """How a round ended; the numbers are the contract's.

    Only ACCEPTED and REJECTED pay, and slash for votes and updates; the others slash silence alone.
    """

    TOO_FEW_UPDATES = 0
    QUORUM_MISSED = 1
    UNDECIDED = 2
    TIED = 3
    ACCEPTED = 4
    REJECTED = 5


@dataclass(frozen=True)
class Result:
    """What aggregating a round gives: the aggregated model's hash, and the proposers (a set) whose updates it holds."""

    aggregate_hash: bytes
    accepted: int


NO_RESULT = Result(bytes(32), 0)
"""Of a round without a decision."""


@dataclass(frozen=True)
class Vote:
    """A voter's finding. `contributions` are 15-bit scores, one per published update by ascending client."""

    result: Result
    in_favour: bool
    contributions: tuple[int, ...]


@dataclass(frozen=True)
class Tally:
    """What the votes come to.

    `in_favour` and `against` are the weights of the voters for the result that more than half name, if one is. If they
    decided, `result` is that one and `medians` their consensus on the contributions.
    """

    outcome: Outcome
    result: Result = NO_RESULT
    in_favour: int = 0
    against: int = 0
    medians: tuple[int, ...] = ()

    @property
    def decided(self) -> bool:
        return self.outcome in (Outcome.ACCEPTED, Outcome.REJECTED)


def voting_weights(stakes: Mapping[int, int]) -> dict[int, int]:
    """What each voter's stake (wei) counts for, by client: capped and rounded down as the Arena's validators'."""
    return dict(zip(stakes, weights.weights(list(stakes.values())), strict=True))


def has_quorum(weight_of: Mapping[int, int], revealed: int) -> bool:
    """Whether two voters or more revealed, with more than half of all voters' weight."""
    shown = sum(weight_of[voter] for voter in bitmaps.members(revealed))
    return revealed.bit_count() >= MIN_VOTERS and 2 * shown > sum(weight_of.values())


def tally(stakes: Mapping[int, int], votes: Mapping[int, Vote]) -> Tally:
    """The decision of voters with these `stakes` (wei), of whom some revealed `votes`, on a round with enough updates.

    Neither the order of the stakes nor that of the votes matters.
    """
    weight_of = voting_weights(stakes)
    if not has_quorum(weight_of, bitmaps.of(votes)):
        return Tally(Outcome.QUORUM_MISSED)
    support = dict.fromkeys((vote.result for vote in votes.values()), 0)
    for voter, vote in votes.items():
        support[vote.result] += weight_of[voter]
    top, most = max(support.items(), key=lambda item: item[1])
    if 2 * most <= sum(support.values()):
        return Tally(Outcome.UNDECIDED)
    supporters = [voter for voter, vote in votes.items() if vote.result == top]
    in_favour = sum(weight_of[voter] for voter in supporters if votes[voter].in_favour)
    against = most - in_favour
    outcome = _decision(in_favour, against)
    if outcome is Outcome.TIED:
        return Tally(outcome, in_favour=in_favour, against=against)
    medians = consensus(
        [votes[voter].contributions for voter in supporters], [weight_of[voter] for voter in supporters]
    )
    return Tally(outcome, top, in_favour, against, medians)


def _decision(in_favour: int, against: int) -> Outcome:
    if in_favour > against:
        return Outcome.ACCEPTED
    return Outcome.REJECTED if against > in_favour else Outcome.TIED
