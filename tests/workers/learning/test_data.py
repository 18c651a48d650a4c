"""Data: sources, splits, shards, and what is refused."""

import hashlib
import io
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from covey.learning import errors
from covey.learning.data import (
    Dataset,
    Split,
    decode_shard,
    encode_shard,
    load,
    load_breast_cancer,
    load_digits,
    split_for_task,
)
from covey.learning.families import family_of
from covey.learning.task import TaskSpec


def rows(data: Dataset) -> list[bytes]:
    return [x.tobytes() + y.tobytes() for x, y in zip(data.x, data.y, strict=True)]


def test_built_in_sets() -> None:
    digits, tumours = load("digits"), load("breast-cancer")
    assert (len(digits), digits.input_shape, digits.classes, digits.x.dtype) == (1797, (1, 8, 8), 10, np.uint8)
    assert (len(tumours), tumours.input_shape, tumours.classes, tumours.x.dtype) == (569, (30,), 2, np.float32)


@pytest.mark.parametrize("rounds", [1, 2, 3, 8])
def test_split_is_a_stratified_partition(rounds: int) -> None:
    data = load_digits()
    split = split_for_task(data, rounds, b"seed")
    everything = [row for part in (split.train, *split.shards) for row in rows(part)]
    assert sorted(everything) == sorted(rows(data))
    assert len(split.shards) == rounds
    share = np.bincount(data.y) / len(data)
    for part in (split.train, *split.shards):
        assert np.abs(np.bincount(part.y) - share * len(part)).max() <= 1.5


def test_split_depends_on_the_seed_alone() -> None:
    data = load_digits()
    first, same, other = (split_for_task(data, 3, seed) for seed in (b"1", b"1", b"2"))
    assert list(map(rows, first.shards)) == list(map(rows, same.shards))
    assert rows(first.shards[0]) != rows(other.shards[0])


def test_split_is_pinned() -> None:
    """The order must not change with a library: it decides what is hidden."""
    last = encode_shard(split_for_task(load_digits(), 3, b"seed").shards[-1])
    assert hashlib.sha256(last).hexdigest() == "84529741e7056a2100ee8e45aa4d21e1119dd2366a69be2e0f811b49f2035d6d"


def test_small_shards_are_named() -> None:
    assert split_for_task(load_breast_cancer(), 3, b"seed").small == (0, 1, 2)
    assert split_for_task(load_digits(), 2, b"seed").small == (1,)


@pytest.mark.parametrize(("rounds", "a", "b"), [(0, 0.3, 0.2), (3, 0.9, 0.2), (3, 0.0, 0.2), (200, 0.3, 0.2)])
def test_impossible_splits(rounds: int, a: float, b: float) -> None:
    with pytest.raises(errors.DataError):
        split_for_task(load_breast_cancer(), rounds, b"seed", a, b)


def test_shard_round_trip(digits: Split, task: TaskSpec, tmp_path: Path) -> None:
    shard = digits.shards[0]
    data = encode_shard(shard)
    file = tmp_path / "shard"
    file.write_bytes(data)
    for source in (data, file):
        again = decode_shard(source, task)
        assert np.array_equal(again.x, shard.x)
        assert np.array_equal(again.y, shard.y)
        assert encode_shard(again) == data
    assert safetensors.numpy.load(data).keys() == {"x", "y"}


