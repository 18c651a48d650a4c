"""Labelled data: where it comes from, how it is split for a task, and the one byte string that a shard has."""

import csv
import hashlib
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from covey.learning import tensors
from covey.learning.errors import DataError, DtypeError, TensorNamesError, TooLargeError
from covey.learning.layers import Shape
from covey.learning.task import TaskSpec
from covey.learning.tensors import Array

MAX_EXAMPLES = 2_000_000
MAX_BYTES = 2**30
MAX_CLASSES = 4096
SMALL_SHARD = 500
"""Below this many examples guessed scores may earn over 2 % of honest pay (docs/economics.md): creators are warned."""

_IMAGE_FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF")
_MAX_PIXELS = 2**25
"""Of one image. Each takes four bytes."""

_UNREADABLE = (OSError, ValueError, EOFError, RuntimeError, MemoryError, OverflowError, zipfile.BadZipFile, zlib.error)
"""What zipfile and numpy raise for a damaged .npz file."""


@dataclass(frozen=True)
class Dataset:
    """Examples and their classes. Arrays are made read-only; everything is checked on construction (DataError).

    x: (n, *input_shape), uint8 or finite float32; images are (channels, height, width). y: (n,), int64 in [0, classes).
    """

    x: Array = field(repr=False)
    y: npt.NDArray[np.int64] = field(repr=False)
    classes: int

    def __post_init__(self) -> None:
        if self.x.dtype not in (np.uint8, np.float32) or self.y.dtype != np.int64:
            raise DataError(f"x must be uint8 or float32 and y int64, not {self.x.dtype} and {self.y.dtype}")
        if not 2 <= self.x.ndim <= 4 or self.y.ndim != 1 or len(self.x) != len(self.y) or 0 in self.x.shape:
            raise DataError(f"x {self.x.shape} and y {self.y.shape} are not n > 0 examples and their n classes")
        if len(self.y) > MAX_EXAMPLES or self.x.nbytes > MAX_BYTES:
            raise DataError(f"{len(self.y):,} examples of {self.x.nbytes:,} bytes exceed {MAX_EXAMPLES:,} or 1 GiB")
        if not 2 <= self.classes <= MAX_CLASSES or self.y.min() < 0 or self.y.max() >= self.classes:
            raise DataError(f"classes must number 2 to {MAX_CLASSES} and every label lie in [0, {self.classes})")
        if self.x.dtype == np.float32 and not np.isfinite(self.x).all():
            raise DataError("x holds NaN or infinity; clean the data first")
        self.x.setflags(write=False)
        self.y.setflags(write=False)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def input_shape(self) -> Shape:
        """The shape of one example."""
        return self.x.shape[1:]

    def take(self, indices: npt.NDArray[np.int64]) -> "Dataset":
        """The examples at `indices`, in that order."""
        return Dataset(self.x[indices], self.y[indices], self.classes)


# Shards ---------------------------------------------------------------------------------------------------------------


def encode_shard(data: Dataset) -> bytes:
    """The one byte string of `data`: canonical safetensors of x and y, without metadata."""
    return tensors.pack({"x": data.x, "y": data.y})


def decode_shard(source: tensors.Source, task: TaskSpec, max_bytes: int = MAX_BYTES) -> Dataset:
    """Read a shard of `task`. The header is judged before any example is read.

    Raises FormatError's subclasses for bytes that are no shard, DataError for examples that are not the task's.
    """
    with tensors.opened(source) as (stream, size):
        if size > max_bytes:
            raise TooLargeError(f"shard is {size:,} bytes; the limit is {max_bytes:,}")
        layout = tensors.read_layout(stream, size, max_bytes)
        found = {t.name: t for t in layout}
        if found.keys() != {"x", "y"}:
            raise TensorNamesError(f"a shard holds exactly x and y, not {sorted(found)}")
        if found["x"].dtype not in ("F32", "U8") or found["y"].dtype != "I64":
            raise DtypeError("a shard's x is F32 or U8 and its y is I64")
        if found["x"].shape[1:] != task.input_shape:
            raise DataError(f"shard has inputs {found['x'].shape[1:]}; the task has {task.input_shape}")
        arrays = tensors.unpack(tensors.read_exactly(stream, layout[-1].stop, "shard"), layout)
    return Dataset(arrays["x"], arrays["y"], task.classes)


# Splits ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """A data set cut for a task: public training set, hidden shards in the order of the rounds (A ..., then B)."""

    train: Dataset
    shards: tuple[Dataset, ...]

    @property
    def small(self) -> tuple[int, ...]:
        """Rounds whose shard has fewer than `SMALL_SHARD` examples."""
        return tuple(r for r, shard in enumerate(self.shards) if len(shard) < SMALL_SHARD)


