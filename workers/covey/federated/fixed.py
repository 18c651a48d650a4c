"""Numbers that every machine agrees on: integers of at most 24 bits, and one rounding.

A coordinate x of an update is the integer q = round(x * 2^f) of `fraction_bits` f, ties to even; it stands for q / 2^f.
Within the range |x| <= 2^(24 - f) the error is at most 2^-(f + 1); beyond it the coordinate saturates.

Whatever is computed from updates stays below 2^53 in magnitude, or below 2^52 where a quotient follows: in float64 no
such sum or product rounds, in whatever order it is taken, so vectors and threads may do it and the bytes are the same
anywhere.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from covey.federated.errors import NonFiniteUpdateError

VALUE_BITS = 24
VALUE_LIMIT = 2**VALUE_BITS
"""Largest magnitude of a coordinate. An integer of that size is exact in float32, too."""

WEIGHT_LIMIT = 2**28
"""Largest sum of the weights of a round: with coordinates of 24 bits, weighted sums stay within 52 bits."""

Vector = npt.NDArray[np.int32]
Integers = npt.NDArray[Any]
"""Integers, held as int32, int64 or float64."""


def error_bound(fraction_bits: int) -> float:
    """Largest error of a coordinate within the range."""
    return 2.0 ** -(fraction_bits + 1)


def value_range(fraction_bits: int) -> float:
    """Largest magnitude that does not saturate."""
    return 2.0 ** (VALUE_BITS - fraction_bits)


def quantise(values: npt.NDArray[np.floating[Any]], fraction_bits: int) -> Vector:
    """The integers that stand for `values`, of the same shape; ties to even, saturating at the range.

    Raises NonFiniteUpdateError.
    """
    scaled = np.multiply(values, 2.0**fraction_bits, dtype=np.float64)
    low, high = scaled.min(initial=0), scaled.max(initial=0)  # NaN if one is
    if not (np.isfinite(low) and np.isfinite(high)):
        raise NonFiniteUpdateError
    if max(-low, high) > VALUE_LIMIT:
        np.clip(scaled, -VALUE_LIMIT, VALUE_LIMIT, out=scaled)
    integers: Vector = np.rint(scaled, out=scaled).astype(np.int32)
    return integers


def dequantise(values: Integers, fraction_bits: int) -> npt.NDArray[np.float64]:
    """What integers stand for, exactly."""
    return values.astype(np.float64) * 2.0**-fraction_bits


def divide_half_even(numerators: Integers, divisor: int | Integers) -> Vector:
    """numerators / divisor (> 0), rounded to the nearest integer, ties to even; saturates at VALUE_LIMIT.

    Exact for |numerators| < 2^52. A quotient that is no multiple of 1/2 is at least 1 / (2 divisor) away from the next
    one, and as a float it is off by at most |numerator| / divisor * 2^-53, which is less; multiples of 1/2 are exact.
    """
    quotients = np.divide(numerators, divisor, dtype=np.float64)
    np.clip(np.rint(quotients, out=quotients), -VALUE_LIMIT, VALUE_LIMIT, out=quotients)
    return quotients.astype(np.int32)
