"""Covey's own families as an app: what a client trains and evaluates on its own data."""

from pathlib import Path

import numpy as np
import pytest

from covey.apps.app import AppError
from covey.apps.own import OwnApp
from covey.learning.architectures import Linear
from covey.learning.data import Dataset, load
from covey.learning.errors import DataError
from covey.learning.local import LocalOptions
from covey.learning.task import Model, TaskSpec
from covey.learning.training import untrained

OPTIONS = LocalOptions(epochs=2, learning_rate=0.1, device="cpu")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("breast-cancer")


@pytest.fixture(scope="module")
def model(data: Dataset) -> Model:
    return untrained(TaskSpec("tabular", data.input_shape, data.classes), Linear(), 0, data)


def distance(app: OwnApp, model: Model) -> float:
    """How far a round of training leads from the model."""
    after = app.train(model.weights, 0).parameters
    return float(sum(np.square(after[name] - weight).sum() for name, weight in model.weights.items()))


def test_training_starts_from_the_given_weights_and_helps(model: Model, data: Dataset) -> None:
    app = OwnApp(model, data, OPTIONS, held_out=0.25)
    before = app.evaluate(model.weights, 0)
    trained = app.train(model.weights, 0)
    assert app.evaluate(trained.parameters, 0).loss < before.loss / 2
    assert trained.samples + before.samples == len(data)
    assert list(trained.parameters) == list(model.weights)


def test_the_same_seed_gives_the_same_update_and_another_round_another(model: Model, data: Dataset) -> None:
    first, again = (OwnApp(model, data, OPTIONS).train(model.weights, 0).parameters for _ in range(2))
    later = OwnApp(model, data, OPTIONS).train(model.weights, 1).parameters
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], later[name]) for name in first)


def test_fedprox_stays_nearer_to_the_global_model(model: Model, data: Dataset) -> None:
    held = LocalOptions(epochs=2, learning_rate=0.1, proximal=5.0, device="cpu")
    assert distance(OwnApp(model, data, held), model) < distance(OwnApp(model, data, OPTIONS), model) / 2


def test_data_of_another_task_and_training_that_diverges_are_refused(model: Model, data: Dataset) -> None:
    with pytest.raises(AppError, match="use data of the task"):
        OwnApp(model, load("digits"), OPTIONS).evaluate(model.weights, 0)
    wild = Dataset(data.x * np.float32(1e30), data.y, data.classes)
    with pytest.raises(AppError, match="lower the learning rate"):
        OwnApp(model, wild, LocalOptions(learning_rate=10.0, device="cpu")).train(model.weights, 0)


def test_labels_mean_the_same_to_a_client_that_has_few_of_them(tmp_path: Path) -> None:
    file = tmp_path / "part.csv"
    file.write_text("a,b,kind\n1,2,cat\n3,4,dog\n")
    assert load(str(file), names=("bird", "cat", "dog")).y.tolist() == [1, 2]
    assert load(str(file), names=("bird", "cat", "dog")).classes == 3
    with pytest.raises(DataError, match="none of the task's classes"):
        load(str(file), names=("bird", "cat"))
