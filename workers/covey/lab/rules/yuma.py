"""Bittensor's rule, Yuma, for comparison: no contract of Covey uses it.

Source: opentensor/subtensor, docs/consensus.md, "Mathematical definitions" (equations 3 to 7), and the epoch that
computes them (pallets/subtensor/src/epoch/run_epoch.rs, Yuma3 and liquid alpha off). With W_ij validator i's weight on
miner j, rows summing to 1, and S_i stakes summing to 1:

- consensus W̄_j: the largest w that validators with at least κ of the stake support, Σ_i S_i·[W_ij ≥ w] ≥ κ;
- clipped weight min(W_ij, W̄_j); rank R_j = Σ_i S_i·clipped; incentive I_j = R_j/ΣR;
- bond weight W̃_ij = (1−β)·W_ij + β·clipped; ΔB_ij = S_i·W̃_ij / Σ_k S_k·W̃_kj; B = α·ΔB + (1−α)·B of the epoch before;
- dividends D_i ∝ Σ_j B_ij·I_j. Half of an emission goes to incentives, half to dividends (ξ = ½).

κ = ½, β = 1, α = 0.1 are subtensor's defaults. How scores become weights is each subnet's own choice: here by what a
score has above the task's baseline. Before its first round a validator has the bonds that the round's ΔB gives: what it
does, it has done for long. Fractions are 64-bit floats where subtensor has 32 fractional bits.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from covey.lab.rules.ballot import Ballot, Memory, Outcome, places_of
from covey.lab.task import Task
from covey.lab.world import Reals

_ROUNDING = 1e-9
"""Sums of stakes this close to κ count as κ."""


@dataclass(frozen=True)
class Epoch:
    """`consensus`, `incentives` (tasks, miners); `bonds` (tasks, validators, miners), columns summing to 1;
    `dividends` (tasks, validators)."""

    consensus: Reals
    incentives: Reals
    bonds: Reals
    dividends: Reals


@dataclass(frozen=True)
class YumaRule:
    """`kappa`, `penalty` β and `pace` α as above. Its memory is the bonds."""

    kappa: float = 0.5
    penalty: float = 1.0
    pace: float = 0.1
    name: str = "yuma"
    reuses_a: bool = False

    def settle(self, task: Task, index: int, ballot: Ballot, memory: Memory) -> Outcome:
        """`index` does not matter: the rule is the same in every round."""
        stakes = np.where(ballot.revealed, np.array(task.validator_stakes, np.float64), 0.0)
        excess = np.maximum(ballot.scores - task.params.baseline, 0).astype(np.float64)
        result = epoch(_normalised(excess, 2), _normalised(stakes, 1), memory, self.kappa, self.penalty, self.pace)
        order = np.argsort(-result.incentives, axis=1, kind="stable")
        return Outcome(
            winners=np.where(result.incentives.any(axis=1), order[:, 0], -1),
            places=places_of(order),
            trainer_shares=result.incentives,
            validator_shares=result.dividends,
            memory=result.bonds,
        )


def epoch(weights: Reals, stakes: Reals, bonds: Reals | None, kappa: float, penalty: float, pace: float) -> Epoch:
    """One epoch of weights (tasks, validators, miners) and stakes (tasks, validators), both normalised."""
    consensus = supported_weights(weights, stakes, kappa)
    clipped = np.minimum(weights, consensus[:, None, :])
    incentives = _normalised(np.einsum("bvm,bv->bm", clipped, stakes), 1)
    delta = _normalised(((1 - penalty) * weights + penalty * clipped) * stakes[:, :, None], 1)
    kept = delta if bonds is None else _normalised(pace * delta + (1 - pace) * bonds, 1)
    dividends = _normalised(np.einsum("bvm,bm->bv", kept, incentives), 1)
    return Epoch(consensus, incentives, kept, dividends)


def supported_weights(weights: Reals, stakes: Reals, kappa: float) -> Reals:
    """W̄: of each miner, the largest weight that at least κ of the stake gives or exceeds."""
    columns = weights.transpose(0, 2, 1)
    falling = np.argsort(-columns, axis=2, kind="stable")
    behind = np.cumsum(np.take_along_axis(np.broadcast_to(stakes[:, None, :], columns.shape), falling, axis=2), axis=2)
    enough: NDArray[np.int64] = (behind >= kappa - _ROUNDING).argmax(axis=2)
    place = np.take_along_axis(falling, enough[:, :, None], axis=2)
    supported: Reals = np.take_along_axis(columns, place, axis=2)[:, :, 0]
    return supported


def _normalised(values: Reals, axis: int) -> Reals:
    total = values.sum(axis=axis, keepdims=True)
    return values / np.where(total > 0, total, 1)
