"""A Flower app, unchanged, as all clients of a simulation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from covey.apps.app import AppError, Parameters, Partition
from covey.apps.loading import load_app
from covey.federated.crew import crew_of
from covey.federated.errors import ParameterError
from covey.federated.hosting import AppJob, AppReport, AppSetup, simulate_app
from covey.federated.plan import Plan
from covey.federated.rounds import aggregated, drawn
from covey.federated.rules.coordinates import Median
from covey.federated.updates import Coordinates, moved

LINE = Path(__file__).parents[1] / "apps" / "apps" / "numpy_client"
DIGITS = Path(__file__).parents[1] / "apps" / "apps" / "quickstart"
CLIENTS = 10


def digits_model() -> Parameters:
    torch.manual_seed(1)
    layers = {"hidden": torch.nn.Linear(64, 32), "out": torch.nn.Linear(32, 10)}
    return {f"{name}.{key}": v.numpy() for name, layer in layers.items() for key, v in layer.state_dict().items()}


def line_model() -> Parameters:
    return {"slope": np.zeros(1, np.float32), "intercept": np.zeros(1, np.float32)}


def setup(app: Path, model: Parameters, plan: Plan, rounds: int, per_round: int = 4) -> AppSetup:
    coordinates = Coordinates.of({name: array.shape for name, array in model.items()})
    job = AppJob(app, CLIENTS, coordinates, plan.fraction_bits)
    return AppSetup(job, model, plan, rounds, per_round)


def played(setup: AppSetup, processes: int = 1) -> list[AppReport]:
    return list(simulate_app(setup, crew_of(setup.job, processes)))


@pytest.mark.parametrize("plan", [Plan(), Plan(Median())], ids=lambda plan: plan.name)
def test_an_app_learns_on_all_of_its_partitions(plan: Plan) -> None:
    losses = [report.loss for report in played(setup(DIGITS, digits_model(), plan, 12))]
    assert losses[-1] < losses[0] / 2  # type: ignore[operator]


def test_a_round_is_the_mean_of_what_the_app_sends() -> None:
    """By examples, as Flower's own FedAvg has it."""
    wanted = setup(DIGITS, digits_model(), Plan(), 1)
    clients = drawn(CLIENTS, 4, 0, 0)
    torch.manual_seed(5)  # the app shuffles
    with crew_of(wanted.job, 1) as crew:
        outcome = aggregated(crew, Plan(), wanted.model, clients, 0, None).outcome
    after = moved(wanted.model, outcome.aggregate, wanted.job.coordinates, 20)
    torch.manual_seed(5)
    sent = [load_app(DIGITS, None, 0, Partition(client, CLIENTS)).train(wanted.model, 0) for client in clients]
    for name, array in after.items():
        mean = sum(each.parameters[name] * each.samples for each in sent) / sum(each.samples for each in sent)
        assert np.abs(array - mean).max() < 1e-6


def test_processes_change_nothing() -> None:
    wanted = setup(LINE, line_model(), Plan(), 3)
    assert played(wanted) == played(wanted, 2)


def test_an_app_that_fails_ends_the_simulation(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="no Flower clientapp"):
        played(setup(tmp_path, line_model(), Plan(), 1))
    with pytest.raises(AppError, match="failed"):
        played(setup(LINE, {"slope": np.zeros(1, np.float32)}, Plan(), 1))


@pytest.mark.parametrize(
    "change", [{"per_round": CLIENTS + 1}, {"rounds": 0}, {"plan": Plan(fraction_bits=10)}], ids=lambda c: next(iter(c))
)
def test_setups_that_make_no_sense_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        replace(setup(LINE, line_model(), Plan(), 1), **change)  # type: ignore[arg-type]
