"""Clients of a simulation, whose data are parts of one data set: what they send, as a crew computes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from covey.federated.partition import Parts
from covey.federated.rounds import Batch, Updates, joined
from covey.federated.updates import coordinates_of, difference
from covey.learning.data import Dataset
from covey.learning.local import Learner, LocalOptions, train_together
from covey.learning.task import Model
from covey.learning.tensors import Array

_TOGETHER = 32
"""Clients whose updates are in memory at a time."""


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

    def updates(self, model: Model, clients: Sequence[int], round: int) -> Iterator[Batch]:
        """What `clients` send, in their order. Same arguments and kind of machine: same integers.

        Raises NonFiniteUpdateError if a client's training diverges.
        """
        coordinates, waiting = coordinates_of(model), list(clients)
        while waiting:
            block, waiting = waiting[:_TOGETHER], waiting[_TOGETHER:]
            samples = iter(self.population.samples(block))
            learners = [Learner(self.population.parts[client], (self.options.seed, round, client)) for client in block]
            for trained in train_together(model, self.population.data, learners, self.options):
                rows = np.stack(
                    [difference(each, model.weights, coordinates, self.fraction_bits) for each in _each(trained)]
                )
                yield Batch(rows, tuple(islice(samples, len(rows))))


def local_updates(
    model: Model, population: Population, clients: Sequence[int], options: LocalOptions, round: int, fraction_bits: int
) -> Updates:
    """What each of `clients` sends in that round: see `OwnJob.updates`."""
    return joined(list(OwnJob(population, options, fraction_bits).updates(model, clients, round))).rows


def _each(stacked: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """One client's arrays after another's."""
    for i in range(len(next(iter(stacked.values())))):
        yield {name: array[i] for name, array in stacked.items()}
