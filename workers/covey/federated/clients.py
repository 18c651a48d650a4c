"""Local training: plain SGD on a client's own examples, many clients side by side in one batch of small models.

Models of one shape are stacked along a first axis, so that a layer is one batched product for all clients; one client
alone is a stack of one. The sum of the clients' losses has each one's own gradient, so nothing passes between them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass as plain
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from torch.nn import functional

from covey.federated.partition import Parts
from covey.federated.rounds import Batch, Updates
from covey.federated.rules.base import STRICT
from covey.federated.updates import Coordinates, coordinates_of, difference
from covey.learning.data import Dataset
from covey.learning.devices import cpu_threads
from covey.learning.families import family_of
from covey.learning.layers import KERNEL, POOL, Conv, Dense, Flatten, Layers, MaxPool, Normalise, Relu
from covey.learning.task import Model

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True, config=STRICT)
class LocalOptions:
    """How a client trains in a round."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 2
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 16
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.1
    proximal: Annotated[float, Field(ge=0, le=100)] = 0.0
    """FedProx's mu: adds mu / 2 |w - w_global|^2 to the loss (Li et al., arXiv 1812.06127, equation 2). 0: FedAvg's
    clients.
    """
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0


@plain(frozen=True)
class Population:
    """All clients' examples, and which are whose."""

    data: Dataset
    parts: Parts

    def samples(self, clients: Sequence[int]) -> list[int]:
        """Their numbers of examples."""
        return [len(self.parts[client]) for client in clients]


@plain(frozen=True)
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
    layers = family_of(model.family).layers(model.architecture, model.input_shape, model.classes)
    coordinates = coordinates_of(model)
    together = 1 if any(isinstance(layer, Conv) for layer in layers) else len(clients)
    with cpu_threads(1):
        return np.concatenate(
            [
                _quantised(
                    _trained(layers, model, coordinates, population, clients[i : i + together], options, round),
                    model,
                    coordinates,
                    fraction_bits,
                )
                for i in range(0, len(clients), together)
            ]
        )


def _quantised(trained: Tensors, model: Model, coordinates: Coordinates, fraction_bits: int) -> Updates:
    arrays = {name: tensor.detach().numpy() for name, tensor in trained.items()}
    count = len(next(iter(arrays.values())))
    locals_ = ({name: array[i] for name, array in arrays.items()} for i in range(count))
    return np.stack([difference(weights, model.weights, coordinates, fraction_bits) for weights in locals_])


def _trained(
    layers: Layers,
    model: Model,
    coordinates: Coordinates,
    population: Population,
    clients: Sequence[int],
    options: LocalOptions,
    round: int,
) -> Tensors:
    base = {name: torch.from_numpy(weight.astype(np.float32)) for name, weight in model.weights.items()}
    weights = {
        name: base[name].expand(len(clients), *shape).clone().requires_grad_() for name, shape in coordinates.shapes
    }
    for rows, mask in _batches(population, clients, options, round):
        x = torch.from_numpy(population.data.x[rows]).float()
        y = torch.from_numpy(population.data.y[rows])
        share = mask / mask.sum(1, keepdim=True).clamp_min(1)
        outputs = logits(layers, {**base, **weights}, x).flatten(0, 1)
        losses = functional.cross_entropy(outputs, y.flatten(), reduction="none")
        gradients = torch.autograd.grad((losses.view_as(share) * share).sum(), list(weights.values()))
        at_work = mask[:, 0] * options.learning_rate
        with torch.no_grad():
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
                pull = options.proximal * (weight - base[name]) if options.proximal else 0
                weight.sub_(at_work.view(-1, *[1] * (weight.ndim - 1)) * (gradient + pull))
    return weights


def _batches(
    population: Population, clients: Sequence[int], options: LocalOptions, round: int
) -> Iterator[tuple[npt.NDArray[np.int64], torch.Tensor]]:
    """Rows (clients, batch) of the data, and which of them count: clients with few examples finish early."""
    orders = []
    for client in clients:
        rng = np.random.default_rng([options.seed, round, client])
        part = population.parts[client]
        batches = -(-len(part) // options.batch_size)
        for_client = np.full((options.epochs, batches * options.batch_size), -1, np.int64)
        for epoch in for_client:
            epoch[: len(part)] = rng.permutation(part)
        orders.append(for_client.reshape(-1, options.batch_size))
    steps = max(map(len, orders))
    rows = np.full((steps, len(clients), options.batch_size), -1, np.int64)
    for i, order in enumerate(orders):
        rows[: len(order), i] = order
    for step in rows:
        yield np.maximum(step, 0), torch.from_numpy((step >= 0).astype(np.float32))


def logits(layers: Layers, weights: Tensors, x: torch.Tensor) -> torch.Tensor:
    """(clients, batch, classes) of inputs (clients, batch, *shape), each client's by its own weights."""
    values = x
    for i, layer in enumerate(layers):
        match layer:
            case Normalise():
                sides = (-1, *[1] * (values.ndim - 3))
                values = (values - weights[f"{i}.shift"].view(sides)) * weights[f"{i}.scale"].view(sides)
            case Flatten():
                values = values.flatten(2)
            case Dense():
                values = torch.baddbmm(weights[f"{i}.bias"].unsqueeze(1), values, weights[f"{i}.weight"].mT)
            case Conv():
                values = _convolved(values, weights[f"{i}.weight"], weights[f"{i}.bias"])
            case Relu():
                values = values.relu()
            case MaxPool():
                values = functional.max_pool2d(values.flatten(0, 1), POOL).unflatten(0, values.shape[:2])
    return values


def _convolved(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """One convolution in as many groups as there are clients."""
    clients, batch = values.shape[:2]
    joined = values.transpose(0, 1).flatten(1, 2)
    outputs = functional.conv2d(joined, weight.flatten(0, 1), bias.flatten(), padding=KERNEL // 2, groups=clients)
    return outputs.view(batch, clients, -1, *outputs.shape[2:]).transpose(0, 1)
