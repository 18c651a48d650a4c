"""Updates as integers and as bytes: the error of rounding, what the reader refuses, and what a step makes of a
model.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load, save

from covey.federated import fixed, updates
from covey.federated.errors import CohortError, NonFiniteUpdateError, UpdateRangeError
from covey.federated.updates import Coordinates
from covey.learning import tensors
from covey.learning.artefact import encode
from covey.learning.data import load_digits
from covey.learning.errors import (
    DtypeError,
    FormatError,
    HeaderError,
    MetadataError,
    ShapeError,
    TensorNamesError,
    TooLargeError,
    TrailingBytesError,
    TruncatedError,
)
from covey.learning.families import family_of
from covey.learning.task import Model
from covey.learning.training import untrained
from covey.protocol.alliance.params import MAX_FRACTION_BITS

SHAPES = Coordinates.of({"2.bias": (3,), "2.weight": (3, 4)})
VECTOR = np.arange(-7, 8, dtype=np.int32)


def model(seed: int = 0) -> Model:
    data = load_digits()
    family = family_of("image-classification")
    return untrained(family.task(data), family.architecture("mlp", {"hidden": [8]}), seed)


@given(arrays.arrays(np.float64, 20, elements=st.floats(-20, 20)), st.integers(1, MAX_FRACTION_BITS))
def test_rounding_is_within_the_stated_bound(values: np.ndarray, bits: int) -> None:
    reach = fixed.value_range(bits)
    inside = np.clip(values, -reach, reach)
    found = fixed.dequantise(fixed.quantise(values, bits), bits)
    assert np.abs(found - inside).max() <= fixed.error_bound(bits)
    assert np.array_equal(fixed.quantise(found, bits), fixed.quantise(values, bits))


def test_halves_go_to_the_even() -> None:
    assert fixed.quantise(np.array([0.25, 0.75, -0.25, -0.75, 1.25]), 1).tolist() == [0, 2, 0, -2, 2]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_integer_stands_for_what_is_not_finite(bad: float) -> None:
    with pytest.raises(NonFiniteUpdateError):
        fixed.quantise(np.array([0.0, bad], np.float32), 20)


def test_bytes_and_back(tmp_path: Path) -> None:
    data = updates.encode(VECTOR, SHAPES)
    path = tmp_path / "update"
    path.write_bytes(data)
    for source in (data, path):
        assert np.array_equal(updates.decode(source, SHAPES), VECTOR)
    assert {name: array.tolist() for name, array in load(data).items()} == {
        "2.bias": [-7, -6, -5],
        "2.weight": np.arange(-4, 8).reshape(3, 4).tolist(),
    }


def test_the_bytes_never_change() -> None:
    digest = hashlib.sha256(updates.encode(VECTOR, SHAPES)).hexdigest()
    assert digest == "30b2d9e43676c928368c8a69b51fb9872c033272313df4dff877f23a32c448f7"


NAN = np.full((3, 4), np.nan, np.float32)
GOOD = updates.encode(VECTOR, SHAPES)
REFUSED: dict[str, tuple[bytes, type[Exception]]] = {
    "NaN": (tensors.pack({"2.bias": np.zeros(3, np.int32), "2.weight": NAN}), DtypeError),
    "infinity": (tensors.pack({"2.bias": np.zeros(3, np.int32), "2.weight": NAN * np.inf}), DtypeError),
    "floats": (tensors.pack({"2.bias": np.zeros(3, np.float32), "2.weight": np.ones((3, 4), np.float32)}), DtypeError),
    "64 bits": (tensors.pack({"2.bias": np.zeros(3, np.int64), "2.weight": np.zeros((3, 2), np.int32)}), DtypeError),
    "a missing tensor": (tensors.pack({"2.weight": np.zeros((3, 4), np.int32)}), TensorNamesError),
    "another name": (
        tensors.pack({"2.bias": np.zeros(3, np.int32), "2.wait": np.zeros((3, 4), np.int32)}),
        TensorNamesError,
    ),
    "another shape": (
        tensors.pack({"2.bias": np.zeros(3, np.int32), "2.weight": np.zeros((4, 3), np.int32)}),
        ShapeError,
    ),
    "too many coordinates": (
        tensors.pack({"2.bias": np.zeros(3, np.int32), "2.weight": np.zeros((3, 400), np.int32)}),
        TooLargeError,
    ),
    "metadata": (
        save({"2.bias": np.zeros(3, np.int32), "2.weight": np.zeros(8, np.int32)}, {"a": ""}),
        MetadataError,
    ),
    "an end too soon": (GOOD[:-1], TruncatedError),
    "more bytes": (GOOD + b"\0", TrailingBytesError),
    "nothing": (b"", TruncatedError),
    "a pickle": (b"\x80\x05\x95\0\0\0\0\0\0\0\0.", FormatError),
    "no JSON": ((8).to_bytes(8, "little") + b"{nothing", HeaderError),
    "a huge header": ((2**40).to_bytes(8, "little"), TooLargeError),
}


@pytest.mark.parametrize(("data", "error"), REFUSED.values(), ids=list(REFUSED))
def test_the_reader_refuses(data: bytes, error: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "update"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(error):
            updates.decode(source, SHAPES)


@pytest.mark.parametrize("value", [fixed.VALUE_LIMIT + 1, -fixed.VALUE_LIMIT - 1, 2**31 - 1, -(2**31)])
def test_coordinates_out_of_range_are_refused_on_both_ways(value: int) -> None:
    vector = VECTOR.copy()
    vector[3] = value
    data = tensors.pack(SHAPES.split(vector))
    with pytest.raises(UpdateRangeError, match="2\\^24"):
        updates.decode(data, SHAPES)
    with pytest.raises(UpdateRangeError):
        updates.encode(vector, SHAPES)


def test_normalisation_is_not_trained() -> None:
    names = [name for name, _ in updates.coordinates_of(model()).shapes]
    assert names == ["2.bias", "2.weight", "4.bias", "4.weight"]


def test_a_step_leads_from_one_model_to_the_other() -> None:
    base, local = model(0), model(1)
    moved = updates.apply(base, updates.difference(local.weights, base.weights, updates.coordinates_of(base), 20), 20)
    for name, weight in local.weights.items():
        bound = fixed.error_bound(20) + np.spacing(np.abs(weight).max())
        assert np.abs(moved.weights[name] - weight).max() <= bound
    assert moved.weights["2.weight"].dtype == np.float32


def test_a_moved_model_has_the_same_bytes_everywhere() -> None:
    """Of weights that no library draws, so that this hash holds on every machine."""
    start = model()
    shapes = {name: weight.shape for name, weight in start.weights.items()}
    weights = {n: (np.arange(np.prod(s)) % 97 / 64 - 0.7).astype(np.float32).reshape(s) for n, s in shapes.items()}
    base = Model(start.family, start.architecture, start.input_shape, start.classes, weights)
    step = (np.arange(updates.coordinates_of(base).size) * 7919 % 200_001 - 100_000).astype(np.int32)
    digest = hashlib.sha256(encode(updates.apply(base, step, 20))).hexdigest()
    assert digest == "cefc3d31c110518c9b1f799697ff6031d2f7ca82d0dc270592c177f824124766"


def test_a_step_of_another_model_is_refused() -> None:
    with pytest.raises(CohortError, match="trained coordinates"):
        updates.apply(model(), VECTOR, 20)


def test_headers_are_canonical() -> None:
    header = json.loads(GOOD[8 : 8 + int.from_bytes(GOOD[:8], "little")])
    assert list(header) == ["2.bias", "2.weight"]
    assert {entry["dtype"] for entry in header.values()} == {"I32"}
