"""Networks as data: a tuple of layers, from which parameter shapes, cost, training module and exact scoring all follow.

Shapes leave out the batch: (channels, height, width) for images, (features,) for tables. A parameter's name is
`<index of its layer>.<name>`, as in the state of a `torch.nn.Sequential` of the same layers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

Shape = tuple[int, ...]
KERNEL = 3
POOL = 2


@dataclass(frozen=True)
class Normalise:
    """(x - shift) * scale per channel or feature, so that a model takes raw data and carries its own statistics."""

    channels: int


@dataclass(frozen=True)
class Flatten:
    """Channels, rows, columns to one axis, in this order."""


@dataclass(frozen=True)
class Dense:
    inputs: int
    outputs: int


@dataclass(frozen=True)
class Conv:
    """3x3, stride 1, zero padding 1."""

    inputs: int
    outputs: int


@dataclass(frozen=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True)
class MaxPool:
    """2x2; an odd last row or column is dropped."""


Layer = Normalise | Flatten | Dense | Conv | Relu | MaxPool
Layers = tuple[Layer, ...]


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape that `layer` makes of `shape`."""
    match layer:
        case Flatten():
            return (math.prod(shape),)
        case Dense(outputs=outputs):
            return (outputs,)
        case Conv(outputs=outputs):
            return (outputs, *shape[1:])
        case MaxPool():
            return (shape[0], *(side // POOL for side in shape[1:]))
        case Normalise() | Relu():
            return shape


def fan_in(layer: Dense | Conv) -> int:
    """The number of products in one output of `layer`."""
    return layer.inputs * (KERNEL**2 if isinstance(layer, Conv) else 1)


def parameter_shapes(layers: Layers) -> dict[str, Shape]:
    """Name and shape of every parameter."""
    return {f"{i}.{name}": shape for i, layer in enumerate(layers) for name, shape in _parameters(layer).items()}


def _parameters(layer: Layer) -> Mapping[str, Shape]:
    match layer:
        case Normalise(channels=channels):
            return {"shift": (channels,), "scale": (channels,)}
        case Dense(inputs=inputs, outputs=outputs):
            return {"weight": (outputs, inputs), "bias": (outputs,)}
        case Conv(inputs=inputs, outputs=outputs):
            return {"weight": (outputs, inputs, KERNEL, KERNEL), "bias": (outputs,)}
        case _:
            return {}


def multiply_adds(layers: Layers, input_shape: Shape) -> int:
    """Multiply-adds for one example."""
    total, shape = 0, input_shape
    for layer in layers:
        shape = output_shape(layer, shape)
        if isinstance(layer, Dense | Conv):
            total += math.prod(shape) * fan_in(layer)
    return total


def widest(layers: Layers, input_shape: Shape) -> int:
    """The largest number of values that one example holds at once between two layers, unfolded patches included."""
    size, shape = math.prod(input_shape), input_shape
    for layer in layers:
        shape = output_shape(layer, shape)
        patches = math.prod(shape[1:]) * fan_in(layer) if isinstance(layer, Conv) else 0
        size = max(size, math.prod(shape) + patches)
    return size
