"""A round's ground truth: how good models really are, and what a shard of hidden data makes of them.

Arrays have axes (tasks, models) or (tasks, validators, models); a task is simulated round by round, many tasks at once.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from covey.protocol.lanes import TOP

Reals = NDArray[np.float64]
Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]

SPAN = 32_765
FIRST_VALID = 2


class Metric(StrEnum):
    """How a family scores."""

    COUNTS = "counts"
    """Right answers: exact, so all honest validators report the same vector."""
    FLOATS = "floats"
    """A mean of real numbers, such as bits per byte: each validator's reading has a noise of its own."""


@dataclass(frozen=True)
class World:
    """What the models and the data are like.

    `examples` per shard; true accuracies are uniform between `weakest` and `best`; `base_rate` is the share of the
    largest class, which a trivial model gets right. On a part `shared` of the examples all models have the same luck
    (their outcomes are comonotone), on the others each has its own. `noise` is the standard deviation of one
    validator's reading of one float, in score units.
    """

    examples: int = 1000
    metric: Metric = Metric.COUNTS
    weakest: float = 0.6
    best: float = 0.9
    base_rate: float = 0.1
    shared: float = 0.5
    noise: float = 30.0

    @property
    def sampling(self) -> float:
        """Standard deviation, in score units, that drawing the shard gives a model of middling accuracy."""
        middle = (self.weakest + self.best) / 2
        return SPAN * float(np.sqrt(middle * (1 - middle) / self.examples))


def draw_abilities(rng: np.random.Generator, world: World, tasks: int, models: int) -> Reals:
    """True accuracies, (tasks, models)."""
    return rng.uniform(world.weakest, world.best, (tasks, models))


def expected_scores(world: World, abilities: Reals) -> Ints:
    """The likeliest score of a model on a shard that nobody has seen: the best that a guess can do."""
    if world.metric is Metric.COUNTS:
        return _of_counts(np.minimum((world.examples + 1) * abilities, world.examples), world.examples)
    return _rounded(FIRST_VALID + SPAN * abilities)


def draw_shard(rng: np.random.Generator, world: World, abilities: Reals) -> Reals:
    """The models' exact scores on a fresh shard, (tasks, models): whole numbers if the metric counts."""
    if world.metric is Metric.COUNTS:
        return _of_counts(_draw_counts(rng, world, abilities), world.examples).astype(np.float64)
    spread = SPAN * np.sqrt(abilities * (1 - abilities) / world.examples)
    common = rng.standard_normal((len(abilities), 1))
    own = rng.standard_normal(abilities.shape)
    luck = np.sqrt(world.shared) * common + np.sqrt(1 - world.shared) * own
    scores: Reals = FIRST_VALID + SPAN * abilities + spread * luck
    return scores


def read_scores(rng: np.random.Generator, world: World, exact: Reals, validators: int) -> Ints:
    """What honest validators report, (tasks, validators, models)."""
    if world.metric is Metric.COUNTS:
        return np.repeat(exact.astype(np.int32)[:, None, :], validators, axis=1)
    noise = rng.standard_normal((len(exact), validators, exact.shape[1]), dtype=np.float32)
    return _rounded(exact[:, None, :] + world.noise * noise)


def read_part(rng: np.random.Generator, world: World, exact: Reals, part: float) -> Ints:
    """What a validator reports that scores a random `part` of each shard only, (tasks, models)."""
    examples, seen = world.examples, max(1, round(world.examples * part))
    if world.metric is Metric.COUNTS:
        correct = _counts_of(exact, examples)
        right = rng.hypergeometric(correct, examples - correct, seen)
        return _of_counts((right * (examples / seen)).astype(np.float64), examples)
    missed = world.sampling * np.sqrt((examples - seen) / seen)
    return _rounded(exact + np.hypot(world.noise, missed) * rng.standard_normal(exact.shape))


def score_for(world: World, accuracy: float) -> float:
    """The score that this accuracy stands for."""
    return float(expected_scores(world, np.array([[accuracy]]))[0, 0])


def shift_answers(rng: np.random.Generator, world: World, exact: Reals, answers: int) -> Reals:
    """Scores of models altered so that `answers` of their answers change, each for better or worse alike."""
    change = 2 * rng.binomial(answers, 0.5, exact.shape) - answers
    return np.clip(exact + change * (SPAN / world.examples), FIRST_VALID, TOP).round()


def _draw_counts(rng: np.random.Generator, world: World, abilities: Reals) -> NDArray[np.int64]:
    common = rng.binomial(np.full(len(abilities), world.examples), world.shared)
    own = rng.binomial(world.examples - common[:, None], abilities)
    # Of the examples of common luck, model j gets those right whose uniform draw is below its ability: the draws that
    # fall between neighbouring abilities are one multinomial.
    ascending = np.argsort(abilities, axis=1)
    ordered = np.take_along_axis(abilities, ascending, axis=1)
    between = np.diff(ordered, axis=1, prepend=0.0, append=1.0)
    below = np.cumsum(rng.multinomial(common, between)[:, :-1], axis=1)
    np.put_along_axis(own, ascending, np.take_along_axis(own, ascending, axis=1) + below, axis=1)
    return own


def _of_counts(counts: Reals | NDArray[np.int64], examples: int) -> Ints:
    return (FIRST_VALID + np.floor(counts).astype(np.int64) * SPAN // examples).astype(np.int32)


def _counts_of(scores: Reals, examples: int) -> NDArray[np.int64]:
    return -(-(scores.astype(np.int64) - FIRST_VALID) * examples // SPAN)


def _rounded(scores: Reals) -> Ints:
    return np.clip(np.rint(scores), FIRST_VALID, TOP).astype(np.int32)
