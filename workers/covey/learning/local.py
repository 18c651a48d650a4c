"""A federated client's training of Covey's own families: a few epochs of SGD from the weights it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import nn
from torch.nn import functional

from covey.learning.data import Dataset
from covey.learning.devices import cpu_threads, resolve_device
from covey.learning.errors import TaskMismatchError, TrainerError
from covey.learning.families import family_of
from covey.learning.task import Model, TaskSpec
from covey.learning.tensors import Array
from covey.learning.training import deterministic, evaluate, on_device


@dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class LocalOptions:
    """How a client trains. `proximal` is FedProx's mu (Li et al., arXiv 1812.06127): the loss grows by mu / 2 times the
    squared distance from the weights it began with; 0 is FedAvg's local training."""

    epochs: Annotated[int, Field(ge=1, le=1000)] = 2
    batch_size: Annotated[int, Field(ge=1, le=65_536)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.05
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    proximal: Annotated[float, Field(ge=0, le=1000)] = 0.0
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: str = "auto"
    threads: Annotated[int, Field(ge=1, le=1024)] = 1


def train_on(model: Model, data: Dataset, options: LocalOptions) -> dict[str, Array]:
    """The weights after training `model` on `data`, of the same types. Raises TrainerError, TaskMismatchError."""
    device = resolve_device(options.device)
    with cpu_threads(options.threads), deterministic(options.seed, device):
        module = _module(model, data, device)
        x, y = on_device(data, device)
        start = [parameter.detach().clone() for parameter in module.parameters()]
        optimiser = torch.optim.SGD(module.parameters(), lr=options.learning_rate, momentum=options.momentum)
        for _ in range(options.epochs):
            for batch in torch.split(torch.randperm(len(y)).to(device), options.batch_size):
                loss = functional.cross_entropy(module(x[batch].float()), y[batch])
                if options.proximal:
                    loss = loss + options.proximal / 2 * _distance(module, start)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
    return _weights(module, model.weights)


def loss_on(model: Model, data: Dataset, device: str = "auto", threads: int = 1) -> float:
    """Mean cross-entropy of `model` on `data`, in nats. Raises TaskMismatchError."""
    target = resolve_device(device)
    with cpu_threads(threads), deterministic(0, target):
        return evaluate(_module(model, data, target), on_device(data, target))[0]


def _module(model: Model, data: Dataset, device: torch.device) -> nn.Sequential:
    """A module with the model's weights, if it takes such data."""
    if (data.input_shape, data.classes) != (model.input_shape, model.classes):
        raise TaskMismatchError(
            f"the data has inputs {data.input_shape} and {data.classes} classes, the model {model.input_shape} and "
            f"{model.classes}: use data of the task"
        )
    task = TaskSpec(model.family, model.input_shape, model.classes)
    module = family_of(model.family).build(model.architecture, task)
    module.load_state_dict({name: torch.tensor(weight).float() for name, weight in model.weights.items()})
    return module.to(device)


def _distance(module: nn.Sequential, start: list[torch.Tensor]) -> torch.Tensor:
    """Squared, from where the parameters began."""
    distances = [(now - before).square().sum() for now, before in zip(module.parameters(), start, strict=True)]
    return torch.stack(distances).sum()


def _weights(module: nn.Sequential, before: Mapping[str, Array]) -> dict[str, Array]:
    state = module.state_dict()
    if not all(tensor.isfinite().all() for tensor in state.values()):
        raise TrainerError("the training ended in NaN or infinity: lower the learning rate")
    return {name: state[name].detach().cpu().numpy().astype(weight.dtype) for name, weight in before.items()}
