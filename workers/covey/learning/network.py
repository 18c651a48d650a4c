"""Layers as a torch module, for training."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from covey.learning.architectures import Architecture
from covey.learning.data import Dataset
from covey.learning.layers import KERNEL, POOL, Conv, Dense, Flatten, Layer, Layers, MaxPool, Normalise, Relu
from covey.learning.task import Model, TaskSpec


class NormaliseModule(nn.Module):
    """(x - shift) * scale along axis 1. Both are part of the model's state and are not trained."""

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("shift", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sides = (-1, *[1] * (x.ndim - 2))
        return (x - self.shift.view(sides)) * self.scale.view(sides)


def build(layers: Layers) -> nn.Sequential:
    """The module, with fresh weights from torch's current random state. It takes raw data as float32."""
    return nn.Sequential(*map(_module, layers))


def _module(layer: Layer) -> nn.Module:
    match layer:
        case Normalise(channels=channels):
            return NormaliseModule(channels)
        case Flatten():
            return nn.Flatten()
        case Dense(inputs=inputs, outputs=outputs):
            return nn.Linear(inputs, outputs)
        case Conv(inputs=inputs, outputs=outputs):
            return nn.Conv2d(inputs, outputs, KERNEL, padding=KERNEL // 2)
        case Relu():
            return nn.ReLU()
        case MaxPool():
            return nn.MaxPool2d(POOL)


def normalise_by(module: nn.Sequential, data: Dataset) -> None:
    """Let the module's normalisation give `data` mean 0 and variance 1; constant channels are only shifted."""
    axes = (0, *range(2, data.x.ndim))
    mean = data.x.mean(axes, dtype=np.float64)
    deviation = data.x.std(axes, dtype=np.float64)
    scale = np.divide(1, deviation, out=np.ones_like(deviation), where=deviation > 0)
    for layer in _normalisations(module):
        layer.shift.copy_(torch.from_numpy(mean))
        layer.scale.copy_(torch.from_numpy(scale))


def _normalisations(module: nn.Sequential) -> Iterator[NormaliseModule]:
    return (layer for layer in module if isinstance(layer, NormaliseModule))


def model_of(module: nn.Sequential, architecture: Architecture, task: TaskSpec) -> Model:
    """The model that a module built for `architecture` and `task` now holds."""
    weights = {name: tensor.detach().cpu().float().numpy().copy() for name, tensor in module.state_dict().items()}
    return Model(task.family, architecture, task.input_shape, task.classes, weights)
