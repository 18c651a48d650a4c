"""Scores of models, and the rule of FLock that Covey's replaces.

A count becomes a score without rounding error that could differ between machines; docs/protocol.md, sections 2 and 6.
"""

from collections.abc import Sequence
from math import exp, isqrt

_SPAN = 32_765
_FIRST_VALID = 2


def count_score(correct: int, n: int) -> int:
    """Score of `correct` out of `n` examples: 2 + ⌊correct·32,765/n⌋."""
    return _FIRST_VALID + correct * _SPAN // n


def baseline(largest_class: int, n: int) -> int:
    """Default baseline: what always answering the largest of the classes of `n` examples scores, and three standard
    errors of that count more, so that luck alone does not beat it; always under the top score.
    """
    luck = isqrt(9 * largest_class * (n - largest_class) // n)
    return min(count_score(min(largest_class + luck, n), n), _FIRST_VALID + _SPAN - 1)


def resolution(n: int) -> int:
    """Default μ: one standard error of a count of `n` examples at ½, 32,765/(2√n), rounded down, at least 1."""
    return max(1, isqrt(_SPAN * _SPAN // (4 * n)))


def flock_shares(
    scores: Sequence[Sequence[float]], stakes: Sequence[float], sensitivity: float, exponent: float = 1.0
) -> tuple[float, ...]:
    """Validators' shares of a pool under FLock's rule, for comparison: no contract uses it.

    FLock whitepaper of January 2025, "Validators": consensus r̄_i is the stake-weighted mean of the scores r_ji of model
    i, Δ_ji = |r̄_i − r_ji|, and each model gives validator j the share e^{−λΔ_ji}·s_j^α / Σ_k e^{−λΔ_ki}·s_k^α. Here the
    mean over models, so that shares sum to 1.

    `scores[j][i]` is validator j's score of model i, `sensitivity` λ, `exponent` α.
    """
    total = sum(stakes)
    models = len(scores[0])
    shares = [0.0] * len(stakes)
    for i in range(models):
        mean = sum(row[i] * stake for row, stake in zip(scores, stakes, strict=True)) / total
        claims = [
            exp(-sensitivity * abs(mean - row[i])) * stake**exponent for row, stake in zip(scores, stakes, strict=True)
        ]
        claimed = sum(claims)
        for j, claim in enumerate(claims):
            shares[j] += claim / claimed / models
    return tuple(shares)
