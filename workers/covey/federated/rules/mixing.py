"""Nearest-neighbour mixing: every update is replaced by the mean of its nearest, before any rule."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Chunk, Cohort, Source, Stream
from covey.federated.exact import gram, peak, squared_distances
from covey.federated.fixed import divide_half_even
from covey.federated.rules.base import byzantine

_EXACT_FLOAT32 = 2.0**23
"""Below this a float32 sum of integers is exact, and so is its rounded quotient (`fixed.divide_half_even`)."""


@dataclass(frozen=True)
class Mixed:
    """Row i is the mean of the rows that `neighbours[i]` has ones for, half to even; each has as many."""

    source: Source
    neighbours: npt.NDArray[np.float64]

    @property
    def count(self) -> int:
        return self.source.count

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, start: int, stop: int) -> Chunk:
        chunk = self.source.read(start, stop)
        many = int(self.neighbours[0].sum())
        narrow = many * peak(chunk) < _EXACT_FLOAT32
        kind = np.float32 if narrow else np.float64
        return divide_half_even(self.neighbours.astype(kind) @ chunk.astype(kind), many)


def mixed(cohort: Cohort, share: int) -> Cohort:
    """y_i = mean of the n - f updates nearest to x_i, itself among them (Allouah et al., arXiv 2302.01772, Algorithm
    2).

    f is `share` of the clients, in basis points. Results are computed as they are read: nothing of n x d is kept.
    """
    stream = cohort.stream
    kept = cohort.count - byzantine(share, cohort.count)
    distances = squared_distances(gram(stream))
    neighbours = np.zeros(distances.shape)
    for row, own in zip(neighbours, distances, strict=True):
        row[stream.ascending(dict(enumerate(own.tolist())))[:kept]] = 1
    return replace(cohort, stream=Stream(Mixed(stream.source, neighbours), stream.columns, stream.threads))
