"""Ways for trainers to behave."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from covey.lab.world import Flags, Ints, Reals, World, draw_abilities, score_for, shift_answers
from covey.protocol.lanes import TOP, UNAVAILABLE

NO_MODEL = UNAVAILABLE
"""Score of a lane to which nothing is published: such a model neither counts nor costs anybody."""

MINORITY = 0.4
"""Part of the validators that a divergent or selective trainer singles out."""


@dataclass(frozen=True)
class Sight:
    """What a trainer could know when it publishes in round `index`.

    `drawn` (tasks, handles) are the exact scores that its own models would get; `others` (tasks, models) those of the
    honest trainers' models, of which `leaders` (tasks) led the round before (None in the first). `known_shard` tells
    that this round's hidden data was used before.
    """

    rng: np.random.Generator
    world: World
    index: int
    drawn: Reals
    others: Reals
    leaders: Ints | None
    known_shard: bool
    last: bool


def as_drawn(sight: Sight) -> Reals:
    return sight.drawn


def as_read(sight: Sight, own: Ints, others: Ints, minority: Flags) -> Ints:
    return own


class Counterpart(StrEnum):
    """Whose pay a strategy's is compared with, the stake being equal."""

    SAME = "same"
    """The same models, entered honestly under as many handles."""
    SINGLE = "single"
    """The first of the models, entered under one handle."""
    AVERAGE = "average"
    """Honest trainers' on average."""


Able = Callable[[np.random.Generator, World, int, int], Reals]


@dataclass(frozen=True)
class TrainerStrategy:
    """`stake` times the least stake, split evenly over `handles`.

    `abilities` draws the true accuracies of its models, `exact` their scores in a round, `read` what validators make of
    them (tasks, validators, handles): some of these are in the `minority`, and whoever reads the same bytes twice reads
    the same. `opened` tells whether its handles are, `fresh` that its models are new in every round. `work` is how much
    of an honest trainer's it does.
    """

    name: str
    about: str
    handles: int = 1
    stake: int = 1
    work: float = 1.0
    abilities: Able = draw_abilities
    exact: Callable[[Sight], Reals] = as_drawn
    read: Callable[[Sight, Ints, Ints, Flags], Ints] = as_read
    opened: bool = True
    counterpart: Counterpart = Counterpart.SAME
    fresh: bool = False

    def first_round(self, index: int) -> int:
        return index if self.fresh else 0


def untrained(rng: np.random.Generator, world: World, tasks: int, models: int) -> Reals:
    return np.full((tasks, models), world.base_rate)


def one_of_the_best(rng: np.random.Generator, world: World, tasks: int, models: int) -> Reals:
    return np.full((tasks, models), world.best)


def same_model(sight: Sight) -> Reals:
    return np.repeat(sight.drawn[:, :1], sight.drawn.shape[1], axis=1)


def read_same_model(sight: Sight, own: Ints, others: Ints, minority: Flags) -> Ints:
    return np.repeat(own[:, :, :1], own.shape[2], axis=2)


def copy(sight: Sight) -> Reals:
    """The last round's best model, byte for byte; nothing in the first round."""
    if sight.leaders is None:
        return np.full_like(sight.drawn, NO_MODEL)
    return np.take_along_axis(sight.others, sight.leaders[:, None].astype(np.int64), axis=1)


def read_copy(sight: Sight, own: Ints, others: Ints, minority: Flags) -> Ints:
    if sight.leaders is None:
        return own
    return np.take_along_axis(others, sight.leaders[:, None, None].astype(np.int64), axis=2)


def altered_copy(sight: Sight) -> Reals:
    """The last round's best model, with so little changed that one answer in a hundred differs."""
    if sight.leaders is None:
        return copy(sight)
    return shift_answers(sight.rng, sight.world, copy(sight), max(1, sight.world.examples // 100))


def lookup(sight: Sight) -> Reals:
    return np.full_like(sight.drawn, score_for(sight.world, 0.999)) if sight.known_shard else sight.drawn


def told_of_b(sight: Sight) -> Reals:
    return np.full_like(sight.drawn, score_for(sight.world, 0.999)) if sight.last else sight.drawn


def diverging(sight: Sight, own: Ints, others: Ints, minority: Flags) -> Ints:
    """The minority's machines find a few more right answers."""
    altered = own.copy()
    altered[:, minority] = np.minimum(altered[:, minority] + 200, TOP)
    return altered


def unavailable(sight: Sight, own: Ints, others: Ints, minority: Flags) -> Ints:
    altered = own.copy()
    altered[:, minority] = UNAVAILABLE
    return altered


def sybil(handles: int) -> TrainerStrategy:
    """A trainer of the best model who enters it under so many handles, its stake of eight shares split evenly."""
    return TrainerStrategy(
        f"sybil-{handles}",
        f"enters one of the best models under {handles} handles, its stake split",
        handles=handles,
        stake=8,
        abilities=one_of_the_best,
        exact=same_model,
        read=read_same_model,
        counterpart=Counterpart.SINGLE,
    )


TRAINERS = {
    strategy.name: strategy
    for strategy in (
        TrainerStrategy("honest-trainer", "trains, and enters one model"),
        TrainerStrategy(
            "free-rider", "enters an untrained model", work=0.0, abilities=untrained, counterpart=Counterpart.AVERAGE
        ),
        TrainerStrategy(
            "copier",
            "enters the last round's best model",
            work=0.0,
            exact=copy,
            counterpart=Counterpart.AVERAGE,
            fresh=True,
        ),
        TrainerStrategy(
            "altered-copier",
            "enters the last round's best model with 1 % of its answers changed",
            work=0.0,
            exact=altered_copy,
            counterpart=Counterpart.AVERAGE,
            fresh=True,
        ),
        sybil(2),
        sybil(8),
        TrainerStrategy("lookup", "answers by heart what was asked before", exact=lookup),
        TrainerStrategy("unopened", "enters a model and does not open its handle", opened=False),
        TrainerStrategy(
            "junk-flood",
            "enters ten untrained models under ten handles",
            handles=10,
            stake=10,
            work=0.0,
            abilities=untrained,
            counterpart=Counterpart.AVERAGE,
        ),
        TrainerStrategy(
            "divergent",
            "ten models that score differently on 40 % of the machines",
            handles=10,
            stake=10,
            read=diverging,
        ),
        TrainerStrategy(
            "selective", "ten models that 40 % of the validators can't fetch", handles=10, stake=10, read=unavailable
        ),
        TrainerStrategy("leaked-b", "is told set B by the creator", exact=told_of_b, counterpart=Counterpart.AVERAGE),
        TrainerStrategy(
            "leaked-b-sybil",
            "is told set B, and enters under eight handles",
            handles=8,
            stake=8,
            exact=told_of_b,
            counterpart=Counterpart.AVERAGE,
        ),
    )
}
"""By name."""
