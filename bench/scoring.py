"""Models scored per second: a round's digits models of one shape, batched against one at a time.

    python bench/scoring.py [--models 100] [--architecture mlp] [--device auto] [--threads 1] [--json]

Both ways take the same artefacts from bytes to scores through `score_models` and must agree on every score. The figure
is the best of several repetitions after a warm-up.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch
from support.machine import machine

from covey.learning.artefact import encode
from covey.learning.data import load_digits, split_for_task
from covey.learning.devices import resolve_device
from covey.learning.families import family_of
from covey.learning.scoring import Score, score_models
from covey.learning.training import untrained


def best_of(repetitions: int, work: Callable[[], list[Score]]) -> tuple[float, list[Score]]:
    """The shortest of `repetitions` run times in seconds, and the result."""
    result, shortest = work(), float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        result = work()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--architecture", default="mlp", choices=["linear", "mlp", "cnn"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    data = load_digits()
    shard = split_for_task(data, rounds=3, seed=b"bench").shards[-1]
    family = family_of("image-classification")
    task, architecture = family.task(data), family.architecture(arguments.architecture)
    artefacts = [encode(untrained(task, architecture, seed)) for seed in range(arguments.models)]

    def batched() -> list[Score]:
        return score_models(artefacts, shard, task, arguments.device, arguments.threads)

    def one_by_one() -> list[Score]:
        return [score_models([artefact], shard, task, arguments.device, arguments.threads)[0] for artefact in artefacts]

    batched_seconds, together = best_of(arguments.repetitions, batched)
    single_seconds, alone = best_of(arguments.repetitions, one_by_one)
    if together != alone:
        raise SystemExit("scores differ between the two ways")
    device = resolve_device(arguments.device)
    report = {
        "machine": torch.cuda.get_device_name(device) if device.type == "cuda" else machine(),
        "threads": arguments.threads,
        "torch": torch.__version__,
        "architecture": arguments.architecture,
        "models": arguments.models,
        "examples": len(shard),
        "batched_models_per_second": round(arguments.models / batched_seconds, 1),
        "one_by_one_models_per_second": round(arguments.models / single_seconds, 1),
        "ratio": round(single_seconds / batched_seconds, 2),
    }
    if arguments.json:
        print(json.dumps(report))
    else:
        print("\n".join(f"{name.replace('_', ' '):30} {value}" for name, value in report.items()))


if __name__ == "__main__":
    main()
