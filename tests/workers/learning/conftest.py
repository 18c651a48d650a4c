"""Real data, real small models: the digits that scikit-learn ships, cut for a task of three rounds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from covey.learning.artefact import encode
from covey.learning.data import Split, load_digits, split_for_task
from covey.learning.families import family_of
from covey.learning.task import Model, TaskSpec
from covey.learning.training import untrained

MakeModel = Callable[..., Model]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tests share their machine with others; small tensors gain nothing from threads."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits() -> Split:
    return split_for_task(load_digits(), rounds=3, seed=b"tests")


@pytest.fixture(scope="session")
def task(digits: Split) -> TaskSpec:
    return family_of("image-classification").task(digits.train)


@pytest.fixture(scope="session")
def make_model(task: TaskSpec) -> MakeModel:
    """Random weights of an architecture; keyword arguments replace tensors by name, dots written as underscores."""

    def make(
        name: str = "linear", hyper_parameters: dict[str, Any] | None = None, seed: int = 0, **tensors: Any
    ) -> Model:
        model = untrained(task, family_of(task.family).architecture(name, hyper_parameters), seed)
        return replace(model, weights={**model.weights, **{k[1:].replace("_", "."): v for k, v in tensors.items()}})

    return make


@pytest.fixture(scope="session")
def artefact(make_model: MakeModel) -> bytes:
    return encode(make_model("mlp", {"hidden": [8]}))
