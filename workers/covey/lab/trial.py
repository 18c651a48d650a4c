"""Playing a strategy against honest work: the same tasks, models, data and luck, once with it and once without."""

from dataclasses import dataclass, replace

import numpy as np

from covey.lab.rules import Ballot, Outcome, Rule
from covey.lab.rules.ballot import LUCK, Memory
from covey.lab.rules.covey import lower_medians
from covey.lab.strategies import trainers, validators
from covey.lab.strategies.trainers import NO_MODEL, TrainerStrategy
from covey.lab.strategies.validators import ValidatorStrategy, seats_of
from covey.lab.task import TOKEN, Task, with_trainers
from covey.lab.world import Flags, Ints, Reals, World, draw_abilities, draw_shard, read_scores
from covey.protocol import faults

BATCH = 500
"""Tasks at a time: their arrays fit a processor's cache."""


@dataclass(frozen=True)
class Tally:
    """What a strategy did to some tasks; each array has one entry per task.

    `paid` and `due` are tokens that its players got, and would have got by honest work. `changed` is the part of the
    rounds in which another model won; `moved` the part of the trainers' pay that went to others than without it.
    `kept` is the pay of each honest validator (tasks, seats), `usual` what they get without the strategy.
    """

    paid: Reals
    due: Reals
    changed: Reals
    moved: Reals
    kept: Reals
    usual: Reals

    @property
    def income(self) -> float:
        """Of honest pay, per stake."""
        return float(self.paid.mean() / self.due.mean()) if self.due.any() else 0.0

    @property
    def error(self) -> float:
        """Standard error of `income`."""
        if not self.due.any():
            return 0.0
        residual = self.paid - self.income * self.due
        return float(residual.std() / np.sqrt(len(residual)) / self.due.mean())

    @property
    def worst_kept(self) -> float:
        """What the honest validator that suffers most still gets of its usual pay."""
        usual = self.usual.mean(axis=0)
        return float((self.kept.mean(axis=0)[usual > 0] / usual[usual > 0]).min()) if usual.any() else 1.0


def joined(tallies: list[Tally]) -> Tally:
    """One tally of all tasks."""
    names = ("paid", "due", "changed", "moved", "kept", "usual")
    return Tally(**{name: np.concatenate([getattr(tally, name) for tally in tallies]) for name in names})


def play_validators(rule: Rule, task: Task, world: World, strategy: ValidatorStrategy, tasks: int, seed: int) -> Tally:
    """Validators of equal stake, of whom the first few play the strategy."""
    batches = _batches(tasks, seed)
    return joined([_play_validators(rule, task, world, strategy, count, rng) for count, rng in batches])


def play_trainers(rule: Rule, task: Task, world: World, strategy: TrainerStrategy, tasks: int, seed: int) -> Tally:
    """Honest trainers, those of the task, and beside them one that plays the strategy."""
    batches = _batches(tasks, seed)
    return joined([_play_trainers(rule, task, world, strategy, count, rng) for count, rng in batches])


def slashed(task: Task, strategy: ValidatorStrategy | TrainerStrategy) -> float:
    """Tokens burnt of the strategy's stake in one task."""
    if isinstance(strategy, ValidatorStrategy):
        seats = seats_of(strategy, len(task.validator_stakes))
        stakes = [stake for stake, seat in zip(task.validator_stakes, seats, strict=True) if seat]
        return sum(faults.validator_slash(task.params, stake, strategy.missed) for stake in stakes) / TOKEN
    lock = strategy.stake * task.params.min_trainer_stake
    return faults.trainer_slash(task.params, lock, opened=strategy.opened, unpublished=0, malformed=0) / TOKEN


