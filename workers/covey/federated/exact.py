"""Inner products and weighted sums of updates, without rounding, at the speed of BLAS (see `fixed` for why)."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Chunk, Stream
from covey.federated.fixed import EXACT, Vector, divide_half_even

Gram = npt.NDArray[Any]
"""(clients, clients) inner products of updates: int64 where all that rules make of them fits, else Python integers."""

_LIMB = 32


def gram(stream: Stream) -> Gram:
    """Inner products of all pairs of updates, exactly: sum over coordinates of x_i x_j."""
    high = np.zeros((stream.count, stream.count), dtype=np.int64)
    low = np.zeros_like(high)
    adding = Lock()

    def add(_: int, chunk: Chunk) -> None:
        products = _products(chunk)
        with adding:
            np.add(high, products >> _LIMB, out=high)
            np.add(low, products & (2**_LIMB - 1), out=low)

    stream.each(add)
    largest = max((int(top) << _LIMB) + int(rest) for top, rest in zip(high.diagonal(), low.diagonal(), strict=True))
    roomy = 4 * stream.count * largest < 2**63
    exact: Gram = ((high if roomy else high.astype(object)) << _LIMB) + low
    return exact


def squared_norms(stream: Stream) -> list[int]:
    """|x_i|^2 of every update, exactly."""
    totals = np.zeros(stream.count, dtype=object)
    adding = Lock()

    def add(_: int, chunk: Chunk) -> None:
        squares = _squares(chunk)
        with adding:
            np.add(totals, squares, out=totals)

    stream.each(add)
    return [int(total) for total in totals]


def squared_distances(products: Gram) -> Gram:
    """(clients, clients): |x_i - x_j|^2."""
    norms = products.diagonal()
    distances: Gram = norms[:, None] + norms[None, :] - 2 * products
    return distances


def weighted_mean(stream: Stream, weights: Sequence[int], divisor: int) -> Vector:
    """Sum of weight_i x_i, over `divisor`, half to even. Weights are at least 0 and sum to at most WEIGHT_LIMIT."""
    used = np.flatnonzero(weights)
    row = np.array(weights, dtype=np.float64)[used]
    return stream.columnwise(lambda chunk: divide_half_even(row @ chunk[used].astype(np.float64), divisor))


def peak(chunk: Chunk) -> int:
    """Largest magnitude."""
    return max(-int(chunk.min()), int(chunk.max()))


def _products(chunk: Chunk) -> npt.NDArray[np.int64]:
    """Of one chunk. Each float64 sum is below 2^53, and a chunk of up to 2^14 columns stays below 2^62 in int64."""
    values = chunk.astype(np.float64)
    columns = max(1, int((EXACT - 1) // max(1, peak(chunk)) ** 2))
    products = np.zeros((len(values), len(values)), dtype=np.int64)
    for start in range(0, values.shape[1], columns):
        part = values[:, start : start + columns]
        products += (part @ part.T).astype(np.int64)
    return products


def _squares(chunk: Chunk) -> npt.NDArray[np.int64]:
    """Of one chunk: below 2^62, as above."""
    squares: npt.NDArray[np.int64] = np.square(chunk, dtype=np.int64).sum(1)
    return squares
