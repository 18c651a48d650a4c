"""Covey's rule (docs/protocol.md, sections 5 to 7), for many tasks at once.

Exact, to the integer and to the wei: what grows with validators times models (medians, agreement, order of models) is
`covey.protocol.consensus` and `.ranking` written over arrays, and the tests compare it with them; weights, pass marks,
order and pay of vectors, pay of trainers and quorum are the protocol's own functions, called for each task.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from covey.lab.rules.ballot import Ballot, Memory, Outcome, places_of
from covey.lab.task import Task
from covey.lab.world import Flags, Ints
from covey.protocol import consensus, payouts, ranking, weights
from covey.protocol.lanes import TOP
from covey.protocol.params import MAX_ROUNDS

_BITS = 15
_LOW = (1 << _BITS) - 1
_LUCK_BITS = 30


@dataclass(frozen=True)
class Settled:
    """One round of many tasks, in the protocol's integers.

    `medians` (tasks, models); `counted`, `guessed` (tasks) C and b; `agreement` (tasks, validators); `order` (tasks,
    models) the lanes, best first, of which the first `counted` rank. `validator_pays` and `trainer_pays` are wei, by
    validator and by lane; none without a quorum.
    """

    medians: Ints
    counted: NDArray[np.int64]
    guessed: NDArray[np.int64]
    agreement: NDArray[np.int64]
    order: NDArray[np.int64]
    has_quorum: list[bool]
    validator_pays: list[tuple[int, ...]]
    trainer_pays: list[dict[int, int]]


class CoveyRule:
    """See docs/protocol.md. Its memory is each task's guess: the consensus of the last settled round's winner."""

    name = "covey"
    reuses_a = False

    def settle(self, task: Task, index: int, ballot: Ballot, memory: Memory) -> Outcome:
        tasks = len(ballot.scores)
        guess = np.zeros(tasks, np.int32) if memory is None else memory
        settled = settle(task, index, ballot, guess)
        best = settled.order[:, 0]
        ranks = (settled.counted > 0) & np.array(settled.has_quorum)
        lanes = ballot.scores.shape[2]
        trainer_pool, validator_pool = task.pools.trainers[index], task.pools.validators[index]
        trainer_shares = np.zeros((tasks, lanes))
        for row, pays in zip(trainer_shares, settled.trainer_pays, strict=True):
            for lane, pay in pays.items():
                row[lane] = pay / trainer_pool
        return Outcome(
            winners=np.where(ranks, best, -1),
            places=places_of(settled.order),
            trainer_shares=trainer_shares,
            validator_shares=np.array([[pay / validator_pool for pay in row] for row in settled.validator_pays]),
            memory=np.where(ranks, settled.medians[np.arange(tasks), best], guess),
            ended=not any(settled.has_quorum),
        )


def settle(task: Task, index: int, ballot: Ballot, guess: Ints) -> Settled:
    """`covey.protocol.settlement.settle_round` and `tally_round` of round `index` of many tasks."""
    params = task.params
    weight = np.where(ballot.revealed, np.array(task.weights, np.int32), np.int32(0))
    medians = lower_medians(ballot.scores, weight)
    counts = medians > params.baseline
    near = (np.abs(ballot.scores - medians[:, None, :]) <= params.epsilon) & counts[:, None, :]
    agreement = near.sum(axis=2)
    counted = counts.sum(axis=1)
    top = _agreement_of(np.int32(TOP), medians, counts, params.epsilon)
    last = np.where(guess > 0, _agreement_of(guess[:, None], medians, counts, params.epsilon), 0)
    guessed = np.maximum(top, last)
    order = order_models(medians, counts, ballot, params.mu)
    active = sum(w for w, there in zip(task.weights, ballot.active, strict=True) if there)
    enrolled = sum(task.weights)
    quorum = [weights.has_quorum(revealed, active, enrolled) for revealed in weight.sum(axis=1).tolist()]
    validator_pays, trainer_pays = [], []
    for row, has_quorum in enumerate(quorum):
        if has_quorum:
            mark = consensus.pass_mark(params.tau, int(counted[row]), int(guessed[row]))
            agreed, weighs = agreement[row].tolist(), weight[row].tolist()
            validator_pays.append(_validator_pays(task, index, ballot, row, agreed, weighs, mark))
            trainer_pays.append(_trainer_pays(task, index, order[row, : min(params.k1, counted[row])].tolist()))
        else:
            validator_pays.append((0,) * len(task.weights))
            trainer_pays.append({})
    return Settled(medians, counted, guessed, agreement, order, quorum, validator_pays, trainer_pays)


def lower_medians(scores: Ints, weight: Ints) -> Ints:
    """`consensus.lower_median` of each lane, (tasks, models), by `weight` (tasks, validators); 0 if nobody revealed."""
    keys = (scores.transpose(0, 2, 1) << _BITS) | weight[:, None, :]
    keys.sort(axis=2)
    total = weight.sum(axis=1)[:, None, None]
    reached = 2 * np.cumsum(keys & _LOW, axis=2) >= np.maximum(total, 1)
    first = reached.argmax(axis=2)
    medians: Ints = np.take_along_axis(keys, first[:, :, None], axis=2)[:, :, 0] >> _BITS
    return np.where(reached.any(axis=2), medians, 0)


def order_models(medians: Ints, counts: Flags, ballot: Ballot, mu: int) -> NDArray[np.int64]:
    """`ranking.rank_models`: the counted lanes, best first, then the others."""
    key = (medians // mu).astype(np.int64)
    key = key * MAX_ROUNDS + (MAX_ROUNDS - 1 - ballot.first_rounds)
    key = (((key << _BITS) | medians) << _LUCK_BITS) | ballot.luck
    return np.argsort(np.where(counts, -key, 1), axis=1, kind="stable")


def _agreement_of(score: NDArray[np.int32] | np.int32, medians: Ints, counts: Flags, epsilon: int) -> NDArray[np.int64]:
    agreement: NDArray[np.int64] = ((np.abs(medians - score) <= epsilon) & counts).sum(axis=1)
    return agreement


def _validator_pays(
    task: Task, index: int, ballot: Ballot, row: int, agreement: list[int], weight: list[int], mark: int
) -> tuple[int, ...]:
    """Each validator's wei: validators that revealed the same vector share that vector's pay."""
    vectors: dict[bytes, list[int]] = {}
    turns = ballot.turns[row].tolist()
    for seat in np.argsort(ballot.turns[row], kind="stable").tolist():
        if turns[seat] >= 0:
            vectors.setdefault(ballot.scores[row, seat].tobytes(), []).append(seat)
    members = list(vectors.values())
    total = [sum(weight[seat] for seat in seats) for seats in members]
    agreed = [agreement[seats[0]] for seats in members]
    order = ranking.rank_vectors(agreed, total, range(len(members)))
    pays = payouts.vector_pays(
        task.pools.validators[index], [agreed[v] for v in order], [total[v] for v in order], mark, task.params.k2
    )
    shares = [0] * len(weight)
    for v, pay in zip(order, pays, strict=True):
        for seat in members[v]:
            shares[seat] = payouts.share_of_vector(pay, weight[seat], total[v])
    return tuple(shares)


def _trainer_pays(task: Task, index: int, winners: Sequence[int]) -> dict[int, int]:
    stakes = tuple(task.opened_stakes[lane] for lane in winners)
    return dict(zip(winners, _curve(task.pools.trainers[index], task.params.q, stakes), strict=True))


@lru_cache(maxsize=1024)
def _curve(pool: int, q: int, stakes: tuple[int | None, ...]) -> tuple[int, ...]:
    """Most rounds of a simulation have the same stakes in the same places."""
    return payouts.trainer_pays(pool, q, stakes)
