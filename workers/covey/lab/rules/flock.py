"""FLock's rule, for comparison: no contract of Covey uses it.

Source: FLock whitepaper of January 2025 (FLock-io/flock-white-paper, commit aec30af, main.tex), "Reward for Training
Nodes", "Reward for Validators", "Various Validation Sets" and "Example". With r_ji validator j's score of model i, s_j
stakes:

- consensus r̄_i = Σ_j r_ji·s_j / Σ_j s_j;
- validators, for each model: e^{−λ·|r̄_i − r_ji|}·s_j^α / Σ_k of the same, here averaged over models so that shares sum
  to 1;
- training nodes, of rank k by r̄: g_k·t_k^α / Σ of the same, with g_k ∝ q^(k−1), the first k1 of them;
- pools: γ + (1−2γ)·Σt/(Σt+Σs) of the reward to training nodes, the rest to validators; of a node's reward δ at once and
  1−δ at the end, while data set A is the same in all rounds but the last.

The whitepaper publishes no λ, α or k1: here λ = 10 on scores from 0 to 1, α = 1 and the task's k1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from covey.lab.rules.ballot import LUCK, Ballot, Memory, Outcome, places_of
from covey.lab.task import Task
from covey.lab.world import Reals
from covey.protocol.lanes import TOP
from covey.protocol.params import PPM


@dataclass(frozen=True)
class FlockRule:
    """`sensitivity` is λ, `exponent` α for validators and trainers alike."""

    sensitivity: float = 10.0
    exponent: float = 1.0
    name: str = "flock"
    reuses_a: bool = True

    def settle(self, task: Task, index: int, ballot: Ballot, memory: Memory) -> Outcome:
        """`index` does not matter: the rule is the same in every round."""
        stakes = np.where(ballot.revealed, np.array(task.validator_stakes, np.float64), 0.0)
        scores = ballot.scores / TOP
        mean = consensus(scores, stakes)
        order = np.argsort(-(mean + ballot.luck / LUCK * 1e-12), axis=1, kind="stable")
        first = order[:, : task.params.k1]
        opened = np.array([stake or 0 for stake in task.opened_stakes], np.float64)
        shares = np.zeros_like(mean)
        np.put_along_axis(shares, first, trainer_shares(opened[first], task.params.q / PPM, self.exponent), axis=1)
        return Outcome(
            winners=order[:, 0],
            places=places_of(order),
            trainer_shares=shares,
            validator_shares=validator_shares(scores, stakes, self.sensitivity, self.exponent),
            memory=None,
        )


def consensus(scores: Reals, stakes: Reals) -> Reals:
    """r̄, (tasks, models), of scores (tasks, validators, models) and stakes (tasks, validators)."""
    mean: Reals = np.einsum("bvm,bv->bm", scores, stakes) / stakes.sum(axis=1, keepdims=True)
    return mean


def validator_shares(scores: Reals, stakes: Reals, sensitivity: float, exponent: float = 1.0) -> Reals:
    """Parts of the validators' pool, (tasks, validators)."""
    distance = np.abs(consensus(scores, stakes)[:, None, :] - scores)
    claims = np.exp(-sensitivity * distance) * (stakes**exponent)[:, :, None]
    shares: Reals = (claims / claims.sum(axis=1, keepdims=True)).mean(axis=2)
    return shares


def trainer_shares(stakes: Reals, q: float, exponent: float = 1.0) -> Reals:
    """Parts of the trainers' pool, for stakes in order of rank, (tasks, ranks)."""
    points = q ** np.arange(stakes.shape[1]) * stakes**exponent
    total = points.sum(axis=1, keepdims=True)
    shares: Reals = points / np.where(total > 0, total, 1)
    return shares


def pools(reward: float, gamma: float, trainer_stake: float, validator_stake: float) -> tuple[float, float]:
    """The training nodes' and the validators' pool. In the example, delegated stake does not count here."""
    part = gamma + (1 - 2 * gamma) * trainer_stake / (trainer_stake + validator_stake)
    return reward * part, reward * (1 - part)


def scored_shares(scores: Sequence[float], stakes: Sequence[float]) -> tuple[float, ...]:
    """Parts of a pool by score times stake, as the whitepaper's example has them for nodes and for validators."""
    points = [score * stake for score, stake in zip(scores, stakes, strict=True)]
    return tuple(point / sum(points) for point in points)


def kept(sigma: float, own: float, delegated: float) -> float:
    """The part of its reward that a node or validator keeps; its delegators share the rest."""
    return sigma + (1 - sigma) * own / (own + delegated)
