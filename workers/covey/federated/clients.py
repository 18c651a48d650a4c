"""Clients of a simulation, whose data are parts of one data set: what they send, as a crew computes it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from covey.federated.partition import Parts
from covey.federated.rounds import Batch, Updates
from covey.federated.updates import coordinates_of, difference
from covey.learning.data import Dataset
from covey.learning.local import Learner, LocalOptions, train_together
from covey.learning.task import Model


@dataclass(frozen=True)
class Population:
    """All clients' examples, and which are whose."""

    data: Dataset
    parts: Parts

    def samples(self, clients: Sequence[int]) -> list[int]:
        """Their numbers of examples."""
        return [len(self.parts[client]) for client in clients]


@dataclass(frozen=True)
class OwnJob:
    """Clients of a population that train one of Covey's families, as a crew holds them."""

    population: Population
    options: LocalOptions
    fraction_bits: int
    block: int = 32

    def updates(self, model: Model, clients: Sequence[int], round: int) -> Batch:
        """What `clients` send, in their order. Raises NonFiniteUpdateError."""
        rows = local_updates(model, self.population, clients, self.options, round, self.fraction_bits)
        return Batch(rows, tuple(self.population.samples(clients)))


def local_updates(
    model: Model, population: Population, clients: Sequence[int], options: LocalOptions, round: int, fraction_bits: int
) -> Updates:
    """What each of `clients` sends in that round. Same arguments and kind of machine: same integers.

    Raises NonFiniteUpdateError if a client's training diverges.
    """
    learners = [Learner(population.parts[client], (options.seed, round, client)) for client in clients]
    coordinates = coordinates_of(model)
    return np.stack(
        [
            difference({name: array[i] for name, array in trained.items()}, model.weights, coordinates, fraction_bits)
            for trained in train_together(model, population.data, learners, options)
            for i in range(len(next(iter(trained.values()))))
        ]
    )
