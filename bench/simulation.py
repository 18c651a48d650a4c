"""Simulated federations against Flower's own simulation: the same ClientApp, data and clients, in one run.

    python bench/simulation.py [--only linear|cnn] [--linear-rounds 100] [--cnn-rounds 4] [--processes 2]
                               [--repetitions 2] [--json]

The app is bench/simulation_app, in the pattern of Flower's PyTorch quickstart. Flower plays it with
`flwr.simulation.run_simulation` on Ray, one actor per processor; then Covey hosts the same folder, unchanged, in as
many processes (`covey fl simulate-app`), with the clients that Flower drew; then it trains its own family of the same
layers, from the same weights, on the same examples (`covey fl simulate`). Aggregates of the app must agree within 1e-6
after the first round, accuracies in the end within a point. Rates leave out the first round, in which processes start;
the time until it is over is printed beside them. Of the repetitions each way's best counts. What all processes of a way
used of the processors is printed, too: on a machine that others use it tells more than the clock.
"""

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from support.machine import machine

from covey.federated.clients import OwnJob, Population
from covey.federated.crew import Crew, crew_of
from covey.federated.hosting import AppJob
from covey.federated.plan import Plan
from covey.federated.rounds import Job, aggregated, play
from covey.federated.simulation import accuracy, started
from covey.federated.updates import Coordinates, apply, moved
from covey.learning.data import Dataset
from covey.learning.local import LocalOptions
from covey.learning.task import Model

APP = Path(__file__).parent / "simulation_app"
SAMPLES = 60
"""Examples of a client."""
TESTED = 5000
TOLERANCE = 1e-6
POINTS = 0.01

Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One model. per_round of `clients` train for so many rounds after the first."""

    name: str
    goal: float
    architecture: str
    hyper_parameters: Mapping[str, Any]
    clients: int
    per_round: int
    rounds: int


@dataclass(frozen=True)
class Run:
    """One way's run: seconds of each round, `busy` seconds of processors after the first, first and last models."""

    seconds: Sequence[float]
    busy: float
    first: Any
    last: Any

    def rate(self, case: Case) -> float:
        """Clients per second, the first round left out."""
        return case.per_round * case.rounds / sum(self.seconds[1:])

    def cost(self, case: Case) -> float:
        """Processor seconds per client, of all processes, the first round left out."""
        return self.busy / (case.per_round * case.rounds)


