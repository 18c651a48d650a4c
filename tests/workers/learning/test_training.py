"""Training: accuracy on real data, early stopping, determinism, devices, a user's own trainer."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from covey.learning import errors
from covey.learning.artefact import digest, encode, inspect
from covey.learning.data import Dataset, Split, load_breast_cancer, split_for_task
from covey.learning.devices import resolve_device
from covey.learning.families import FAMILIES, family_of
from covey.learning.scoring import baseline, score_models
from covey.learning.task import Limits, Model, Report, TaskSpec, TrainOptions
from covey.learning.trainers import Trainer, built_in, load_trainer, train_artefact
from covey.learning.training import untrained

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def ignore(report: Report) -> None:
    pass


def options(task: TaskSpec, name: str, **changes: object) -> TrainOptions:
    return TrainOptions(family_of(task.family).architecture(name), **changes)  # type: ignore[arg-type]


def accuracy(artefact: bytes, shard: Dataset, task: TaskSpec) -> float:
    score = score_models([artefact], shard, task, "cpu")[0]
    assert score.correct is not None
    return score.correct / len(shard)


@pytest.mark.parametrize(("name", "least"), [("linear", 0.94), ("mlp", 0.955), ("cnn", 0.965)])
def test_digits_are_learnt(digits: Split, task: TaskSpec, name: str, least: float) -> None:
    reports: list[Report] = []
    artefact = train_artefact(built_in(options(task, name, device="cpu")), digits.train, task, reports.append)
    assert np.mean([accuracy(artefact, shard, task) for shard in digits.shards]) > least
    assert [r.epoch for r in reports] == list(range(1, len(reports) + 1))
    assert reports[-1].training_loss < reports[0].training_loss


@pytest.mark.parametrize("name", ["linear", "mlp"])
def test_tumours_are_told_apart(name: str) -> None:
    data = split_for_task(load_breast_cancer(), 2, b"tests")
    task = FAMILIES["tabular"].task(data.train)
    artefact = train_artefact(built_in(options(task, name)), data.train, task, ignore)
    assert min(accuracy(artefact, shard, task) for shard in data.shards) > 0.93


def test_untrained_models_are_worse_than_trained_and_valid(digits: Split, task: TaskSpec) -> None:
    artefact = encode(untrained(task, family_of(task.family).architecture("mlp"), seed=1))
    score = score_models([artefact], digits.shards[0], task)[0].score
    assert 2 <= score < 2 * baseline(digits.shards[0])


def test_same_seed_same_bytes(digits: Split, task: TaskSpec) -> None:
    def train(seed: int) -> bytes:
        return digest(train_artefact(built_in(options(task, "cnn", seed=seed, epochs=2)), digits.train, task, ignore))

    torch.manual_seed(1)
    first = train(7)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert train(7) == first != train(8)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.are_deterministic_algorithms_enabled()


def test_training_stops_early_and_keeps_the_best(digits: Split, task: TaskSpec) -> None:
    reports: list[Report] = []
    train_artefact(built_in(options(task, "mlp", learning_rate=0.03, patience=3)), digits.train, task, reports.append)
    losses = [r.validation_loss for r in reports]
    assert len(reports) < 100
    assert len(losses) - 1 - int(np.argmin(losses)) == 3


def test_mixed_precision_on_request(digits: Split, task: TaskSpec) -> None:
    trainer = built_in(options(task, "mlp", mixed_precision=True, epochs=15, device="cpu"))
    artefact = train_artefact(trainer, digits.train, task, ignore)
    assert inspect(artefact, task.limits).dtype == "F32"
    assert accuracy(artefact, digits.shards[0], task) > 0.9


@gpu
def test_training_on_a_gpu_is_deterministic(digits: Split, task: TaskSpec) -> None:
    trainer = built_in(options(task, "cnn", device="cuda", epochs=5))
    first, second = (train_artefact(trainer, digits.train, task, ignore) for _ in range(2))
    assert first == second
    assert accuracy(first, digits.shards[0], task) > 0.9


def test_constant_features_do_no_harm() -> None:
    x = np.zeros((100, 3), np.float32)
    x[:, 0] = 5
    x[50:, 1] = 1e6
    data = Dataset(x, np.repeat([0, 1], 50).astype(np.int64), 2)
    task = FAMILIES["tabular"].task(data)
    trainer = built_in(options(task, "linear", learning_rate=0.05))
    assert accuracy(train_artefact(trainer, data, task, ignore), data, task) == 1


def test_a_loss_that_is_never_finite_is_reported() -> None:
    x = np.tile(np.float32([[-3e38], [3e38], [3e38], [3e38]]), (10, 1))
    data = Dataset(x, (x[:, 0] > 0).astype(np.int64), 2)
    task = FAMILIES["tabular"].task(data)
    with pytest.raises(errors.TrainerError, match="never finite"):
        train_artefact(built_in(options(task, "linear")), data, task, ignore)


def test_too_few_examples() -> None:
    data = Dataset(np.ones((2, 1), np.float32), np.array([0, 1]), 2)
    task = FAMILIES["tabular"].task(data)
    with pytest.raises(errors.DataError, match="too few"):
        train_artefact(built_in(options(task, "linear")), data, task, ignore)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "cuda:99", "", "cpu:0"])
def test_unknown_devices(name: str) -> None:
    with pytest.raises(errors.DeviceError):
        resolve_device(name)


def test_known_devices() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


# A user's own trainer -------------------------------------------------------------------------------------------------

NEAREST_MEAN = '''
import numpy as np
from covey.learning.architectures import Linear
from covey.learning.task import Model

def train(data, task, progress):
    """Nearest class mean, as a linear model: no torch, no gradient."""
    x = data.x.reshape(len(data), -1).astype(np.float32)
    means = np.stack([x[data.y == c].mean(0) for c in range(task.classes)])
    weights = {"0.shift": np.zeros(1, np.float32), "0.scale": np.ones(1, np.float32),
               "2.weight": means, "2.bias": -(means**2).sum(1) / 2}
    return Model(task.family, Linear(), task.input_shape, task.classes, weights)

def wrong(data, task, progress):
    return b"weights"

number = 3
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Trainer]:
    (tmp_path / "my_trainer.py").write_text(NEAREST_MEAN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_trainer", raising=False)
    return load_trainer


def test_own_trainer(own: Callable[[str], Trainer], digits: Split, task: TaskSpec) -> None:
    artefact = train_artefact(own("my_trainer:train"), digits.train, task, ignore)
    assert accuracy(artefact, digits.shards[0], task) > 0.8


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("my_trainer", "my_module:train"),
        ("my_trainer:", "my_module:train"),
        ("../my_trainer:train", "my_module:train"),
        ("no_such_module:train", "cannot import"),
        ("my_trainer:absent", "has no absent"),
        ("my_trainer:number", "not a function"),
    ],
)
def test_references_that_name_no_trainer(own: Callable[[str], Trainer], reference: str, message: str) -> None:
    with pytest.raises(errors.TrainerError, match=message):
        own(reference)


def test_own_trainer_that_returns_no_model(own: Callable[[str], Trainer], digits: Split, task: TaskSpec) -> None:
    with pytest.raises(errors.TrainerError, match="returned bytes"):
        train_artefact(own("my_trainer:wrong"), digits.train, task, ignore)


def test_own_trainer_whose_model_breaks_a_limit(
    digits: Split, task: TaskSpec, make_model: Callable[..., Model]
) -> None:
    small = TaskSpec(task.family, task.input_shape, task.classes, Limits(max_parameters=100))
    with pytest.raises(errors.TrainerError, match="652 parameters"):
        train_artefact(lambda data, task, progress: make_model(), digits.train, small, ignore)


def test_torch_is_imported_only_to_compute() -> None:
    program = (
        "import sys, covey.learning, covey.learning.artefact, covey.learning.data, covey.learning.families, "
        "covey.learning.task, covey.learning.trainers; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
