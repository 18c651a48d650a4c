"""The architectures that families choose from: bounded hyper-parameters, and the layers they stand for.

The bounds are part of scoring: at most `MAX_DEPTH` weighted layers of at most `MAX_FAN_IN` products per output keep its
arithmetic exact (see `covey.learning.exact`).
"""

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from covey.learning.errors import ArchitectureError
from covey.learning.layers import POOL, Conv, Dense, Flatten, Layer, Layers, MaxPool, Normalise, Relu, Shape

MAX_FAN_IN = 2**15
MAX_DEPTH = 6
_STRICT = ConfigDict(extra="forbid", strict=True)

Width = Annotated[int, Field(ge=1, le=4096)]
Channels = Annotated[int, Field(ge=1, le=512)]


@dataclass(frozen=True, config=_STRICT)
class Linear:
    """Multinomial logistic regression."""

    name: Literal["linear"] = "linear"

    def layers(self, input_shape: Shape, classes: int) -> Layers:
        return _dense(input_shape, (), classes)


@dataclass(frozen=True, config=_STRICT)
class Mlp:
    """Fully connected hidden layers of the given widths, with ReLU."""

    name: Literal["mlp"] = "mlp"
    hidden: Annotated[tuple[Width, ...], Field(min_length=1, max_length=4)] = (128,)

    def layers(self, input_shape: Shape, classes: int) -> Layers:
        return _dense(input_shape, self.hidden, classes)


@dataclass(frozen=True, config=_STRICT)
class Cnn:
    """Blocks of 3x3 convolution, 2x2 max-pooling and ReLU, one per entry of `channels`, then one hidden layer."""

    name: Literal["cnn"] = "cnn"
    channels: Annotated[tuple[Channels, ...], Field(min_length=1, max_length=4)] = (32, 64)
    hidden: Width = 128

    def layers(self, input_shape: Shape, classes: int) -> Layers:
        if len(input_shape) != 3:
            raise ArchitectureError(f"cnn needs images (channels, height, width), not inputs of shape {input_shape}")
        shrink = POOL ** len(self.channels)
        height, width = input_shape[1] // shrink, input_shape[2] // shrink
        if min(height, width) < 1:
            raise ArchitectureError(f"{len(self.channels)} pooling blocks leave nothing of an input {input_shape}")
        inputs = (input_shape[0], *self.channels[:-1])
        blocks: list[Layer] = []
        for size, channels in zip(inputs, self.channels, strict=True):
            blocks += [Conv(size, channels), MaxPool(), Relu()]
        return (Normalise(input_shape[0]), *blocks, *_head(self.channels[-1] * height * width, (self.hidden,), classes))


Architecture = Linear | Mlp | Cnn
ArchitectureKind = type[Linear] | type[Mlp] | type[Cnn]
_ADAPTERS: Mapping[ArchitectureKind, TypeAdapter[Architecture]] = {
    kind: TypeAdapter(kind) for kind in (Linear, Mlp, Cnn)
}


def parse(kind: ArchitectureKind, hyper_parameters: Mapping[str, Any]) -> Architecture:
    """An architecture from JSON-like values. Raises ArchitectureError naming each value out of bounds."""
    try:
        return _ADAPTERS[kind].validate_json(json.dumps(hyper_parameters))
    except (ValidationError, TypeError) as error:
        raise ArchitectureError(f"bad hyper-parameters for {kind.name}: {_explain(error)}") from error


def _explain(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())


def _dense(input_shape: Shape, hidden: tuple[int, ...], classes: int) -> Layers:
    return (Normalise(input_shape[0]), *_head(math.prod(input_shape), hidden, classes))


def _head(inputs: int, hidden: tuple[int, ...], classes: int) -> Layers:
    layers: list[Layer] = [Flatten()]
    for width in hidden:
        layers += [Dense(inputs, width), Relu()]
        inputs = width
    return (*layers, Dense(inputs, classes))
