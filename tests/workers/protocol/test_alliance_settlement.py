"""What a round means for every client: pays, slashes, reputation, places; nothing is lost, nothing is made."""

from dataclasses import astuple, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.protocol.alliance import bitmaps, payouts, reputation
from covey.protocol.alliance.params import DEMO, NEUTRAL, AllianceParams
from covey.protocol.alliance.payouts import Shares
from covey.protocol.alliance.phases import Cause
from covey.protocol.alliance.places import Places, missed_a_round
from covey.protocol.alliance.settlement import (
    Ballot,
    Client,
    Judgement,
    RoundInput,
    RoundResult,
    Verdict,
    Witness,
    ending,
    settle_round,
    witness,
)
from covey.protocol.alliance.votes import Outcome, Result, Vote
from covey.protocol.params import PPM
from tests.workers.protocol.alliance_rounds import random_params, random_round, subset

seeds = st.integers(0, 2**64)

PARAMS = AllianceParams(
    rounds=4,
    min_clients=4,
    max_clients=8,
    contribution_share=500_000,
    harm=100,
    slash_silent=100_000,
    slash_wrong=50_000,
    slash_rejected=20_000,
    burn_share=500_000,
    initial_reputation=3,
    max_reputation=5,
    reputation_threshold=2,
    rule=0,
    min_stake=1,
    pool=4000,
    keeper_fee=0,
    lengths=DEMO,
)
ALL = Result(b"a" * 32, 0b00111)
FOR = Vote(ALL, in_favour=True, contributions=(NEUTRAL + 300, NEUTRAL + 100, NEUTRAL))
AGAINST = replace(FOR, in_favour=False)


def round_of(**chosen: object) -> RoundInput:
    """Clients 0, 1 and 2 propose, 3, 4 and 5 vote; each has 1,000."""
    usual: dict[str, object] = {
        "round": 2,
        "pool": 2000,
        "model": b"o" * 32,
        "proposers": 0b000111,
        "voters": 0b111000,
        "published": 0b000111,
        "votes": dict.fromkeys((3, 4, 5), FOR),
        "clients": dict.fromkeys(range(6), Client(1000, 3)),
        "places": Places(present=0b111111),
    }
    return RoundInput(**{**usual, **chosen})  # type: ignore[arg-type]


def settled(**chosen: object) -> RoundResult:
    return settle_round(PARAMS, round_of(**chosen))


def verdicts(result: RoundResult) -> dict[int, Verdict]:
    return {client: judgement.verdict for client, judgement in result.judgements.items()}


RIGHT, WRONG, REJECTED, SILENT, ISOLATED = list(Verdict)[1:]


# -- Money -------------------------------------------------------------------------------------------------------------


def test_a_round_has_an_equal_part_of_the_pool() -> None:
    assert payouts.round_reward(1000, 3) == 333
    assert payouts.round_reward(334, 1) == 334


STAKES = {1: 200, 3: 100, 5: 100, 6: 200, 9: 600}


def test_rewards_by_stake_and_by_contribution() -> None:
    # 2,400 for 1,200 staked: 600 for proposers with 300, of which 240 go by 200·300 : 100·100 points = 6 : 1.
    helped = {1: NEUTRAL + 300, 3: NEUTRAL + 100, 4: NEUTRAL - 1}
    shares = payouts.share(2400, 400_000, STAKES, 0b1100000, 0b1010, helped)
    assert shares == Shares({5: 200, 6: 400, 1: 240 + 205, 3: 120 + 34}, returned=1200)


def test_rewards_of_updates_without_effect_go_by_stake_alone() -> None:
    shares = payouts.share(2400, PPM, STAKES, 0b100000, 0b1010, {1: NEUTRAL, 3: 0})
    assert shares == Shares({5: 200, 1: 400, 3: 200}, returned=1600)


def test_points_are_for_updates_that_helped() -> None:
    shares = payouts.share(2400, PPM, STAKES, 0, 0b1010, {1: NEUTRAL + 1, 3: NEUTRAL})
    assert shares == Shares({1: 600, 3: 0}, returned=1800)


