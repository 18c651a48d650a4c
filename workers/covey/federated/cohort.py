"""The updates of a round as columns that stream by: clients x coordinates is never in memory unless the caller has
it so.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np
import numpy.typing as npt

from covey.federated.errors import CohortError
from covey.federated.fixed import VALUE_LIMIT, Vector

Chunk = npt.NDArray[np.int32]
"""(clients, some columns)."""

MAX_CLIENTS = 1024
MAX_COLUMNS = 2**14
"""Of a chunk: sums over it of products of two coordinates stay below 2^62."""


class Source(Protocol):
    """Updates of `count` clients, each of `size` coordinates within VALUE_LIMIT."""

    @property
    def count(self) -> int: ...

    @property
    def size(self) -> int: ...

    def read(self, start: int, stop: int) -> Chunk:
        """Columns `start` to `stop`. May be called by several threads at once."""
        ...


@dataclass(frozen=True)
class Rows:
    """Vectors of equal length, in memory or memory-mapped (`updates.decode`); or the rows of one array."""

    rows: Sequence[Vector] | Chunk

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        return len(self.rows[0])

    def read(self, start: int, stop: int) -> Chunk:
        if isinstance(self.rows, np.ndarray):
            return self.rows[:, start:stop]
        return np.stack([row[start:stop] for row in self.rows])


@dataclass(frozen=True)
class _Extended:
    source: Source
    last: Vector

    @property
    def count(self) -> int:
        return self.source.count + 1

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, start: int, stop: int) -> Chunk:
        return np.concatenate([self.source.read(start, stop), self.last[None, start:stop]])


@dataclass(frozen=True)
class _Some:
    source: Source
    rows: Sequence[int]

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, start: int, stop: int) -> Chunk:
        return self.source.read(start, stop)[self.rows]


@dataclass(frozen=True)
class Stream:
    """A source with a way to go through it. Neither `columns` nor `threads` changes a result."""

    source: Source
    columns: int = 6016
    """Of a chunk, at most MAX_COLUMNS. Kernels take it whole, and it is no power of two: rows that lie that far apart
    share few places in a cache.
    """
    threads: int = 2

    @property
    def count(self) -> int:
        return self.source.count

    @property
    def size(self) -> int:
        return self.source.size

    def __post_init__(self) -> None:
        if not 1 <= self.columns <= MAX_COLUMNS:
            raise ValueError(f"chunks of {self.columns:,} columns; there may be {MAX_COLUMNS:,}")

    def each(self, work: Callable[[int, Chunk], None]) -> None:
        """`work` of every chunk and its first column, by all threads at once and in any order. NumPy and the kernels
        let them run side by side.
        """
        waiting = SimpleQueue[int]()
        for start in range(0, self.size, self.columns):
            waiting.put(start)

        def share() -> None:
            while True:
                try:
                    start = waiting.get_nowait()
                except Empty:
                    return
                work(start, self.source.read(start, min(start + self.columns, self.size)))

        with ThreadPoolExecutor(self.threads) as pool:
            for done in [pool.submit(share) for _ in range(min(self.threads, waiting.qsize()))]:
                done.result()

    def columnwise(self, work: Callable[[Chunk], Vector]) -> Vector:
        """The vector made of what `work` makes of every chunk's columns."""
        vector: Vector = np.empty(self.size, np.int32)

        def place(start: int, chunk: Chunk) -> None:
            vector[start : start + chunk.shape[1]] = work(chunk)

        self.each(place)
        return vector

    @cached_property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of every update: an order of the clients that depends on nothing but what they sent."""
        hashes = [hashlib.sha256() for _ in range(self.count)]
        for start in range(0, self.size, self.columns):
            for digest, row in zip(hashes, self.source.read(start, start + self.columns), strict=True):
                digest.update(np.ascontiguousarray(row, "<i4").tobytes())
        return tuple(digest.digest() for digest in hashes)

    def ascending(self, keys: Mapping[int, int]) -> list[int]:
        """Clients in the order of their keys. Ties go by digest: who sent the same is interchangeable."""
        if len(set(keys.values())) == len(keys):
            return sorted(keys, key=keys.__getitem__)
        return sorted(keys, key=lambda client: (keys[client], self.digests[client]))

    def with_row(self, last: Vector) -> "Stream":
        """The same with one more row, the last."""
        return replace(self, source=_Extended(self.source, last))

    def of(self, rows: Sequence[int]) -> "Stream":
        """Some rows of it."""
        return replace(self, source=_Some(self.source, rows), columns=MAX_COLUMNS)


@dataclass(frozen=True)
class Cohort:
    """What is aggregated: the updates, in any order, and what some rules want beside them. CohortError if it does not
    fit.

    samples: each client's declared number of examples. root: the update of whoever holds trusted data (FLTrust).
    previous: the last round's aggregate (centered clipping).
    """

    stream: Stream
    samples: tuple[int, ...]
    root: Vector | None = None
    previous: Vector | None = None

    def __post_init__(self) -> None:
        count, size = self.stream.count, self.stream.size
        if not 1 <= count <= MAX_CLIENTS:
            raise CohortError(f"{count:,} updates; a round has 1 to {MAX_CLIENTS:,}")
        if len(self.samples) != count or min(self.samples) < 1:
            raise CohortError(f"each of {count} updates needs its number of examples, at least 1")
        for vector in (self.root, self.previous):
            if vector is not None and (vector.shape != (size,) or int(np.abs(vector).max()) > VALUE_LIMIT):
                raise CohortError(f"a vector beside the updates is not {size:,} integers of at most 24 bits")

    @property
    def count(self) -> int:
        return self.stream.count


def cohort_of(rows: Sequence[Vector] | Chunk, samples: Sequence[int] | None = None) -> Cohort:
    """A cohort of vectors, all with the same weight unless `samples` says otherwise."""
    if len({len(row) for row in rows}) != 1:
        raise CohortError("the updates of a round are vectors of one length, and at least one")
    return Cohort(Stream(Rows(rows)), tuple(samples or [1] * len(rows)))
