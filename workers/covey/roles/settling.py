"""A task's rounds as the protocol settles them, from what its events tell."""

from __future__ import annotations

from covey.protocol import lanes
from covey.protocol.payouts import Pools, pools
from covey.protocol.ranking import Lane
from covey.protocol.settlement import RevealedVector, RoundInput, RoundResult, SettlementWitness, settle_round, witness
from covey.roles.task import Round, TaskState


def pools_of(state: TaskState) -> Pools:
    """What each round pays, in wei."""
    return pools(state.params, [m.stake for m in state.trainers], [m.stake for m in state.validators])


def round_input(data: Round, guess: int) -> RoundInput:
    """What a round whose key is posted is settled from."""
    if data.key is None:
        raise ValueError("a round without a key is not settled, but advanced")
    weight = dict.fromkeys(data.vectors, 0)
    for validator, hash_ in data.reveals.items():
        if hash_ in weight:
            weight[hash_] += data.weights[validator]
    n = len(data.publications)
    vectors = tuple(
        RevealedVector(lanes.unpack(packed, n), weight[hash_], i)
        for i, (hash_, packed) in enumerate(data.vectors.items())
    )
    entries = tuple(Lane(publication.handle, publication.first_round) for publication in data.publications)
    return RoundInput(vectors, entries, data.key, guess)


def results(state: TaskState) -> dict[int, RoundResult]:
    """The results of all rounds settled so far; rounds that passed empty have none."""
    found: dict[int, RoundResult] = {}
    guess = 0
    for round_, data in enumerate(state.rounds[: state.settled]):
        if data.empty:
            continue
        found[round_] = settle_round(state.params, round_input(data, guess), pools_of(state).validators[round_])
        guess = found[round_].next_guess(guess)
    return found


def next_witness(state: TaskState) -> SettlementWitness:
    """What settles the earliest unsettled round."""
    guess = 0
    for result in results(state).values():
        guess = result.next_guess(guess)
    given = round_input(state.rounds[state.settled], guess)
    return witness(given, settle_round(state.params, given, pools_of(state).validators[state.settled]))
