"""Model artefacts: the one byte string of a model, and its judgement before anything in it is used.

    magic (8 bytes) | length of the JSON header (8, little-endian) | canonical JSON header | canonical safetensors

The header names family, architecture, input shape, classes and dtype; these dictate every tensor's name, shape and
place, so that size, cost and layout are judged before a tensor is read. There is no pickle and no code in it.
"""

import dataclasses
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Literal

import numpy as np
import pydantic
from pydantic import ConfigDict, Field, TypeAdapter

from covey.learning import errors, tensors
from covey.learning.architectures import Architecture
from covey.learning.families import family_of
from covey.learning.layers import Shape, multiply_adds, parameter_shapes
from covey.learning.task import Limits, Model, TaskSpec

VERSION: Literal[1] = 1
MAX_WEIGHT = 2.0**64
"""Largest magnitude of a weight. No honest model comes near; it keeps scoring free of overflow (`exact`)."""

_MAGIC = b"\x93COVEY\r\n"
_LENGTH_BYTES = 8
_MAX_HEADER = 4096
_DTYPES = ("F32", "F16")


@dataclass(frozen=True)
class ArtefactInfo:
    """What an artefact's headers say, all of it checked."""

    family: str
    architecture: Architecture
    input_shape: Shape
    classes: int
    dtype: str
    parameters: int
    multiply_adds: int
    layout: tensors.Layout


@pydantic.dataclasses.dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class _Header:
    architecture: dict[str, Any]
    classes: Annotated[int, Field(ge=2, le=4096)]
    dtype: Literal["F32", "F16"]
    family: str
    input_shape: Annotated[tuple[Annotated[int, Field(ge=1, le=2**15)], ...], Field(min_length=1, max_length=3)]
    version: Literal[1]


_HEADER = TypeAdapter(_Header)


def digest(data: bytes) -> bytes:
    """The hash that a model is announced and recognised by: SHA-256 of the artefact."""
    return hashlib.sha256(data).digest()


def require_digest(data: bytes, expected: bytes) -> None:
    """Raise HashMismatchError unless `data` is what was announced."""
    if digest(data) != expected:
        raise errors.HashMismatchError(f"artefact hashes to {digest(data).hex()}, {expected.hex()} was announced")


def encode(model: Model, limits: Limits = Limits()) -> bytes:  # noqa: B008 (Limits is immutable)
    """The artefact of `model`. Raises the error that a validator would meet, so that nobody publishes a bad one."""
    dtypes = {tensors.dtype_name(name, weight) for name, weight in model.weights.items()}
    if len(dtypes) != 1 or not dtypes <= set(_DTYPES):
        raise errors.DtypeError(f"weights must all be float32 or all float16, not {', '.join(sorted(dtypes))}")
    header = _Header(
        architecture=dataclasses.asdict(model.architecture),
        classes=model.classes,
        dtype=dtypes.pop(),  # type: ignore[arg-type]  # one of _DTYPES, as just checked
        family=model.family,
        input_shape=model.input_shape,
        version=VERSION,
    )
    text = _canonical(header)
    data = _MAGIC + len(text).to_bytes(_LENGTH_BYTES, "little") + text + tensors.pack(model.weights)
    decode(data, limits)
    return data


def inspect(source: tensors.Source, limits: Limits) -> ArtefactInfo:
    """Judge an artefact by its headers; no tensor is read. Raises the fitting subclass of LearningError."""
    with tensors.opened(source) as (stream, size):
        return _inspect(stream, size, limits)


def decode(source: tensors.Source, limits: Limits) -> Model:
    """Read a model. Raises what `inspect` raises, and NonFiniteError or WeightRangeError."""
    with tensors.opened(source) as (stream, size):
        info = _inspect(stream, size, limits)
        weights = tensors.unpack(tensors.read_exactly(stream, info.layout[-1].stop, "tensor data"), info.layout)
    for name, weight in weights.items():
        if not np.isfinite(weight).all():
            raise errors.NonFiniteError(f"tensor {name!r} holds NaN or infinity")
        if float(np.abs(weight).max()) > MAX_WEIGHT:
            raise errors.WeightRangeError(f"tensor {name!r} holds a magnitude above 2^64")
    return Model(info.family, info.architecture, info.input_shape, info.classes, weights)


