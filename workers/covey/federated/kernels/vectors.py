"""What is done to single updates: they are made of two models, and added up."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from covey.federated.fixed import VALUE_LIMIT, Vector
from covey.federated.kernels.processor import (
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    Kernel,
    clamped_half_even,
    compiled_once,
    counting,
    element,
    lanes,
    load,
    splat,
    variable,
)

Floats = npt.NDArray[np.floating[Any]]


def quantised_difference(after: Floats, before: Floats, scale: float) -> tuple[Vector, bool]:
    """The integers nearest to (after - before) * scale, ties to even, saturating at VALUE_LIMIT: the bytes that
    `fixed.quantise` of the float64 difference gives. And whether all are finite: if not, the integers mean nothing.

    after, before: vectors. Raises ValueError unless they have one length.
    """
    _require_alike(after, before)
    narrow = after.dtype == before.dtype == np.float32
    ends = [np.ascontiguousarray(each, np.float32 if narrow else np.float64) for each in (after, before)]
    integers = np.empty(after.size, np.int32)
    zeros = np.empty(lanes(DOUBLE) + 1)
    _difference(narrow)(ends[0][np.newaxis], ends[1], integers, np.array([scale]), zeros)
    return integers, not np.isnan(zeros).any()


def add(total: npt.NDArray[np.int64], row: Vector, weight: int) -> None:
    """total <- total + weight * row; the weight has at most 31 bits. Raises ValueError unless both have one length."""
    _require_alike(total, row)
    _sum()(np.ascontiguousarray(row, np.int32)[np.newaxis], total, weight)


def _require_alike(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> None:
    if one.ndim != 1 or one.shape != other.shape:
        raise ValueError(f"vectors of shapes {one.shape} and {other.shape}, where there should be one length")


@compiled_once
def _difference(narrow: bool) -> Kernel:
    kind = FLOAT if narrow else DOUBLE

    def write(b: Any, after: Any, _: Any, size: Any, before: Any, integers: Any, scale: Any, zeros: Any) -> None:
        factor = load(b, scale, DOUBLE)
        for part, (many, start, stop) in enumerate(_parts(b, size, lanes(DOUBLE))):
            values, doubles = ir.VectorType(kind, many), ir.VectorType(DOUBLE, many)
            zero = variable(b, ir.Constant(doubles, None))
            with counting(b, start, stop, many) as i:
                ends = [load(b, element(b, model, i, kind), values) for model in (after, before)]
                if narrow:
                    ends = [b.fpext(end, doubles) for end in ends]
                scaled = b.fmul(b.fsub(*ends), splat(b, factor, many))
                still = b.fmul(scaled, ir.Constant(doubles, None))  # NaN, if the number is NaN or infinite
                b.store(b.fadd(b.load(zero, typ=doubles), still), zero)
                whole = clamped_half_even(b, scaled, VALUE_LIMIT)
                b.store(whole, element(b, integers, i, INT32), align=4)
            b.store(b.load(zero, typ=doubles), element(b, zeros, INT64(part * lanes(DOUBLE)), DOUBLE), align=8)

    return Kernel(write, arrays=4, counts=0)


@compiled_once
def _sum() -> Kernel:
    def write(b: Any, row: Any, _: Any, size: Any, total: Any, weight: Any) -> None:
        factor = b.sext(b.trunc(weight, INT32), INT64)  # tells LLVM that products of 32 bits will do
        for many, start, stop in _parts(b, size, lanes(INT64)):
            integers, longs = ir.VectorType(INT32, many), ir.VectorType(INT64, many)
            with counting(b, start, stop, many) as i:
                product = b.mul(b.sext(load(b, element(b, row, i, INT32), integers), longs), splat(b, factor, many))
                here = element(b, total, i, INT64)
                b.store(b.add(load(b, here, longs), product), here, align=8)

    return Kernel(write, arrays=1, counts=1)


def _parts(b: Any, size: Any, many: int) -> Iterator[tuple[int, Any, Any]]:
    """Of a vector: what comes in whole registers, then number by number what is left. Lanes, start, stop."""
    whole = b.sub(size, b.srem(size, INT64(many)))
    yield many, INT64(0), whole
    yield 1, whole, size