@pytest.mark.parametrize(
    ("tensors", "error"),
    [
        ({"x": np.zeros((2, 1, 8, 8), np.uint8)}, errors.TensorNamesError),
        ({"x": np.zeros((2, 1, 8, 8), np.uint8), "y": np.zeros(2, np.float32)}, errors.DtypeError),
        ({"x": np.zeros((2, 1, 8, 8), np.float16), "y": np.zeros(2, np.int64)}, errors.DtypeError),
        ({"x": np.zeros((2, 1, 8, 8), np.float64), "y": np.zeros(2, np.int64)}, errors.DtypeError),
        ({"x": np.zeros((2, 64), np.uint8), "y": np.zeros(2, np.int64)}, errors.DataError),
        ({"x": np.zeros((2, 1, 8, 8), np.uint8), "y": np.zeros(3, np.int64)}, errors.DataError),
        ({"x": np.zeros((2, 1, 8, 8), np.uint8), "y": np.array([0, 10])}, errors.DataError),
        ({"x": np.zeros((2, 1, 8, 8), np.uint8), "y": np.array([0, -1])}, errors.DataError),
        ({"x": np.full((2, 1, 8, 8), np.nan, np.float32), "y": np.array([0, 1])}, errors.DataError),
        ({"x": np.zeros((0, 1, 8, 8), np.uint8), "y": np.zeros(0, np.int64)}, errors.DataError),
    ],
)
def test_bad_shards(task: TaskSpec, tensors: dict[str, np.ndarray], error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_shard(safetensors.numpy.save(tensors), task)


def test_truncated_and_oversized_shards(digits: Split, task: TaskSpec) -> None:
    data = encode_shard(digits.shards[0])
    with pytest.raises(errors.TruncatedError):
        decode_shard(data[:-1], task)
    with pytest.raises(errors.TooLargeError):
        decode_shard(data, task, max_bytes=len(data) - 1)
    with pytest.raises(errors.LearningError):
        decode_shard(pickle.dumps(digits.shards[0].x), task)


def test_datasets_cannot_be_changed(digits: Split) -> None:
    with pytest.raises(ValueError, match="read-only"):
        digits.train.x[0] = 1


# Files ----------------------------------------------------------------------------------------------------------------


def test_npz(tmp_path: Path) -> None:
    file = tmp_path / "data.npz"
    np.savez(file, x=np.zeros((4, 5, 6), np.uint8), y=np.array([7, 3, 7, 20]))
    data = load(str(file))
    assert (data.input_shape, data.classes, data.y.tolist()) == ((1, 5, 6), 3, [1, 0, 1, 2])
    np.savez_compressed(file, x=np.arange(8, dtype=np.int32).reshape(4, 2), y=np.array(["b", "a", "b", "a"]))
    data = load(str(file))
    assert (data.x.dtype, data.y.tolist()) == (np.float32, [1, 0, 1, 0])
    family_of("tabular").check_input(data.input_shape)


def test_bad_npz(tmp_path: Path) -> None:
    file = tmp_path / "data.npz"
    for arrays in (
        {"x": np.zeros((2, 2))},
        {"x": np.array([{}, {}], object), "y": np.array([0, 1])},
        {"x": np.array([["a"], ["b"]]), "y": np.array([0, 1])},
        {"x": np.zeros((2, 2)), "y": np.zeros(3)},
        {"x": np.full((2, 2), np.inf), "y": np.array([0, 1])},
        {"x": np.zeros((2, 2)), "y": np.array([1, 1])},
    ):
        np.savez(file, allow_pickle=True, **arrays)
        with pytest.raises(errors.DataError):
            load(str(file))
    file.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(errors.DataError, match="readable"):
        load(str(file))


@pytest.mark.parametrize(
    ("at", "change"),
    [
        (4, b"\xff"),  # the version that is needed to read it
        (6, b"\x21"),  # encrypted
        (8, b"\x63"),  # compressed in a way that nobody knows
    ],
)
def test_npz_of_other_kinds(tmp_path: Path, at: int, change: bytes) -> None:
    file = tmp_path / "data.npz"
    np.savez_compressed(file, x=np.zeros((4, 5)), y=np.array([7, 3, 7, 20]))
    whole = file.read_bytes()
    in_directory = whole.index(b"PK\x01\x02") + 2 + at
    file.write_bytes(whole[:in_directory] + change + whole[in_directory + 1 :])
    with pytest.raises(errors.DataError, match="readable"):
        load(str(file))


@pytest.mark.parametrize("shape", [None, (2**40,), (2**70,)], ids=str)
def test_npz_without_arrays(tmp_path: Path, shape: tuple[int, ...] | None) -> None:
    content = b"no array" if shape is None else npy_header(shape)
    file = tmp_path / "data.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", content)
        archive.writestr("y.npy", content)
    with pytest.raises(errors.DataError, match="readable"):
        load(str(file))


