"""Scoring: a count is a function of model and shard alone, and no artefact stops a round."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.learning import errors
from covey.learning.artefact import encode
from covey.learning.data import Dataset, Split
from covey.learning.exact import BITS, count_correct, logits, predict, stack
from covey.learning.families import family_of
from covey.learning.layers import Dense, Flatten, Normalise, Relu, parameter_shapes
from covey.learning.network import build
from covey.learning.scoring import baseline, score_models
from covey.learning.task import Limits, Model, TaskSpec
from covey.protocol.lanes import MALFORMED
from covey.protocol.scores import count_score

MakeModel = Callable[..., Model]
CPU = torch.device("cpu")
gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def hostile(make_model: MakeModel) -> list[Model]:
    """Models made to be counted differently on different machines: huge, tiny and cancelling weights, ties."""
    rng = np.random.default_rng(5)

    def weights(name: str, draw: Callable[[tuple[int, ...]], Any]) -> Model:
        model = make_model(name)
        return replace(model, weights={k: np.asarray(draw(v.shape), np.float32) for k, v in model.weights.items()})

    def cancelling(shape: tuple[int, ...]) -> Any:
        """Pairs of huge weights whose sum hides small ones: the count depends on the order of a rounded sum."""
        values = rng.normal(size=shape)
        flat = values.reshape(-1)
        half = len(flat) // 2
        flat[half : 2 * half] = -flat[:half] * (1 + 2.0**-23)
        return values * 2.0**20

    draws: list[Callable[[tuple[int, ...]], Any]] = [
        lambda shape: np.full(shape, 2.0**64),
        lambda shape: rng.choice([-1, 1], shape) * 2.0**64,
        lambda shape: rng.choice([-1, 1], shape) * 2.0**-149,
        lambda shape: np.exp2(rng.uniform(-149, 64, shape)) * rng.choice([-1, 1], shape),
        lambda shape: np.zeros(shape),
        lambda shape: np.ones(shape),
        cancelling,
        lambda shape: np.round(rng.normal(size=shape) * 4) / 4,
    ]
    return [weights(name, draw) for name in ("linear", "mlp", "cnn") for draw in draws]


@pytest.fixture(scope="module")
def round_of_artefacts(make_model: MakeModel) -> list[bytes]:
    honest = [make_model(name, seed=seed) for seed in range(4) for name in ("linear", "mlp", "cnn")]
    return [encode(model) for model in (*honest, *hostile(make_model))]


def test_counts_do_not_depend_on_how_they_are_made(
    round_of_artefacts: list[bytes], digits: Split, task: TaskSpec
) -> None:
    shard = digits.shards[0].take(np.arange(80))
    expected = score_models(round_of_artefacts, shard, task, "cpu")
    assert {s.score for s in expected if s.score < 2} == set()
    assert score_models(round_of_artefacts[::-1], shard, task, "cpu", threads=3) == expected[::-1]
    assert [score_models([a], shard, task, "cpu")[0] for a in round_of_artefacts] == expected
    order = np.random.default_rng(0).permutation(len(shard))
    assert score_models(round_of_artefacts, shard.take(order), task, "cpu") == expected


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn"])
def test_counts_do_not_depend_on_the_batch(name: str, make_model: MakeModel, digits: Split, task: TaskSpec) -> None:
    models = [m for m in (*hostile(make_model), make_model(name)) if m.architecture.name == name]
    shard = digits.shards[1].take(np.arange(50))
    layers = family_of(task.family).layers(models[0].architecture, task.input_shape, task.classes)
    weights = [model.weights for model in models]
    expected = count_correct(layers, weights, shard, CPU)
    assert all(count_correct(layers, weights, shard, CPU, budget) == expected for budget in (1, 30_000, 2**18, 2**22))


@gpu
def test_counts_do_not_depend_on_the_device(round_of_artefacts: list[bytes], digits: Split, task: TaskSpec) -> None:
    for shard in digits.shards:
        on_gpu, on_cpu = (score_models(round_of_artefacts, shard, task, device) for device in ("cuda", "cpu"))
        assert on_gpu == on_cpu


def on_grid(row: list[Fraction]) -> list[Fraction]:
    """The rounding of `exact`, in rational arithmetic."""
    largest = max(map(abs, row))
    if not largest:
        return row
    exponent = np.frexp(float(largest))[1] - 1
    unit = Fraction(2) ** int(exponent + 1 - BITS)
    return [round(value / unit) * unit for value in row]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_logits_equal_rational_arithmetic(seed: int, spread: int) -> None:
    """Every float64 sum inside is exact: rational numbers, rounded only where the definition rounds, give the same."""
    rng = np.random.default_rng(seed)
    layers = (Normalise(5), Flatten(), Dense(5, 4), Relu(), Dense(4, 3))
    arrays = {
        name: (rng.normal(size=shape) * np.exp2(rng.uniform(-spread, spread, shape))).astype(np.float32)
        for name, shape in parameter_shapes(layers).items()
    }
    x = rng.normal(size=5).astype(np.float32)
    found = logits(layers, stack([arrays], CPU), torch.from_numpy(x)[None].double())[0, 0].tolist()

    shifted = [float(a) - float(b) for a, b in zip(x, arrays["0.shift"], strict=True)]
    values = [Fraction(a * float(b)) for a, b in zip(shifted, arrays["0.scale"], strict=True)]
    for layer in (2, 4):
        values = on_grid(values)
        rows = [on_grid([Fraction(float(w)) for w in row]) for row in arrays[f"{layer}.weight"]]
        sums = [sum((a * b for a, b in zip(row, values, strict=True)), Fraction(0)) for row in rows]
        values = [Fraction(float(s + Fraction(float(b)))) for s, b in zip(sums, arrays[f"{layer}.bias"], strict=True)]
        if layer == 2:
            values = [max(value, Fraction(0)) for value in values]
    assert found == [float(value) for value in values]


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn"])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 11)])
def test_logits_are_those_of_the_trained_module(name: str, shape: tuple[int, ...]) -> None:
    family = family_of("image-classification")
    layers = family.layers(family.architecture(name), shape, 6)
    torch.manual_seed(0)
    module = build(layers)
    x = torch.rand(7, *shape)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    assert torch.allclose(logits(layers, stack([weights], CPU), x.double())[0].float(), module(x), atol=1e-4)


def test_ties_go_to_the_lowest_class(make_model: MakeModel, digits: Split, task: TaskSpec) -> None:
    model = make_model()
    zero = replace(model, weights={name: np.zeros_like(weight) for name, weight in model.weights.items()})
    shard = digits.shards[0]
    assert score_models([encode(zero)], shard, task)[0].correct == (shard.y == 0).sum()
    layers = (Normalise(1), Flatten(), Dense(1, 4))
    tied = {"0.shift": [0], "0.scale": [1], "2.weight": [[1], [3], [3], [2]], "2.bias": [0, 0, 0, 0]}
    stacked = stack([{name: np.array(value, np.float32) for name, value in tied.items()}], CPU)
    assert predict(layers, stacked, torch.tensor([[1.0], [-1.0]], dtype=torch.float64)).tolist() == [[1, 0]]


def test_half_and_single_precision_of_the_same_numbers_score_alike(
    make_model: MakeModel, digits: Split, task: TaskSpec
) -> None:
    half = {name: weight.astype(np.float16) for name, weight in make_model("mlp").weights.items()}
    single = {name: weight.astype(np.float32) for name, weight in half.items()}
    models = [encode(replace(make_model("mlp"), weights=weights)) for weights in (half, single)]
    first, second = score_models(models, digits.shards[0], task)
    assert first == second


def test_malformed_artefacts_score_zero_and_stop_nobody(
    make_model: MakeModel, artefact: bytes, digits: Split, task: TaskSpec
) -> None:
    other_task = replace(make_model(), classes=9, weights={
        **make_model().weights, "2.weight": np.zeros((9, 64), np.float32), "2.bias": np.zeros(9, np.float32)
    })  # fmt: skip
    nan = bytearray(artefact)
    nan[-4:] = np.float32("nan").tobytes()
    bad = [b"", b"\0" * 100, pickle.dumps({}), artefact[:-1], artefact + b"\0", bytes(nan), encode(other_task)]
    scores = score_models([artefact, *bad, artefact], digits.shards[0], task)
    assert [s.score for s in scores[1:-1]] == [MALFORMED] * len(bad)
    assert [s.reason.partition(":")[0] for s in scores[1:-1]] == [
        "Truncated", "Unrecognised", "Pickle", "Truncated", "TrailingBytes", "NonFinite", "TaskMismatch",
    ]  # fmt: skip
    assert scores[0] == scores[-1]
    assert scores[0].score >= 2


def test_models_over_the_tasks_limits_score_zero(artefact: bytes, digits: Split, task: TaskSpec) -> None:
    strict = replace(task, limits=Limits(max_multiply_adds=100))
    assert score_models([artefact], digits.shards[0], strict)[0].reason.startswith("TooLarge: 592 multiply-adds")


def test_no_artefacts_no_scores(digits: Split, task: TaskSpec) -> None:
    assert score_models([], digits.shards[0], task) == []


def test_a_shard_of_another_task_is_refused(digits: Split, task: TaskSpec) -> None:
    with pytest.raises(errors.DataError):
        score_models([], Dataset(np.zeros((2, 3), np.uint8), np.array([0, 1]), 10), task)


def test_the_baseline_is_beaten_by_neither_the_largest_class_nor_luck() -> None:
    shard = Dataset(np.zeros((100, 1), np.uint8), np.array([0] * 50 + [2] * 50), 3)
    assert baseline(shard) == count_score(50 + 15, 100)
