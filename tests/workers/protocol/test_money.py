"""Pools, pays, faults and conclusions: nothing is lost, nothing is made."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from covey.protocol import conclusion, faults, payouts
from covey.protocol.conclusion import TrainerAccount, ValidatorAccount
from covey.protocol.faults import Absence
from covey.protocol.params import GWEI, MASK_UNITS, PPM
from covey.protocol.settlement import RoundInput, RoundResult, settle_round, tally_round
from tests.workers.protocol.rounds import WHOLE_SHARE, Round, random_params, random_round

seeds = st.integers(0, 2**64)
amount = st.integers(0, 2**96 - 1)
rate = st.integers(0, PPM)


# -- Pools and pays ----------------------------------------------------------------------------------------------------


@given(seeds)
def test_i3_pools_and_fee_reserve_sum_to_the_bounty(seed: int) -> None:
    round = random_round(Random(seed))
    pools = payouts.pools(round.params, round.trainer_stakes, round.validator_stakes)
    reserve = round.params.fee_reserve(len(round.trainer_stakes), len(round.validator_stakes))
    assert len(pools.trainers) == len(pools.validators) == round.params.rounds
    assert sum(pools.trainers) + sum(pools.validators) + reserve == round.params.bounty


def test_pools_follow_stakes_gamma_and_delta() -> None:
    assert payouts.split(1000, 0, 65, 120) == 351
    assert payouts.split(1000, 100_000, 0, 1) == 100
    assert payouts.split(1000, 500_000, 9, 1) == 500
    assert payouts.trainer_pools(1001, 100_000, 3) == (50, 50, 901)
    assert payouts.trainer_pools(1001, 100_000, 1) == (1001,)
    assert payouts.validator_pools(1001, 3) == (333, 333, 335)


def test_rank_weights_are_those_of_flock() -> None:
    # FLock whitepaper, q = 0.85 and three nodes: 0.39, 0.33, 0.28.
    g = payouts.rank_weights(3, 850_000)
    assert [round(weight / sum(g), 4) for weight in g] == [0.3887, 0.3304, 0.2809]
    assert g[0] == 10**18
    assert payouts.rank_weights(0, 850_000) == ()


@given(amount, st.integers(1, PPM), st.lists(st.none() | st.integers(1, 2**64 - 1), max_size=20))
def test_i3_trainers_share_the_pool_exactly(pool: int, q: int, stakes: list[int | None]) -> None:
    pays = payouts.trainer_pays(pool, q, stakes)
    weight = sum(g * (stake or 0) for g, stake in zip(payouts.rank_weights(len(stakes), q), stakes, strict=True))
    assert sum(pays) == (pool if weight else 0)
    assert all(pay == 0 for pay, stake in zip(pays, stakes, strict=True) if stake is None)


def test_nobody_moves_up_for_an_unopened_winner() -> None:
    assert payouts.trainer_pays(1000, 500_000, [None, 7, 7]) == (0, 667, 333)  # 2 : 1, dust to the best opened
    assert payouts.trainer_pays(1000, 500_000, [None, None]) == (0, 0)


@given(amount, st.lists(st.tuples(st.integers(0, 4096), st.integers(0, 4000)), max_size=8), rate, st.integers(1, 96))
def test_i3_vectors_share_the_pool_exactly(pool: int, vectors: list[tuple[int, int]], tau: int, k2: int) -> None:
    vectors.sort(reverse=True)
    mark = tau * 2048
    pays = payouts.vector_pays(pool, [a for a, _ in vectors], [w for _, w in vectors], mark, k2)
    claims = [weight * max(0, PPM * a - mark) for a, weight in vectors]
    assert sum(pays) == (pool if any(claims) else 0)
    assert all(pay == 0 for pay, claim in zip(pays, claims, strict=True) if not claim)
    assert sum(map(bool, pays)) <= k2


def test_only_the_first_vectors_with_a_claim_are_paid() -> None:
    # Claims 400 and 100; the second vector has no weight and takes no place, the last comes too late.
    assert payouts.vector_pays(1000, [10, 10, 8, 7], [100, 0, 50, 900], 6 * PPM, 2) == (800, 0, 200, 0)


def test_vectors_are_paid_by_cumulative_rounding() -> None:
    assert payouts.vector_pays(10**12, [1, 1, 1], [1, 1, 1], 0, 3) == (333333333333, 333333333333, 333333333334)


def test_nobody_shares_a_vector_without_weight() -> None:
    assert payouts.share_of_vector(5, 0, 0) == 0


@given(amount, st.lists(st.integers(0, 30_000), min_size=1, max_size=9))
def test_i9_members_share_a_vector_but_for_a_wei_each(pay: int, members: list[int]) -> None:
    total = sum(members)
    assume(total)
    shares = [payouts.share_of_vector(pay, weight, total) for weight in members]
    assert pay - len(members) < sum(shares) <= pay
    merged = payouts.share_of_vector(pay, sum(members[:2]), total)
    assert 0 <= merged - sum(shares[:2]) <= 1


# -- A whole round -----------------------------------------------------------------------------------------------------


def settled(round: Round, given_input: RoundInput | None = None) -> RoundResult:
    pools = payouts.pools(round.params, round.trainer_stakes, round.validator_stakes)
    return settle_round(round.params, given_input or round.given, pools.validators[round.round])


@given(seeds)
def test_i13_result_does_not_depend_on_the_order_of_vectors(seed: int) -> None:
    random = Random(seed)
    round = random_round(random)
    result = settled(round)
    order = random.sample(range(len(round.given.vectors)), len(round.given.vectors))
    shuffled = settled(round, replace(round.given, vectors=tuple(round.given.vectors[v] for v in order)))
    assert shuffled.winners == result.winners
    assert shuffled.medians == result.medians
    assert shuffled.vector_pays == tuple(result.vector_pays[v] for v in order)
    assert tuple(order[v] for v in shuffled.order) == result.order


@given(seeds)
def test_i15_exactly_k1_or_all_counted_win(seed: int) -> None:
    round = random_round(Random(seed))
    result = settled(round)
    assert len(set(result.winners)) == len(result.winners) == min(round.params.k1, result.counted)
    assert all(result.medians[lane] > round.params.baseline for lane in result.winners)


@given(seeds)
def test_i3_round_pays_both_pools_or_refunds_them(seed: int) -> None:
    round = random_round(Random(seed))
    pools = payouts.pools(round.params, round.trainer_stakes, round.validator_stakes)
    result = settled(round)
    assert sum(result.vector_pays) in (0, pools.validators[round.round])
    pays = tally_round(round.params, round.given, result, pools.trainers[round.round], round.opened_stakes)
    assert sum(pays.values()) in (0, pools.trainers[round.round])
    assert all(pays[handle] == 0 for handle in pays if handle not in round.opened_by)


def test_guess_is_the_winner_until_another_wins() -> None:
    result = settled(random_round(Random(1)))
    assert replace(result, winners=()).next_guess(77) == 77
    assert replace(result, medians=(5, 9), winners=(1, 0)).next_guess(77) == 9


# -- Faults and conclusions --------------------------------------------------------------------------------------------

PARAMS = replace(random_params(Random(3)), keeper_fee=0, relay_fee=11, sigma=400_000, quota=30)
TRAINER = TrainerAccount(
    lock=1000, delegated=0, handle=4, messages=5, unpublished=0, malformed=0, delivered=frozenset({0, 1})
)
VALIDATOR = ValidatorAccount(lock=1000, delegated=0, shares=(10, 20), missed=None)


def test_faults_of_a_trainer_add_up_to_the_lock_at_most() -> None:
    def slash(opened: bool = True, unpublished: int = 0, malformed: int = 0) -> int:
        return faults.trainer_slash(PARAMS, 1000, opened=opened, unpublished=unpublished, malformed=malformed)

    assert slash() == 0
    assert slash(opened=False) == 10**12
    assert slash(unpublished=1) == slash(malformed=1) == 50 * GWEI
    assert slash(unpublished=2, malformed=1) == 150 * GWEI
    assert slash(unpublished=21) == 1000 * GWEI


def test_validator_is_slashed_for_the_first_absence() -> None:
    assert faults.first_absence([(True, True), (True, False), (False, False)]) is Absence.REVEAL
    assert faults.first_absence([(True, True), (False, False)]) is Absence.COMMIT
    assert faults.first_absence([(True, True)]) is None
    assert faults.validator_slash(PARAMS, 1000, Absence.COMMIT) == 100 * GWEI
    assert faults.validator_slash(PARAMS, 1000, Absence.REVEAL) == 200 * GWEI
    assert faults.validator_slash(PARAMS, 1000, None) == 0


@given(seeds, st.sampled_from(Absence))
def test_i16_absence_never_pays_more_than_revealing(seed: int, missed: Absence) -> None:
    """Whoever misses a round earns nothing in it, and is slashed."""
    round = random_round(Random(seed))
    result = settled(round)
    for v, weight in zip(round.vector_of, round.weights, strict=True):
        share = payouts.share_of_vector(result.vector_pays[v], weight, round.given.vectors[v].weight)
        there = conclusion.conclude_validator(round.params, replace(VALIDATOR, shares=(7, share)))
        away = conclusion.conclude_validator(round.params, replace(VALIDATOR, shares=(7,), missed=missed))
        assert away.paid - away.slashed < there.paid - there.slashed


@pytest.mark.parametrize(
    ("account", "paid"),
    [
        (TRAINER, 300),
        (replace(TRAINER, delivered=frozenset({1})), 200),  # the box of round 0 was not posted
        (replace(TRAINER, handle=5), 7),
        (replace(TRAINER, handle=None), 0),
    ],
)
def test_trainer_is_paid_for_what_its_handle_won_and_delivered(account: TrainerAccount, paid: int) -> None:
    result = conclusion.conclude_trainer(PARAMS, account, {0: {4: 100, 5: 7}, 1: {4: 200}})
    assert result.paid == paid
    assert result.slashed == (0 if account.handle is not None else 1000 * GWEI)
    assert result.returned == (11 * (30 - MASK_UNITS - 5) if account.handle is not None else 0)


def test_operator_keeps_commission_and_its_own_part() -> None:
    result = conclusion.conclude_validator(PARAMS, replace(VALIDATOR, delegated=WHOLE_SHARE, shares=(1000,)))
    assert (result.paid, result.delegated, result.returned) == (400, 600, 0)
    half = conclusion.conclude_validator(PARAMS, replace(VALIDATOR, delegated=WHOLE_SHARE // 2, shares=(1000,)))
    assert (half.paid, half.delegated) == (701, 299)


def test_whoever_concludes_a_faulty_account_earns_the_fee() -> None:
    params = replace(PARAMS, bounty=10**6, keeper_fee=9)
    assert conclusion.conclude_validator(params, VALIDATOR).keeper == 0
    assert conclusion.conclude_validator(params, replace(VALIDATOR, missed=Absence.COMMIT)).keeper == 9


def test_cancelled_task_returns_the_whole_quota() -> None:
    result = conclusion.cancelled_trainer(PARAMS)
    assert (result.returned, result.slashed, result.paid) == (330, 0, 0)


@given(amount, st.lists(st.integers(1, 2**112 - 1), min_size=1, max_size=9))
def test_i3_delegators_and_dust_sum_to_their_part(part: int, shares: list[int]) -> None:
    pays, dust = conclusion.delegators(part, shares)
    assert sum(pays) + dust == part
    assert 0 <= dust < len(shares)