def test_rewards_without_proposers_or_voters() -> None:
    assert payouts.share(2400, PPM, STAKES, 0b1100000, 0, {}) == Shares({5: 200, 6: 400}, returned=1800)
    assert payouts.share(2400, PPM, STAKES, 0, 0, {}) == Shares({}, returned=2400)


def test_harm_is_more_than_tolerated() -> None:
    assert not payouts.harms(NEUTRAL - 100, 100)
    assert payouts.harms(NEUTRAL - 101, 100)


def test_accepted_round_to_the_wei() -> None:
    result = settled()
    # 1,000 for six equal stakes; 500 for the proposers, 250 of it by points 3 : 1 : 0.
    rewards = {0: 83 + 187, 1: 83 + 62, 2: 83, 3: 166, 4: 166, 5: 166}
    assert result.judgements == {client: Judgement(RIGHT, pay, 0, 4) for client, pay in rewards.items()}
    assert (result.tally.outcome, result.model) == (Outcome.ACCEPTED, ALL.aggregate_hash)
    assert (result.paid, result.returned, result.slashed, result.burnt, result.pool) == (996, 0, 0, 0, 1004)
    assert result.clients == dict.fromkeys(range(6), Client(1000, 4))
    assert result.places == Places(present=0b111111)


def test_rejected_round_to_the_wei() -> None:
    result = settled(votes={3: FOR, 4: AGAINST, 5: AGAINST})
    assert result.judgements == {
        3: Judgement(WRONG, 0, 50, 2),
        4: Judgement(RIGHT, 166, 0, 4),
        5: Judgement(RIGHT, 166, 0, 4),
    }
    assert (result.tally.outcome, result.model) == (Outcome.REJECTED, b"o" * 32)
    # Of the 1,000 for six equal stakes, four sixths are nobody's.
    assert (result.paid, result.returned, result.slashed, result.burnt) == (332, 666, 50, 25)
    assert result.pool == 2000 - 998 + 25
    assert result.clients[3] == Client(950, 2)


def test_slashes_are_burnt_in_part_and_go_to_the_pool_in_part() -> None:
    clients = dict.fromkeys(range(6), Client(1010, 3))
    result = settled(votes={3: FOR, 4: AGAINST, 5: AGAINST}, clients=clients)
    assert (result.slashed, result.burnt, result.pool) == (50, 25, 2000 - 998 + 25)
    whole = settle_round(replace(PARAMS, burn_share=PPM), round_of(votes={3: FOR, 4: AGAINST, 5: AGAINST}))
    assert (whole.slashed, whole.burnt, whole.pool) == (50, 50, 2000 - 998)


# -- Verdicts ----------------------------------------------------------------------------------------------------------


def test_left_out_and_harmful_updates_are_rejected() -> None:
    result, scores = Result(b"a" * 32, 0b00011), (NEUTRAL, NEUTRAL - 101, NEUTRAL + 50)
    for_two = Vote(result, in_favour=True, contributions=scores)
    accepted = settled(votes=dict.fromkeys((3, 4, 5), for_two))
    assert verdicts(accepted) == {0: RIGHT, 1: REJECTED, 2: REJECTED, 3: RIGHT, 4: RIGHT, 5: RIGHT}
    assert accepted.judgements[1] == Judgement(REJECTED, 0, 20, 2)
    rejected = settled(votes=dict.fromkeys((3, 4, 5), replace(for_two, in_favour=False)))
    assert verdicts(rejected) == {1: REJECTED, 3: RIGHT, 4: RIGHT, 5: RIGHT}


def test_another_result_is_wrong_whichever_way_it_votes() -> None:
    other = Result(b"b" * 32, 0b00111)
    for vote in (replace(FOR, result=other), replace(AGAINST, result=other)):
        assert verdicts(settled(votes={3: FOR, 4: FOR, 5: vote}))[5] is WRONG
        assert verdicts(settled(votes={3: AGAINST, 4: AGAINST, 5: vote}))[5] is WRONG


