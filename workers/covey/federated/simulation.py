"""Federated rounds without a chain: the same clients, updates, bytes and aggregation as on one, honest or attacked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from covey.federated import fixed, updates
from covey.federated.attacks import Attack, Scene
from covey.federated.attacks.data import trigger_test
from covey.federated.clients import OwnJob, Population, local_updates
from covey.federated.cohort import MAX_CLIENTS, Cohort, Rows, Stream
from covey.federated.crew import Alone, Crew
from covey.federated.errors import ParameterError
from covey.federated.fixed import Vector
from covey.federated.plan import Plan
from covey.federated.rounds import Batch, Received, aggregated, drawn, gathered, play
from covey.federated.rules.means import FlTrust
from covey.federated.updates import Coordinates, coordinates_of
from covey.learning import tensors
from covey.learning.data import Dataset
from covey.learning.devices import cpu_threads
from covey.learning.errors import FormatError
from covey.learning.families import family_of
from covey.learning.local import LocalOptions
from covey.learning.task import Model
from covey.learning.training import untrained

_ATTACK = 2
"""What a random number is for."""


@dataclass(frozen=True)
class Setup:
    """One simulation.

    per_round: clients drawn per round. attackers: how many of the clients, the last ones, carry out `attack`.
    trusted: examples of whoever computes FLTrust's root update.
    """

    model: Model
    population: Population
    test: Dataset
    plan: Plan
    options: LocalOptions
    rounds: int = 30
    per_round: int = 20
    attack: Attack | None = None
    attackers: int = 0
    trusted: Dataset | None = None
    evaluate_every: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        clients = len(self.population.parts)
        if not 1 <= self.per_round <= min(clients, MAX_CLIENTS):
            raise ParameterError(f"{self.per_round:,} clients a round; it has 1 to {min(clients, MAX_CLIENTS):,}")
        if not 0 <= self.attackers < clients or bool(self.attackers) != (self.attack is not None):
            raise ParameterError(
                f"{self.attackers:,} attackers of {clients:,} clients: an attack needs some and an honest one"
            )
        if min(self.rounds, self.evaluate_every) < 1:
            raise ParameterError("a simulation has at least one round, and is evaluated at times")


@dataclass(frozen=True)
class RoundReport:
    """accuracy: on the test set, None in a round without evaluation. backdoor: how often the trigger works, if there
    is one.

    received, selected: updates that were readable, and those that the rule gave weight. refused: why the rule refused
    to go on, so that the old model stays.
    """

    round: int
    accuracy: float | None
    backdoor: float | None
    received: int
    selected: int
    refused: str | None


def job_of(setup: Setup) -> OwnJob:
    """What a crew has to hold to simulate it."""
    return OwnJob(_poisoned(setup), setup.options, setup.plan.fraction_bits)


def simulate(setup: Setup, crew: Crew[OwnJob] | None = None) -> Iterator[RoundReport]:
    """Plays the rounds on a crew with the `job_of` this, which it ends; None: in this process. All luck follows from
    the seeds.
    """
    crew = Alone(job_of(setup)) if crew is None else crew
    bits, size = setup.plan.fraction_bits, coordinates_of(setup.model).size
    triggered = trigger_test(setup.test, setup.population.data) if _plants_trigger(setup) else None
    clients = len(setup.population.parts)
    rounds = (drawn(clients, setup.per_round, setup.seed, number) for number in range(setup.rounds))
    with crew:
        for played in play(
            setup.model,
            size,
            setup.plan,
            rounds,
            partial(_collected, setup, crew),
            lambda model, step: updates.apply(model, step, bits),
        ):
            due = (played.round + 1) % setup.evaluate_every == 0 or played.round + 1 == setup.rounds
            yield RoundReport(
                played.round,
                accuracy(played.model, setup.test) if due else None,
                accuracy(played.model, triggered) if due and triggered else None,
                played.received.count if played.received else 0,
                sum(played.received.outcome.selected) if played.received else 0,
                played.refused,
            )


def accuracy(model: Model, test: Dataset) -> float:
    """The share of examples that a model gets right."""
    with cpu_threads(1):
        return family_of(model.family).count_correct([model], test, torch.device("cpu"))[0] / len(test)


def _collected(
    setup: Setup, crew: Crew[OwnJob], model: Model, clients: Sequence[int], number: int, previous: Vector | None
) -> Received:
    """What a round of honest and malicious clients comes to. Raises FederatedError if the rule refuses."""
    if setup.attack is None and not isinstance(setup.plan.rule, FlTrust):
        return aggregated(crew, setup.plan, model, clients, number, previous)
    sent = _attacked(setup, model, clients, gathered(crew, model, clients, number), number)
    root = _root(setup, model, number) if isinstance(setup.plan.rule, FlTrust) else None
    cohort = Cohort(Stream(Rows(sent.rows)), sent.samples, root, previous)
    return Received(len(sent.samples), setup.plan.aggregate(cohort))


def _poisoned(setup: Setup) -> Population:
    """The population in which attackers have their own poisoned copies of what was theirs."""
    if setup.attack is None or setup.attack.poison is None:
        return setup.population
    data, parts = setup.population.data, list(setup.population.parts)
    x, y = [data.x], [data.y]
    end = len(data)
    for client in range(len(parts) - setup.attackers, len(parts)):
        poisoned = setup.attack.poison(data.take(parts[client]))
        x.append(poisoned.x)
        y.append(poisoned.y)
        parts[client] = np.arange(end, end + len(poisoned))
        end += len(poisoned)
    return Population(Dataset(np.concatenate(x), np.concatenate(y), data.classes), tuple(parts))


def _plants_trigger(setup: Setup) -> bool:
    return setup.attack is not None and setup.attack.name == "backdoor"


def _attacked(setup: Setup, model: Model, clients: Sequence[int], sent: Batch, number: int) -> Batch:
    """What arrives: honest updates as they are; attackers' as bytes, of which some may be unreadable."""
    first = len(setup.population.parts) - setup.attackers
    bad = [i for i, client in enumerate(clients) if client >= first]
    if setup.attack is None or not bad:
        return sent
    bits, coordinates = setup.plan.fraction_bits, coordinates_of(model)
    honest = [i for i in range(len(clients)) if i not in bad]
    rng = np.random.default_rng([setup.seed, _ATTACK, number])
    values = fixed.dequantise(sent.rows, bits)
    crafted = setup.attack.craft(Scene(values[honest], values[bad], rng))
    rows = {i: sent.rows[i] for i in honest}
    for i, update in zip(bad, crafted, strict=True):
        try:
            rows[i] = updates.decode(_bytes(update, coordinates, bits), coordinates)
        except FormatError:
            continue
    kept = sorted(rows)
    return Batch(np.stack([rows[i] for i in kept]), tuple(sent.samples[i] for i in kept))


def _bytes(update: npt.NDArray[np.float64], coordinates: Coordinates, fraction_bits: int) -> bytes:
    """An update as its sender would write it: what no integer stands for, as floats."""
    if np.isfinite(update).all():
        return updates.encode(fixed.quantise(update, fraction_bits), coordinates)
    return tensors.pack(coordinates.split(update.astype(np.float32)))


def _root(setup: Setup, model: Model, number: int) -> Vector | None:
    if setup.trusted is None:
        return None
    holder = Population(setup.trusted, (np.arange(len(setup.trusted)),))
    root: Vector = local_updates(model, holder, [0], setup.options, number, setup.plan.fraction_bits)[0]
    return root


def started(data: Dataset, architecture: str, hyper_parameters: Mapping[str, Any], seed: int) -> Model:
    """An untrained model for images or tables like `data`, which it normalises. Raises LearningError."""
    family = family_of("image-classification" if len(data.input_shape) == 3 else "tabular")
    return untrained(family.task(data), family.architecture(architecture, hyper_parameters), seed, data)
