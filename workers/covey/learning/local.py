"""A federated client's training of Covey's own families: plain SGD, many clients side by side in one batch of models.

Models of one shape are stacked along a first axis, so that a layer is one batched product for all clients; one client
alone is a stack of one. The sum of the clients' losses has each one's own gradient, so nothing passes between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass as plain
from typing import Annotated

import numpy as np
import numpy.typing as npt
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch.nn import functional

from covey.learning.data import Dataset
from covey.learning.devices import cpu_threads, resolve_device
from covey.learning.errors import TaskMismatchError, TrainerError
from covey.learning.families import family_of
from covey.learning.layers import KERNEL, POOL, Conv, Dense, Flatten, Layers, MaxPool, Normalise, Relu
from covey.learning.task import Model
from covey.learning.tensors import Array
from covey.learning.training import deterministic

Tensors = Mapping[str, torch.Tensor]
Rows = npt.NDArray[np.int64]
"""Which examples of a data set."""

_EVALUATION_BATCH = 1024


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class LocalOptions:
    """How a client trains in a round. `proximal` is FedProx's mu: adds mu / 2 |w - w_global|^2 to the loss (Li et al.,
    arXiv 1812.06127, equation 2); 0: FedAvg's clients.
    """

    epochs: Annotated[int, Field(ge=1, le=1000)] = 2
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.05
    proximal: Annotated[float, Field(ge=0, le=1000)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: str = "cpu"
    """auto, cpu, cuda or cuda:<index>."""


@plain(frozen=True)
class Learner:
    """One client in one round: its examples, and what its luck follows from."""

    rows: Rows
    luck: tuple[int, ...]


def train_on(model: Model, data: Dataset, options: LocalOptions, round: int = 0) -> dict[str, Array]:
    """One client's weights after training `model` on all of `data`, of the same types. Same arguments and kind of
    machine: same bytes. Raises TrainerError, TaskMismatchError, DeviceError.
    """
    learner = Learner(np.arange(len(data)), (options.seed, round))
    (weights,) = train_together(model, data, [learner], options)
    if not all(np.isfinite(array).all() for array in weights.values()):
        raise TrainerError("the training ended in NaN or infinity: lower the learning rate")
    return {name: weights[name][0].astype(w.dtype) if name in weights else w for name, w in model.weights.items()}


def train_together(
    model: Model, data: Dataset, learners: Sequence[Learner], options: LocalOptions
) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    """What is trained of the model, whatever it became: for some learners after others, (learners, *shape) each. Raises
    TaskMismatchError, DeviceError.
    """
    layers, device = _layers(model, data), resolve_device(options.device)
    # Convolutions in as many groups as there are clients are slower than one after the other.
    together = 1 if any(isinstance(layer, Conv) for layer in layers) else len(learners)
    for start in range(0, len(learners), together):
        with cpu_threads(1), _repeatable(device):
            trained = _trained(layers, model, data, learners[start : start + together], options, device)
        yield trained


@torch.no_grad()
def loss_on(model: Model, data: Dataset, device: str = "cpu") -> float:
    """Mean cross-entropy of `model` on `data`, in nats. Raises TaskMismatchError, DeviceError."""
    layers, target = _layers(model, data), resolve_device(device)
    with cpu_threads(1), _repeatable(target):
        weights = {name: tensor.unsqueeze(0) for name, tensor in _tensors(model, target).items()}
        weights |= {name: weights[name][0] for name in _fixed(layers)}
        total = torch.zeros((), dtype=torch.float64, device=target)
        for start in range(0, len(data), _EVALUATION_BATCH):
            x, y = _examples(data, np.arange(start, min(start + _EVALUATION_BATCH, len(data)))[None], target)
            total += functional.cross_entropy(logits(layers, weights, x)[0], y[0], reduction="sum").double()
    return float(total) / len(data)


def _trained(
    layers: Layers,
    model: Model,
    data: Dataset,
    learners: Sequence[Learner],
    options: LocalOptions,
    device: torch.device,
) -> dict[str, npt.NDArray[np.float32]]:
    base = _tensors(model, device)
    kept = _fixed(layers)
    weights = {
        name: tensor.expand(len(learners), *tensor.shape).clone().requires_grad_()
        for name, tensor in base.items()
        if name not in kept
    }
    for rows, mask in _batches(learners, options, device):
        x, y = _examples(data, rows, device)
        share = mask / mask.sum(1, keepdim=True).clamp_min(1)
        outputs = logits(layers, {**base, **weights}, x).flatten(0, 1)
        losses = functional.cross_entropy(outputs, y.flatten(), reduction="none")
        gradients = torch.autograd.grad((losses.view_as(share) * share).sum(), list(weights.values()))
        at_work = mask[:, 0] * options.learning_rate
        with torch.no_grad():
            for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
                if options.proximal:
                    gradient.add_(options.proximal * (weight - base[name]))
                weight.sub_(gradient.mul_(at_work.view(-1, *[1] * (weight.ndim - 1))))
    return {name: weight.detach().cpu().numpy() for name, weight in weights.items()}


def _layers(model: Model, data: Dataset) -> Layers:
    """Of the model, if it takes such data."""
    if (data.input_shape, data.classes) != (model.input_shape, model.classes):
        raise TaskMismatchError(
            f"the data has inputs {data.input_shape} and {data.classes} classes, the model {model.input_shape} and "
            f"{model.classes}: use data of the task"
        )
    return family_of(model.family).layers(model.architecture, model.input_shape, model.classes)


def _fixed(layers: Layers) -> frozenset[str]:
    """Names of what is not trained: it normalises inputs."""
    indices = (i for i, layer in enumerate(layers) if isinstance(layer, Normalise))
    return frozenset(f"{i}.{name}" for i in indices for name in ("shift", "scale"))


def _repeatable(device: torch.device) -> AbstractContextManager[None]:
    """On a CPU it all is by itself, and faster."""
    return nullcontext() if device.type == "cpu" else deterministic(0, device)


def _tensors(model: Model, device: torch.device) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(weight.astype(np.float32)).to(device) for name, weight in model.weights.items()}


def _examples(data: Dataset, rows: Rows, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(data.x[rows]).to(device).float(), torch.from_numpy(data.y[rows]).to(device)


def _batches(
    learners: Sequence[Learner], options: LocalOptions, device: torch.device
) -> Iterator[tuple[Rows, torch.Tensor]]:
    """Rows (learners, batch) of the data, and which of them count: clients with few examples finish early."""
    orders = []
    for learner in learners:
        rng = np.random.default_rng(learner.luck)
        batches = -(-len(learner.rows) // options.batch_size)
        order = np.full((options.epochs, batches * options.batch_size), -1, np.int64)
        for epoch in order:
            epoch[: len(learner.rows)] = rng.permutation(learner.rows)
        orders.append(order.reshape(-1, options.batch_size))
    steps = max(map(len, orders))
    rows = np.full((steps, len(learners), options.batch_size), -1, np.int64)
    for i, order in enumerate(orders):
        rows[: len(order), i] = order
    for step in rows:
        yield np.maximum(step, 0), torch.from_numpy((step >= 0).astype(np.float32)).to(device)


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
                # In this order the weight's gradient lies in memory as the weight does.
                values = torch.baddbmm(weights[f"{i}.bias"].unsqueeze(2), weights[f"{i}.weight"], values.mT).mT
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
