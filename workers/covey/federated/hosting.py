"""Flower apps in simulated rounds: one app, unchanged, as many clients as it is asked to cut its data for.

A client of a simulation begins every round anew: what an app keeps in `Context.state` is gone after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from covey.apps.app import App, Evaluated, Partition
from covey.apps.loading import load_app
from covey.federated.cohort import MAX_CLIENTS
from covey.federated.crew import Crew
from covey.federated.errors import ParameterError
from covey.federated.plan import Plan
from covey.federated.rounds import Batch, aggregated, drawn, play
from covey.federated.updates import Coordinates, Weights, difference, moved


@dataclass(frozen=True)
class AppJob:
    """The app in the folder `app`, for `clients` partitions, as a crew holds it; `data`, `config` as for `load_app`."""

    app: Path
    clients: int
    coordinates: Coordinates = field(repr=False)
    fraction_bits: int
    data: Path | None = None
    config: Mapping[str, bool | int | float | str] = field(default_factory=dict)

    def updates(self, model: Weights, clients: Sequence[int], round: int) -> Iterator[Batch]:
        """What `clients` send, in their order, one at a time. Raises AppError, NonFiniteUpdateError."""
        from covey.learning.devices import cpu_threads  # torch takes seconds to import

        for client in clients:
            with cpu_threads(1):
                trained = self._client(client).train(model, round)
            row = difference(trained.parameters, model, self.coordinates, self.fraction_bits)
            yield Batch(row[np.newaxis], (trained.samples,))

    def evaluations(self, model: Weights, clients: Sequence[int], round: int) -> list[Evaluated]:
        """What `clients` think of a model. Raises AppError."""
        from covey.learning.devices import cpu_threads

        with cpu_threads(1):
            return [self._client(client).evaluate(model, round) for client in clients]

    def _client(self, client: int) -> App:
        return load_app(self.app, self.data, 1, Partition(client, self.clients), self.config)


@dataclass(frozen=True)
class AppSetup:
    """One simulation of an app, from the weights `model`; otherwise as `simulation.Setup`."""

    job: AppJob
    model: Weights = field(repr=False)
    plan: Plan
    rounds: int = 30
    per_round: int = 20
    evaluate_every: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        most = min(self.job.clients, MAX_CLIENTS)
        if not 1 <= self.per_round <= most:
            raise ParameterError(f"{self.per_round:,} clients a round; it has 1 to {most:,}")
        if min(self.rounds, self.evaluate_every) < 1:
            raise ParameterError("a simulation has at least one round, and is evaluated at times")
        if self.job.fraction_bits != self.plan.fraction_bits:
            raise ParameterError("the job has another precision than the plan")


@dataclass(frozen=True)
class AppReport:
    """loss: mean over held-out examples of the round's clients, None in a round without evaluation; the rest as
    `simulation.RoundReport` has it.
    """

    round: int
    loss: float | None
    received: int
    selected: int
    refused: str | None


def simulate_app(setup: AppSetup, crew: Crew[AppJob]) -> Iterator[AppReport]:
    """Plays the rounds on a crew, which it ends. Raises AppError: no client can train if one cannot."""
    job, plan = setup.job, setup.plan
    rounds = [drawn(job.clients, setup.per_round, setup.seed, number) for number in range(setup.rounds)]
    with crew:
        for played in play(
            setup.model,
            job.coordinates.size,
            plan,
            rounds,
            partial(aggregated, crew, plan),
            lambda model, step: moved(model, step, job.coordinates, job.fraction_bits),
        ):
            due = (played.round + 1) % setup.evaluate_every == 0 or played.round + 1 == setup.rounds
            yield AppReport(
                played.round,
                _loss(crew, played.model, rounds[played.round], played.round) if due else None,
                played.received.count if played.received else 0,
                sum(played.received.outcome.selected) if played.received else 0,
                played.refused,
            )


def _loss(crew: Crew[AppJob], model: Weights, clients: Sequence[int], round: int) -> float:
    found = [each for part in crew.map(partial(_evaluations, model, round), clients) for each in part]
    return sum(each.loss * each.samples for each in found) / sum(each.samples for each in found)


def _evaluations(model: Weights, round: int, job: AppJob, clients: Sequence[int]) -> list[Evaluated]:
    return job.evaluations(model, clients, round)