class Clock:
    """Times of the ends of rounds, and what this process and its descendants have used of processors by then."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._used: list[float] = []

    def tick(self) -> None:
        self._times.append(time.perf_counter())
        self._used.append(sum(map(_used, [psutil.Process(), *psutil.Process().children(recursive=True)])))

    def run(self, models: Sequence[Any]) -> Run:
        """From the first tick, when the first round began."""
        return Run(np.diff(self._times).tolist(), self._used[-1] - self._used[1], models[0], models[-1])


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def images(clients: int) -> tuple[Dataset, Dataset]:
    """Noisy shades of ten random pictures: for the clients, one after the other, and for the test."""
    rng = np.random.default_rng(7)
    pictures = rng.random((10, 1, 28, 28)) * 25
    y = rng.integers(0, 10, SAMPLES * clients + TESTED)
    x = np.clip(pictures[y] + rng.normal(100, 60, (len(y), 1, 28, 28)), 0, 255).astype(np.uint8)
    whole = Dataset(x, y, 10)
    first = np.arange(SAMPLES * clients)
    return whole.take(first), whole.take(np.arange(len(first), len(y)))


def run(case: Case, processes: int, repetitions: int, folder: Path) -> dict[str, Any]:
    """Plays a case in all ways. Ends the run if they disagree."""
    from images_app.client_app import BATCH_SIZE, EPOCHS, LEARNING_RATE
    from images_app.task import Cnn, Linear

    train, test = images(case.clients)
    np.save(folder / "x.npy", train.x)
    np.save(folder / "y.npy", train.y)
    os.environ["IMAGES_APP_DATA"] = str(folder)
    torch.manual_seed(0)
    net = Cnn() if case.architecture == "cnn" else Linear()
    start = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}

    bits = Plan().fraction_bits
    coordinates = Coordinates.of({name: array.shape for name, array in start.items()})
    population = Population(train, tuple(np.split(np.arange(len(train)), case.clients)))
    own = OwnJob(population, LocalOptions(EPOCHS, BATCH_SIZE, LEARNING_RATE), bits)
    model = same(started(train, case.architecture, case.hyper_parameters, 0), start)
    batched = 1 if case.architecture == "linear" else processes

    runs: dict[str, list[Run]] = {"flower": [], "covey, same app": [], "covey, own family": []}
    for repetition in range(repetitions):
        flower, draws = by_flower(case, start, processes, folder / f"ray-{repetition}")
        runs["flower"].append(flower)
        runs["covey, same app"].append(
            by_covey(
                crew_of(AppJob(APP, case.clients, coordinates, bits), processes),
                start,
                coordinates.size,
                lambda weights, step: moved(weights, step, coordinates, bits),
                draws,
            )
        )
        compare(flower.first, runs["covey, same app"][-1].first)
        runs["covey, own family"].append(
            by_covey(
                crew_of(own, batched), model, coordinates.size, lambda model, step: apply(model, step, bits), draws
            )
        )
    best = {name: max(found, key=lambda run: run.rate(case)) for name, found in runs.items()}
    accuracies = {
        "flower": share_right(net, best["flower"].last, test),
        "covey, same app": share_right(net, best["covey, same app"].last, test),
        "covey, own family": accuracy(best["covey, own family"].last, test),
    }
    if max(accuracies.values()) - min(accuracies.values()) > POINTS:
        raise SystemExit(f"{case.name}: accuracies differ: {accuracies}")
    return {
        "case": case.name,
        "goal": case.goal,
        "ways": {
            name: {
                "clients_per_second": round(found.rate(case), 1),
                "first_round_seconds": round(found.seconds[0], 1),
                "accuracy": round(accuracies[name], 4),
                "ratio": round(found.rate(case) / best["flower"].rate(case), 2),
                "processor_ms_per_client": round(1000 * found.cost(case), 2),
                "processor_ratio": round(best["flower"].cost(case) / found.cost(case), 2),
            }
            for name, found in best.items()
        },
    }


def by_flower(case: Case, start: Weights, processes: int, folder: Path) -> tuple[Run, list[list[int]]]:
    """Flower's run, and the clients of each round."""
    from flwr.app import ArrayRecord, MetricRecord, RecordDict
    from flwr.serverapp import ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation
    from images_app.client_app import app

    draws: list[list[int]] = []
    models: list[Weights] = []
    clock = Clock()

    def drawn(contents: list[RecordDict], key: str) -> MetricRecord:
        """Flower's hook for metrics tells which clients took part."""
        draws.append(sorted(int(content["metrics"]["partition"]) for content in contents))
        return MetricRecord()

    def after(number: int, arrays: ArrayRecord) -> None:
        clock.tick()
        if number in (1, case.rounds + 1):
            models.append({name: array.numpy() for name, array in arrays.items()})

    server = ServerApp()

    @server.main()
    def main(grid: Any, context: Any) -> None:
        share = case.per_round / case.clients
        strategy = FedAvg(share, 0.0, min_available_nodes=case.clients, train_metrics_aggr_fn=drawn)
        initial = ArrayRecord({name: torch.from_numpy(array) for name, array in start.items()})
        strategy.start(grid, initial, case.rounds + 1, evaluate_fn=after)

    ray = {"num_cpus": processes, "object_store_memory": 300_000_000, "_temp_dir": str(folder)}
    run_simulation(server, app, case.clients, backend_config={"client_resources": {"num_cpus": 1}, "init_args": ray})
    if len(draws) != case.rounds + 1:
        raise SystemExit("Flower's simulation ended early")
    return clock.run(models), draws


