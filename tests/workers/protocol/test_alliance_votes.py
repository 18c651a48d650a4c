"""Votes: quorum, the most supported result, ties, and the decision."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.protocol.alliance import bitmaps, votes
from covey.protocol.alliance.votes import NO_RESULT, Outcome, Result, Tally, Vote
from tests.workers.protocol.alliance_rounds import random_clients, random_params, random_votes, subset

SAME, OTHER = Result(b"s" * 32, 0b011), Result(b"o" * 32, 0b011)
EQUAL = dict.fromkeys((2, 3, 4, 5), 100)
"""Each weighs 8,191."""

seeds = st.integers(0, 2**64)


def vote(result: Result = SAME, *, in_favour: bool = True, contributions: tuple[int, ...] = (7, 9)) -> Vote:
    return Vote(result, in_favour, contributions)


FOR, AGAINST = vote(), vote(in_favour=False)


def test_stakes_weigh_as_validators_do() -> None:
    assert votes.voting_weights({7: 100, 3: 100, 9: 200}) == {7: 8191, 3: 8191, 9: 10_976}  # 134 of 400


@pytest.mark.parametrize(
    ("stakes", "revealed", "quorum"),
    [
        ({1: 1}, 0b10, False),  # one alone, with all weight
        ({1: 1, 2: 1}, 0b110, True),
        ({1: 1, 2: 1, 3: 1}, 0b110, True),
        ({1: 1, 2: 1, 3: 1, 4: 1}, 0b110, False),  # just a half
        ({1: 100, 2: 1, 3: 1}, 0b010, False),
        ({1: 100, 2: 1, 3: 1}, 0b110, True),
        ({1: 100, 2: 1, 3: 1}, 0b1100, False),
    ],
)
def test_quorum_is_two_voters_with_more_than_half_of_the_weight(
    stakes: dict[int, int], revealed: int, quorum: bool
) -> None:
    assert votes.has_quorum(votes.voting_weights(stakes), revealed) is quorum
    revealed_votes = dict.fromkeys(bitmaps.members(revealed), FOR)
    assert (votes.tally(stakes, revealed_votes).outcome is Outcome.QUORUM_MISSED) is not quorum


def test_nobody_revealed() -> None:
    assert Result(bytes(32), 0) == NO_RESULT
    assert votes.tally(EQUAL, {}) == Tally(Outcome.QUORUM_MISSED, NO_RESULT, 0, 0, ())


@pytest.mark.parametrize(
    ("cast", "tally"),
    [
        ([FOR, FOR, FOR, FOR], Tally(Outcome.ACCEPTED, SAME, 32_764, 0, (7, 9))),
        ([FOR, FOR, AGAINST], Tally(Outcome.ACCEPTED, SAME, 16_382, 8191, (7, 9))),
        ([FOR, AGAINST, AGAINST], Tally(Outcome.REJECTED, SAME, 8191, 16_382, (7, 9))),
        ([FOR, FOR, AGAINST, AGAINST], Tally(Outcome.TIED, NO_RESULT, 16_382, 16_382)),
        ([FOR, FOR, vote(OTHER), vote(OTHER)], Tally(Outcome.UNDECIDED)),
        # The most supported of several, but not by more than half.
        ([FOR, FOR, vote(OTHER), vote(Result(SAME.aggregate_hash, 0b001))], Tally(Outcome.UNDECIDED)),
        ([FOR, AGAINST, AGAINST, vote(OTHER)], Tally(Outcome.REJECTED, SAME, 8191, 16_382, (7, 9))),
        # Votes for another result do not count, whichever way they go.
        ([vote(OTHER, in_favour=False), FOR, FOR, AGAINST], Tally(Outcome.ACCEPTED, SAME, 16_382, 8191, (7, 9))),
        ([FOR, vote(Result(SAME.aggregate_hash, 0b001)), FOR], Tally(Outcome.ACCEPTED, SAME, 16_382, 0, (7, 9))),
    ],
)
def test_decisions(cast: list[Vote], tally: Tally) -> None:
    found = votes.tally(EQUAL, dict(zip(EQUAL, cast, strict=False)))
    assert found == tally
    assert found.decided == (tally.outcome in {Outcome.ACCEPTED, Outcome.REJECTED})


def test_contributions_are_the_medians_of_the_results_supporters() -> None:
    cast = [vote(contributions=(1, 50)), vote(contributions=(2, 40), in_favour=False), vote(contributions=(3, 30))]
    other = vote(OTHER, contributions=(100, 100))
    assert votes.tally(EQUAL, dict(zip(EQUAL, [*cast, other], strict=True))).medians == (2, 40)


def test_more_weight_decides_not_more_voters() -> None:
    stakes = {1: 1000} | dict.fromkeys(range(2, 12), 100)
    for in_favour, outcome in ((2, Outcome.REJECTED), (4, Outcome.ACCEPTED)):
        cast = {1: AGAINST} | dict.fromkeys(range(2, 2 + in_favour), FOR) | dict.fromkeys(range(8, 11), vote(OTHER))
        tally = votes.tally(stakes, cast)
        assert (tally.outcome, tally.in_favour, tally.against) == (outcome, 1638 * in_favour, 4915)  # 15 % at most


@given(seeds)
def test_tally_by_definition(seed: int) -> None:
    random = Random(seed)
    params = random_params(random)
    published, voters = 0b1011, bitmaps.of(range(4, random.randint(6, 14)))
    clients = random_clients(random, params, voters, 0)
    stakes = {voter: clients[voter].stake for voter in bitmaps.members(voters)}
    cast = random_votes(random, subset(random, voters), published)
    tally = votes.tally(stakes, cast)

    weights = votes.voting_weights(stakes)
    backing = {v.result: sum(weights[i] for i in cast if cast[i].result == v.result) for v in cast.values()}
    shown = sum(backing.values())
    if len(cast) < 2 or 2 * shown <= sum(weights.values()):
        assert tally == Tally(Outcome.QUORUM_MISSED)
        return
    best = [result for result in backing if 2 * backing[result] > shown]
    if not best:
        assert tally == Tally(Outcome.UNDECIDED)
        return
    assert tally.in_favour + tally.against == backing[best[0]]
    signed = sum(weights[i] * (1 if v.in_favour else -1) for i, v in cast.items() if v.result == best[0])
    assert tally.outcome is (Outcome.TIED if signed == 0 else Outcome.ACCEPTED if signed > 0 else Outcome.REJECTED)
    assert tally.result == (best[0] if tally.decided else NO_RESULT)
    for lane, median in enumerate(tally.medians):
        below = sum(weights[i] for i, v in cast.items() if v.result == best[0] and v.contributions[lane] < median)
        above = sum(weights[i] for i, v in cast.items() if v.result == best[0] and v.contributions[lane] > median)
        assert 2 * below < backing[best[0]] >= 2 * above
    assert len(tally.medians) == 3 * tally.decided
