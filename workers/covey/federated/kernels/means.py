"""Weighted means of updates."""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from covey.federated.fixed import VALUE_LIMIT, Vector
from covey.federated.kernels.processor import (
    DOUBLE,
    INT32,
    INT64,
    Kernel,
    clamped_half_even,
    compiled_once,
    counting,
    element,
    fitted,
    lanes,
    load,
    multiply_add,
    splat,
    variable,
)

Weights = npt.NDArray[Any]
"""Integers."""


class WeightedMeans:
    """Of the rows of chunks: line i is the sum over j of (common[j] + changes[i, j]) times row j, over `divisor`,
    rounded as by `fixed.divide_half_even`.

    All sums on the way must stay below 2^52, so that float64 holds them exactly. What weighs nothing is not read.
    """

    def __init__(self, common: Weights, changes: Weights, divisor: int) -> None:
        shared, (lines, rows) = np.flatnonzero(common), np.nonzero(changes)
        self._count = len(common)
        self._rows = np.concatenate([shared, rows]).astype(np.int64)
        self._weights = np.concatenate([common[shared], changes[lines, rows]]).astype(np.float64)
        self._ends = (len(shared) + np.searchsorted(lines, np.arange(len(changes) + 1))).astype(np.int64)
        self._divisor = divisor
        self._kernel = _kernel()

    def of(self, chunk: npt.NDArray[np.int32]) -> Vector:
        """(lines, columns). Raises ValueError for a chunk of another number of rows."""
        rows = fitted(chunk, self._count)
        means = np.empty((len(self._ends) - 1, rows.shape[1]), np.int32)
        self._kernel(rows, self._rows, self._weights, self._ends, means, len(means), self._divisor)
        return means[:, : chunk.shape[1]]


@compiled_once
def _kernel() -> Kernel:
    many = lanes(DOUBLE)
    integers, doubles = ir.VectorType(INT32, many), ir.VectorType(DOUBLE, many)
    abreast = [INT64(many * i) for i in range(4)]  # sums side by side, as each waits for its last addition

    def write(
        b: Any,
        rows: Any,
        stride: Any,
        columns: Any,
        used: Any,
        weights: Any,
        ends: Any,
        means: Any,
        lines: Any,
        divisor: Any,
    ) -> None:
        whole = splat(b, b.sitofp(divisor, DOUBLE), many)

        def add_up(first: Any, stop: Any, column: Any, totals: list[Any]) -> None:
            with counting(b, first, stop) as entry:
                row = load(b, element(b, used, entry, INT64), INT64)
                start = element(b, rows, b.add(b.mul(row, stride), column), INT32)
                weight = splat(b, load(b, element(b, weights, entry, DOUBLE), DOUBLE), many)
                for place, total in zip(abreast, totals, strict=True):
                    values = load(b, element(b, start, place, INT32), integers)
                    multiply_add(b, b.sitofp(values, doubles), weight, total)

        def end(line: Any) -> Any:
            return load(b, element(b, ends, line, INT64), INT64)

        with counting(b, INT64(0), columns, many * len(abreast)) as column:
            common = [variable(b, ir.Constant(doubles, None)) for _ in abreast]
            add_up(INT64(0), end(INT64(0)), column, common)
            with counting(b, INT64(0), lines) as line:
                totals = [variable(b, b.load(total, typ=doubles)) for total in common]
                add_up(end(line), end(b.add(line, INT64(1))), column, totals)
                out = element(b, means, b.add(b.mul(line, columns), column), INT32)
                for place, total in zip(abreast, totals, strict=True):
                    mean = clamped_half_even(b, b.fdiv(b.load(total, typ=doubles), whole), VALUE_LIMIT)
                    b.store(mean, element(b, out, place, INT32), align=4)

    return Kernel(write, arrays=4, counts=2)
