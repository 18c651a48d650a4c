"""Rules that go by coordinate: each column is sorted, all columns of a chunk at once."""

from typing import ClassVar

import numpy as np
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Chunk, Cohort
from covey.federated.fixed import VALUE_LIMIT, Vector, divide_half_even
from covey.federated.rules.base import STRICT, Outcome, Rule, Share, byzantine, everybody, require


@dataclass(frozen=True, config=STRICT)
class Median(Rule):
    """Each coordinate's median, of an even number the mean of the middle two (Yin et al., arXiv 1803.01498,
    Definition 1).
    """

    number: ClassVar[int] = 6
    name: ClassVar[str] = "median"

    def aggregate(self, cohort: Cohort) -> Outcome:
        return _mean_of_ranks(cohort, (cohort.count - 1) // 2, cohort.count // 2 + 1)


@dataclass(frozen=True, config=STRICT)
class TrimmedMean(Rule):
    """Each coordinate's mean without its f largest and f smallest (Yin et al., arXiv 1803.01498, Definition 2)."""

    number: ClassVar[int] = 7
    name: ClassVar[str] = "trimmed-mean"
    share: Share = 2000

    def aggregate(self, cohort: Cohort) -> Outcome:
        cut = byzantine(self.share, cohort.count)
        require(self, cohort.count, 2 * cut + 1)
        return _mean_of_ranks(cohort, cut, cohort.count - cut)


def sorted_columns(chunk: Chunk) -> Chunk:
    """(columns, clients), ascending. Whole rows of int32 sort in vector registers; partitioning them is slower."""
    near = np.ascontiguousarray(chunk)  # rows that lie far apart in memory take longer to transpose
    columns = np.ascontiguousarray(near.T)
    columns.sort(axis=1)
    return columns


def _mean_of_ranks(cohort: Cohort, first: int, stop: int) -> Outcome:
    """Per coordinate the mean, half to even, of the values from rank `first` to before `stop`."""
    count = stop - first
    kind = np.int32 if count * VALUE_LIMIT < 2**31 else np.int64

    def work(chunk: Chunk) -> Vector:
        return divide_half_even(np.einsum("ij->i", sorted_columns(chunk)[:, first:stop], dtype=kind), count)

    return everybody(cohort.stream.columnwise(work), cohort)
