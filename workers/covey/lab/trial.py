"""Playing a strategy against honest work: the same tasks, models, data and luck, once with it and once without."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from covey.lab.rules import Ballot, Outcome, Rule
from covey.lab.rules.ballot import LUCK, Memory
from covey.lab.rules.covey import lower_medians
from covey.lab.strategies import trainers, validators
from covey.lab.strategies.trainers import NO_MODEL, Counterpart, TrainerStrategy
from covey.lab.strategies.validators import ValidatorStrategy, seats_of
from covey.lab.tally import Sums, Tally
from covey.lab.task import TOKEN, Task, with_trainers
from covey.lab.world import Flags, Ints, Reals, World, draw_abilities, draw_shard, read_scores
from covey.protocol import faults

BATCH = 500
"""Tasks at a time: their arrays fit a processor's cache."""


def play_validators(rule: Rule, task: Task, world: World, strategy: ValidatorStrategy, tasks: int, seed: int) -> Tally:
    """Validators of whom the first few play the strategy."""
    return Tally.joined(
        [_play_validators(rule, task, world, strategy, count, rng) for count, rng in _batches(tasks, seed)]
    )


def play_trainers(rule: Rule, task: Task, world: World, strategy: TrainerStrategy, tasks: int, seed: int) -> Tally:
    """Honest trainers, those of the task, and beside them one that plays the strategy."""
    return Tally.joined(
        [_play_trainers(rule, task, world, strategy, count, rng) for count, rng in _batches(tasks, seed)]
    )


def slashed(task: Task, strategy: ValidatorStrategy | TrainerStrategy) -> float:
    """Tokens burnt of the strategy's stake in one task."""
    if isinstance(strategy, ValidatorStrategy):
        seats = seats_of(strategy, len(task.validator_stakes))
        stakes = [stake for stake, seat in zip(task.validator_stakes, seats, strict=True) if seat]
        return sum(faults.validator_slash(task.params, stake, strategy.missed) for stake in stakes) / TOKEN
    lock = strategy.stake * task.params.min_trainer_stake
    return faults.trainer_slash(task.params, lock, opened=strategy.opened, unpublished=0, malformed=0) / TOKEN


def everybody_reveals(rng: np.random.Generator, scores: Ints) -> Ballot:
    """A ballot of these scores, revealed in random order; all models are of the first round."""
    tasks, count, lanes = scores.shape
    return Ballot(
        scores=scores,
        turns=rng.random((tasks, count)).argsort(axis=1).astype(np.int32),
        active=np.ones(count, bool),
        first_rounds=np.zeros((tasks, lanes), np.int32),
        luck=rng.integers(LUCK, size=(tasks, lanes), dtype=np.int32),
    )


