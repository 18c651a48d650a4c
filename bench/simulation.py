"""Simulated federations against Flower's own simulation: the same ClientApp, data and clients, in one run.

    python bench/simulation.py [--only linear|cnn] [--linear-rounds 100] [--cnn-rounds 4] [--processes 2] [--json]

The app is bench/simulation_app, in the pattern of Flower's PyTorch quickstart. Flower plays it with
`flwr.simulation.run_simulation` on Ray, one actor per processor; Covey hosts the same folder, unchanged, in as many
processes (`covey fl simulate --app`), and trains its own family of the same layers on the same examples. They take
turns round by round, so that a busy machine hits all alike, and in every round the clients are those that Flower drew.
Aggregates must agree within 1e-6 after the first round, accuracies in the end within a point. Rates leave out the first
round, in which processes start; the time until it is over is printed beside them.
"""

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from covey.federated.clients import OwnJob, Population
from covey.federated.crew import Alone, Crew, Processes, crew_of
from covey.federated.hosting import AppJob
from covey.federated.plan import Plan
from covey.federated.rounds import Job, aggregated, play
from covey.federated.simulation import accuracy, started
from covey.federated.updates import Coordinates, apply, coordinates_of, moved
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


@dataclass
class Way:
    """One way to simulate: seconds of every round, and the accuracy in the end."""

    seconds: list[float] = field(default_factory=list)
    accuracy: float = 0.0


def images(clients: int) -> tuple[Dataset, Dataset]:
    """Noisy shades of ten random pictures: for the clients, one after the other, and for the test."""
    rng = np.random.default_rng(7)
    pictures = rng.random((10, 1, 28, 28)) * 25
    y = rng.integers(0, 10, SAMPLES * clients + TESTED)
    x = np.clip(pictures[y] + rng.normal(100, 60, (len(y), 1, 28, 28)), 0, 255).astype(np.uint8)
    whole = Dataset(x, y, 10)
    first = np.arange(SAMPLES * clients)
    return whole.take(first), whole.take(np.arange(len(first), len(y)))


def run(case: Case, processes: int, folder: Path) -> dict[str, Any]:
    """Plays all ways at once. Ends the run if they disagree."""
    from flwr.app import ArrayRecord, MetricRecord, RecordDict
    from flwr.serverapp import ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation
    from images_app.client_app import BATCH_SIZE, EPOCHS, LEARNING_RATE, app
    from images_app.task import Cnn, Linear

    train, test = images(case.clients)
    np.save(folder / "x.npy", train.x)
    np.save(folder / "y.npy", train.y)
    os.environ["IMAGES_APP_DATA"] = str(folder)

    torch.manual_seed(0)
    net = Cnn() if case.architecture == "cnn" else Linear()
    start = {name: tensor.numpy().copy() for name, tensor in net.state_dict().items()}
    plan, drawn = Plan(), deque[list[int]]()
    ways = {name: Way() for name in ("flower", "covey, same app", "covey, own family")}

    coordinates = Coordinates.of({name: array.shape for name, array in start.items()})
    hosted = Processes(AppJob(APP, case.clients, coordinates, plan.fraction_bits), processes)
    population = Population(train, tuple(np.split(np.arange(len(train)), case.clients)))
    options = LocalOptions(EPOCHS, BATCH_SIZE, LEARNING_RATE)
    model = same(started(train, case.architecture, case.hyper_parameters, 0), start)
    own = OwnJob(population, options, plan.fraction_bits)
    family = crew_of(own, processes) if case.architecture == "cnn" else Alone(own)

    def rounds(crew: Crew[Job[Any]], model: Any, size: int, move: Callable[[Any, Any], Any]) -> Iterator[Any]:
        """Each `next` plays the round whose clients were drawn last, and gives the model after it."""
        draws: Iterator[Sequence[int]] = iter(lambda: drawn[-1], None)
        for played in play(model, size, plan, draws, partial(aggregated, crew, plan), move):
            if played.refused:
                raise SystemExit(played.refused)
            yield played.model

    players = {
        "covey, same app": rounds(
            hosted, start, coordinates.size, lambda w, step: moved(w, step, coordinates, plan.fraction_bits)
        ),
        "covey, own family": rounds(
            family, model, coordinates_of(model).size, lambda m, step: apply(m, step, plan.fraction_bits)
        ),
    }
    latest: dict[str, Any] = {}
    turn = time.perf_counter()

    def drawn_by_flower(contents: list[RecordDict], key: str) -> MetricRecord:
        """Flower's hook for metrics tells which clients took part."""
        drawn.append(sorted(int(content["metrics"]["partition"]) for content in contents))
        return MetricRecord()

    def between_rounds(number: int, arrays: ArrayRecord) -> None:
        nonlocal turn
        if number:
            ways["flower"].seconds.append(time.perf_counter() - turn)
            latest["flower"] = {name: array.numpy() for name, array in arrays.items()}
            for name, player in players.items():
                began = time.perf_counter()
                latest[name] = next(player)
                ways[name].seconds.append(time.perf_counter() - began)
        if number == 1:
            compare(latest["flower"], latest["covey, same app"])
        turn = time.perf_counter()

    server = ServerApp()

    @server.main()
    def main(grid: Any, context: Any) -> None:
        share = case.per_round / case.clients
        strategy = FedAvg(share, 0.0, min_available_nodes=case.clients, train_metrics_aggr_fn=drawn_by_flower)
        strategy.start(grid, ArrayRecord(net.state_dict()), case.rounds + 1, evaluate_fn=between_rounds)

    ray = {"num_cpus": processes, "object_store_memory": 300_000_000, "_temp_dir": str(folder / "ray")}
    with hosted, family, closing(players["covey, same app"]), closing(players["covey, own family"]):
        run_simulation(
            server, app, case.clients, backend_config={"client_resources": {"num_cpus": 1}, "init_args": ray}
        )
    if len(drawn) != case.rounds + 1:
        raise SystemExit("Flower's simulation ended early")
    for name in ("flower", "covey, same app"):
        ways[name].accuracy = share_right(net, latest[name], test)
    ways["covey, own family"].accuracy = accuracy(latest["covey, own family"], test)
    if max(way.accuracy for way in ways.values()) - min(way.accuracy for way in ways.values()) > POINTS:
        raise SystemExit(f"{case.name}: accuracies differ: { {name: way.accuracy for name, way in ways.items()} }")
    return report(case, ways)


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


def report(case: Case, ways: Mapping[str, Way]) -> dict[str, Any]:
    flower = sum(ways["flower"].seconds[1:])
    return {
        "case": case.name,
        "goal": case.goal,
        "ways": {
            name: {
                "clients_per_second": round(case.per_round * case.rounds / sum(way.seconds[1:]), 1),
                "first_round_seconds": round(way.seconds[0], 1),
                "accuracy": round(way.accuracy, 4),
                "ratio": round(flower / sum(way.seconds[1:]), 2),
            }
            for name, way in ways.items()
        },
    }


def machine() -> str:
    """The processor that does the work, and how busy it is."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["linear", "cnn"])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--linear-rounds", type=int, default=100)
    parser.add_argument("--cnn-rounds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
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
    before = machine()
    for name, case in cases.items():
        if arguments.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="covey-", dir="/tmp", ignore_cleanup_errors=True) as folder:
                rows.append(run(case, arguments.processes, Path(folder)))
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
                f"  {name:18} {way['clients_per_second']:8.1f} clients/s ({way['ratio']:5.2f} x), first round after "
                f"{way['first_round_seconds']:4.1f} s, accuracy {100 * way['accuracy']:.1f} %"
            )


if __name__ == "__main__":
    main()
