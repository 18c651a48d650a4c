"""The formulas of docs/protocol.md on numbers worked out by hand."""

import pytest

from covey.verify.rules import (
    BadVector,
    agreement,
    delegators_part,
    lower_median,
    pass_mark,
    quorum,
    rank_key,
    share_trainer_pool,
    split,
    trainer_pool,
    unpack,
    validator_pool,
    vector_pays,
    weights,
)
from tests.workers.verify.params import rules


def test_weights_are_capped_at_fifteen_percent_or_an_equal_share() -> None:
    # S = 1000, n = 10: the cap is 150.
    assert weights([910, *[10] * 9]) == [150 * 32_767 // 1_000, *[327] * 9]
    # n = 3: the cap is an equal share rounded up, 34 of 100.
    assert weights([60, 30, 10]) == [34 * 32_767 // 100, 9_830, 3_276]


def test_the_lower_median_is_the_lower_of_two_halves() -> None:
    assert lower_median([5, 9], [1, 1]) == 5
    assert lower_median([5, 9], [1, 2]) == 9
    assert lower_median([9, 5, 7], [3, 2, 1]) == 7
    assert lower_median([9, 5], [1, 0]) == 9


def test_quorum_is_more_than_half_of_the_active_and_a_third_of_all() -> None:
    assert not quorum(50, 100, 100)
    assert quorum(51, 100, 100)
    assert not quorum(33, 60, 100)
    assert quorum(34, 60, 102)


def test_agreement_counts_only_models_above_the_baseline() -> None:
    assert agreement((10, 500, 702), (10, 500, 700), baseline=100, epsilon=1) == 1
    assert agreement((10, 500, 702), (10, 500, 700), baseline=100, epsilon=2) == 2


def test_the_pass_mark_is_the_higher_of_rule_and_guess() -> None:
    assert pass_mark(500_000, 3, 1) == 1_500_000
    assert pass_mark(500_000, 3, 2) == 2_000_000


def test_rank_is_by_bucket_then_age_then_score() -> None:
    key = b"k" * 32
    newer, older, better = rank_key(550, 1, 0, key, 100), rank_key(510, 0, 1, key, 100), rank_key(600, 2, 2, key, 100)
    assert sorted([newer, older, better]) == [better, older, newer]
    assert rank_key(560, 1, 3, key, 100) < newer
    assert (rank_key(550, 1, 4, key, 100) < newer) != (newer < rank_key(550, 1, 4, key, 100))


def test_pools_split_by_stake_and_round() -> None:
    p = rules(bounty=1_000, gamma=100_000, delta=300_000, rounds=3)
    # T = ⌊1000·(0.1·400 + 0.8·100)/400⌋ = 300; 90 of it, 45 a round, in the first two.
    assert split(p, 0, 100, 300) == (300, 700)
    assert [trainer_pool(p, 300, r) for r in range(3)] == [45, 45, 210]
    assert [validator_pool(p, 700, r) for r in range(3)] == [233, 233, 234]


def test_winners_share_by_rank_and_stake_and_the_best_gets_the_dust() -> None:
    # Weights 1, ½, ¼ with stakes 1, (hidden), 2: points 1 and ½ of 1½.
    shares = share_trainer_pool(100, 500_000, [7, 8, 9], {7: 1, 9: 2})
    assert (shares.denominator, shares.dust, shares.best) == (15 * 10**17, 1, 7)
    assert shares.pays == {7: 67, 9: 33}


def test_nobody_opened_leaves_the_pool() -> None:
    assert share_trainer_pool(100, 500_000, [7, 8], {}).pays == {}


def test_vectors_share_in_order_by_cumulative_rounding() -> None:
    # (agreement, weight, ordinal); mark 1: claims 2·1, 1·2 and 5·0.
    mark = 1_000_000
    assert vector_pays(101, mark, 3, [(2, 2, 0), (3, 1, 1), (1, 5, 2)]) == {1: 50, 0: 51}
    assert vector_pays(101, mark, 1, [(2, 2, 0), (3, 1, 1), (1, 5, 2)]) == {1: 101}
    assert vector_pays(101, 3_000_000, 3, [(2, 2, 0), (3, 1, 1)]) == {}


def test_delegators_get_their_part_less_commission() -> None:
    assert delegators_part(1_000_000, 400_000, 65_535) == 600_000
    assert delegators_part(1_000_000, 400_000, 0) == 0


def test_vectors_are_unpacked_strictly() -> None:
    packed = b"\x7f\xff\x00\x02".ljust(32, b"\0")
    assert unpack(packed, 2) == (32_767, 2)
    for bad, problem in (
        (packed + bytes(32), "64 bytes"),
        (b"\x80\x00".ljust(32, b"\0"), "above 32767"),
        (packed[:-1] + b"\1", "behind the last"),
    ):
        with pytest.raises(BadVector, match=problem):
            unpack(bad, 2)
