"""Robust aggregation against byzfl and Flower: Multi-Krum, trimmed mean, nearest-neighbour mixing, in one run.

    python bench/aggregation.py [--repetitions 3] [--json]

All take the same updates, a fifth of them Byzantine and far out: Covey as integers, which is what its clients
publish, the peers as the float32 numbers that these stand for (byzfl as NumPy arrays and as torch tensors, the faster
counts). Results must agree within 1e-6. Repetitions alternate between the ways, and each way's best counts, so that a
busy machine hits all alike. The peers are installed by `make bench` into build/bench/peers, behind what is installed
for use.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from support.machine import machine

from covey.federated.cohort import Cohort, cohort_of
from covey.federated.fixed import dequantise, quantise
from covey.federated.rules import MultiKrum, TrimmedMean
from covey.federated.rules.mixing import mixed

PEERS = Path(__file__).parents[1] / "build" / "bench" / "peers"
TOLERANCE = 1e-6
FRACTION_BITS = 20
SHARE = 2000

Way = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One rule on updates of one size. ways: by name, each giving the result as an array: Covey's as integers."""

    name: str
    goal: float
    ways: Mapping[str, Way]


def load_peers() -> tuple[ModuleType, ModuleType, ModuleType]:
    """byzfl's aggregators and pre-aggregations, Flower's aggregation functions."""
    if not PEERS.is_dir():
        raise SystemExit("the peers are not installed: run 'make bench'")
    sys.path.append(str(PEERS))
    package = ModuleType("byzfl")  # whose own start would load its training framework and torchvision
    package.__path__ = [str(PEERS / "byzfl")]
    sys.modules["byzfl"] = package
    from byzfl.aggregators import aggregators, preaggregators
    from flwr.server.strategy import aggregate

    return aggregators, preaggregators, aggregate


def updates(clients: int, coordinates: int) -> np.ndarray:
    """(clients, coordinates) integers; the last fifth are sign-flipped and ten times too long."""
    rng = np.random.default_rng(7)
    values = rng.normal(0.01, 0.02, (clients, coordinates))
    values[-(SHARE * clients // 10_000) :] *= -10
    return quantise(values, FRACTION_BITS)


def cases() -> list[Case]:
    aggregators, preaggregators, flower = load_peers()
    many, f_many = updates(50, 1_000_000), 10
    wide, f_wide = updates(100, 100_000), 20
    return [
        Case(
            "multi-krum, n = 50, d = 1,000,000",
            4,
            {"covey": _rule(MultiKrum(share=SHARE), many)}
            | _byzfl(aggregators.MultiKrum(f_many), many)
            | {"flower": _flower(many, lambda results: flower.aggregate_krum(results, f_many, len(many) - f_many))},
        ),
        Case(
            "trimmed mean, n = 50, d = 1,000,000",
            6,
            {"covey": _rule(TrimmedMean(share=SHARE), many)}
            | _byzfl(aggregators.TrMean(f_many), many)
            | {"flower": _flower(many, lambda results: flower.aggregate_trimmed_avg(results, f_many / len(many)))},
        ),
        Case(
            "nearest-neighbour mixing, n = 100, d = 100,000",
            50,
            {"covey": lambda: _all_rows(mixed(cohort_of(wide), SHARE))} | _byzfl(preaggregators.NNM(f_wide), wide),
        ),
    ]


def _rule(rule: MultiKrum | TrimmedMean, rows: np.ndarray) -> Way:
    cohort = cohort_of(rows)
    return lambda: rule.aggregate(cohort).aggregate


def _all_rows(cohort: Cohort) -> np.ndarray:
    rows = np.empty((cohort.count, cohort.stream.size), np.int32)

    def place(start: int, chunk: np.ndarray) -> None:
        rows[:, start : start + chunk.shape[1]] = chunk

    cohort.stream.each(place)
    return rows


def _byzfl(rule: Callable[[Any], Any], rows: np.ndarray) -> dict[str, Way]:
    floats = dequantise(rows, FRACTION_BITS).astype(np.float32)
    tensor = torch.from_numpy(floats)
    return {"byzfl, numpy": lambda: rule(floats), "byzfl, torch": lambda: rule(tensor).numpy()}


def _flower(rows: np.ndarray, rule: Callable[[list[tuple[list[np.ndarray], int]]], list[np.ndarray]]) -> Way:
    results = [([row], 1) for row in dequantise(rows, FRACTION_BITS).astype(np.float32)]
    return lambda: rule(list(results))[0]


def measure(case: Case, repetitions: int) -> dict[str, float]:
    """Seconds by way, the best of `repetitions`. Ends the run if a result differs from Covey's."""
    best = dict.fromkeys(case.ways, float("inf"))
    for _ in range(repetitions):
        found: dict[str, Any] = {}
        for name, way in case.ways.items():
            began = time.perf_counter()
            found[name] = way()
            best[name] = min(best[name], time.perf_counter() - began)
        ours = dequantise(found.pop("covey"), FRACTION_BITS)
        for name, result in found.items():
            off = float(np.abs(result - ours).max())
            if off > TOLERANCE:
                raise SystemExit(f"{case.name}: {name} differs by {off}")
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    report = []
    for case in cases():
        seconds = measure(case, arguments.repetitions)
        peer = min((name for name in seconds if name != "covey"), key=seconds.__getitem__)
        ratio = seconds[peer] / seconds["covey"]
        report.append({"case": case.name, "seconds": seconds, "peer": peer, "ratio": ratio, "goal": case.goal})
    if arguments.json:
        print(json.dumps({"machine": machine(), "numpy": np.__version__, "torch": torch.__version__, "cases": report}))
        return
    print(f"{machine()}; numpy {np.__version__}, torch {torch.__version__}")
    for row in report:
        print(f"\n{row['case']}: {row['ratio']:.1f} x the faster peer ({row['peer']}); goal {row['goal']}")
        for name, value in row["seconds"].items():
            print(f"  {name:14} {value:8.3f} s")


if __name__ == "__main__":
    main()
