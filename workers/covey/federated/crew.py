"""Who trains the clients of a simulation: this process, or several, each with all data and one model at a time."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from covey.federated.clients import LocalOptions, Population, Updates, local_updates
from covey.learning.task import Model

T = TypeVar("T")

Sums = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Job:
    """What does not change from round to round."""

    population: Population
    options: LocalOptions
    fraction_bits: int

    def updates(self, model: Model, clients: Sequence[int], round: int) -> Updates:
        """(clients, coordinates)."""
        return local_updates(model, self.population, clients, self.options, round, self.fraction_bits)

    def sums(self, model: Model, clients: Sequence[int], round: int, weights: Sequence[int]) -> Sums:
        """Sum of weight_i x_i: what FedAvg needs of them. Only a block of the updates is ever held."""
        total: Sums = np.zeros(0, np.int64)
        for start in range(0, len(clients), _BLOCK):
            part = slice(start, start + _BLOCK)
            rows = self.updates(model, clients[part], round)
            weighted: Sums = np.array(weights[part], np.int64) @ rows.astype(np.int64)
            total = total + weighted if total.size else weighted
        return total


_BLOCK = 32
_job: Job | None = None
"""Of this process, if it is one of a crew's."""


class Crew:
    """Trains a round's clients in `processes`; 1: in this one. The results are the same. Close it, or use it in
    `with`.
    """

    def __init__(self, job: Job, processes: int = 1) -> None:
        self._job = job
        self._processes = processes
        self._pool = (
            ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start, initargs=(job,))
            if processes > 1
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def updates(self, model: Model, clients: Sequence[int], round: int) -> Updates:
        """(clients, coordinates), in the order of `clients`."""
        if self._pool is None:
            return self._job.updates(model, clients, round)
        return np.concatenate(list(self._pool.map(partial(_updates, model, round), self._shares(clients))))

    def sums(self, model: Model, clients: Sequence[int], round: int, weights: Sequence[int]) -> Sums:
        """Sum of weight_i x_i, each process's own first."""
        if self._pool is None:
            return self._job.sums(model, clients, round, weights)
        shares = self._shares(list(zip(clients, weights, strict=True)))
        total: Sums = np.sum(list(self._pool.map(partial(_sums, model, round), shares)), axis=0)
        return total

    def _shares(self, items: Sequence[T]) -> list[Sequence[T]]:
        size = -(-len(items) // self._processes)
        return [items[start : start + size] for start in range(0, len(items), size)]


def _start(job: Job) -> None:
    global _job
    _job = job


def _updates(model: Model, round: int, clients: Sequence[int]) -> Updates:
    assert _job is not None
    return _job.updates(model, clients, round)


def _sums(model: Model, round: int, shares: Sequence[tuple[int, int]]) -> Sums:
    assert _job is not None
    clients, weights = zip(*shares, strict=True)
    return _job.sums(model, clients, round, weights)
