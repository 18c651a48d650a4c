"""Ways for validators to behave."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from covey.lab.world import FIRST_VALID, Flags, Ints, Reals, World, expected_scores, read_part, score_for
from covey.protocol.faults import Absence
from covey.protocol.lanes import MALFORMED, TOP


@dataclass(frozen=True)
class Sight:
    """What the validators of one strategy could know when they report on round `index`.

    `readings` (tasks, seats, models) are what honest work would report; `exact` (tasks, models) the scores behind them;
    `abilities` (tasks, models) the models' true accuracies, which nobody knows better than by work on other data;
    `last` the consensus of the round before, None in the first. `favourites`, `leaders` (tasks) are the lanes that a
    cabal pushes, and that lead without it.
    """

    rng: np.random.Generator
    world: World
    index: int
    readings: Ints
    exact: Reals
    abilities: Reals
    last: Ints | None
    favourites: Ints
    leaders: Ints

    def alike(self, scores: Ints) -> Ints:
        """The same vector (tasks, models) from every seat."""
        return np.repeat(scores[:, None, :], self.readings.shape[1], axis=1)


@dataclass(frozen=True)
class ValidatorStrategy:
    """`report` gives the vectors (tasks, seats, models) of a round.

    `share` is the part of all stake that behaves so. `work` is how much of the scoring it does; `zero_effort` that it
    scores nothing and knows nobody who does. Only the rounds from `first` to the last are played so (negative: counted
    from the end), others honestly and without being measured. `missed` is what it fails to send, if anything.
    """

    name: str
    about: str
    report: Callable[[Sight], Ints]
    share: float = 0.05
    work: float = 0.0
    zero_effort: bool = False
    first: int = 0
    missed: Absence | None = None


def honest(sight: Sight) -> Ints:
    return sight.readings


def noisy(sight: Sight) -> Ints:
    return sight.alike(read_part(sight.rng, sight.world, sight.exact, 0.5))


def constant(sight: Sight) -> Ints:
    middle = (sight.world.weakest + sight.world.best) / 2
    return np.full_like(sight.readings, int(score_for(sight.world, middle)))


def random(sight: Sight) -> Ints:
    likely = sight.rng.uniform(sight.world.weakest, sight.world.best, sight.abilities.shape)
    return sight.alike(expected_scores(sight.world, likely))


def prior(sight: Sight) -> Ints:
    return sight.alike(expected_scores(sight.world, sight.abilities))


def last_consensus(sight: Sight) -> Ints:
    return prior(sight) if sight.last is None else sight.alike(sight.last)


def colluder(sight: Sight) -> Ints:
    """The first seat works, the others copy what it tells them."""
    return np.repeat(sight.readings[:, :1], sight.readings.shape[1], axis=1)


def cabal(sight: Sight) -> Ints:
    """Agrees on one honest vector but for the leader, which it votes down, and its own model, which it votes up."""
    scores = sight.readings[:, 0].copy()
    rows = np.arange(len(scores))
    scores[rows, sight.leaders] = FIRST_VALID
    scores[rows, sight.favourites] = TOP
    return sight.alike(scores)


def capture(sight: Sight) -> Ints:
    """Every model but the creator's own is voted malformed, so that its trainer is slashed as well. The creator's gets
    a score of its own in every round: neither the highest nor the last winner's, which anybody could guess."""
    scores = np.full_like(sight.readings[:, 0], MALFORMED)
    scores[np.arange(len(scores)), sight.favourites] = TOP - (sight.index + 1) * 2000
    return sight.alike(scores)


HONEST = ValidatorStrategy("honest", "scores every model on the whole shard", honest, work=1.0)

VALIDATORS = {
    strategy.name: strategy
    for strategy in (
        HONEST,
        ValidatorStrategy("noisy", "scores half of the shard and scales up", noisy, work=0.5),
        ValidatorStrategy("constant", "one score for every model: that of a middling one", constant, zero_effort=True),
        ValidatorStrategy("random", "any score that models have", random, zero_effort=True),
        ValidatorStrategy(
            "a-as-b", "reports its scores of set A as those of set B", last_consensus, zero_effort=True, first=-1
        ),
        ValidatorStrategy(
            "last-consensus", "reports the last round's consensus", last_consensus, zero_effort=True, first=1
        ),
        ValidatorStrategy(
            "prior", "knows every true accuracy, not the shard: the most a guess can know", prior, zero_effort=True
        ),
        ValidatorStrategy(
            "colluder", "two of three copy the vector of the third, who works", colluder, share=0.15, work=1 / 3
        ),
        ValidatorStrategy("cabal", "votes the leader down and its own model up", cabal, share=0.45, work=1 / 9),
        ValidatorStrategy("absent", "does not commit", honest, missed=Absence.COMMIT),
        ValidatorStrategy(
            "non-reveal", "commits, and keeps its scores back", honest, share=0.45, missed=Absence.REVEAL
        ),
        ValidatorStrategy(
            "veto", "a majority that commits, and keeps its scores back", honest, share=0.55, missed=Absence.REVEAL
        ),
        ValidatorStrategy(
            "capture", "a creator's own majority: only its own model is not malformed", capture, share=0.55
        ),
    )
}
"""By name. `share` counts seats of equal stake."""


def seats_of(strategy: ValidatorStrategy, validators: int) -> Flags:
    """The seats that behave so: as many of the first as its share of all, at least one."""
    count = max(1, int(strategy.share * validators + 1e-9))
    return np.arange(validators) < count
