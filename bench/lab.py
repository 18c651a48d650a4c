"""Rounds that the attack lab simulates per second on one core: 20 validators by 50 models.

    python bench/lab.py [--validators 20] [--models 50] [--rounds 3000] [--json]

A round is drawn (abilities, shard, readings, order of reveals), reported on, and settled under the rule, once with the
strategy and once with honest work in its place; it counts once. The process is held to one core, and the seconds are
those that it had of it. The goal is 1,000 rounds per second under Covey's rule, to the wei. The figure is the best of
several repetitions after a warm-up.
"""

import argparse
import json
import os
import time

from support.machine import processor

from covey.lab.rules import RULES
from covey.lab.strategies.validators import VALIDATORS
from covey.lab.task import make_task
from covey.lab.trial import play_validators
from covey.lab.world import Metric, World

GOAL = 1000


def rounds_per_second(rule: str, metric: Metric, validators: int, models: int, rounds: int, repetitions: int) -> int:
    """Of the last round's consensus as a report, the best of `repetitions`."""
    world = World(metric=metric)
    task = make_task(world, validators, models)
    tasks = -(-rounds // task.params.rounds)
    shortest = float("inf")
    for seed in range(repetitions + 1):
        start = time.process_time()
        play_validators(RULES[rule], task, world, VALIDATORS["last-consensus"], tasks, seed)
        if seed:
            shortest = min(shortest, time.process_time() - start)
    return int(tasks * task.params.rounds / shortest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--validators", type=int, default=20)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    size = arguments.validators, arguments.models
    figures = {
        f"{rule}, {metric}": rounds_per_second(rule, metric, *size, arguments.rounds, arguments.repetitions)
        for rule in RULES
        for metric in Metric
    }
    here = f"{processor()}, one core of {os.cpu_count()}"
    if arguments.json:
        print(json.dumps({"machine": here, "size": size, "goal": GOAL, "rounds_per_second": figures}))
        return
    print(here)
    print(f"{size[0]} validators, {size[1]} models; goal {GOAL:,} rounds per second")
    for name, figure in figures.items():
        print(f"{name:16} {figure:7,} rounds per second")


if __name__ == "__main__":
    main()