def by_covey(
    crew: Crew[Job[Any]], start: Any, size: int, move: Callable[[Any, Any], Any], draws: Sequence[Sequence[int]]
) -> Run:
    """Covey's run with these clients."""
    plan, clock, models = Plan(), Clock(), []
    clock.tick()
    with crew:
        for played in play(start, size, plan, draws, partial(aggregated, crew, plan), move):
            if played.refused:
                raise SystemExit(played.refused)
            clock.tick()
            models = [*models[:1], played.model]
    return clock.run(models)


def same(model: Model, start: Weights) -> Model:
    """Covey's model with the app's weights and scale of inputs: its layers are the app's, in this order."""
    from images_app.task import MEAN, SPREAD

    trained = [name for name in model.weights if not name.startswith("0.")]
    scale = {"0.shift": np.float32([255 * MEAN]), "0.scale": np.float32([1 / (255 * SPREAD)])}
    return replace(model, weights=scale | dict(zip(trained, start.values(), strict=True)))


def compare(theirs: Weights, ours: Weights) -> None:
    """The models after a first round from the same weights, of the same clients."""
    off = max(float(np.abs(theirs[name] - ours[name]).max()) for name in ours)
    if off > TOLERANCE:
        raise SystemExit(f"the first aggregates differ by {off}")


@torch.no_grad()
def share_right(net: torch.nn.Module, weights: Weights, test: Dataset) -> float:
    net.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})
    from images_app.task import as_inputs

    guesses = net(as_inputs(test.x)).argmax(1).numpy()
    return float((guesses == test.y).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["linear", "cnn"])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--linear-rounds", type=int, default=100)
    parser.add_argument("--cnn-rounds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    # Before Flower and Ray are imported: both report each use to their makers unless told not to.
    os.environ |= {"FLWR_TELEMETRY_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    sys.path.insert(0, str(APP))
    import flwr
    import ray

    logging.getLogger("flwr").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    cases = {
        "linear": Case(
            "logistic regression, 10 clients a round", 8, "linear", {}, arguments.clients, 10, arguments.linear_rounds
        ),
        "cnn": Case(
            "CNN of 1,630,090 parameters, 50 clients a round",
            1.8,
            "cnn",
            {"channels": [32, 64], "hidden": 512},
            arguments.clients,
            50,
            arguments.cnn_rounds,
        ),
    }
    rows = []
    before = f"{machine()}, load {os.getloadavg()[0]:.1f}"
    for name, case in cases.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="covey-", dir="/tmp", ignore_cleanup_errors=True) as folder:
                rows.append(run(case, arguments.processes, arguments.repetitions, Path(folder)))
    versions = {"flwr": flwr.__version__, "ray": ray.__version__, "torch": torch.__version__}
    if arguments.json:
        print(json.dumps({"machine": before, **versions, "processes": arguments.processes, "cases": rows}))
        return
    print(f"{before}, then {os.getloadavg()[0]:.1f}; {', '.join(map(' '.join, versions.items()))}")
    for row in rows:
        best = row["ways"]["covey, same app"]["ratio"]
        print(f"\n{row['case']}, of {arguments.clients:,}: {best} x Flower on the same app; goal {row['goal']}")
        for name, way in row["ways"].items():
            print(
                f"  {name:18} {way['clients_per_second']:8.1f} clients/s ({way['ratio']:5.2f} x), "
                f"{way['processor_ms_per_client']:7.2f} ms of a processor each ({way['processor_ratio']:5.2f} x), "
                f"first round after {way['first_round_seconds']:4.1f} s, accuracy {100 * way['accuracy']:.1f} %"
            )


if __name__ == "__main__":
    main()
