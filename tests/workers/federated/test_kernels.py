"""Compiled sums against Python's integers, at the edges of what they hold exactly."""

import gc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.federated.fixed import VALUE_LIMIT, WEIGHT_LIMIT, quantise
from covey.federated.kernels.means import WeightedMeans
from covey.federated.kernels.processor import INT64, Kernel, counting
from covey.federated.kernels.products import ROUGHNESS, products
from covey.federated.kernels.ranks import MAX_ROWS, RankSums
from covey.federated.kernels.vectors import add, quantised_difference

Array = np.ndarray

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([1, 63, 64, 65, 1000])


def updates(seed: int, rows: int, columns: int) -> Array:
    """Whole numbers of 24 bits, many of them the largest."""
    rng = np.random.default_rng(seed)
    largest = rng.choice([-VALUE_LIMIT, VALUE_LIMIT], (rows, columns))
    values = rng.integers(-VALUE_LIMIT, VALUE_LIMIT, (rows, columns), endpoint=True)
    return np.where(rng.random((rows, columns)) < 0.3, largest, values).astype(np.int32)


def layouts(chunk: Array) -> list[Array]:
    """The same values as sources may lay them in memory."""
    wider = np.zeros((len(chunk), chunk.shape[1] + 5), np.int32)
    wider[:, 3:-2] = chunk
    return [chunk, wider[:, 3:-2], np.asfortranarray(chunk), chunk.astype(">i4"), chunk[::-1][::-1]]


# -- Order statistics --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", range(1, 9))
def test_a_network_finds_all_ranks_of_all_zeros_and_ones(rows: int) -> None:
    """And therefore of any values (the zero-one principle: Knuth, volume 3, 5.3.4, Theorem Z)."""
    every = np.array(list(product([0, 1], repeat=rows)), np.int32).T
    ordered = np.sort(every, axis=0)
    for first in range(rows):
        for stop in range(first + 1, rows + 1):
            found = RankSums(rows, first, stop).of(every)
            assert np.array_equal(found, ordered[first:stop].sum(0))


@pytest.mark.parametrize(("rows", "first", "stop"), [(33, 6, 27), (50, 10, 40), (50, 24, 26), (MAX_ROWS, 25, 102)])
@given(seed=seeds, columns=sizes)
@settings(few, max_examples=5)
def test_ranks_are_those_of_sorting(rows: int, first: int, stop: int, seed: int, columns: int) -> None:
    chunk = updates(seed, rows, columns)
    expected = np.sort(chunk, axis=0)[first:stop].sum(0, dtype=np.int64)
    for laid in layouts(chunk):
        assert np.array_equal(RankSums(rows, first, stop).of(laid), expected)


@pytest.mark.parametrize("sign", [-1, 1])
def test_sums_of_ranks_of_the_most_rows_do_not_overflow(sign: int) -> None:
    chunk = np.full((MAX_ROWS, 64), sign * VALUE_LIMIT, np.int32)
    assert set(RankSums(MAX_ROWS, 0, MAX_ROWS).of(chunk).tolist()) == {sign * MAX_ROWS * VALUE_LIMIT}


@pytest.mark.parametrize(("rows", "first", "stop"), [(MAX_ROWS + 1, 0, 1), (5, 3, 3), (5, -1, 2), (5, 0, 6)])
def test_ranks_that_there_are_not_are_refused(rows: int, first: int, stop: int) -> None:
    with pytest.raises(ValueError, match="ranks"):
        RankSums(rows, first, stop)


# -- Weighted means ----------------------------------------------------------------------------------------------------


def half_even(numerator: int, divisor: int) -> int:
    return min(max(round(Fraction(numerator, divisor)), -VALUE_LIMIT), VALUE_LIMIT)