def test_too_few_updates_slash_silent_proposers_alone() -> None:
    result = settled(published=0b000001, votes={})
    assert result.tally.outcome is Outcome.TOO_FEW_UPDATES
    assert result.judgements == dict.fromkeys((1, 2), Judgement(SILENT, 0, 100, 2))
    assert result.pool == 2000 + 100
    assert result.places == Places(present=0b111001, benched=0b000110)


def test_missed_quorum_slashes_silence_alone() -> None:
    result = settled(votes={4: FOR}, published=0b000110)
    assert result.tally.outcome is Outcome.QUORUM_MISSED
    assert verdicts(result) == dict.fromkeys((0, 3, 5), SILENT)
    assert result.paid == 0


@pytest.mark.parametrize(
    ("votes", "outcome"),
    [
        ({3: FOR, 4: AGAINST}, Outcome.TIED),
        ({3: FOR, 4: replace(FOR, result=Result(b"b" * 32, 0))}, Outcome.UNDECIDED),
    ],
)
def test_ties_slash_nobody_for_the_vote(votes: dict[int, Vote], outcome: Outcome) -> None:
    result = settled(votes=votes)
    assert result.tally.outcome is outcome
    assert verdicts(result) == {5: SILENT}
    assert (result.model, result.paid) == (b"o" * 32, 0)


# -- Reputation and places ---------------------------------------------------------------------------------------------


def test_reputation_rises_to_its_limit_and_falls_through_the_threshold() -> None:
    assert [reputation.raised(value, 5) for value in (3, 4, 5)] == [4, 5, 5]
    assert [reputation.lowered(value, 2) for value in (5, 3, 2)] == [4, 2, 0]
    assert reputation.lowered(1, 1) == 0


def test_isolated_client_is_back_after_as_many_rounds_as_the_threshold() -> None:
    clients = dict.fromkeys(range(6), Client(1000, 3)) | {5: Client(1000, 2)}
    result = settled(votes={3: AGAINST, 4: AGAINST, 5: FOR}, clients=clients)
    assert result.judgements[5] == Judgement(WRONG, 0, 50, 0)
    assert (result.places.isolated, result.places.participants) == (0b100000, 0b011111)
    for step, isolated in ((1, 0b100000), (2, 0)):
        given = round_of(
            voters=0b011000, votes=dict.fromkeys((3, 4), FOR), clients=result.clients, places=result.places
        )
        result = settle_round(PARAMS, given)
        assert result.judgements[5] == Judgement(ISOLATED, 0, 0, step)
        assert result.places == Places(present=0b111111, isolated=isolated)
    assert result.clients[5] == Client(950, 2)


def test_silent_clients_are_benched_unless_they_left() -> None:
    votes = dict.fromkeys((3, 4), replace(FOR, contributions=(NEUTRAL, NEUTRAL)))
    result = settled(votes=votes, published=0b000110, places=Places(present=0b011111, left=0b100000))
    assert verdicts(result)[0] is verdicts(result)[5] is SILENT
    assert result.places == Places(present=0b011110, benched=0b000001, left=0b100000)


def test_nobody_has_a_place_at_first() -> None:
    assert astuple(Places()) == (0, 0, 0, 0)


def test_places_of_a_client_from_joining_to_leaving() -> None:
    places = Places().joined(0).joined(3)
    assert places == Places(present=0b1001)
    benched = places.after_round(isolated=0b1000, silent=0b1001)
    assert benched == Places(benched=0b1001, isolated=0b1000)
    back = benched.resumed(3)
    assert back == Places(present=0b1000, benched=0b0001, isolated=0b1000)
    assert back.participants == 0
    assert back.quit(3) == Places(benched=0b0001, left=0b1000, isolated=0b1000)
    assert back.quit(0) == Places(present=0b1000, left=0b0001, isolated=0b1000)
    assert back.freed(3) == Places(benched=0b0001)
    assert back.quit(0).freed(0) == Places(present=0b1000, isolated=0b1000)
    assert benched.freed(0) == Places(benched=0b1000, isolated=0b1000)


