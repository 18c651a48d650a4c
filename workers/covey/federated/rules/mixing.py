"""Nearest-neighbour mixing: every update is replaced by the mean of its nearest, before any rule."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Chunk, Cohort, Source, Stream
from covey.federated.exact import gram, squared_distances
from covey.federated.kernels.means import WeightedMeans
from covey.federated.kernels.products import ROUGHNESS
from covey.federated.rules.base import byzantine

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Mixed:
    """Row i is line `of[i]` of `means`. Clients with the same neighbours share one: attackers far out leave all others
    one between them.
    """

    source: Source
    means: WeightedMeans
    of: npt.NDArray[np.intp]

    @property
    def count(self) -> int:
        return len(self.of)

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, start: int, stop: int) -> Chunk:
        return self.means.of(self.source.read(start, stop))[self.of]


def mixed(cohort: Cohort, share: int) -> Cohort:
    """y_i = mean of the n - f updates nearest to x_i, itself among them (Allouah et al., arXiv 2302.01772, Algorithm
    2).

    f is `share` of the clients, in basis points. Results are computed as they are read: nothing of n x d is kept.
    """
    stream = cohort.stream
    kept = cohort.count - byzantine(share, cohort.count)
    near = neighbours(stream, kept)
    lines: dict[bytes, int] = {}
    of = np.array([lines.setdefault(line.tobytes(), len(lines)) for line in near])
    alike = np.array([np.frombuffer(line, bool) for line in lines])
    less = alike.astype(np.int64) - 1  # those who are not near, who are fewer
    means = WeightedMeans(np.ones(cohort.count, np.int64), less, kept)
    return replace(cohort, stream=replace(stream, source=Mixed(stream.source, means, of)))


def neighbours(stream: Stream, kept: int) -> Mask:
    """(clients, clients): which are the `kept` nearest to each, itself among them; of equally near ones, those that
    `Stream.ascending` puts first.

    Rough distances tell who is surely nearer than the last one kept, and who is surely farther. Between the others
    exact ones decide.
    """
    products = gram(stream, rough=True)
    norms, distances = products.diagonal(), squared_distances(products)
    # Off by at most 2^-ROUGHNESS (|x_i|^2 + |x_j|^2 + 2 |x_i| |x_j|), with 2 |x_i| |x_j| <= |x_i|^2 + |x_j|^2.
    doubt = ((norms[:, None] + norms[None, :]) >> (ROUGHNESS - 1)) + 1
    low, high = distances - doubt, distances + doubt
    near: Mask = high < np.partition(low, kept - 1)[:, kept - 1 : kept]
    doubtful = (low <= np.partition(high, kept - 1)[:, kept - 1 : kept]) & ~near
    open_places = kept - near.sum(1)
    contested = doubtful.sum(1) > open_places
    near |= doubtful & ~contested[:, None]
    if contested.any():
        involved = np.flatnonzero(contested | doubtful[contested].any(0)).tolist()
        exact = squared_distances(gram(stream.of(involved)))
        for client in np.flatnonzero(contested).tolist():
            own = dict(zip(involved, exact[involved.index(client)].tolist(), strict=True))
            rivals = {rival: own[rival] for rival in np.flatnonzero(doubtful[client]).tolist()}
            near[client, stream.ascending(rivals)[: open_places[client]]] = True
    return near
