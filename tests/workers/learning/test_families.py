"""Families and architectures: what exists, within which bounds."""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from covey.learning import errors
from covey.learning.architectures import MAX_DEPTH, Cnn, Linear, Mlp
from covey.learning.families import FAMILIES, family_of
from covey.learning.layers import Conv, Dense, multiply_adds, parameter_shapes
from covey.learning.task import Limits, TaskSpec

IMAGES = TaskSpec("image-classification", (3, 17, 20), 7)


def test_registry() -> None:
    assert {name: [kind.name for kind in family.architectures] for name, family in FAMILIES.items()} == {
        "image-classification": ["linear", "mlp", "cnn"],
        "tabular": ["linear", "mlp"],
    }
    with pytest.raises(errors.UnknownFamilyError, match="known are image-classification, tabular"):
        family_of("poetry")


@pytest.mark.parametrize("architecture", [Linear(), Mlp(hidden=(5, 4)), Cnn(channels=(4, 6), hidden=9)])
def test_layers_describe_the_torch_module(architecture: Linear | Mlp | Cnn) -> None:
    family = family_of(IMAGES.family)
    module = family.build(architecture, IMAGES)
    shapes = parameter_shapes(family.layers(architecture, IMAGES.input_shape, IMAGES.classes))
    assert {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()} == shapes
    assert module(torch.zeros(2, *IMAGES.input_shape)).shape == (2, IMAGES.classes)


def test_multiply_adds() -> None:
    layers = family_of("image-classification").layers(Cnn(channels=(4,), hidden=9), (1, 8, 8), 10)
    assert multiply_adds(layers, (1, 8, 8)) == 8 * 8 * 4 * 9 + 4 * 4 * 4 * 9 + 9 * 10


def test_deepest_architectures_stay_within_the_depth_that_scoring_is_proved_for() -> None:
    for architecture in (Mlp(hidden=(1,) * 4), Cnn(channels=(1,) * 4)):
        layers = family_of("image-classification").layers(architecture, (1, 16, 16), 2)
        assert sum(isinstance(layer, Dense | Conv) for layer in layers) <= MAX_DEPTH


@pytest.mark.parametrize(
    ("family", "name", "values", "shape", "error"),
    [
        ("tabular", "cnn", {}, (30,), errors.UnknownArchitectureError),
        ("tabular", "linear", {}, (1, 8, 8), errors.DataError),
        ("image-classification", "linear", {}, (30,), errors.DataError),
        ("image-classification", "linear", {}, (5, 8, 8), errors.DataError),
        ("image-classification", "linear", {}, (1, 8, 513), errors.DataError),
        ("image-classification", "linear", {}, (1, 256, 256), errors.ArchitectureError),
        ("image-classification", "cnn", {"channels": [4, 4, 4, 4]}, (1, 8, 8), errors.ArchitectureError),
        ("image-classification", "mlp", {"hidden": []}, (1, 8, 8), errors.ArchitectureError),
        ("image-classification", "mlp", {"hidden": [5000]}, (1, 8, 8), errors.ArchitectureError),
        ("image-classification", "mlp", {"hidden": "128"}, (1, 8, 8), errors.ArchitectureError),
        ("image-classification", "mlp", {"depth": 3}, (1, 8, 8), errors.ArchitectureError),
        ("image-classification", "mlp", {"hidden": {1}}, (1, 8, 8), errors.ArchitectureError),
    ],
)
def test_what_cannot_be(family: str, name: str, values: dict[str, Any], shape: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        family_of(family).layers(family_of(family).architecture(name, values), shape, 10)


def test_tasks_travel_as_json() -> None:
    adapter = TypeAdapter(TaskSpec)
    task = TaskSpec("tabular", (30,), 2, Limits(max_parameters=1000))
    assert adapter.validate_json(adapter.dump_json(task)) == task
    for bad in (
        b'{"family":"tabular","input_shape":[0],"classes":2}',
        b'{"family":"tabular","input_shape":[1],"classes":1}',
    ):
        with pytest.raises(ValueError, match="greater than"):
            adapter.validate_json(bad)
