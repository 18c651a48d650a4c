"""Canonical safetensors: named arrays to and from the one byte string they have.

Files are plain safetensors (https://huggingface.co/docs/safetensors), so any reader opens them. We write and check the
header ourselves because the bytes are hashed into commitments: there is no metadata, tensors are ordered by item size
(largest first) and then by name, without gaps, and the JSON has one spelling. They must not change with a library.
"""

import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from covey.learning import errors

Array = npt.NDArray[Any]
Source = bytes | Path

DTYPES: Mapping[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "U8": np.dtype("u1"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_MAX_HEADER = 64 * 1024
_MAX_RANK = 4
_LENGTH_BYTES = 8


@dataclass(frozen=True)
class TensorInfo:
    """What a header says about one tensor. `start` and `stop` are byte offsets into the data part."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


Layout = tuple[TensorInfo, ...]


def layout_of(tensors: Mapping[str, tuple[str, tuple[int, ...]]]) -> Layout:
    """The canonical layout of tensors given as name -> (dtype name, shape)."""
    start, layout = 0, []
    for name, (dtype, shape) in sorted(tensors.items(), key=lambda item: (-DTYPES[item[1][0]].itemsize, item[0])):
        stop = start + math.prod(shape) * DTYPES[dtype].itemsize
        layout.append(TensorInfo(name, dtype, shape, start, stop))
        start = stop
    return tuple(layout)


def header_of(layout: Layout) -> bytes:
    """The canonical header: length prefix and JSON, padded with spaces to a multiple of 8 bytes."""
    entries = {t.name: {"dtype": t.dtype, "shape": t.shape, "data_offsets": (t.start, t.stop)} for t in layout}
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text


def pack(arrays: Mapping[str, Array]) -> bytes:
    """Serialise `arrays`. Raises DtypeError for a dtype outside `DTYPES`."""
    tensors = {name: (dtype_name(name, array), array.shape) for name, array in arrays.items()}
    layout = layout_of(tensors)
    return header_of(layout) + b"".join(arrays[t.name].astype(DTYPES[t.dtype], copy=False).tobytes() for t in layout)


def dtype_name(name: str, array: Array) -> str:
    """The safetensors name of an array's dtype. Raises DtypeError if it is not allowed."""
    found = _NAMES.get(array.dtype.newbyteorder("<"))
    if found is None:
        raise errors.DtypeError(f"tensor {name!r} is {array.dtype}; allowed are {', '.join(map(str, _NAMES))}")
    return found


def unpack(data: bytes, layout: Layout) -> dict[str, Array]:
    """The arrays of a data part whose layout has been checked. They are read-only views into `data`."""
    return {t.name: np.frombuffer(data, DTYPES[t.dtype], math.prod(t.shape), t.start).reshape(t.shape) for t in layout}


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, int]]:
    """`source` as a stream together with its size in bytes, so that a file is judged before it is read."""
    if isinstance(source, bytes):
        yield io.BytesIO(source), len(source)
    else:
        with source.open("rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size


def read_exactly(stream: BinaryIO, size: int, what: str) -> bytes:
    """The next `size` bytes. Raises TruncatedError when there are fewer."""
    data = stream.read(size)
    if len(data) < size:
        raise errors.TruncatedError(f"{what} is cut short: {size:,} bytes expected, {len(data):,} found")
    return data


def read_layout(stream: BinaryIO, available: int, max_bytes: int) -> Layout:
    """Read and check a header; leave `stream` at the data part.

    `available` is the number of bytes from here to the end. The result's tensors are contiguous, in bounds, of known
    dtypes, and fill the rest exactly; whether their names and shapes are the right ones is for the caller to judge.
    """
    length = int.from_bytes(read_exactly(stream, _LENGTH_BYTES, "safetensors length"), "little")
    if length > _MAX_HEADER:
        raise errors.TooLargeError(f"safetensors header claims {length:,} bytes; the limit is {_MAX_HEADER:,}")
    text = read_exactly(stream, length, "safetensors header")
    entries = _parse_object(text)
    if "__metadata__" in entries:
        raise errors.MetadataError("safetensors metadata is not allowed; save the tensors without it")
    layout = tuple(sorted((_tensor(name, entry) for name, entry in entries.items()), key=lambda t: (t.start, t.stop)))
    _check_extent(layout, available - _LENGTH_BYTES - length, max_bytes)
    if header_of(layout) != length.to_bytes(_LENGTH_BYTES, "little") + text:
        raise errors.NotCanonicalError("safetensors header is not written canonically; encode the model with Covey")
    return layout


def _parse_object(text: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise errors.HeaderError(f"safetensors header is not valid JSON: {error}") from error
    if not isinstance(entries, dict):
        raise errors.HeaderError("safetensors header is not a JSON object")
    return entries


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a key appears twice")
    return entries


def _tensor(name: str, entry: object) -> TensorInfo:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise errors.HeaderError(f"tensor {name!r} needs exactly dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise errors.DtypeError(f"tensor {name!r} has dtype {dtype!r}; allowed are {', '.join(DTYPES)}")
    if not _naturals(shape) or len(shape) > _MAX_RANK or not _naturals(offsets) or len(offsets) != 2:
        raise errors.HeaderError(f"tensor {name!r} has a bad shape or bad offsets")
    info = TensorInfo(name, dtype, tuple(shape), *offsets)
    if info.stop - info.start != math.prod(shape) * DTYPES[dtype].itemsize:
        raise errors.HeaderError(f"tensor {name!r}: its offsets do not span its shape {shape}")
    return info


def _naturals(values: object) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _check_extent(layout: Layout, available: int, max_bytes: int) -> None:
    stop = max((t.stop for t in layout), default=0)
    if stop > max_bytes:
        raise errors.TooLargeError(f"tensors claim {stop:,} bytes; the limit is {max_bytes:,}")
    end = 0
    for tensor in layout:
        if tensor.start != end:
            raise errors.HeaderError(f"tensor {tensor.name!r} overlaps another or leaves a gap")
        end = tensor.stop
    if end > available:
        raise errors.TruncatedError(f"tensor data is cut short: {end:,} bytes expected, {available:,} found")
    if end < available:
        raise errors.TrailingBytesError(f"{available - end:,} bytes follow the tensors")