def split_for_task(data: Dataset, rounds: int, seed: bytes, hidden_a: float = 0.3, hidden_b: float = 0.2) -> Split:
    """Cut `data` into a training set, `rounds - 1` equal shards of A (share `hidden_a`) and B (share `hidden_b`).

    Stratified: every part has each class in the same proportion, within one example. Determined by `data` and `seed`
    alone. Raises DataError when a part would be empty or the training set would miss a class.
    """
    if rounds < 1 or not (0 < hidden_a < 1 and 0 < hidden_b < 1 and hidden_a + hidden_b < 1):
        raise DataError("a split needs at least one round, and shares of A and B above 0 that leave something to train")
    of_a = [hidden_a / (rounds - 1) for _ in range(rounds - 1)]
    train, *shards = stratify(data.y, [1 - sum(of_a) - hidden_b, *of_a, hidden_b], seed)
    missing = np.setdiff1d(data.y, data.y[train])
    if len(missing) or not all(map(len, shards)):
        raise DataError(f"too few examples for {rounds} rounds: a shard is empty or class {missing} cannot be trained")
    return Split(data.take(train), tuple(data.take(shard) for shard in shards))


def stratify(y: npt.NDArray[np.int64], shares: Sequence[float], seed: bytes) -> list[npt.NDArray[np.int64]]:
    """Indices of `y` in parts of the given shares (summing to 1), each class spread over them in proportion.

    The order comes from SHA-256(seed, index), not from a library's generator, so that it never changes. `seed` is
    secret for hidden shards: whoever knows it and the whole data set knows the split.
    """
    keys = [hashlib.sha256(seed + i.to_bytes(8, "big")).digest() for i in range(len(y))]
    order = np.array(sorted(range(len(y)), key=keys.__getitem__), dtype=np.int64)
    cuts = np.cumsum(shares)[:-1]
    parts: list[list[npt.NDArray[np.int64]]] = [[] for _ in shares]
    for label in np.unique(y):
        members = order[y[order] == label]
        for part, piece in zip(parts, np.split(members, np.rint(cuts * len(members)).astype(int)), strict=True):
            part.append(piece)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return [members[np.argsort(rank[members])] for members in map(np.concatenate, parts)]


# Sources --------------------------------------------------------------------------------------------------------------


def load(source: str, label: str | None = None, image_side: int | None = None, names: Sequence[str] = ()) -> Dataset:
    """A data set by name (`digits`, `breast-cancer`) or path: `.npz`, `.csv`, or a folder of labelled images.

    `label` names the label column of a CSV file (default: the last). `image_side` resizes a folder's images to squares.
    `names` are those of all classes in order, for data that holds only some of them. Raises DataError.
    """
    if source in BUILT_IN:
        return BUILT_IN[source]()
    path = Path(source)
    if path.is_dir():
        return load_images(path, image_side, names)
    if not path.is_file():
        raise DataError(f"no data at {source!r}: give a path, or one of {', '.join(BUILT_IN)}")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path.name} is over {MAX_BYTES:,} bytes")
    if path.suffix == ".npz":
        return load_npz(path, names)
    if path.suffix == ".csv":
        return load_csv(path, label, names)
    raise DataError(f"{path.name}: expected .npz, .csv or a folder with one sub-folder of images per class")


def load_digits() -> Dataset:
    """1,797 handwritten digits, 8x8, values 0 to 16 (scikit-learn)."""
    from sklearn.datasets import load_digits as read

    bunch = read()
    return Dataset(bunch.images.astype(np.uint8)[:, None], bunch.target.astype(np.int64), 10)


def load_breast_cancer() -> Dataset:
    """569 tumours, 30 features, malignant (0) or benign (1) (scikit-learn)."""
    from sklearn.datasets import load_breast_cancer as read

    bunch = read()
    return Dataset(bunch.data.astype(np.float32), bunch.target.astype(np.int64), 2)


BUILT_IN: Mapping[str, Callable[[], Dataset]] = {"digits": load_digits, "breast-cancer": load_breast_cancer}