@pytest.mark.parametrize("columns", [1, 63, 64, 65])
@given(seed=seeds, rows=st.integers(1, 9), lines=st.integers(1, 4), divisor=st.integers(1, WEIGHT_LIMIT))
@few
def test_means_are_those_of_whole_numbers(seed: int, rows: int, lines: int, columns: int, divisor: int) -> None:
    chunk, rng = updates(seed, rows, columns), np.random.default_rng(seed)
    common = rng.integers(0, WEIGHT_LIMIT // 2 // rows, rows) * rng.integers(0, 2, rows)
    changes = rng.integers(0, WEIGHT_LIMIT // 2 // rows, (lines, rows)) * rng.integers(0, 2, (lines, rows))
    sums = ((common + changes).astype(object) @ chunk.astype(object)).tolist()
    expected = [[half_even(each, divisor) for each in line] for line in sums]
    for laid in layouts(chunk):
        assert WeightedMeans(common, changes, divisor).of(laid).tolist() == expected


def test_halves_go_to_the_even_and_what_is_too_large_saturates() -> None:
    chunk = np.array([[-5, -3, -1, 1, 3, 5, VALUE_LIMIT, -VALUE_LIMIT]], np.int32)
    one = np.array([1])
    assert WeightedMeans(one, np.array([[0]]), 2).of(chunk).tolist() == [
        [-2, -2, 0, 0, 2, 2, VALUE_LIMIT // 2, -VALUE_LIMIT // 2]
    ]
    assert WeightedMeans(one, np.array([[1]]), 1).of(chunk)[0, -2:].tolist() == [VALUE_LIMIT, -VALUE_LIMIT]


def test_lines_may_add_nothing_and_all_weights_may_be_zero() -> None:
    chunk = updates(1, 3, 10)
    none, ones = np.zeros(3, np.int64), np.ones(3, np.int64)
    found = WeightedMeans(none, np.array([none, ones, none]), 1).of(chunk)
    assert not found[[0, 2]].any()
    assert np.array_equal(found[1], np.clip(chunk.sum(0, dtype=np.int64), -VALUE_LIMIT, VALUE_LIMIT))


# -- Inner products ----------------------------------------------------------------------------------------------------


@given(seed=seeds, rows=st.integers(1, 11), columns=sizes)
@few
def test_products_are_exact_and_rough_ones_within_their_bound(seed: int, rows: int, columns: int) -> None:
    chunk = updates(seed, rows, columns)
    exact = chunk.astype(object) @ chunk.astype(object).T
    lengths = np.sqrt(exact.diagonal().astype(float))
    upper = np.triu_indices(rows)
    for laid in layouts(chunk):
        assert (products(laid)[upper] == exact[upper]).all()
        off = np.abs(products(laid, rough=True)[upper] - exact[upper]).astype(float)
        assert (off <= np.outer(lengths, lengths)[upper] * 2.0**-ROUGHNESS).all()


def test_the_largest_chunk_of_the_largest_coordinates_is_exact() -> None:
    chunk = np.full((2, 2**14), VALUE_LIMIT, np.int32)
    chunk[1] *= -1
    assert products(chunk)[np.triu_indices(2)].tolist() == [2**62, -(2**62), 2**62]


def test_rough_products_of_what_cancels_stay_within_their_bound() -> None:
    """The worst that float32 can do: large products of both signs, and next to nothing left of them."""
    rng = np.random.default_rng(3)
    one = rng.integers(VALUE_LIMIT - 1000, VALUE_LIMIT, 8192)
    other = one[::-1] * rng.permutation(np.repeat([-1, 1], 4096))
    chunk = np.array([one, other], np.int32)
    exact = int(one @ other)
    bound = float(np.linalg.norm(one)) * float(np.linalg.norm(other)) * 2.0**-ROUGHNESS
    assert abs(int(products(chunk, rough=True)[0, 1]) - exact) <= bound


# -- Single updates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1001])
@pytest.mark.parametrize("after_kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("before_kind", [np.float16, np.float32, np.float64])
@given(seed=seeds, bits=st.integers(0, 24))
@settings(few, max_examples=5)
def test_differences_are_quantised_as_elsewhere(
    size: int, after_kind: type[np.floating], before_kind: type[np.floating], seed: int, bits: int
) -> None:
    """Among them ties, and what saturates."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(-8, 8, (2, size)) / 2.0 ** (bits + 1)
    spread = rng.normal(0, 1, (2, size)) * 10.0 ** rng.integers(-9, 4, (2, size))
    values = np.where(rng.random((2, size)) < 0.5, whole, spread).clip(-60_000, 60_000)
    after, before = values[0].astype(after_kind), values[1].astype(before_kind)
    found, finite = quantised_difference(after, before, 2.0**bits)
    assert finite
    assert np.array_equal(found, quantise(np.subtract(after, before, dtype=np.float64), bits))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("place", [0, 7, 8])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_seen(kind: type[np.floating], place: int, value: float) -> None:
    after = np.ones(9, kind)
    after[place] = value
    assert not quantised_difference(after, np.ones(9, kind), 1.0)[1]
    assert not quantised_difference(np.ones(9, kind), after, 1.0)[1]


def test_a_difference_that_only_its_scale_makes_infinite_is_seen() -> None:
    large = np.array([1e308])
    assert not quantised_difference(large, -large, 2.0**20)[1]


@pytest.mark.parametrize("size", [1, 3, 4, 5, 1001])
@pytest.mark.parametrize("weight", [0, 1, 2**18, 2**31 - 1])
def test_updates_are_added_with_their_weight(size: int, weight: int) -> None:
    one, other = updates(size, 2, size)
    total = one.astype(np.int64) * -3
    add(total, other, weight)
    assert np.array_equal(total, one.astype(np.int64) * -3 + other.astype(np.int64) * weight)
    add(total, other[::-1], 1)
    assert np.array_equal(total, one.astype(np.int64) * -3 + other.astype(np.int64) * weight + other[::-1])


def test_vectors_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        add(np.zeros(8, np.int64), np.zeros(9, np.int32), 1)
    with pytest.raises(ValueError, match="one length"):
        quantised_difference(np.zeros(9, np.float32), np.zeros(8, np.float32), 1.0)


# -- Compiling ---------------------------------------------------------------------------------------------------------


def test_threads_may_ask_for_kernels_at_once() -> None:
    chunk = updates(4, 20, 64)

    def work(rank: int) -> Array:
        return RankSums(20, rank, rank + 1).of(chunk)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, [rank for rank in range(20) for _ in range(2)]))
    assert np.array_equal(found[::2], np.sort(chunk, axis=0))
    assert np.array_equal(found[1::2], found[::2])


def nothing(builder: object, *_: object) -> None:
    with counting(builder, INT64(0), INT64(0)):
        pass


def test_an_array_in_another_order_is_refused() -> None:
    kernel = Kernel(nothing, arrays=1, counts=0)
    chunk = np.zeros((2, 64), np.int32)
    kernel(chunk, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="C order"):
        kernel(chunk, np.zeros((2, 3)).T)


@pytest.mark.parametrize("kernel", [RankSums(3, 0, 1), WeightedMeans(np.ones(3, int), np.ones((1, 3), int), 3)])
def test_a_chunk_of_fewer_rows_is_refused(kernel: RankSums | WeightedMeans) -> None:
    with pytest.raises(ValueError, match="2 rows, where there should be 3"):
        kernel.of(np.zeros((2, 64), np.int32))


def test_a_kernel_takes_nothing_along_that_others_need() -> None:
    chunk = updates(5, 3, 64)
    before = RankSums(3, 0, 1)
    for _ in range(3):
        Kernel(nothing, arrays=0, counts=0)(chunk)
        gc.collect()
    assert np.array_equal(before.of(chunk), chunk.min(0))
    assert np.array_equal(RankSums(3, 0, 2).of(chunk), np.sort(chunk, axis=0)[:2].sum(0))
