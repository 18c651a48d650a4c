"""What creators get back of a bounty, and what it costs them, who break the rules of their own task."""

from dataclasses import replace

import numpy as np

from covey.lab.rules import RULES
from covey.lab.strategies.trainers import TRAINERS
from covey.lab.strategies.validators import HONEST, VALIDATORS, seats_of
from covey.lab.task import TOKEN, Task, make_task
from covey.lab.trial import play_trainers, play_validators
from covey.lab.world import World
from covey.protocol.params import GWEI

STRATEGIES = {
    "withheld-key": "does not post the key of set B",
    "bad-hidden-set": "commits to data with shuffled labels, on which every model is as good as untrained",
    "leaked-set-b": "tells set B to a trainer of its own",
    "leaked-set-b-8": "tells set B to a trainer of its own, who enters under eight handles",
    "captured-panel": "has 55 % of the validators' stake, and a trainer",
}

_TRAINERS = {"leaked-set-b": "leaked-b", "leaked-set-b-8": "leaked-b-sybil"}


def part_back(name: str, rule: str, world: World, validators: int, models: int, tasks: int, seed: int) -> float | None:
    """The part of what is distributed that a creator gets back, itself or by its own workers."""
    task = make_task(world, validators, models)
    match name:
        case "withheld-key":
            return 0.0 if rule == "covey" else None
        case "bad-hidden-set":
            useless = replace(world, weakest=world.base_rate, best=world.base_rate)
            return 1 - _paid(rule, task, useless, tasks, seed) if rule == "covey" else None
        case "captured-panel":
            return captured(rule, task, world, VALIDATORS["capture"].share, tasks, seed)
        case _:
            strategy = TRAINERS[_TRAINERS[name]]
            field = make_task(world, validators, models - strategy.handles)
            tally = play_trainers(RULES[rule], field, world, strategy, tasks, seed)
            return float(tally.paid.mean()) / _distributed(field)


def cost(name: str, task: Task) -> float:
    """Tokens lost: burnt, paid in keepers' fees, and forgone by locking stake."""
    params, reserve = task.params, task.params.fee_reserve(len(task.trainer_stakes), len(task.validator_stakes))
    fees = reserve / TOKEN
    match name:
        case "withheld-key":
            unearned = task.pools.trainers[-1] + task.pools.validators[-1]
            return (params.bond + unearned) / TOKEN + fees
        case "captured-panel":
            seats = int(seats_of(VALIDATORS["capture"], len(task.validator_stakes)).sum())
            return fees + seats * params.min_validator_stake * GWEI / TOKEN * task.costs.capital
        case "bad-hidden-set":
            return fees
        case _:
            strategy = TRAINERS[_TRAINERS[name]]
            return fees + strategy.stake * params.min_trainer_stake * GWEI / TOKEN * task.costs.capital


def captured(rule: str, task: Task, world: World, share: float, tasks: int, seed: int) -> float:
    """The part of what is distributed that honest people don't get, if the creator's own validators have `share`."""
    tally = play_validators(RULES[rule], task, world, replace(VALIDATORS["capture"], share=share), tasks, seed)
    trainers = float((tally.earned - tally.prize).mean()) * sum(task.pools.trainers) / TOKEN
    return 1 - (float(tally.kept.sum(axis=1).mean()) + trainers) / _distributed(task)


def _distributed(task: Task) -> float:
    return (sum(task.pools.trainers) + sum(task.pools.validators)) / TOKEN


def _paid(rule: str, task: Task, world: World, tasks: int, seed: int) -> float:
    """The part of what is distributed that anybody earns."""
    validators = play_validators(RULES[rule], task, world, HONEST, tasks, seed)
    earned = float(np.concatenate([validators.kept, validators.paid[:, None]], axis=1).sum(axis=1).mean())
    return (earned + float(validators.earned.mean()) * sum(task.pools.trainers) / TOKEN) / _distributed(task)
