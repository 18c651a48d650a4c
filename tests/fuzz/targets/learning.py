"""Models, hidden data and users' own data."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from covey.learning import artefact, tensors
from covey.learning.data import Dataset, decode_shard, encode_shard, load_csv, load_images, load_npz
from covey.learning.errors import DataError, LearningError
from covey.learning.families import family_of
from covey.learning.layers import parameter_shapes
from covey.learning.task import Limits, Model, TaskSpec
from tests.fuzz import files, mutation
from tests.fuzz.target import Target

_LIMITS = Limits(max_artefact_bytes=2**20, max_parameters=2**17, max_multiply_adds=2**20)
_TASK = TaskSpec("image-classification", (1, 2, 2), 3, _LIMITS)
_MAGIC = 8
_LENGTH = 8


def model(architecture: str, dtype: str, **hyper_parameters: object) -> Model:
    """A model of zeros for `_TASK`."""
    family = family_of(_TASK.family)
    chosen = family.architecture(architecture, hyper_parameters)
    shapes = parameter_shapes(family.layers(chosen, _TASK.input_shape, _TASK.classes))
    weights = {name: np.zeros(shape, dtype) for name, shape in shapes.items()}
    return Model(_TASK.family, chosen, _TASK.input_shape, _TASK.classes, weights)


def _artefacts() -> list[bytes]:
    models = (
        model("linear", "<f4"),
        model("mlp", "<f4", hidden=[2, 1]),
        model("cnn", "<f2", channels=[1], hidden=1),
    )
    return [artefact.encode(one, _LIMITS) for one in models]


def _read_artefact(data: bytes) -> None:
    artefact.inspect(data, _LIMITS)
    assert artefact.encode(artefact.decode(data, _LIMITS), _LIMITS) == data, "a second spelling of one model"


def _artefact_extremes() -> list[bytes]:
    start = _artefacts()[0][:_MAGIC]
    deep = b'{"architecture":' + b'{"a":' * 800 + b"0" + b"}" * 801
    return [
        start + b"\xff" * _LENGTH,
        _framed((start, deep)),
        _framed((start, b'{"architecture":' + b"9" * 4000 + b"}")),
        _framed((start, b"[" * 4096)),
        _artefacts()[0] + bytes(_LIMITS.max_artefact_bytes),
    ]


def _split_artefact(data: bytes) -> Sequence[bytes] | None:
    """Magic, header, header of the tensors, tensors."""
    header = data[_MAGIC : _MAGIC + _LENGTH]
    cut = _MAGIC + _LENGTH + int.from_bytes(header, "little")
    rest = _split_shard(data[cut:])
    return None if rest is None else (data[:_MAGIC], data[_MAGIC + _LENGTH : cut], *rest)


def _join_artefact(parts: Sequence[bytes]) -> bytes:
    return _framed(parts[:2]) + _join_shard(parts[2:])


def _split_shard(data: bytes) -> Sequence[bytes] | None:
    cut = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
    return None if cut > len(data) else (data[_LENGTH:cut], data[cut:])


def _join_shard(parts: Sequence[bytes]) -> bytes:
    header = parts[0].strip()
    return _framed((b"", header + b" " * (-len(header) % 8))) + b"".join(parts[1:])


def _framed(parts: Sequence[bytes]) -> bytes:
    """A start, and a text behind its length."""
    start, text = parts
    return start + len(text).to_bytes(_LENGTH, "little") + text


def _datasets() -> list[Dataset]:
    labels = np.array([0, 2, 1], np.int64)
    return [
        Dataset(np.arange(12, dtype=np.uint8).reshape(3, 1, 2, 2), labels, 3),
        Dataset(np.ones((3, 1, 2, 2), np.float32), labels, 3),
    ]


def _read_shard(data: bytes) -> None:
    assert encode_shard(decode_shard(data, _TASK, 2**20)) == data, "a second spelling of one shard"


def _shard_extremes() -> list[bytes]:
    empty = {"x": ("U8", (0, 1, 2, 2)), "y": ("I64", (0,))}
    many = {f"{i}": ("U8", (0,)) for i in range(1000)}
    return [
        tensors.header_of(tensors.layout_of(empty)),
        tensors.header_of(tensors.layout_of(many)),
        _framed((b"", b"[" * 65536)),
        _framed((b"", b"[" + b"[]," * 21000 + b"[]]")),
        _framed((b"", b'{"x":' + b"9" * 65000 + b"}")),
    ]


@cache
def _images_folder() -> tempfile.TemporaryDirectory[str]:
    """Two classes: one of an image that is as it should be, one of the fuzzer's."""
    folder = tempfile.TemporaryDirectory(prefix="covey-fuzz-")
    for name in ("right", "fuzzed"):
        Path(folder.name, name).mkdir()
    Path(folder.name, "right", "image").write_bytes(next(_images()))
    Path(folder.name, "fuzzed", "image").symlink_to(files.holding(b""))
    return folder


def _read_image(data: bytes) -> None:
    root = Path(_images_folder().name)
    files.holding(data)
    load_images(root, 2)


def _npz_files() -> Iterator[bytes]:
    x, y = np.arange(8, dtype=np.uint8).reshape(2, 2, 2), np.array(["a", "b"])
    for save in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        save(file, x=x, y=y)
        yield file.getvalue()


def _images(size: tuple[int, int] = (3, 2)) -> Iterator[bytes]:
    from PIL import Image

    for kind, mode in itertools.product(("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF"), ("L", "RGB")):
        file = io.BytesIO()
        Image.new(mode, size, 7).save(file, kind)
        yield file.getvalue()


TARGETS = (
    Target(
        "artefact",
        _read_artefact,
        _artefacts,
        (LearningError,),
        _artefact_extremes,
        mutation.either(mutation.alter_part(_split_artefact, _join_artefact), mutation.alter_bytes),
    ),
    Target(
        "shard",
        _read_shard,
        lambda: [encode_shard(data) for data in _datasets()],
        (LearningError,),
        _shard_extremes,
        mutation.either(mutation.alter_part(_split_shard, _join_shard), mutation.alter_bytes),
    ),
    Target("csv", lambda data: load_csv(files.holding(data)), lambda: [b"a,b,label\n1,2.5,x\n3,1e9,y\n"], (DataError,)),
    Target("npz", lambda data: load_npz(files.holding(data)), lambda: list(_npz_files()), (DataError,)),
    Target(
        "image",
        _read_image,
        lambda: list(_images()),
        (DataError,),
        lambda: list(_images((2048, 2048))),
        cost=4,
    ),
)