def npy_header(shape: tuple[int, ...]) -> bytes:
    """Of an array of which nothing else is there."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_npz_with_damaged_data(tmp_path: Path) -> None:
    file = tmp_path / "data.npz"
    np.savez_compressed(file, x=np.arange(20).reshape(4, 5), y=np.array([7, 3, 7, 20]))
    whole = bytearray(file.read_bytes())
    data = 30 + int.from_bytes(whole[26:28], "little") + int.from_bytes(whole[28:30], "little")
    whole[data : data + 8] = b"\xff" * 8
    file.write_bytes(whole)
    with pytest.raises(errors.DataError, match="readable"):
        load(str(file))


def test_npz_that_inflates_to_gigabytes(tmp_path: Path) -> None:
    file = tmp_path / "bomb.npz"
    np.savez_compressed(file, x=np.zeros(2**20, np.uint8), y=np.zeros(2))
    data = bytearray(file.read_bytes())
    inflated = (2**20 + 128).to_bytes(4, "little")
    assert data.count(inflated) >= 1
    file.write_bytes(data.replace(inflated, (2**31).to_bytes(4, "little")))
    with pytest.raises(errors.DataError, match="inflates"):
        load(str(file))


def test_csv(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("kind,width,height\nb,1,2.5\na,3,-4e1\nb,0,0\n")
    data = load(str(file), label="kind")
    assert (data.x.tolist(), data.y.tolist(), data.classes) == ([[1, 2.5], [3, -40], [0, 0]], [1, 0, 1], 2)


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", None, "header line"),
        ("only\n1\n", None, "header line"),
        ("a,b\n", None, "no rows"),
        ("a,b\n1,x\nhello,y\n", None, "line 3.*hello"),
        ("a,b\n1,x\n1\n", None, "line 3: 1 cells"),
        ("a,b\n1,x\n,y\n", None, "line 3"),
        ("a,b\n1,x\nnan,y\n", None, "NaN"),
        ("a,b\n1,x\n2,x\n", None, "classes"),
        ("a,b\n1,x\n2,y\n", "c", "no column 'c' among a, b"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, label: str | None, message: str) -> None:
    file = tmp_path / "data.csv"
    file.write_text(text)
    with pytest.raises(errors.DataError, match=message):
        load(str(file), label)


def paint(file: Path, size: tuple[int, int], mode: str = "L", colour: int | tuple[int, ...] = 9) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(file)


def test_folder_of_images(tmp_path: Path) -> None:
    paint(tmp_path / "cat" / "1.png", (4, 6), colour=1)
    paint(tmp_path / "dog" / "1.png", (4, 6), colour=2)
    paint(tmp_path / "dog" / "2.jpg", (4, 6), colour=3)
    data = load(str(tmp_path))
    assert (data.input_shape, data.classes, data.y.tolist()) == ((1, 6, 4), 2, [0, 1, 1])
    assert data.x[:2, 0, 0, 0].tolist() == [1, 2]


def test_folder_of_coloured_images_of_many_sizes(tmp_path: Path) -> None:
    paint(tmp_path / "a" / "1.png", (4, 6), "RGB", (10, 20, 30))
    paint(tmp_path / "b" / "1.png", (9, 5), "L", 7)
    with pytest.raises(errors.DataError, match="give a size"):
        load(str(tmp_path))
    data = load(str(tmp_path), image_side=8)
    assert data.input_shape == (3, 8, 8)
    assert data.x[0, :, 0, 0].tolist() == [10, 20, 30]


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(errors.DataError, match="sub-folders"):
        load(str(tmp_path))
    paint(tmp_path / "a" / "1.png", (4, 4))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.png").write_bytes(b"no image at all")
    with pytest.raises(errors.DataError, match=r"b/2\.png"):
        load(str(tmp_path))
    paint(tmp_path / "b" / "2.png", (2**25 // 1000, 1001))
    with pytest.raises(errors.DataError, match="limit"):
        load(str(tmp_path))


def test_unknown_sources(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(b"")
    for source in ("/nowhere/at-all", str(tmp_path / "data.parquet")):
        with pytest.raises(errors.DataError):
            load(source)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: replace(d, x=d.x.astype(np.float64)),
        lambda d: replace(d, y=d.y.astype(np.int32)),
        lambda d: replace(d, y=d.y[:-1]),
        lambda d: replace(d, classes=5),
        lambda d: replace(d, classes=1),
        lambda d: replace(d, x=np.zeros(len(d), np.float32)),
    ],
)
def test_inconsistent_datasets(digits: Split, change: Callable[[Dataset], Dataset]) -> None:
    with pytest.raises(errors.DataError):
        change(digits.train)
