"""Rules that go by coordinate: each column is sorted, all columns of a chunk at once."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Chunk, Cohort
from covey.federated.fixed import Vector, divide_half_even
from covey.federated.rules.base import STRICT, Outcome, Rule, Share, byzantine, everybody, require


@dataclass(frozen=True, config=STRICT)
class Median(Rule):
    """Each coordinate's median, of an even number the mean of the middle two (Yin et al., arXiv 1803.01498,
    Definition 1).
    """

    number: ClassVar[int] = 6
    name: ClassVar[str] = "median"

    def aggregate(self, cohort: Cohort) -> Outcome:
        weights = np.zeros(cohort.count)
        weights[[(cohort.count - 1) // 2, cohort.count // 2]] = 1
        return _by_rank(cohort, weights)


@dataclass(frozen=True, config=STRICT)
class TrimmedMean(Rule):
    """Each coordinate's mean without its f largest and f smallest (Yin et al., arXiv 1803.01498, Definition 2)."""

    number: ClassVar[int] = 7
    name: ClassVar[str] = "trimmed-mean"
    share: Share = 2000

    def aggregate(self, cohort: Cohort) -> Outcome:
        cut = byzantine(self.share, cohort.count)
        require(self, cohort.count, 2 * cut + 1)
        weights = np.zeros(cohort.count)
        weights[cut : cohort.count - cut] = 1
        return _by_rank(cohort, weights)


def sorted_columns(chunk: Chunk) -> Chunk:
    """(columns, clients), ascending. Whole rows of int32 sort in vector registers; partitioning them is slower."""
    columns = np.ascontiguousarray(chunk.T)
    columns.sort(axis=1)
    return columns


def _by_rank(cohort: Cohort, weights: npt.NDArray[np.float64]) -> Outcome:
    """Per coordinate the mean, half to even, of the ranks whose weight is one, not zero. Sums are below 2^34."""
    divisor = int(weights.sum())

    def work(chunk: Chunk) -> Vector:
        return divide_half_even(sorted_columns(chunk).astype(np.float64) @ weights, divisor)

    return everybody(cohort.stream.columnwise(work), cohort)
