"""Inner products of updates with each other."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir

from covey.federated.kernels.processor import (
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    VECTOR_BYTES,
    Kernel,
    compiled_once,
    counting,
    element,
    fitted,
    lanes,
    load,
    multiply_add,
    variable,
)

_TILE = 3
"""Rows are multiplied so many with so many: their sums, and a vector of each of the ones and one of the others', fit
16 registers.
"""


@dataclass(frozen=True)
class _Arithmetic:
    """How products are added up before their sums become integers: as floats, so many to each."""

    kind: Any
    width: type[np.floating[Any]]
    depth: int

    @property
    def lanes(self) -> int:
        return lanes(self.kind)


_EXACT = _Arithmetic(DOUBLE, np.float64, 32)  # 2^5 products of two numbers of at most 24 bits sum to at most 2^53
_ROUGH = _Arithmetic(FLOAT, np.float32, 64)

ROUGHNESS = 17
"""A rough x.y is off by less than 2^-ROUGHNESS |x| |y|: in float32, adding up n products, in any order, errs by at most
n u / (1 - n u) times the sum of their magnitudes, u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms,
section 3.1), and 64 u = 2^-18.
"""


def products(chunk: npt.NDArray[np.int32], rough: bool = False) -> npt.NDArray[np.int64]:
    """(rows, rows): inner products of the rows, on the diagonal and above it; what is below it is undefined.

    Exact for rows of up to 2^14 columns. Rough ones take half the time.
    """
    arithmetic = _ROUGH if rough else _EXACT
    count, tiles = len(chunk), -(-len(chunk) // _TILE)
    floats = _aligned((tiles * _TILE, arithmetic.depth, arithmetic.lanes), arithmetic.width)
    sums = np.zeros((tiles * _TILE, tiles * _TILE), np.int64)
    _kernel(arithmetic)(fitted(chunk, count), floats, sums, count, tiles)
    return sums[:count, :count]


def _aligned(shape: tuple[int, ...], kind: type[np.floating[Any]]) -> npt.NDArray[Any]:
    """Zeros from the start of a cache line, so that no vector of theirs lies in two."""
    line = 64 // np.dtype(kind).itemsize
    flat = np.zeros(math.prod(shape) + line, kind)
    skipped = -(flat.ctypes.data // flat.itemsize) % line
    return flat[skipped : skipped + math.prod(shape)].reshape(shape)


@compiled_once
def _kernel(arithmetic: _Arithmetic) -> Kernel:
    many, deep, side = arithmetic.lanes, INT64(arithmetic.depth), range(_TILE)
    values, integers, longs = (ir.VectorType(kind, many) for kind in (arithmetic.kind, INT32, INT64))

    def write(b: Any, rows: Any, stride: Any, columns: Any, floats: Any, sums: Any, count: Any, tiles: Any) -> None:
        total = ir.Function(b.module, ir.FunctionType(INT64, [longs]), f"llvm.vector.reduce.add.v{many}i64")
        width, vectors = b.mul(tiles, INT64(_TILE)), b.sdiv(columns, INT64(many))

        def row(number: Any) -> Any:
            return element(b, floats, b.mul(number, deep), values)

        def members(tile: Any) -> list[Any]:
            return [b.add(b.mul(tile, INT64(_TILE)), INT64(i)) for i in side]

        def vector(start: Any, index: Any) -> Any:
            return b.load(element(b, start, index, values), typ=values, align=VECTOR_BYTES)

        with counting(b, INT64(0), vectors, arithmetic.depth) as at:
            left = b.sub(vectors, at)
            depth = b.select(b.icmp_signed("<", left, deep), left, deep)
            with counting(b, INT64(0), count) as number:
                start = element(b, rows, b.add(b.mul(number, stride), b.mul(at, INT64(many))), INT32)
                with counting(b, INT64(0), depth) as k:
                    floating = b.sitofp(load(b, element(b, start, k, integers), integers), values)
                    b.store(floating, element(b, row(number), k, values), align=VECTOR_BYTES)
            with counting(b, INT64(0), tiles) as tile, counting(b, tile, tiles) as other:
                mine, theirs = members(tile), members(other)
                lefts, rights = [row(number) for number in mine], [row(number) for number in theirs]
                found = [[variable(b, ir.Constant(values, None)) for _ in side] for _ in side]
                with counting(b, INT64(0), depth) as k:
                    left_values = [vector(start, k) for start in lefts]
                    for j in side:
                        right_values = vector(rights[j], k)
                        for i in side:
                            multiply_add(b, left_values[i], right_values, found[i][j])
                for i in side:
                    for j in side:
                        place = element(b, sums, b.add(b.mul(mine[i], width), theirs[j]), INT64)
                        more = b.call(total, [b.fptosi(b.load(found[i][j], typ=values), longs)])
                        b.store(b.add(b.load(place, typ=INT64), more), place)

    return Kernel(write, arrays=2, counts=2)
