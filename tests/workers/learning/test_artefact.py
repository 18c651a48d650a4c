"""Artefacts: one byte string per model, and a clear error of its own for everything else."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given
from hypothesis import strategies as st

from covey.learning import errors
from covey.learning.artefact import decode, digest, encode, inspect, require_digest, require_task
from covey.learning.data import Split
from covey.learning.scoring import score_models
from covey.learning.task import Limits, Model, TaskSpec
from covey.protocol.lanes import MALFORMED

LIMITS = Limits()
PREFIX = 16  # magic and length of the JSON header


def parts(artefact: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Both JSON headers and the tensor data."""
    stream = io.BytesIO(artefact[8:])
    header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    layout = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return header, layout, stream.read()


def joined(magic: bytes, header: dict[str, Any], layout: dict[str, Any], data: bytes) -> bytes:
    """The inverse of `parts`, spelling everything canonically."""
    first = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    second = json.dumps(layout, separators=(",", ":")).encode()
    second += b" " * (-len(second) % 8)
    return magic + len(first).to_bytes(8, "little") + first + len(second).to_bytes(8, "little") + second + data


def changed(artefact: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    header, layout, data = parts(artefact)
    change(header, layout)
    return joined(artefact[:8], header, layout, data)


def test_decode_inverts_encode(make_model: Callable[..., Model]) -> None:
    for name in ("linear", "mlp", "cnn"):
        model = make_model(name)
        again = decode(encode(model), LIMITS)
        assert (again.family, again.architecture, again.input_shape, again.classes) == (
            model.family,
            model.architecture,
            model.input_shape,
            model.classes,
        )
        assert all(np.array_equal(again.weights[k], v) for k, v in model.weights.items())
        assert encode(again) == encode(model)


def test_bytes_do_not_depend_on_the_order_of_weights(make_model: Callable[..., Model]) -> None:
    model = make_model("cnn")
    assert encode(replace(model, weights=dict(reversed(model.weights.items())))) == encode(model)


def test_bytes_are_pinned(make_model: Callable[..., Model]) -> None:
    """A change of format would make validators of two versions disagree: it needs a new version number."""
    weights = {k: np.zeros_like(v) for k, v in make_model("mlp", {"hidden": [3]}).weights.items()}
    artefact = encode(replace(make_model("mlp", {"hidden": [3]}), weights=weights))
    assert digest(artefact).hex() == "08c1e01b3353ec7f8833b00a4464047091bee2c7d2b2fc9ae815d3bf94f742d0"


def test_any_safetensors_reader_opens_the_tensors(artefact: bytes) -> None:
    header_length = int.from_bytes(artefact[8:16], "little")
    tensors = safetensors.numpy.load(artefact[PREFIX + header_length :])
    assert tensors.keys() == decode(artefact, LIMITS).weights.keys()


def test_inspect_reads_headers_only(artefact: bytes, tmp_path: Path) -> None:
    info = inspect(artefact, LIMITS)
    assert (info.family, info.parameters, info.multiply_adds) == ("image-classification", 612, 592)
    broken = tmp_path / "model"
    broken.write_bytes(artefact[:-4] + np.float32("nan").tobytes())
    assert inspect(broken, LIMITS) == info
    with pytest.raises(errors.NonFiniteError):
        decode(broken, LIMITS)


def test_half_precision_is_allowed(make_model: Callable[..., Model]) -> None:
    model = make_model()
    half = replace(model, weights={k: v.astype(np.float16) for k, v in model.weights.items()})
    assert inspect(encode(half), LIMITS).dtype == "F16"
    assert len(encode(half)) < 0.7 * len(encode(model))


def test_pickles_are_refused(make_model: Callable[..., Model]) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(errors.PickleError):
            inspect(pickle.dumps({"weights": [1.0]}, protocol), LIMITS)
    legacy = io.BytesIO()
    torch.save({"w": torch.ones(2)}, legacy, _use_new_zipfile_serialization=False)
    with pytest.raises(errors.PickleError):
        inspect(legacy.getvalue(), LIMITS)


def test_zips_are_refused() -> None:
    saved, archive = io.BytesIO(), io.BytesIO()
    torch.save({"w": torch.ones(2)}, saved)
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("model.json", "{}")
    for stream in (saved, archive):
        with pytest.raises(errors.ZipError):
            inspect(stream.getvalue(), LIMITS)


def test_other_bytes_are_not_recognised() -> None:
    for data in (b"", b"hello, this is text", safetensors.numpy.save({"0.shift": np.ones(1, np.float32)}), b"\0" * 64):
        with pytest.raises((errors.UnrecognisedError, errors.TruncatedError)):
            inspect(data, LIMITS)


def test_every_truncation_is_refused(artefact: bytes) -> None:
    for length in range(len(artefact)):
        with pytest.raises(errors.TruncatedError):
            inspect(artefact[:length], LIMITS)


def test_trailing_bytes_are_refused(artefact: bytes) -> None:
    with pytest.raises(errors.TrailingBytesError):
        inspect(artefact + b"\0", LIMITS)


def test_ten_gigabytes_by_header(artefact: bytes) -> None:
    huge = (10 * 2**30).to_bytes(8, "little")
    header_length = int.from_bytes(artefact[8:16], "little")
    json_end = PREFIX + header_length

    def claim(header: dict[str, Any], layout: dict[str, Any]) -> None:
        layout["5.weight"] = {"dtype": "F32", "shape": [10 * 2**28], "data_offsets": [0, 10 * 2**30]}

    for data in (
        artefact[:8] + huge + artefact[16:],
        artefact[:json_end] + huge + artefact[json_end + 8 :],
        changed(artefact, claim),
    ):
        with pytest.raises(errors.TooLargeError):
            inspect(data, LIMITS)


def test_size_of_file_is_judged_before_reading(tmp_path: Path) -> None:
    sparse = tmp_path / "huge"
    with sparse.open("wb") as stream:
        stream.truncate(10 * 2**30)
    with pytest.raises(errors.TooLargeError, match="10,737,418,240 bytes"):
        decode(sparse, LIMITS)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_artefact_bytes=500), "bytes"),
        (Limits(max_parameters=611), "612 parameters"),
        (Limits(max_multiply_adds=591), "592 multiply-adds"),
    ],
)
def test_limits(artefact: bytes, limits: Limits, message: str) -> None:
    with pytest.raises(errors.TooLargeError, match=message):
        inspect(artefact, limits)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda h, t: h.update(family="astrology"), errors.UnknownFamilyError),
        (lambda h, t: h.update(architecture={"name": "transformer"}), errors.UnknownArchitectureError),
        (lambda h, t: h["architecture"].update(hidden=[10**9]), errors.ArchitectureError),
        (lambda h, t: h["architecture"].update(hidden=[8.0]), errors.ArchitectureError),
        (lambda h, t: h["architecture"].update(hidden=[8] * 9), errors.ArchitectureError),
        (lambda h, t: h["architecture"].update(code="import os"), errors.ArchitectureError),
        (lambda h, t: h.update(architecture={"name": "linear"}), errors.TensorNamesError),
        (lambda h, t: h["architecture"].update(hidden=[9]), errors.ShapeError),
        (lambda h, t: h["architecture"].pop("name"), errors.HeaderError),
        (lambda h, t: h.update(classes=11), errors.ShapeError),
        (lambda h, t: h.update(classes=1), errors.HeaderError),
        (lambda h, t: h.update(version=2), errors.HeaderError),
        (lambda h, t: h.update(extra=1), errors.HeaderError),
        (lambda h, t: h.update(input_shape=[64]), errors.DataError),
        (lambda h, t: h.update(dtype="F16"), errors.DtypeError),
        (lambda h, t: h.update(dtype="BF16"), errors.HeaderError),
        (lambda h, t: t.update(__metadata__={"author": "x"}), errors.MetadataError),
        (lambda h, t: t.update({"2.weight": {**t["2.weight"], "dtype": "F64"}}), errors.DtypeError),
        (lambda h, t: t.update({"2.weight": {**t["2.weight"], "shape": [64, 8]}}), errors.ShapeError),
        (lambda h, t: t.update({"2.weight": {**t["2.weight"], "shape": [8, -64]}}), errors.HeaderError),
        (lambda h, t: t.update({"2.weight": {**t["2.weight"], "shape": [8, 63]}}), errors.HeaderError),
        (lambda h, t: t.update({"2.weight": {**t["2.weight"], "data_offsets": t["4.bias"]}}), errors.HeaderError),
        (lambda h, t: t.update({"2.bias": {**t["2.bias"], "data_offsets": [12, 44]}}), errors.HeaderError),
        (lambda h, t: t.pop("0.shift"), errors.HeaderError),
        (lambda h, t: t.update({"9.bias": t.pop("4.weight")}), errors.TensorNamesError),
    ],
)
def test_altered_headers(artefact: bytes, change: Callable[[Any, Any], None], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        inspect(changed(artefact, change), LIMITS)
    assert type(caught.value) is error


def test_one_model_has_one_spelling(artefact: bytes) -> None:
    header, layout, data = parts(artefact)
    text = json.dumps(header, sort_keys=True).encode()
    spaced = (
        artefact[:8]
        + len(text).to_bytes(8, "little")
        + text
        + artefact[16 + len(json.dumps(header, separators=(",", ":"))) :]
    )
    swapped = joined(artefact[:8], header, dict(reversed(layout.items())), data)
    implicit = joined(artefact[:8], {**header, "architecture": {"name": "mlp"}}, layout, data)
    for bytes_ in (spaced, swapped, implicit):
        with pytest.raises(errors.NotCanonicalError):
            inspect(bytes_, LIMITS)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite_weights(make_model: Callable[..., Model], value: float) -> None:
    with pytest.raises(errors.NonFiniteError, match=r"'2\.bias'"):
        encode(make_model(_2_bias=np.full(10, value, np.float32)))


def test_weights_out_of_range(make_model: Callable[..., Model]) -> None:
    encode(make_model(_2_bias=np.full(10, 2.0**64, np.float32)))
    with pytest.raises(errors.WeightRangeError):
        encode(make_model(_2_bias=np.full(10, -(2.0**65), np.float32)))


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint8, np.complex64])
def test_weights_of_other_dtypes(make_model: Callable[..., Model], dtype: Any) -> None:
    with pytest.raises(errors.DtypeError):
        encode(make_model(_2_bias=np.zeros(10, dtype)))


