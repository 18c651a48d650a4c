"""Rules that go by coordinate: each column is sorted, all columns of a chunk at once."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Chunk, Cohort, Stream
from covey.federated.fixed import VALUE_LIMIT, Integers, divide_half_even
from covey.federated.kernels.ranks import MAX_ROWS, RankSums, comparators
from covey.federated.rules.base import STRICT, Outcome, Rule, Share, byzantine, everybody, require

_COLUMNS_TO_PAY = 1000
"""For each comparator: compiling it takes as long as it saves on so many columns in five rounds."""


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
    sums, count = _rank_sums(cohort.stream, first, stop), stop - first
    return everybody(cohort.stream.columnwise(lambda chunk: divide_half_even(sums(chunk), count)), cohort)


def _rank_sums(stream: Stream, first: int, stop: int) -> Callable[[Chunk], Integers]:
    """What adds up those ranks of a chunk: compiled where that soon pays, else by sorting."""
    if stream.count <= MAX_ROWS and stream.size >= _COLUMNS_TO_PAY * len(comparators(stream.count, first, stop)):
        return RankSums(stream.count, first, stop).of
    kind = np.int32 if (stop - first) * VALUE_LIMIT < 2**31 else np.int64
    return lambda chunk: np.einsum("ij->i", sorted_columns(chunk)[:, first:stop], dtype=kind)
