"""Packed vectors, weights, scores, consensus and ranking."""

from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from covey.protocol import consensus, lanes, ranking, scores, weights
from covey.protocol.consensus import Bar
from covey.protocol.errors import BadVector, NotSettleable
from covey.protocol.lanes import TOP
from covey.protocol.ranking import Lane

score = st.integers(0, TOP)
column = st.lists(st.tuples(score | st.sampled_from([5, 6]), st.integers(0, 3000)), min_size=1, max_size=10)


# -- Packed vectors ----------------------------------------------------------------------------------------------------


@given(st.lists(score, max_size=70))
def test_vector_unpacks_to_what_was_packed(values: list[int]) -> None:
    packed = lanes.pack(values)
    assert len(packed) == lanes.size(len(values))
    assert list(lanes.unpack(packed, len(values))) == values


def test_first_lane_is_in_the_most_significant_bits() -> None:
    assert lanes.pack([0x1234, 0x0001]) == bytes.fromhex("12340001") + bytes(28)


def test_smallest_and_largest_score_fit() -> None:
    assert lanes.unpack(lanes.pack([0, TOP]), 2) == (0, TOP)


@pytest.mark.parametrize("values", [[-1], [TOP + 1]])
def test_score_outside_fifteen_bits_is_refused(values: list[int]) -> None:
    with pytest.raises(BadVector, match="lane 0"):
        lanes.pack(values)


@pytest.mark.parametrize(
    ("vector", "n", "reason"),
    [
        (bytes(32), 17, "64 bytes"),
        (bytes(64), 16, "32 bytes"),
        (b"", 1, "32 bytes"),
        (b"\x80" + bytes(31), 3, "guard bit"),
        (bytes(31) + b"\1", 15, "padding"),
    ],
)
def test_vector_that_the_chain_refuses_is_refused(vector: bytes, n: int, reason: str) -> None:
    with pytest.raises(BadVector, match=reason):
        lanes.unpack(vector, n)


# -- Weights and scores ------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 2**64 - 1), min_size=1, max_size=96))
def test_weights_sum_to_at_most_one(stakes: list[int]) -> None:
    given_weights = weights.weights(stakes)
    assert 0 < sum(given_weights) <= weights.ONE
    total, n = sum(stakes), len(stakes)
    largest = max(given_weights)
    assert 100 * largest <= 15 * weights.ONE or largest * n * total <= weights.ONE * (total + n)  # 15 %, ⌈S/n⌉


@given(st.integers(2, 2**64 - 1), st.data())
def test_i9_splitting_a_stake_changes_its_weight_by_rounding_alone(stake: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(1, stake - 1))
    total = stake * data.draw(st.integers(7, 20))
    largest = weights.cap(total, 7)
    whole = weights.weight(stake, largest, total)
    split = weights.weight(part, largest, total) + weights.weight(stake - part, largest, total)
    assert whole - 1 <= split <= whole


def test_cap_is_fifteen_percent_or_an_equal_share() -> None:
    assert weights.cap(1000, 100) == 150
    assert weights.cap(1000, 3) == 334
    assert weights.weight(900, 334, 1000) == weights.weight(334, 334, 1000) == 10_944


def test_all_weights_together_fit_in_a_lane() -> None:
    assert weights.weights([1]) == (TOP,)


def test_quorum_and_rejection_of_data() -> None:
    assert weights.has_quorum(51, 100, 153)
    assert not weights.has_quorum(50, 100, 100)
    assert not weights.has_quorum(51, 100, 154)
    assert weights.rejects_data(51, 100)
    assert not weights.rejects_data(50, 100)
    assert weights.weights([]) == ()


def test_counts_as_scores() -> None:
    assert (lanes.MALFORMED, lanes.UNAVAILABLE) == (0, 1)
    assert scores.count_score(0, 450) == 2
    assert scores.count_score(450, 450) == TOP
    assert scores.baseline(45, 450) == scores.count_score(45 + 19, 450)  # 3·√(450·0.1·0.9) = 19.09
    assert scores.baseline(450, 450) == TOP - 1
    assert scores.resolution(10**12) == 1


def test_flock_shares_sum_to_one_and_fall_with_distance() -> None:
    matrix = [[0.9, 0.5], [0.9, 0.5], [0.2, 0.5]]
    shares = scores.flock_shares(matrix, [3000, 6000, 3000], sensitivity=2)
    assert sum(shares) == pytest.approx(1)
    assert shares[2] < shares[0] < shares[1]
    even = scores.flock_shares([[0.5]] * 3, [3000, 6000, 3000], sensitivity=2)
    assert even == pytest.approx((0.25, 0.5, 0.25))
    assert scores.flock_shares([[0.5, 0.9]], [3000], sensitivity=2) == pytest.approx((1,))


# -- Consensus ---------------------------------------------------------------------------------------------------------


