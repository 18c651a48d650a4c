"""What all simulated rounds have in common, whoever trains: updates in, the next model out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from covey.federated.cohort import Cohort, Rows, Stream
from covey.federated.crew import Crew
from covey.federated.errors import FederatedError
from covey.federated.fixed import Vector, divide_half_even
from covey.federated.kernels.vectors import add
from covey.federated.plan import Plan
from covey.federated.rules.base import Outcome
from covey.federated.rules.means import FedAvg

Updates = npt.NDArray[np.int32]
"""(clients, coordinates)."""

Sums = npt.NDArray[np.int64]

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

_DRAW = 1
"""What a random number is for."""


@dataclass(frozen=True)
class Batch:
    """Updates, and the number of examples that each was trained on."""

    rows: Updates
    samples: tuple[int, ...]


class Job(Protocol[M_contra]):
    """What trains clients: it does not change from round to round, and pickles."""

    def updates(self, model: M_contra, clients: Sequence[int], round: int) -> Iterator[Batch]:
        """What `clients` send, in their order, as many at a time as are best trained together. Raises
        NonFiniteUpdateError.
        """
        ...


@dataclass(frozen=True)
class Received:
    """What a round came to: how many updates were readable, and what the rule made of them."""

    count: int
    outcome: Outcome


@dataclass(frozen=True)
class Played(Generic[M]):
    """A round and the model after it. refused: why the rule refused, so that the old model stays."""

    round: int
    model: M
    received: Received | None
    refused: str | None


def drawn(clients: int, per_round: int, seed: int, round: int) -> list[int]:
    """The clients of a round, ascending."""
    rng = np.random.default_rng([seed, _DRAW, round])
    return sorted(rng.choice(clients, per_round, replace=False).tolist())


def play(
    model: M,
    size: int,
    plan: Plan,
    rounds: Iterable[Sequence[int]],
    collect: Callable[[M, Sequence[int], int, Vector | None], Received],
    move: Callable[[M, Vector], M],
) -> Iterator[Played[M]]:
    """Plays `rounds`, each given by its clients, from a `model` of `size` coordinates.

    `collect` gets the round's model, clients and number, and the aggregate before; `move` takes a step.
    """
    moments = plan.server.start(size)
    previous: Vector | None = None
    for number, clients in enumerate(rounds):
        try:
            received = collect(model, clients, number, previous)
        except FederatedError as error:
            yield Played(number, model, None, str(error))
            continue
        previous = received.outcome.aggregate
        step = plan.server.step(previous, moments)
        model, moments = move(model, step.vector), step.moments
        yield Played(number, model, received, None)


def gathered(crew: Crew[Job[M]], model: M, clients: Sequence[int], round: int) -> Batch:
    """All updates of a round."""
    batches = crew.map(partial(_updates, model, round), clients)
    return joined([batch for part in batches for batch in part])


def aggregated(
    crew: Crew[Job[M]], plan: Plan, model: M, clients: Sequence[int], round: int, previous: Vector | None
) -> Received:
    """What honest clients come to. FedAvg adds sums where the clients are trained, and never holds all updates."""
    if isinstance(plan.rule, FedAvg) and not plan.mixing:
        parts = crew.map(partial(_sums, plan.rule, model, round), clients)
        total: Sums = reduce(np.add, [sums for sums, _ in parts])
        mean = divide_half_even(total, sum(weight for _, weight in parts))
        return Received(len(clients), Outcome(mean, (True,) * len(clients)))
    batch = gathered(crew, model, clients, round)
    cohort = Cohort(Stream(Rows(batch.rows)), batch.samples, previous=previous)
    return Received(len(clients), plan.aggregate(cohort))


def joined(batches: Sequence[Batch]) -> Batch:
    """All of them as one."""
    samples = tuple(count for batch in batches for count in batch.samples)
    return Batch(np.concatenate([batch.rows for batch in batches]), samples)


def _updates(model: M, round: int, job: Job[M], clients: Sequence[int]) -> list[Batch]:
    return list(job.updates(model, clients, round))


def _sums(rule: FedAvg, model: M, round: int, job: Job[M], clients: Sequence[int]) -> tuple[Sums, int]:
    """Sum of weight_i x_i, and of weight_i."""
    total: Sums | None = None
    whole = 0
    for batch in job.updates(model, clients, round):
        if total is None:
            total = np.zeros(batch.rows.shape[1], np.int64)
        weights = rule.weights(batch.samples)
        for row, weight in zip(batch.rows, weights, strict=True):
            add(total, row, weight)
        whole += sum(weights)
    assert total is not None  # a share has a client
    return total, whole