def load_npz(path: Path, names: Sequence[str] = ()) -> Dataset:
    """Arrays `x` and `y` of an .npz file. Images may be (n, height, width) or (n, channels, height, width)."""
    try:
        with zipfile.ZipFile(path) as archive:
            inflated = sum(entry.file_size for entry in archive.infolist())
        if inflated > MAX_BYTES:
            raise DataError(f"{path.name} inflates to {inflated:,} bytes; the limit is {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as arrays:
            x, y = arrays["x"], arrays["y"]
        if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
            raise ValueError("x or y is no array")
    except KeyError as error:
        raise DataError(f"{path.name} needs arrays named x and y") from error
    except _UNREADABLE as error:
        raise DataError(f"{path.name} is not a readable .npz file without pickles: {error}") from error
    if not np.issubdtype(x.dtype, np.number) or np.issubdtype(x.dtype, np.complexfloating):
        raise DataError(f"{path.name}: x must be numeric, not {x.dtype}")
    if x.ndim == 3:
        x = x[:, None]
    return _labelled(x if x.dtype == np.uint8 else x.astype(np.float32), y.tolist(), names)


def load_csv(path: Path, label: str | None = None, names: Sequence[str] = ()) -> Dataset:
    """A CSV file with a header line: numeric features and one label column (default: the last), of any text."""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = csv.reader(stream)
        try:
            header = next(rows, [])
            if len(header) < 2:
                raise DataError("a header line with at least one feature and a label column is needed")
            if label is not None and label not in header:
                raise DataError(f"no column {label!r} among {', '.join(header)}")
            column = header.index(label) if label is not None else len(header) - 1
            labels, features = [], []
            for row in rows:
                if len(row) != len(header):
                    raise DataError(f"{len(row)} cells, not {len(header)}")
                labels.append(row.pop(column))
                features.append(np.array(row, dtype=np.float32))
        except (ValueError, csv.Error) as error:
            raise DataError(f"{path.name}, line {rows.line_num}: {error}") from error
    if not features:
        raise DataError(f"{path.name} has no rows under its header")
    return _labelled(np.stack(features), labels, names)


def load_images(folder: Path, side: int | None = None, names: Sequence[str] = ()) -> Dataset:
    """A folder with one sub-folder of images per class, in the order of their names.

    Images are grey if the first one is, else RGB; all must have the first one's size unless `side` resizes them.
    """
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    files = [(file, label) for label, entry in enumerate(classes) for file in sorted(entry.iterdir()) if file.is_file()]
    if not files or len(files) > MAX_EXAMPLES:
        raise DataError(f"{folder.name} needs sub-folders with 1 to {MAX_EXAMPLES:,} images in all, not {len(files):,}")
    first = _read_image(files[0][0], None, side)
    mode = "L" if first.ndim == 2 else "RGB"
    if first.nbytes * len(files) > MAX_BYTES:
        raise DataError(f"{len(files):,} images of {first.nbytes:,} bytes exceed {MAX_BYTES:,} in all; resize them")
    x = np.empty((len(files), *first.shape), dtype=np.uint8)
    for i, (file, _) in enumerate(files):
        image = _read_image(file, mode, side)
        if image.shape != first.shape:
            raise DataError(f"{file.name} is {image.shape}, the first {first.shape}: give a size to resize all to")
        x[i] = image
    x = x[:, None] if mode == "L" else np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return _labelled(x, [classes[label].name for _, label in files], names or [entry.name for entry in classes])


def _read_image(file: Path, mode: str | None, side: int | None) -> npt.NDArray[np.uint8]:
    from PIL import Image

    try:
        with Image.open(file, formats=_IMAGE_FORMATS) as image:
            if math.prod(image.size) > _MAX_PIXELS:
                raise DataError(f"{image.size[0]}x{image.size[1]} pixels; the limit is {_MAX_PIXELS:,} in all")
            wanted = mode or ("L" if image.mode in ("1", "L") else "RGB")
            pixels = image if image.mode == wanted else image.convert(wanted)
            if side is not None:
                pixels = pixels.resize((side, side))
            return np.asarray(pixels, dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
        raise DataError(f"{file.parent.name}/{file.name}: {error}") from error


def _labelled(x: Array, labels: Sequence[object], names: Sequence[str]) -> Dataset:
    """Class i is the i-th of `names`; without names, the i-th distinct label, in numeric order where all are whole
    numbers, else in that of their text."""
    texts = [str(label) for label in labels]
    classes = list(names) or _distinct(texts)
    index = {text: i for i, text in enumerate(classes)}
    unknown = next((text for text in texts if text not in index), None)
    if unknown is not None:
        raise DataError(f"the label {unknown[:40]!r} is none of the task's classes {', '.join(classes[:8])}")
    return Dataset(x, np.array([index[text] for text in texts], dtype=np.int64), len(classes))


def _distinct(texts: Sequence[str]) -> list[str]:
    try:
        return sorted(set(texts), key=int)
    except ValueError:
        return sorted(set(texts))