def satisfies(m: int, entries: list[tuple[int, int]]) -> bool:
    total = sum(weight for _, weight in entries)
    below = sum(weight for value, weight in entries if value < m)
    above = sum(weight for value, weight in entries if value > m)
    return 2 * below < total and 2 * above <= total


@given(column)
def test_i12_median_satisfies_both_conditions_and_is_the_only_one(entries: list[tuple[int, int]]) -> None:
    assume(any(weight for _, weight in entries))
    m = consensus.lower_median(*zip(*entries, strict=True))
    near = {value + step for value, _ in entries for step in (-1, 0, 1)} | {0, TOP}
    assert [candidate for candidate in sorted(near) if satisfies(candidate, entries)] == [m]


def test_median_of_the_smallest_weights() -> None:
    assert consensus.lower_median([7], [1]) == 7
    assert consensus.lower_median([1, 2], [1, 1]) == 1
    assert consensus.lower_median([1, 2], [1, 2]) == 2


@given(column, st.randoms())
def test_i13_median_does_not_depend_on_the_order(entries: list[tuple[int, int]], random: Random) -> None:
    assume(any(weight for _, weight in entries))
    m = consensus.lower_median(*zip(*entries, strict=True))
    random.shuffle(entries)
    assert consensus.lower_median(*zip(*entries, strict=True)) == m


@given(column, column)
def test_i14_minority_cannot_move_the_median_outside_the_honest_range(
    honest: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    weight = sum(weight for _, weight in honest)
    assume(sum(weight for _, weight in others) < weight)
    m = consensus.lower_median(*zip(*honest, *others, strict=True))
    values = [value for value, weight in honest if weight]
    assert min(values) <= m <= max(values)


def test_nothing_revealed_is_not_settleable() -> None:
    with pytest.raises(NotSettleable):
        consensus.consensus([], [])
    with pytest.raises(NotSettleable):
        consensus.consensus([(1, 2)], [0])


def test_agreement_counts_models_above_the_baseline_within_epsilon() -> None:
    medians = (0, 100, 101, 500, TOP)
    tally = consensus.measure([(0, 100, 111, 511, TOP - 10), medians], medians, Bar(100, 10))
    assert tally.counted == 3
    assert tally.agreement == (2, 3)
    assert tally.guessed == 1  # the top score
    assert tally.malformed == (0,)


def test_last_winner_is_a_guess() -> None:
    medians = (500, 505, 600)
    assert consensus.measure([], medians, Bar(100, 10, guess=510)).guessed == 2
    assert consensus.measure([], medians, Bar(100, 10)).guessed == 0
    assert consensus.measure([], (5,), Bar(2, 10)).guessed == 0
    assert consensus.pass_mark(500_000, 3, 2) == 2_000_000
    assert consensus.pass_mark(500_000, 5, 2) == 2_500_000


# -- Ranking -----------------------------------------------------------------------------------------------------------


def test_models_rank_by_bucket_then_round_then_consensus_then_hash() -> None:
    key = b"k" * 32
    medians = (10_050, 10_001, 10_100, 10_002, 9_999, 10_001, 50)
    entries = [Lane(handle, rounds) for handle, rounds in enumerate((1, 0, 7, 0, 0, 0, 0))]
    ranked = ranking.rank_models(medians, entries, baseline=50, mu=100, shard_key=key)
    tied = ranked[2:4]
    assert set(tied) == {1, 5}
    assert ranked == (2, 3, *tied, 0, 4)
    other_keys = {ranking.rank_models(medians, entries, 50, 100, bytes([k]) * 32)[2] for k in range(20)}
    assert other_keys == {1, 5}


@given(st.lists(st.tuples(score, st.integers(0, 7)), max_size=6), st.integers(1, 32_765))
def test_i15_rank_is_one_strict_order_of_the_counted(models: list[tuple[int, int]], mu: int) -> None:
    key = b"k" * 32
    medians = [m for m, _ in models]
    entries = [Lane(handle, first) for handle, (_, first) in enumerate(models)]
    ranked = ranking.rank_models(medians, entries, 3000, mu, key)
    assert sorted(ranked) == [lane for lane, m in enumerate(medians) if m > 3000]
    for above, below in pairwise(ranked):
        pair = ranking.rank_models([medians[above], medians[below]], [entries[above], entries[below]], 3000, mu, key)
        assert pair == (0, 1)


def test_vectors_rank_by_agreement_weight_and_first_reveal() -> None:
    vectors = [(5, 10, 4), (5, 10, 2), (5, 11, 9), (6, 1, 8), (0, 99, 1)]
    for order in permutations(vectors):
        ranked = ranking.rank_vectors(*zip(*order, strict=True))
        assert [order[i] for i in ranked] == [(6, 1, 8), (5, 11, 9), (5, 10, 2), (5, 10, 4), (0, 99, 1)]