def require_task(model: Model | ArtefactInfo, task: TaskSpec) -> None:
    """Raise TaskMismatchError unless the model is one for `task`."""
    found = (model.family, model.input_shape, model.classes)
    wanted = (task.family, task.input_shape, task.classes)
    if found != wanted:
        raise errors.TaskMismatchError(f"model is for (family, input, classes) {found}; the task is {wanted}")


def _inspect(stream: BinaryIO, size: int, limits: Limits) -> ArtefactInfo:
    if size > limits.max_artefact_bytes:
        raise errors.TooLargeError(f"artefact is {size:,} bytes; the limit is {limits.max_artefact_bytes:,}")
    text = _read_header(stream)
    try:
        header = _HEADER.validate_json(text)
    except ValueError as error:
        raise errors.HeaderError(f"artefact header is not one of version {VERSION}: {error}") from error
    family = family_of(header.family)
    name = header.architecture.get("name")
    if not isinstance(name, str):
        raise errors.HeaderError("artefact header's architecture has no name")
    architecture = family.architecture(name, header.architecture)
    if _canonical(dataclasses.replace(header, architecture=dataclasses.asdict(architecture))) != text:
        raise errors.NotCanonicalError("artefact header is not canonical JSON; encode the model with Covey")
    layers = family.layers(architecture, header.input_shape, header.classes)
    shapes = parameter_shapes(layers)
    parameters = sum(map(math.prod, shapes.values()))
    cost = multiply_adds(layers, header.input_shape)
    if parameters > limits.max_parameters:
        raise errors.TooLargeError(f"{parameters:,} parameters; the limit is {limits.max_parameters:,}")
    if cost > limits.max_multiply_adds:
        raise errors.TooLargeError(f"{cost:,} multiply-adds an example; the limit is {limits.max_multiply_adds:,}")
    layout = tensors.read_layout(stream, size - stream.tell(), limits.max_artefact_bytes)
    _check_layout(layout, shapes, header.dtype)
    return ArtefactInfo(
        header.family, architecture, header.input_shape, header.classes, header.dtype, parameters, cost, layout
    )


def _read_header(stream: BinaryIO) -> bytes:
    magic = stream.read(len(_MAGIC))
    if magic != _MAGIC:
        raise _unrecognised(magic)
    length = int.from_bytes(tensors.read_exactly(stream, _LENGTH_BYTES, "artefact header length"), "little")
    if length > _MAX_HEADER:
        raise errors.TooLargeError(f"artefact header claims {length:,} bytes; the limit is {_MAX_HEADER:,}")
    return tensors.read_exactly(stream, length, "artefact header")


def _check_layout(layout: tensors.Layout, shapes: dict[str, Shape], dtype: str) -> None:
    found = {tensor.name: tensor for tensor in layout}
    if found.keys() != shapes.keys():
        missing, extra = shapes.keys() - found.keys(), found.keys() - shapes.keys()
        raise errors.TensorNamesError(f"missing tensors: {sorted(missing)}; unexpected: {sorted(extra)}")
    for name, shape in shapes.items():
        if found[name].shape != shape:
            raise errors.ShapeError(f"tensor {name!r} is {found[name].shape}; the architecture dictates {shape}")
        if found[name].dtype != dtype:
            raise errors.DtypeError(f"tensor {name!r} is {found[name].dtype}; the artefact's header says {dtype}")


def _canonical(header: _Header) -> bytes:
    return json.dumps(dataclasses.asdict(header), sort_keys=True, separators=(",", ":")).encode()


def _unrecognised(magic: bytes) -> errors.FormatError:
    if len(magic) < len(_MAGIC) and _MAGIC.startswith(magic):
        return errors.TruncatedError("artefact is cut short within its first bytes")
    if magic.startswith(b"PK"):
        return errors.ZipError("this is a zip archive (torch.save writes those); encode the model with Covey instead")
    if magic[:1] == b"\x80" and magic[1:2] <= b"\x05":
        return errors.PickleError("this is a pickle, which can run code; encode the model with Covey instead")
    return errors.UnrecognisedError("this is no Covey artefact; encode the model with Covey")
