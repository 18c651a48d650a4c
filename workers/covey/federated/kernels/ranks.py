"""Sums of order statistics: columns are put in order by a network of comparators, as many at once as a register
holds.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from covey.federated.kernels.processor import (
    INT32,
    INT64,
    Kernel,
    compiled_once,
    counting,
    element,
    fitted,
    lanes,
    load,
)

Comparator = tuple[int, int]
"""Wires i < j: of their two values the smaller goes on in i, the larger in j."""

MAX_ROWS = 127
"""Whose values of at most 24 bits sum to less than 2^31."""


class RankSums:
    """Of each column of chunks of `count` rows, the sum of the values from rank `first` to before `stop`.

    Compiled for these numbers, which takes as long as sorting some thousand columns for each comparator.
    """

    def __init__(self, count: int, first: int, stop: int) -> None:
        if not 0 <= first < stop <= count <= MAX_ROWS:
            raise ValueError(f"ranks {first} to {stop} of {count} rows; there may be {MAX_ROWS}")
        self._count = count
        self._kernel = _kernel(count, first, stop)

    def of(self, chunk: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """(columns,). Raises ValueError for a chunk of another number of rows."""
        rows = fitted(chunk, self._count)
        sums = np.empty(rows.shape[1], np.int32)
        self._kernel(rows, sums)
        return sums[: chunk.shape[1]]


def comparators(count: int, first: int, stop: int) -> list[Comparator]:
    """A network that leaves the values of ranks `first` to before `stop` in these wires, in any order.

    What sorts (`_sorting`), less the comparators both of whose values end on the same side of `first` and `stop`
    wherever they go: seen from the end, a wire's side is known until a comparator needs to tell its values apart.
    """
    sides: list[object] = [(wire >= first) + (wire >= stop) for wire in range(count)]
    kept = []
    for one, other in reversed(list(_sorting(count))):
        if sides[one] != sides[other]:
            kept.append((one, other))
            sides[one], sides[other] = object(), object()
    return kept[::-1]


def _sorting(count: int) -> Iterator[Comparator]:
    """Batcher's merge exchange (Knuth, The Art of Computer Programming, volume 3, 5.2.2, Algorithm M)."""
    top = 1 << max(0, (count - 1).bit_length() - 1)
    p = top
    while p:
        q, r, d = top, 0, p
        while True:
            yield from ((i, i + d) for i in range(count - d) if i & p == r)
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2


@compiled_once
def _kernel(count: int, first: int, stop: int) -> Kernel:
    def write(b: Any, rows: Any, stride: Any, columns: Any, sums: Any) -> None:
        values = ir.VectorType(INT32, lanes(INT32))
        with counting(b, INT64(0), columns, lanes(INT32)) as column:
            starts = [b.add(b.mul(stride, INT64(i)), column) for i in range(count)]
            wires = [load(b, element(b, rows, start, INT32), values) for start in starts]
            for i, j in comparators(count, first, stop):
                one, other = wires[i], wires[j]
                below = b.icmp_signed("<", one, other)
                wires[i], wires[j] = b.select(below, one, other), b.select(below, other, one)
            total = wires[first]
            for wire in wires[first + 1 : stop]:
                total = b.add(total, wire)
            b.store(total, element(b, sums, column, INT32), align=4)

    return Kernel(write, arrays=1, counts=0)
