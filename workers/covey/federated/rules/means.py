"""Weighted means: by examples, by norm, around a centre, by trust."""

from collections.abc import Sequence
from math import isqrt
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from covey.federated.cohort import MAX_CLIENTS, Cohort
from covey.federated.errors import MissingInputError
from covey.federated.exact import Gram, gram, squared_norms, weighted_mean
from covey.federated.fixed import WEIGHT_LIMIT
from covey.federated.rules.base import STRICT, Outcome, Rule, everybody, picked

CLIP_BITS = 18
"""A factor in [0, 1] is an integer over 2^18, rounded down: 1024 of them sum to at most WEIGHT_LIMIT."""

Radius = Annotated[int, Field(ge=0, le=2**48)]
"""A Euclidean norm in units of 2^-fraction_bits; 0: the lower median of the norms in question."""


@dataclass(frozen=True, config=STRICT)
class FedAvg(Rule):
    """sum of n_k x_k / sum of n_k (McMahan et al., arXiv 1602.05629, Algorithm 1), n_k the declared examples, at
    most `cap`.
    """

    number: ClassVar[int] = 1
    name: ClassVar[str] = "fedavg"
    cap: Annotated[int, Field(ge=1, le=WEIGHT_LIMIT // MAX_CLIENTS)] = WEIGHT_LIMIT // MAX_CLIENTS

    def weights(self, samples: Sequence[int]) -> list[int]:
        """What each update weighs."""
        return [min(count, self.cap) for count in samples]

    def aggregate(self, cohort: Cohort) -> Outcome:
        weights = self.weights(cohort.samples)
        return everybody(weighted_mean(cohort.stream, weights, sum(weights)), cohort)


@dataclass(frozen=True, config=STRICT)
class NormBounding(Rule):
    """Mean of x_i min(1, M / |x_i|) (Sun et al., arXiv 1911.07963, section 4), M = `radius`."""

    number: ClassVar[int] = 2
    name: ClassVar[str] = "norm-bounding"
    radius: Radius = 0

    def aggregate(self, cohort: Cohort) -> Outcome:
        factors = _clipped([isqrt(square) for square in squared_norms(cohort.stream)], self.radius)
        return everybody(weighted_mean(cohort.stream, factors, cohort.count << CLIP_BITS), cohort)


@dataclass(frozen=True, config=STRICT)
class CenteredClipping(Rule):
    """v <- v + mean of (x_i - v) min(1, tau / |x_i - v|), `iterations` times (Karimireddy et al., arXiv 2012.10333,
    Algorithm 2).

    v starts from the last aggregate, or zero; tau = `radius`. v is kept as integer weights of the updates and of its
    start, each rounded down, and is their weighted mean: coordinates are read once for the inner products and once
    for the result.
    """

    number: ClassVar[int] = 3
    name: ClassVar[str] = "centered-clipping"
    radius: Radius = 0
    iterations: Annotated[int, Field(ge=1, le=20)] = 3

    def aggregate(self, cohort: Cohort) -> Outcome:
        start = np.zeros(cohort.stream.size, np.int32) if cohort.previous is None else cohort.previous
        stream = cohort.stream.with_row(start)
        products = gram(stream)
        clients = cohort.count
        weights = [0] * clients + [WEIGHT_LIMIT]
        for _ in range(self.iterations):
            factors = _clipped(distances_from(products, weights)[:clients], self.radius)
            whole = clients << CLIP_BITS
            kept, total = whole - sum(factors), sum(weights)
            weights = [
                (kept * weight + total * factor) // whole for weight, factor in zip(weights, (*factors, 0), strict=True)
            ]
        return picked(weighted_mean(stream, weights, sum(weights)), weights[:clients])


@dataclass(frozen=True, config=STRICT)
class FlTrust(Rule):
    """sum of TS_i |g| / |x_i| x_i over sum of TS_i, TS_i = max(0, cos(x_i, g)), g the root update (Cao et al., arXiv
    2012.13995, 4.2).

    Updates shorter than 2^-8 of the root have no direction worth trusting: their TS is 0. Where all are, so is the
    aggregate. Weights are integers in proportion, rounded down.
    """

    number: ClassVar[int] = 4
    name: ClassVar[str] = "fltrust"

    def aggregate(self, cohort: Cohort) -> Outcome:
        if cohort.root is None:
            raise MissingInputError("fltrust compares updates with one from trusted data: give the cohort its root")
        products = gram(cohort.stream.with_row(cohort.root))
        root = int(products[-1, -1])
        ratios, trust = [], 0
        for i in range(cohort.count):
            square, dot = int(products[i, i]), int(products[i, -1])
            trusted = dot > 0 and square << 16 >= root
            ratios.append((dot << _RATIO_BITS) // square if trusted else 0)
            trust += (dot << _RATIO_BITS) // isqrt(square * root) if trusted else 0
        if not trust:
            return picked(np.zeros(cohort.stream.size, np.int32), [0] * cohort.count)
        weights = in_proportion(ratios)
        divisor = max(1, sum(weights) * trust // sum(ratios))
        return picked(weighted_mean(cohort.stream, weights, divisor), weights)


_RATIO_BITS = 64
"""Of ratios on their way to weights, in Python integers."""


def in_proportion(parts: Sequence[int]) -> list[int]:
    """Weights that sum to at most WEIGHT_LIMIT, in proportion to `parts` (not all 0), rounded down."""
    total = sum(parts)
    return [part * WEIGHT_LIMIT // total for part in parts]


def distances_from(products: Gram, weights: Sequence[int]) -> list[int]:
    """|x_i - z| of every update, rounded down, z the weighted mean of all: from their inner products alone.

    With S the sum of weights w: S^2 |x_i - z|^2 = S^2 G_ii - 2 S (G w)_i + w'G w.
    """
    exact, column = products.astype(object), np.array(weights, dtype=object)
    total = sum(weights)
    against = exact @ column
    centre = column @ against
    return [
        isqrt(total * total * int(own) - 2 * total * int(dot) + int(centre)) // total
        for own, dot in zip(exact.diagonal(), against, strict=True)
    ]


def _clipped(norms: Sequence[int], radius: int) -> list[int]:
    """min(1, radius / norm) for each norm, in units of 2^-CLIP_BITS, rounded down; radius 0: their lower median."""
    bound = radius or sorted(norms)[(len(norms) - 1) // 2]
    return [1 << CLIP_BITS if norm <= bound else (bound << CLIP_BITS) // norm for norm in norms]