def _play_validators(
    rule: Rule, task: Task, world: World, strategy: ValidatorStrategy, tasks: int, rng: np.random.Generator
) -> Tally:
    lanes, count = len(task.trainer_stakes), len(task.validator_stakes)
    seats = seats_of(strategy, count)
    abilities = draw_abilities(rng, world, tasks, lanes)
    start = strategy.first % task.params.rounds
    sums = _Sums(tasks, count)
    memories: tuple[Memory, Memory] = (None, None)
    last: Ints | None = None
    ended = False
    for index in range(task.params.rounds):
        exact = draw_shard(rng, world, abilities)
        usual = _ballot(rng, read_scores(rng, world, exact, count))
        expected = rule.settle(task, index, usual, memories[0])
        attacked = usual
        if index >= start:
            sight = validators.Sight(
                rng,
                world,
                index,
                usual.scores[:, seats],
                exact,
                abilities,
                last,
                favourites=_lane_at(expected, lanes // 2),
                leaders=_lane_at(expected, 0),
            )
            attacked = _with_strategy(usual, strategy, seats, sight, benched=index > start)
        happened = _nothing(expected) if ended else rule.settle(task, index, attacked, memories[1])
        memories, ended = (expected.memory, happened.memory), ended or happened.ended
        weight = np.where(attacked.revealed, np.array(task.weights, np.int32), np.int32(0))
        last = lower_medians(attacked.scores, weight)
        if index >= start:
            pool = task.pools.validators[index] / TOKEN
            sums.add_validators(happened.validator_shares * pool, expected.validator_shares * pool)
            sums.add_ranking(happened, expected, task.pools.trainers[index], lanes)
    return sums.tally(seats)


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
    count, others = len(task.validator_stakes), len(task.trainer_stakes)
    mine = np.arange(strategy.handles) + others
    whole = strategy.stake * task.params.min_trainer_stake
    played = with_trainers(
        task,
        [*task.trainer_stakes, *[whole // strategy.handles] * strategy.handles],
        () if strategy.opened else mine.tolist(),
    )
    counterpart = with_trainers(task, [*task.trainer_stakes, whole, *[0] * (strategy.handles - 1)])
    minority = np.arange(count) < round(trainers.MINORITY * count)
    abilities = draw_abilities(rng, world, tasks, others)
    own = strategy.abilities(rng, world, tasks, strategy.handles)
    instead = own[:, :1] if strategy.skilled else draw_abilities(rng, world, tasks, 1)
    sums = _Sums(tasks, count)
    memories: tuple[Memory, Memory] = (None, None)
    leaders: Ints | None = None
    for index in range(task.params.rounds):
        drawn = draw_shard(rng, world, np.concatenate([abilities, own, instead], axis=1))
        theirs, ours, counterparts = np.split(drawn, [others, others + strategy.handles], axis=1)
        final = index == task.params.rounds - 1
        sight = trainers.Sight(
            rng, world, index, ours, theirs, leaders, rule.reuses_a and index > 0 and not final, final
        )
        readings = _read(rng, world, np.concatenate([theirs, strategy.exact(sight), counterparts], axis=1), count)
        honest, entered, instead_of_it = np.split(readings, [others, others + strategy.handles], axis=2)
        nothing = np.full_like(entered[:, :, 1:], NO_MODEL)
        usual = _ballot(rng, np.concatenate([honest, instead_of_it, nothing], axis=2))
        scores = np.concatenate([honest, strategy.read(sight, entered, honest, minority)], axis=2)
        first_rounds = usual.first_rounds.copy()
        first_rounds[:, mine] = strategy.first_round(index)
        attacked = replace(usual, scores=scores, first_rounds=first_rounds)
        expected = rule.settle(counterpart, index, usual, memories[0])
        happened = rule.settle(played, index, attacked, memories[1])
        memories = (expected.memory, happened.memory)
        leaders = happened.places[:, :others].argmin(axis=1).astype(np.int32)
        validator_pool = played.pools.validators[index] / TOKEN
        sums.add_validators(happened.validator_shares * validator_pool, expected.validator_shares * validator_pool)
        sums.add_ranking(happened, expected, played.pools.trainers[index], others)
    return sums.tally(None)


class _Sums:
    """Sums over the rounds of many tasks, as they are played."""

    def __init__(self, tasks: int, validators: int) -> None:
        self._kept, self._usual = np.zeros((tasks, validators)), np.zeros((tasks, validators))
        self._paid, self._due = np.zeros(tasks), np.zeros(tasks)
        self._changed, self._moved = np.zeros(tasks), np.zeros(tasks)
        self._pools = 0.0
        self._rounds = 0

    def add_validators(self, kept: Reals, usual: Reals) -> None:
        self._kept += kept
        self._usual += usual

    def add_ranking(self, happened: Outcome, expected: Outcome, pool: int, others: int) -> None:
        """Lanes from `others` on are the strategy's, and count as one."""
        tokens = pool / TOKEN
        before, after = (_merged(outcome.trainer_shares, others) for outcome in (expected, happened))
        self._due += before[:, -1] * tokens
        self._paid += after[:, -1] * tokens
        self._moved += np.abs(after - before).sum(axis=1) / 2 * tokens
        self._changed += np.minimum(happened.winners, others) != np.minimum(expected.winners, others)
        self._pools += tokens
        self._rounds += 1

    def tally(self, seats: Flags | None) -> Tally:
        """With `seats` the players are validators, else they are trainers."""
        paid, due, honest = self._paid, self._due, np.ones(self._kept.shape[1], bool)
        if seats is not None:
            paid, due, honest = self._kept[:, seats].sum(axis=1), self._usual[:, seats].sum(axis=1), ~seats
        return Tally(
            paid,
            due,
            self._changed / self._rounds,
            self._moved / self._pools,
            self._kept[:, honest],
            self._usual[:, honest],
        )


def _nothing(outcome: Outcome) -> Outcome:
    """A round of a task that ended before it."""
    return replace(
        outcome,
        winners=np.full_like(outcome.winners, -1),
        trainer_shares=np.zeros_like(outcome.trainer_shares),
        validator_shares=np.zeros_like(outcome.validator_shares),
    )


def _merged(shares: Reals, others: int) -> Reals:
    return np.concatenate([shares[:, :others], shares[:, others:].sum(axis=1, keepdims=True)], axis=1)


def _read(rng: np.random.Generator, world: World, exact: Reals, count: int) -> Ints:
    """Readings of models, some of which are not there."""
    readings = read_scores(rng, world, exact, count)
    return np.where((exact == NO_MODEL)[:, None, :], np.int32(NO_MODEL), readings)


def _ballot(rng: np.random.Generator, scores: Ints) -> Ballot:
    """Everybody reveals, in random order; all models are of the first round."""
    tasks, count, lanes = scores.shape
    return Ballot(
        scores=scores,
        turns=rng.random((tasks, count)).argsort(axis=1).astype(np.int32),
        active=np.ones(count, bool),
        first_rounds=np.zeros((tasks, lanes), np.int32),
        luck=rng.integers(LUCK, size=(tasks, lanes), dtype=np.int32),
    )


def _lane_at(outcome: Outcome, place: int) -> Ints:
    lanes: Ints = (outcome.places == place).argmax(axis=1).astype(np.int32)
    return lanes


def _batches(tasks: int, seed: int) -> list[tuple[int, np.random.Generator]]:
    """Sizes that sum to `tasks`, each with a generator of its own."""
    sizes = [min(BATCH, tasks - start) for start in range(0, tasks, BATCH)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    return [(size, np.random.default_rng(each)) for size, each in zip(sizes, seeds, strict=True)]