@pytest.mark.parametrize(
    ("places", "taking", "missing", "client"),
    [
        (Places(), 0, 0, 0),
        (Places(present=0b0001, benched=0b0010, left=0b1000), 0, 0b0010, 2),
        (Places(present=0b0001, benched=0b0010, left=0b1100), 0, 0b0010, 2),
        (Places(present=0b0001, benched=0b0010, left=0b1100), 0b0100, 0b0010, 3),
        (Places(present=0b0001, benched=0b0010, left=0b1100), 0b1100, 0b0011, 1),
        (Places(present=0b0001, benched=0b0010, left=0b1100), 0b1100, 0b0001, None),
        (Places(present=0b1111, isolated=0b1111), 0, 0b1111, None),
    ],
)
def test_place_of_one_who_joins(places: Places, taking: int, missing: int, client: int | None) -> None:
    assert places.to_take(4, taking, missing) == client


def test_a_benched_client_keeps_its_place_for_a_round() -> None:
    silent = settled(published=0b000001, votes={}).clients[1]
    assert silent.benched_in == round_of().round
    assert [missed_a_round(silent.benched_in, round) for round in (2, 3, 4)] == [False, False, True]


def test_when_a_task_ends() -> None:
    four = Places(present=0b11111, isolated=0b00001)
    assert ending(PARAMS, 3, four) is Cause.NONE
    assert ending(PARAMS, 4, four) is Cause.COMPLETED
    assert ending(PARAMS, 3, replace(four, isolated=0b00011)) is Cause.TOO_FEW_CLIENTS
    assert ending(PARAMS, 0, replace(four, isolated=0)) is Cause.NONE


# -- Witness -----------------------------------------------------------------------------------------------------------


def test_witness_has_what_was_revealed() -> None:
    other = Vote(Result(b"b" * 32, 0b001), in_favour=False, contributions=(1, 2, 3))
    given = round_of(votes={5: FOR, 3: AGAINST, 4: other})
    sent = witness(given, settle_round(PARAMS, given))
    ascending = sent.results == (ALL, other.result)
    mine, theirs = (0, 1) if ascending else (1, 0)
    assert set(sent.results) == {ALL, other.result}
    small, large = b"\0\1\0\2\0\3".ljust(32, b"\0"), bytes.fromhex("412c40644000").ljust(32, b"\0")
    assert sent == Witness(
        results=sent.results,
        vectors=small + large,
        ballots=(Ballot(mine, 1, False), Ballot(theirs, 0, False), Ballot(mine, 1, True)),
        medians=b"",
    )
    assert sent.to_abi() == (
        [(result.aggregate_hash, result.accepted) for result in sent.results],
        small + large,
        [(mine, 1, False), (theirs, 0, False), (mine, 1, True)],
        b"",
    )


def test_witness_of_a_decision_has_its_medians() -> None:
    sent = witness(round_of(), settled())
    assert sent.medians == sent.vectors == bytes.fromhex("412c40644000").ljust(32, b"\0")
    assert sent.ballots == (Ballot(0, 0, True),) * 3


def test_witness_is_empty_where_votes_decide_nothing() -> None:
    for chosen in ({"votes": {4: FOR}}, {"published": 0b000001}):
        given = round_of(**chosen)
        assert witness(given, settle_round(PARAMS, given)) == Witness() == Witness((), b"", (), b"")


# -- Any round ---------------------------------------------------------------------------------------------------------


def any_round(seed: int) -> tuple[AllianceParams, RoundInput, RoundResult]:
    random = Random(seed)
    params = random_params(random)
    given = random_round(random, params)
    return params, given, settle_round(params, given)


def stakes(clients: dict[int, Client]) -> int:
    return sum(client.stake for client in clients.values())


@given(seeds)
def test_i3_every_wei_stays_or_is_paid_or_burnt(seed: int) -> None:
    params, given, result = any_round(seed)
    before = given.pool + stakes(dict(given.clients))
    after = result.pool + stakes(dict(result.clients))
    assert before == after + result.paid + result.returned + result.burnt
    assert 0 <= result.burnt <= result.slashed
    reward, given_away = payouts.round_reward(given.pool, params.rounds - given.round), result.paid + result.returned
    assert given_away <= reward
    if result.tally.decided:
        assert given_away > reward - 3 * len(given.clients)
    else:
        assert given_away == 0


