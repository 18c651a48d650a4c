"""Updates: how a model's tensors lie in one integer vector, the bytes of that vector, and its effect on a model.

The artefact of an update is canonical safetensors (`covey.learning.tensors`): every trained tensor of the model under
its name, as I32. All have one item size, so the data part is the tensors in the order of their names without gaps:
the vector.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from covey.federated import fixed
from covey.federated.errors import CohortError, NonFiniteUpdateError, UpdateRangeError
from covey.federated.fixed import Vector
from covey.federated.kernels.vectors import quantised_difference
from covey.learning import tensors
from covey.learning.errors import DtypeError, ShapeError, TensorNamesError
from covey.learning.families import family_of
from covey.learning.layers import Normalise, Shape
from covey.learning.task import Model
from covey.learning.tensors import Array

Weights = Mapping[str, Array]
"""Arrays by name."""

_DTYPE = "I32"


@dataclass(frozen=True)
class Coordinates:
    """Names and shapes of the tensors that are trained, in the order of their names."""

    shapes: tuple[tuple[str, Shape], ...]

    @classmethod
    def of(cls, shapes: Mapping[str, Shape]) -> "Coordinates":
        return cls(tuple(sorted(shapes.items())))

    @cached_property
    def size(self) -> int:
        """Coordinates in all."""
        return sum(math.prod(shape) for _, shape in self.shapes)

    @cached_property
    def layout(self) -> tensors.Layout:
        """Of an update's artefact."""
        return tensors.layout_of({name: (_DTYPE, shape) for name, shape in self.shapes})

    def flatten(self, arrays: Mapping[str, Array]) -> Array:
        """The tensors as one vector, in the dtype that they share."""
        return np.concatenate([arrays[name].reshape(-1) for name, _ in self.shapes])

    def split(self, vector: Array) -> dict[str, Array]:
        """The vector as tensors, which are views of it."""
        parts, start = {}, 0
        for name, shape in self.shapes:
            stop = start + math.prod(shape)
            parts[name] = vector[start:stop].reshape(shape)
            start = stop
        return parts


def coordinates_of(model: Model) -> Coordinates:
    """What is trained of a model: all of its tensors but those that normalise its inputs."""
    layers = family_of(model.family).layers(model.architecture, model.input_shape, model.classes)
    fixed_ = tuple(f"{i}." for i, layer in enumerate(layers) if isinstance(layer, Normalise))
    return Coordinates.of({n: w.shape for n, w in model.weights.items() if not n.startswith(fixed_)})


def difference(after: Weights, before: Weights, coordinates: Coordinates, fraction_bits: int) -> Vector:
    """The update that leads from `before` to `after`. Raises NonFiniteUpdateError."""
    vector: Vector = np.empty(coordinates.size, np.int32)
    for name, part in coordinates.split(vector).items():
        new, old = after[name].reshape(-1), before[name].reshape(-1)
        part.reshape(-1)[:], finite = quantised_difference(new, old, 2.0**fraction_bits)
        if not finite:
            raise NonFiniteUpdateError
    return vector


def moved(before: Weights, step: Vector, coordinates: Coordinates, fraction_bits: int) -> dict[str, Array]:
    """`before` plus what `step` stands for: the same bytes on every machine. What is not trained stays as it is.

    Per weight: a float64 sum of two exact numbers, rounded once, then once more to the weight's own dtype (ties to
    even). Raises CohortError if the step is another model's.
    """
    if step.shape != (coordinates.size,):
        raise CohortError(f"the step has shape {step.shape}; the model has {coordinates.size:,} trained coordinates")
    steps = coordinates.split(fixed.dequantise(step, fraction_bits))
    return {**before, **{n: (before[n].astype(np.float64) + s).astype(before[n].dtype) for n, s in steps.items()}}


def apply(base: Model, step: Vector, fraction_bits: int) -> Model:
    """The model that a step leads to; `covey.learning.artefact.encode` and `digest` give its bytes and hash."""
    return replace(base, weights=moved(base.weights, step, coordinates_of(base), fraction_bits))


def encode(vector: Vector, coordinates: Coordinates) -> bytes:
    """The artefact of an update."""
    _require_range(vector)
    return tensors.pack(coordinates.split(vector))


def decode(source: tensors.Source, coordinates: Coordinates) -> Vector:
    """Read an update of `coordinates`; a file is memory-mapped, not loaded.

    Raises subclasses of `covey.learning.errors.FormatError` for bytes that are no such update, judged by the header
    before any number is read, and UpdateRangeError. NaN and infinity have no way in: coordinates are integers.
    """
    expected = 4 * coordinates.size
    with tensors.opened(source) as (stream, size):
        _check(tensors.read_layout(stream, size, expected), coordinates)
        start = stream.tell()
    dtype = tensors.DTYPES[_DTYPE]
    vector: Vector = (
        np.frombuffer(source, dtype, offset=start)
        if isinstance(source, bytes)
        else np.memmap(source, dtype, "r", start, (coordinates.size,))
    )
    _require_range(vector)
    return vector


def _check(layout: tensors.Layout, coordinates: Coordinates) -> None:
    shapes, found = dict(coordinates.shapes), {tensor.name: tensor for tensor in layout}
    if found.keys() != shapes.keys():
        missing, extra = shapes.keys() - found.keys(), found.keys() - shapes.keys()
        raise TensorNamesError(f"update lacks tensors {sorted(missing)} and has unexpected {sorted(extra)}")
    for name, tensor in found.items():
        if tensor.dtype != _DTYPE:
            raise DtypeError(f"tensor {name!r} of an update is {tensor.dtype}; quantise it to {_DTYPE} with Covey")
        if tensor.shape != shapes[name]:
            raise ShapeError(f"tensor {name!r} of an update is {tensor.shape}; the model's is {shapes[name]}")


def _require_range(vector: Vector) -> None:
    if int(vector.max()) > fixed.VALUE_LIMIT or int(vector.min()) < -fixed.VALUE_LIMIT:
        raise UpdateRangeError(
            f"an update's coordinates are integers from -2^{fixed.VALUE_BITS} to 2^{fixed.VALUE_BITS}"
        )