def saved_by_torch(**options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save({"w": torch.ones(2)}, stream, **options)
    return stream.getvalue()


def altered_tensor(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda artefact: changed(artefact, lambda h, t: t["2.weight"].update(changes))


def altered_header(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda artefact: changed(artefact, lambda h, t: h.update(changes))


# What its author finds in every validator's log.
TOLD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "pickle": (lambda a: pickle.dumps({"w": 1}), "Pickle: this is a pickle, which can run code; encode the model with"),
    "legacy pickle": (lambda a: saved_by_torch(_use_new_zipfile_serialization=False), "Pickle: "),
    "zip": (lambda a: saved_by_torch(), "Zip: this is a zip archive (torch.save writes those); encode the model with"),
    "truncated": (lambda a: a[:-1], "is cut short"),
    "10 GB by header": (
        lambda a: a[:8] + (10 * 2**30).to_bytes(8, "little") + a[16:],
        "TooLarge: artefact header claims 10,737,418,240 bytes; the limit is",
    ),
    "10 GB by tensor": (
        altered_tensor(shape=[10 * 2**28], data_offsets=[0, 10 * 2**30]),
        "TooLarge: ",
    ),
    "wrong shape": (altered_tensor(shape=[64, 8]), "Shape: tensor '2.weight' is (64, 8); the architecture dictates"),
    "wrong dtype": (altered_tensor(dtype="F64"), "Dtype: tensor '2.weight' has dtype 'F64'; allowed are F32, F16"),
    "NaN": (lambda a: a[:-4] + np.float32("nan").tobytes(), "holds NaN or infinity"),
    "infinity": (lambda a: a[:-4] + np.float32("inf").tobytes(), "holds NaN or infinity"),
    "unknown architecture": (
        altered_header(architecture={"name": "transformer"}),
        "UnknownArchitecture: image-classification has no architecture 'transformer'; it has linear",
    ),
    "unknown family": (altered_header(family="astrology"), "UnknownFamily: "),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_wrong_is_told_and_costs_no_other_model_its_score(
    name: str, artefact: bytes, digits: Split, task: TaskSpec
) -> None:
    spoil, words = TOLD[name]
    before, bad, after = score_models([artefact, spoil(artefact), artefact], digits.shards[0], task, "cpu")
    assert bad.score == MALFORMED
    assert words in bad.reason
    assert before == after
    assert before.score > MALFORMED


def test_hash_differs(artefact: bytes) -> None:
    require_digest(artefact, digest(artefact))
    with pytest.raises(errors.HashMismatchError):
        require_digest(artefact[:-1] + b"\1", digest(artefact))


def test_model_of_another_task(artefact: bytes, task: TaskSpec) -> None:
    info = inspect(artefact, LIMITS)
    require_task(info, task)
    for other in (replace(task, classes=9), replace(task, input_shape=(1, 8, 9)), replace(task, family="tabular")):
        with pytest.raises(errors.TaskMismatchError):
            require_task(info, other)


@given(st.data())
def test_no_mutation_raises_anything_else(artefact: bytes, data: st.DataObject) -> None:
    mutated = bytearray(artefact)
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, 700))] = data.draw(st.integers(0, 255))
    with suppress(errors.LearningError):
        decode(bytes(mutated), LIMITS)