def _play_validators(
    rule: Rule, task: Task, world: World, strategy: ValidatorStrategy, tasks: int, rng: np.random.Generator
) -> Tally:
    lanes, count = len(task.trainer_stakes), len(task.validator_stakes)
    seats = seats_of(strategy, count)
    abilities = draw_abilities(rng, world, tasks, lanes)
    start = strategy.first % task.params.rounds
    sums = Sums(tasks, count)
    memories: tuple[Memory, Memory] = (None, None)
    last: Ints | None = None
    ended = False
    for index in range(task.params.rounds):
        exact = draw_shard(rng, world, abilities)
        usual = everybody_reveals(rng, read_scores(rng, world, exact, count))
        expected = rule.settle(task, index, usual, memories[0])
        leaders, favourites = (_lane_at(expected, place) for place in (0, lanes // 2))
        attacked = usual
        if index >= start:
            own = usual.scores[:, seats]
            sight = validators.Sight(rng, world, index, own, exact, abilities, last, favourites, leaders)
            attacked = _with_strategy(usual, strategy, seats, sight, benched=index > start)
        happened = _nothing(expected) if ended else rule.settle(task, index, attacked, memories[1])
        memories, ended = (expected.memory, happened.memory), ended or happened.ended
        weight = np.where(attacked.revealed, np.array(task.weights, np.int32), np.int32(0))
        last = lower_medians(attacked.scores, weight)
        if index >= start:
            sums.add(happened, expected, _pools(task, index), lanes, favourites)
    return sums.of_validators(seats)


def _with_strategy(
    usual: Ballot, strategy: ValidatorStrategy, seats: Flags, sight: validators.Sight, benched: bool
) -> Ballot:
    scores = usual.scores.copy()
    scores[:, seats] = strategy.report(sight)
    if strategy.missed is None:
        return replace(usual, scores=scores)
    return replace(usual, turns=np.where(seats, -1, usual.turns), active=~seats if benched else usual.active)


def _play_trainers(
    rule: Rule, task: Task, world: World, strategy: TrainerStrategy, tasks: int, rng: np.random.Generator
) -> Tally:
    count, others, handles = len(task.validator_stakes), len(task.trainer_stakes), strategy.handles
    mine = slice(others, others + handles)
    played, honestly = _tasks_of(task, strategy)
    minority = np.arange(count) < round(trainers.MINORITY * count)
    abilities = draw_abilities(rng, world, tasks, others)
    own = strategy.abilities(rng, world, tasks, handles)
    average = draw_abilities(rng, world, tasks, handles)
    sums = Sums(tasks, count)
    memories: tuple[Memory, Memory] = (None, None)
    leaders: Ints | None = None
    for index in range(task.params.rounds):
        drawn = draw_shard(rng, world, np.concatenate([abilities, own, average], axis=1))
        theirs, ours, averages = np.split(drawn, [others, others + handles], axis=1)
        final = index == task.params.rounds - 1
        known = rule.reuses_a and index > 0 and not final
        sight = trainers.Sight(rng, world, index, ours, theirs, leaders, known, final)
        instead = _counterparts(strategy, ours, averages)
        readings = _read(rng, world, np.concatenate([theirs, strategy.exact(sight), instead], axis=1), count)
        honest, entered, instead_read = np.split(readings, [others, others + handles], axis=2)
        usual = everybody_reveals(rng, np.concatenate([honest, instead_read], axis=2))
        first_rounds = usual.first_rounds.copy()
        first_rounds[:, mine] = strategy.first_round(index)
        scores = np.concatenate([honest, strategy.read(sight, entered, honest, minority)], axis=2)
        attacked = replace(usual, scores=scores, first_rounds=first_rounds)
        expected = rule.settle(honestly, index, usual, memories[0])
        happened = rule.settle(played, index, attacked, memories[1])
        memories = (expected.memory, happened.memory)
        leaders = happened.places[:, :others].argmin(axis=1).astype(np.int32)
        sums.add(happened, expected, _pools(played, index), others, np.full(tasks, others, np.int32))
    average_due = strategy.counterpart is Counterpart.AVERAGE
    return sums.of_trainers(sum(played.trainer_stakes[mine]) / sum(played.trainer_stakes) if average_due else None)


def _tasks_of(task: Task, strategy: TrainerStrategy) -> tuple[Task, Task]:
    """The task with the strategy's trainer, and with its counterpart, who has as much stake in as many lanes."""
    whole = strategy.stake * task.params.min_trainer_stake
    split = [whole // strategy.handles] * strategy.handles
    lanes = range(len(task.trainer_stakes), len(task.trainer_stakes) + strategy.handles)
    played = with_trainers(task, [*task.trainer_stakes, *split], () if strategy.opened else lanes)
    alone = [sum(split), *[0] * len(split[1:])]
    counterpart = alone if strategy.counterpart is Counterpart.SINGLE else split
    return played, with_trainers(task, [*task.trainer_stakes, *counterpart])


def _counterparts(strategy: TrainerStrategy, ours: Reals, averages: Reals) -> Reals:
    """Exact scores in the counterpart's lanes, given those of the strategy's own models and of average ones."""
    match strategy.counterpart:
        case Counterpart.SAME:
            return ours
        case Counterpart.SINGLE:
            return np.concatenate([ours[:, :1], np.full_like(ours[:, 1:], NO_MODEL)], axis=1)
        case Counterpart.AVERAGE:
            return averages


def _read(rng: np.random.Generator, world: World, exact: Reals, count: int) -> Ints:
    """Readings of models, some of which are not there."""
    readings = read_scores(rng, world, exact, count)
    return np.where((exact == NO_MODEL)[:, None, :], np.int32(NO_MODEL), readings)


def _pools(task: Task, index: int) -> tuple[float, float]:
    return task.pools.trainers[index] / TOKEN, task.pools.validators[index] / TOKEN


def _nothing(outcome: Outcome) -> Outcome:
    """A round of a task that ended before it."""
    return replace(
        outcome,
        winners=np.full_like(outcome.winners, -1),
        trainer_shares=np.zeros_like(outcome.trainer_shares),
        validator_shares=np.zeros_like(outcome.validator_shares),
    )


def _lane_at(outcome: Outcome, place: int) -> Ints:
    lanes: Ints = (outcome.places == place).argmax(axis=1).astype(np.int32)
    return lanes


def _batches(tasks: int, seed: int) -> Iterator[tuple[int, np.random.Generator]]:
    """Sizes that sum to `tasks`, each with a generator of its own."""
    sizes = [min(BATCH, tasks - start) for start in range(0, tasks, BATCH)]
    for size, each in zip(sizes, np.random.SeedSequence(seed).spawn(len(sizes)), strict=True):
        yield size, np.random.default_rng(each)
