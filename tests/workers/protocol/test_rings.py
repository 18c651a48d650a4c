"""Rings: every trainer in exactly one, sizes even, nobody able to tell beforehand with whom."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.protocol import rings

seeds = st.binary(min_size=32, max_size=32)


def division(seed: bytes, n: int) -> list[tuple[int, ...]]:
    return [rings.members(seed, n, ring) for ring in range(rings.count(n))]


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(1, 600))
def test_i21_every_trainer_is_in_exactly_one_ring(seed: bytes, n: int) -> None:
    division_ = division(seed, n)
    assert sorted(index for ring in division_ for index in ring) == list(range(n))
    assert all(rings.ring_of(seed, n, index) == number for number, ring in enumerate(division_) for index in ring)


def test_i21_every_trainer_is_in_exactly_one_ring_at_the_limit() -> None:
    seed = b"\7" * 32
    assert sorted(index for ring in division(seed, 4096) for index in ring) == list(range(4096))


@given(n=st.integers(1, 4096))
def test_sizes_differ_by_at_most_one_and_none_exceeds_16(n: int) -> None:
    """The last member's position follows from the sizes alone, so three rings tell all."""
    seed, last = bytes(32), rings.count(n) - 1
    sizes = [len(rings.members(seed, n, ring)) for ring in (0, last // 2, last)]
    assert max(sizes) <= rings.MAX_SIZE
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1


def test_i20_companions_are_spread_over_all_trainers() -> None:
    """Each of 31 others shares trainer 0's ring (of 16) for about 15 seeds in 31."""
    together: Counter[int] = Counter()
    for n in range(600):
        seed = n.to_bytes(32)
        together.update(rings.members(seed, 32, rings.ring_of(seed, 32, 0)))
    del together[0]
    assert len(together) == 31
    assert all(abs(times - 600 * 15 / 31) < 6 * (600 * 15 * 16 / 31**2) ** 0.5 for times in together.values())


@pytest.mark.parametrize(("n", "ring"), [(0, 0), (16, 1), (17, 2), (40, -1)])
def test_refuses_rings_that_do_not_exist(n: int, ring: int) -> None:
    with pytest.raises(ValueError, match=f"no ring {ring}"):
        rings.members(bytes(32), n, ring)


@pytest.mark.parametrize("trainer", [-1, 5])
def test_refuses_trainers_that_do_not_exist(trainer: int) -> None:
    with pytest.raises(ValueError, match=f"no index {trainer}"):
        rings.ring_of(bytes(32), 5, trainer)
