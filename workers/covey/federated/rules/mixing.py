"""Nearest-neighbour mixing: every update is replaced by the mean of its nearest, before any rule."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Chunk, Cohort, Source
from covey.federated.exact import gram, peak, squared_distances
from covey.federated.fixed import divide_half_even
from covey.federated.rules.base import byzantine

_EXACT_FLOAT32 = 2.0**23
"""Below this a float32 sum of integers is exact, and so is its rounded quotient (`fixed.divide_half_even`)."""


@dataclass(frozen=True)
class Mixed:
    """Row i is the mean, half to even, of the rows that line `of[i]` of `neighbourhoods` has ones for; each has as
    many. Clients with the same neighbours share one: attackers far out leave all others one between them.
    """

    source: Source
    neighbourhoods: npt.NDArray[np.float64]
    of: npt.NDArray[np.intp]

    @property
    def count(self) -> int:
        return len(self.of)

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, start: int, stop: int) -> Chunk:
        chunk = self.source.read(start, stop)
        many = int(self.neighbourhoods[0].sum())
        narrow = many * peak(chunk) < _EXACT_FLOAT32
        kind = np.float32 if narrow else np.float64
        return divide_half_even(self.neighbourhoods.astype(kind) @ chunk.astype(kind), many)[self.of]


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
        near = own <= np.partition(own, kept - 1)[kept - 1]
        if near.sum() > kept:
            near = stream.ascending(dict(enumerate(own.tolist())))[:kept]
        row[near] = 1
    neighbourhoods, of = np.unique(neighbours, axis=0, return_inverse=True)
    return replace(cohort, stream=replace(stream, source=Mixed(stream.source, neighbourhoods, of)))
