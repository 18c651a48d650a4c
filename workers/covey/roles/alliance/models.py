"""The global model as bytes that everybody has alike: a Covey artefact, or plain safetensors of any other app's arrays.

A model's hash on chain is the digest in its CID, so whoever knows the hash can fetch the model: of its two possible
encodings, its size, the same in all rounds, tells which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from covey.apps.app import Parameters
from covey.federated import updates
from covey.federated.fixed import Vector
from covey.federated.updates import Coordinates, coordinates_of
from covey.learning import artefact, tensors
from covey.learning.errors import NonFiniteError, TensorNamesError
from covey.learning.task import Limits, Model
from covey.learning.tensors import Array
from covey.roles.alliance.description import MAX_MODEL
from covey.storage.cid import DAG_PB, RAW, Cid
from covey.storage.unixfs import CHUNK_SIZE, cid_of

_LIMITS = Limits(max_artefact_bytes=MAX_MODEL, max_parameters=MAX_MODEL // 2, max_multiply_adds=2**40)
_TRAINED = ("F32", "F16")


@dataclass(frozen=True)
class GlobalModel:
    """`parameters` in the app's order; `own` is the model if it is one of Covey's families."""

    parameters: Parameters = field(repr=False)
    coordinates: Coordinates = field(repr=False)
    own: Model | None = field(repr=False)

    @classmethod
    def decode(cls, data: bytes, names: Sequence[str]) -> Self:
        """A model of tensors `names`, in this order; without names, a Covey artefact. Raises FormatError."""
        if not names:
            model = artefact.decode(data, _LIMITS)
            return cls(model.weights, coordinates_of(model), model)
        with tensors.opened(data) as (stream, size):
            layout = tensors.read_layout(stream, size, MAX_MODEL)
            arrays = tensors.unpack(tensors.read_exactly(stream, layout[-1].stop if layout else 0, "model"), layout)
        if sorted(names) != sorted(arrays):
            raise TensorNamesError(f"the model holds {sorted(arrays)[:8]}, not the tensors that its task names")
        _require_finite(arrays)
        trained = {tensor.name: tensor.shape for tensor in layout if tensor.dtype in _TRAINED}
        return cls({name: arrays[name] for name in names}, Coordinates.of(trained), None)

    def encode(self) -> bytes:
        """The one byte string of the model. Raises LearningError if a weight is beyond what a model may hold."""
        if self.own is not None:
            return artefact.encode(self.own, _LIMITS)
        _require_finite(self.parameters)
        return tensors.pack(self.parameters)

    def update_to(self, after: Parameters, fraction_bits: int) -> Vector:
        """The update that leads to a local model's parameters. Raises NonFiniteUpdateError."""
        return updates.difference(after, self.parameters, self.coordinates, fraction_bits)

    def moved(self, step: Vector, fraction_bits: int) -> Self:
        """The model after a step."""
        parameters = updates.moved(self.parameters, step, self.coordinates, fraction_bits)
        own = self.own and replace(self.own, weights=parameters)
        return replace(self, parameters=parameters, own=own)


def hash_of(model: bytes) -> bytes:
    """What names a model on chain."""
    return Cid.parse(cid_of(model)).digest


def cid_for(hash_: bytes, size: int) -> str:
    """Where the model of `size` bytes with this hash is."""
    return str(Cid(RAW if size <= CHUNK_SIZE else DAG_PB, hash_))


def _require_finite(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise NonFiniteError(f"tensor {name!r} holds NaN or infinity")
