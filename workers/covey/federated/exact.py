"""Inner products and weighted sums of updates, without rounding, over all chunks (see `fixed` for why)."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Chunk, Stream
from covey.federated.fixed import Vector
from covey.federated.kernels.means import WeightedMeans
from covey.federated.kernels.products import products

Gram = npt.NDArray[Any]
"""(clients, clients) inner products of updates: int64 where all that rules make of them fits, else Python integers."""

Sums = npt.NDArray[np.int64]

_LIMB = 32


def gram(stream: Stream, rough: bool = False) -> Gram:
    """Inner products of all pairs of updates, sum over coordinates of x_i x_j: exactly, or as `kernels.products` says
    of rough ones.
    """
    high, low = _summed(stream, lambda chunk: products(chunk, rough), (stream.count, stream.count))
    roomy = 4 * stream.count * max(_joined(high.diagonal(), low.diagonal())) < 2**63
    upper = np.triu(((high if roomy else high.astype(object)) << _LIMB) + low)
    pairs: Gram = upper + np.triu(upper, 1).T
    return pairs


def squared_norms(stream: Stream) -> list[int]:
    """|x_i|^2 of every update, exactly."""
    return _joined(*_summed(stream, _squares, (stream.count,)))


def squared_distances(products: Gram) -> Gram:
    """(clients, clients): |x_i - x_j|^2."""
    norms = products.diagonal()
    distances: Gram = norms[:, None] + norms[None, :] - 2 * products
    return distances


def weighted_mean(stream: Stream, weights: Sequence[int], divisor: int) -> Vector:
    """Sum of weight_i x_i, over `divisor`, half to even. Weights are at least 0 and sum to at most WEIGHT_LIMIT."""
    mean = WeightedMeans(np.array(weights), np.zeros((1, stream.count), np.int64), divisor)
    return stream.columnwise(lambda chunk: mean.of(chunk)[0])


def _summed(stream: Stream, work: Callable[[Chunk], Sums], shape: tuple[int, ...]) -> tuple[Sums, Sums]:
    """Sum of what `work` makes of all chunks, as high * 2^_LIMB + low: of one chunk it is below 2^62."""
    high, low = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    adding = Lock()

    def add(_: int, chunk: Chunk) -> None:
        found = work(chunk)
        with adding:
            np.add(high, found >> _LIMB, out=high)
            np.add(low, found & (2**_LIMB - 1), out=low)

    stream.each(add)
    return high, low


def _joined(high: Sums, low: Sums) -> list[int]:
    return [(int(top) << _LIMB) + int(rest) for top, rest in zip(high, low, strict=True)]


def _squares(chunk: Chunk) -> Sums:
    """Of one chunk: below 2^62, for a chunk has up to 2^14 columns."""
    squares: Sums = np.square(chunk, dtype=np.int64).sum(1)
    return squares
