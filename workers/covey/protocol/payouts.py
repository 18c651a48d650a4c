"""Who earns what of a bounty, in wei (docs/protocol.md, section 7). Every division rounds down; each remainder has an
owner: the last round of a pool, the last vector of a cumulative sum, the best opened trainer, the task's remainder."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from covey.protocol.params import PPM, TaskParams

FIRST_RANK = 10**18
"""g_1: rank weight of the best."""

WHOLE_SHARE = 65_535
"""A pool of stake that is delegated entirely."""


@dataclass(frozen=True)
class Pools:
    """What each round pays trainers and validators."""

    trainers: tuple[int, ...]
    validators: tuple[int, ...]


def pools(params: TaskParams, trainer_stakes: Sequence[int], validator_stakes: Sequence[int]) -> Pools:
    """T_r and V_r of every round, from the stakes (gwei) when Enrol closed."""
    distributed = params.bounty - params.fee_reserve(len(trainer_stakes), len(validator_stakes))
    trainers = split(distributed, params.gamma, sum(trainer_stakes), sum(validator_stakes))
    return Pools(
        trainers=trainer_pools(trainers, params.delta, params.rounds),
        validators=validator_pools(distributed - trainers, params.rounds),
    )


def split(distributed: int, gamma: int, trainer_stake: int, validator_stake: int) -> int:
    """T, the trainers' part of what is distributed; validators get the rest."""
    stake = trainer_stake + validator_stake
    return distributed * (gamma * stake + (PPM - 2 * gamma) * trainer_stake) // (PPM * stake)


def trainer_pools(total: int, delta: int, rounds: int) -> tuple[int, ...]:
    """T_r: δ of the total evenly in all rounds but the last, what is left in the last."""
    if rounds == 1:
        return (total,)
    early = total * delta // PPM // (rounds - 1)
    return (early,) * (rounds - 1) + (total - (rounds - 1) * early,)


def validator_pools(total: int, rounds: int) -> tuple[int, ...]:
    """V_r: evenly, what is left in the last."""
    equal = total // rounds
    return (equal,) * (rounds - 1) + (total - (rounds - 1) * equal,)


def rank_weights(count: int, q: int) -> tuple[int, ...]:
    """g_1 … g_count."""
    return tuple(accumulate(range(count - 1), lambda g, _: g * q // PPM, initial=FIRST_RANK)) if count else ()


def trainer_pays(pool: int, q: int, stakes: Sequence[int | None]) -> tuple[int, ...]:
    """What each winner earns, best first; `stakes` (gwei) are those of the opening trainers, None where nobody opened.

    The best opened one gets the dust. All zero if there is no opened winner with weight: then the pool is refunded.
    """
    points = [g * (stake or 0) for g, stake in zip(rank_weights(len(stakes), q), stakes, strict=True)]
    total = sum(points)
    if total == 0:
        return (0,) * len(stakes)
    pays = [pool * point // total for point in points]
    best = next(i for i, stake in enumerate(stakes) if stake is not None)
    pays[best] += pool - sum(pays)
    return tuple(pays)


def vector_pays(pool: int, agreement: Sequence[int], weights: Sequence[int], mark: int, k2: int) -> tuple[int, ...]:
    """What each vector earns, in the order of `ranking.rank_vectors`.

    The first k2 with a claim w·max(0, PPM·a − θ) share the pool, by cumulative rounding. All zero if there is none.
    """
    claims: list[int] = []
    for a, weight in zip(agreement, weights, strict=True):
        claim = weight * max(0, PPM * a - mark)
        places_left = sum(map(bool, claims)) < k2
        claims.append(claim if places_left else 0)
    total = sum(claims)
    if total == 0:
        return (0,) * len(claims)
    due = [pool * claimed // total for claimed in accumulate(claims, initial=0)]
    return tuple(after - before for before, after in pairwise(due))


def share_of_vector(pay: int, weight: int, total: int) -> int:
    """A validator's part of its vector's pay; `total` is the vector's weight."""
    return pay * weight // total if total else 0


def delegators_part(pay: int, sigma: int, delegated: int) -> int:
    """Part of a member's pay for its delegators; `delegated` is their share of its stake in 1/65,535."""
    return pay * (PPM - sigma) * delegated // (PPM * WHOLE_SHARE)


def delegator_pay(part: int, shares: int, all_shares: int) -> int:
    """One delegator's part."""
    return part * shares // all_shares
