"""Consensus over score vectors, and agreement with it (docs/protocol.md, section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass

from covey.protocol.errors import NotSettleable
from covey.protocol.lanes import MALFORMED, TOP
from covey.protocol.params import PPM


def lower_median(scores: Sequence[int], weights: Sequence[int]) -> int:
    """The one m with 2·W(s<m) < W and 2·W(s>m) ≤ W. Raises NotSettleable when nothing has weight."""
    total = sum(weights)
    below = 0
    for score, weight in sorted(zip(scores, weights, strict=True)):
        below += weight
        if 2 * below >= total > 0:
            return score
    raise NotSettleable("no vector has weight: advance the task, which ends it")


def consensus(vectors: Sequence[Sequence[int]], weights: Sequence[int]) -> tuple[int, ...]:
    """The weighted lower median of each lane. Raises NotSettleable when nothing has weight."""
    if not vectors:
        raise NotSettleable("no vector was revealed: advance the task, which ends it")
    return tuple(lower_median(scores, weights) for scores in zip(*vectors, strict=True))


@dataclass(frozen=True)
class Bar:
    """What a round's models and vectors are measured by.

    A model counts if its consensus is above `baseline`; a score agrees with consensus if it is within `epsilon` of it;
    `guess` is the consensus of the last settled round's winner, 0 before there is one.
    """

    baseline: int
    epsilon: int
    guess: int = 0


@dataclass(frozen=True)
class Tally:
    """How the vectors of a round compare with its consensus.

    `counted` is C, `guessed` is b, `agreement` holds a_v in the order of the vectors, `malformed` the lanes with
    consensus 0.
    """

    counted: int
    guessed: int
    agreement: tuple[int, ...]
    malformed: tuple[int, ...]


def measure(vectors: Sequence[Sequence[int]], medians: Sequence[int], bar: Bar) -> Tally:
    """Counts models, agreement and what the two guesses anybody could make would have scored."""
    counted = [lane for lane, m in enumerate(medians) if m > bar.baseline]

    def agreement(scores: Sequence[int]) -> int:
        return sum(abs(scores[lane] - medians[lane]) <= bar.epsilon for lane in counted)

    guesses = [TOP, bar.guess] if bar.guess else [TOP]
    return Tally(
        counted=len(counted),
        guessed=max(agreement([guess] * len(medians)) for guess in guesses),
        agreement=tuple(agreement(scores) for scores in vectors),
        malformed=tuple(lane for lane, m in enumerate(medians) if m == MALFORMED),
    )


def pass_mark(tau: int, counted: int, guessed: int) -> int:
    """θ = max(τ·C, PPM·b): agreement, in parts per million of a model, that earns nothing yet."""
    return max(tau * counted, PPM * guessed)
