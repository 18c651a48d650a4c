"""Rules that pick updates by their distances to each other."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic.dataclasses import dataclass

from covey.federated.cohort import Chunk, Cohort
from covey.federated.exact import Gram, gram, squared_distances, weighted_mean
from covey.federated.fixed import Vector, divide_half_even
from covey.federated.rules.base import STRICT, Outcome, Rule, Share, byzantine, picked, require
from covey.federated.rules.coordinates import sorted_columns


@dataclass(frozen=True, config=STRICT)
class Krum(Rule):
    """The update with the least sum of squared distances to its n - f - 2 nearest (Blanchard et al., arXiv
    1703.02757, section 4).
    """

    number: ClassVar[int] = 8
    name: ClassVar[str] = "krum"
    share: Share = 2000

    def aggregate(self, cohort: Cohort) -> Outcome:
        f = byzantine(self.share, cohort.count)
        require(self, cohort.count, 2 * f + 3)
        return _mean_of(cohort, _ranked(cohort, f)[:1])


@dataclass(frozen=True, config=STRICT)
class MultiKrum(Rule):
    """The mean of the n - f updates with the lowest scores of Krum (Blanchard et al., arXiv 1703.02757, section 5)."""

    number: ClassVar[int] = 9
    name: ClassVar[str] = "multi-krum"
    share: Share = 2000

    def aggregate(self, cohort: Cohort) -> Outcome:
        f = byzantine(self.share, cohort.count)
        require(self, cohort.count, 2 * f + 3)
        return _mean_of(cohort, _ranked(cohort, f)[: cohort.count - f])


@dataclass(frozen=True, config=STRICT)
class Bulyan(Rule):
    """n - 2f times Krum picks one and takes it out; per coordinate, the mean of the n - 4f picked closest to their
    median.

    El Mhamdi et al., arXiv 1802.07927, section 3. Of two equally close, the smaller. Distances are computed once.
    """

    number: ClassVar[int] = 10
    name: ClassVar[str] = "bulyan"
    share: Share = 2000

    def aggregate(self, cohort: Cohort) -> Outcome:
        f = byzantine(self.share, cohort.count)
        require(self, cohort.count, 4 * f + 3)
        chosen = sorted(self._chosen(cohort, f))
        weights = [int(i in chosen) for i in range(cohort.count)]
        return picked(cohort.stream.columnwise(lambda chunk: _closest_to_median(chunk[chosen], 2 * f)), weights)

    @staticmethod
    def _chosen(cohort: Cohort, f: int) -> list[int]:
        distances = squared_distances(gram(cohort.stream))
        left = list(range(cohort.count))
        chosen: list[int] = []
        while len(chosen) < cohort.count - 2 * f:
            scores = krum_scores(distances[np.ix_(left, left)], max(1, len(left) - f - 2))
            chosen.append(cohort.stream.ascending(dict(zip(left, scores, strict=True)))[0])
            left.remove(chosen[-1])
        return chosen


def krum_scores(distances: Gram, nearest: int) -> list[int]:
    """Each update's sum of squared distances to its `nearest` others."""
    ordered = np.sort(distances, axis=1)[:, 1 : nearest + 1]
    return [int(score) for score in ordered.sum(1)]


def _ranked(cohort: Cohort, f: int) -> list[int]:
    scores = krum_scores(squared_distances(gram(cohort.stream)), cohort.count - f - 2)
    return cohort.stream.ascending(dict(enumerate(scores)))


def _mean_of(cohort: Cohort, chosen: list[int]) -> Outcome:
    weights = [int(i in chosen) for i in range(cohort.count)]
    return picked(weighted_mean(cohort.stream, weights, len(chosen)), weights)


def _closest_to_median(chunk: Chunk, away: int) -> Vector:
    """Per column, the mean of all but the `away` values farthest from the median.

    In a sorted column what is kept is a window. Moving it up by one drops its lowest value for the next one above;
    that pays as long as the new one is strictly closer, and once it no longer pays it never does again.
    """
    columns = sorted_columns(chunk).astype(np.int64)
    picks = columns.shape[1]
    kept = picks - away
    centre = columns[:, (picks - 1) // 2] + columns[:, picks // 2]
    off = np.abs(2 * columns - centre[:, None])
    shift = (off[:, kept:] < off[:, :away]).sum(1)
    sums = np.concatenate([np.zeros((len(columns), 1), np.int64), columns.cumsum(1)], axis=1)
    rows: npt.NDArray[Any] = np.arange(len(columns))
    return divide_half_even(sums[rows, shift + kept] - sums[rows, shift], kept)
