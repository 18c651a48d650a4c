"""The geometric median, found in the space of weights."""

from typing import Annotated, ClassVar

from pydantic import Field
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Cohort
from covey.federated.exact import gram, weighted_mean
from covey.federated.fixed import WEIGHT_LIMIT
from covey.federated.rules.base import STRICT, Outcome, Rule, picked
from covey.federated.rules.means import distances_from, in_proportion

_BITS = 64


@dataclass(frozen=True, config=STRICT)
class GeometricMedian(Rule):
    """Smoothed Weiszfeld (Pillutla et al., RFA, arXiv 1912.13445, Algorithm 2), from equal weights, `iterations` times:

    w_i <- 1 / max(smoothing, |x_i - z|), z = sum of w_i x_i / sum of w_i. `smoothing` is in units of 2^-fraction_bits.
    Distances come from inner products alone and are rounded down, as are the weights.
    """

    number: ClassVar[int] = 5
    name: ClassVar[str] = "geometric-median"
    iterations: Annotated[int, Field(ge=1, le=100)] = 8
    smoothing: Annotated[int, Field(ge=1, le=2**24)] = 16

    def aggregate(self, cohort: Cohort) -> Outcome:
        products = gram(cohort.stream)
        weights = [WEIGHT_LIMIT // cohort.count] * cohort.count
        for _ in range(self.iterations):
            distances = distances_from(products, weights)
            weights = in_proportion([(1 << _BITS) // max(self.smoothing, distance) for distance in distances])
        return picked(weighted_mean(cohort.stream, weights, sum(weights)), weights)