@given(seeds)
def test_no_coalition_of_voters_earns_by_what_it_decides(seed: int) -> None:
    params, given, result = any_round(seed)
    random = Random(~seed)
    coalition = bitmaps.members(subset(random, bitmaps.of(given.votes), 0.5))
    turned = {
        voter: replace(
            given.votes[voter],
            in_favour=not given.votes[voter].in_favour,
            contributions=tuple(random.randrange(2 * NEUTRAL) for _ in given.votes[voter].contributions),
        )
        for voter in coalition
    }
    other = settle_round(params, replace(given, votes={**given.votes, **turned}))
    for voter in coalition:
        rewards = {r.judgements[voter].reward for r in (result, other) if verdicts(r).get(voter) is RIGHT}
        assert len(rewards) <= 1
        assert all(r.judgements[voter].reward in {0, *rewards} for r in (result, other) if voter in r.judgements)


@given(seeds)
def test_i13_order_does_not_matter(seed: int) -> None:
    params, given, result = any_round(seed)
    random = Random(~seed)
    shuffled = replace(
        given,
        votes=dict(random.sample(list(given.votes.items()), len(given.votes))),
        clients=dict(random.sample(list(given.clients.items()), len(given.clients))),
    )
    again = settle_round(params, shuffled)
    assert again == result
    assert witness(shuffled, again) == witness(given, result)


@given(seeds)
def test_i16_silence_never_pays_more_than_acting(seed: int) -> None:
    params, given, result = any_round(seed)

    def net(client: int, of: RoundResult) -> int:
        judgement = of.judgements.get(client)
        return judgement.reward - judgement.slash if judgement else 0

    for voter in given.votes:
        others = {other: vote for other, vote in given.votes.items() if other != voter}
        silent = settle_round(params, replace(given, votes=others))
        assert net(voter, result) >= net(voter, silent)
        assert result.clients[voter].reputation >= silent.clients[voter].reputation
    for proposer in bitmaps.members(given.published):
        silent = settle_round(params, without_update(given, proposer))
        assert net(proposer, result) >= net(proposer, silent)
        assert result.clients[proposer].reputation >= silent.clients[proposer].reputation


def without_update(given: RoundInput, proposer: int) -> RoundInput:
    """The same round, had the proposer published nothing."""
    lane, bit = bitmaps.members(given.published).index(proposer), 1 << proposer

    def vote(v: Vote) -> Vote:
        result = Result(v.result.aggregate_hash, v.result.accepted & ~bit)
        return Vote(result, v.in_favour, v.contributions[:lane] + v.contributions[lane + 1 :])

    return replace(given, published=given.published & ~bit, votes={i: vote(v) for i, v in given.votes.items()})


@given(seeds)
def test_slashes_are_bounded_and_rewards_take_a_decision(seed: int) -> None:
    params, given, result = any_round(seed)
    for client, judgement in result.judgements.items():
        assert 0 <= judgement.slash <= given.clients[client].stake // 2
        assert judgement.slash == 0 or judgement.verdict in (WRONG, REJECTED, SILENT)
        assert judgement.reward == 0 or (judgement.verdict is RIGHT and result.tally.decided)
    if not result.tally.decided:
        assert result.model == given.model
        assert set(verdicts(result).values()) <= {SILENT, ISOLATED}
    accepted = result.tally.outcome is Outcome.ACCEPTED
    assert result.model == (result.tally.result.aggregate_hash if accepted else given.model)
    assert 0 <= result.burnt == result.slashed * params.burn_share // PPM


@given(seeds)
def test_everybody_has_one_place_and_a_reputation_that_fits_it(seed: int) -> None:
    params, given, result = any_round(seed)
    before, after = given.places, result.places
    assert after.present | after.benched | after.left == before.present | before.benched | before.left
    assert after.present & after.benched == after.present & after.left == after.benched & after.left == 0
    assert after.left == before.left
    below = bitmaps.of(c for c in result.clients if result.clients[c].reputation < params.reputation_threshold)
    assert after.isolated == below
    assert all(0 <= client.reputation <= params.max_reputation for client in result.clients.values())
    assert result.clients.keys() == given.clients.keys()
