"""The lab settles as the protocol does: every integer and every wei, on random rounds that reach every rule."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from covey.lab.rules import Ballot
from covey.lab.rules.covey import Settled, settle
from covey.lab.task import Task
from covey.lab.world import Ints
from covey.protocol import payouts, weights
from covey.protocol.hashing import keccak_words
from covey.protocol.ranking import Lane
from covey.protocol.settlement import RevealedVector, RoundInput, settle_round, tally_round
from tests.workers.protocol.rounds import random_params, random_stakes, random_vectors

BATCHES, ROUNDS = 120, 8


def lucks(key: bytes, lanes: int) -> list[int]:
    """Numbers in the order of the hashes that break ties."""
    hashes = [keccak_words(key, lane) for lane in range(lanes)]
    return [sorted(hashes).index(each) for each in hashes]


def random_batch(random: Random) -> tuple[Task, int, Ballot, Ints, list[bytes]]:
    """A task, a round's index, its ballots many times over, their guesses and shard keys."""
    params = random_params(random)
    lanes = random.choice([1, 2, 16, 17, random.randint(1, 40)])
    seats = random.randint(1, 9)
    unopened = frozenset(lane for lane in range(lanes) if random.random() < random.choice([0, 0.3]))
    task = Task(params, random_stakes(random, lanes), random_stakes(random, seats), unopened)
    scores, turns = [], []
    for _ in range(ROUNDS):
        vectors, vector_of = random_vectors(random, lanes, seats, params)
        again = random.choice([0, 0.5])
        rows = [vectors[v] for v in vector_of]
        scores.append([random.choice(rows) if random.random() < again else row for row in rows])
        absent = random.choice([0, 0, 0.3])
        order = random.sample(range(seats), seats)
        turns.append([-1 if random.random() < absent else place for place in order])
    keys = [random.randbytes(32) for _ in range(ROUNDS)]
    ballot = Ballot(
        scores=np.array(scores, np.int32),
        turns=np.array(turns, np.int32),
        active=np.array([random.random() < 0.9 for _ in range(seats)]),
        first_rounds=np.array([[random.choice([0, 0, random.randrange(8)]) for _ in range(lanes)] for _ in keys]),
        luck=np.array([lucks(key, lanes) for key in keys]),
    )
    guess = np.array([random.choice([0, random.randint(1, 32_767), scores[i][0][0]]) for i in range(ROUNDS)], np.int32)
    return task, random.randrange(params.rounds), ballot, guess, keys


def input_of(task: Task, ballot: Ballot, row: int, guess: int, key: bytes) -> tuple[RoundInput, list[int]]:
    """The protocol's input for one of the rounds, and each validator's vector (-1: it revealed none)."""
    seats = sorted((turn, seat) for seat, turn in enumerate(ballot.turns[row].tolist()) if turn >= 0)
    members: dict[tuple[int, ...], list[int]] = {}
    for _, seat in seats:
        members.setdefault(tuple(ballot.scores[row, seat].tolist()), []).append(seat)
    vectors = tuple(
        RevealedVector(scores, sum(task.weights[seat] for seat in group), place)
        for place, (scores, group) in enumerate(members.items())
    )
    vector_of = [-1] * len(task.weights)
    for place, group in enumerate(members.values()):
        for seat in group:
            vector_of[seat] = place
    entries = tuple(Lane(lane, first) for lane, first in enumerate(ballot.first_rounds[row].tolist()))
    return RoundInput(vectors, entries, key, guess), vector_of


def check_row(task: Task, index: int, ballot: Ballot, row: int, guess: int, key: bytes, settled: Settled) -> bool:
    """Compares one round; False if it had no quorum."""
    given, vector_of = input_of(task, ballot, row, guess, key)
    revealed = sum(vector.weight for vector in given.vectors)
    active = sum(w for w, there in zip(task.weights, ballot.active.tolist(), strict=True) if there)
    assert settled.has_quorum[row] == weights.has_quorum(revealed, active, sum(task.weights))
    if not settled.has_quorum[row]:
        assert not any(settled.validator_pays[row])
        assert not settled.trainer_pays[row]
        return False
    result = settle_round(task.params, given, task.pools.validators[index])
    assert tuple(settled.medians[row].tolist()) == result.medians
    assert settled.counted[row] == result.counted
    assert settled.guessed[row] == result.guessed
    winners = settled.order[row, : min(task.params.k1, result.counted)].tolist()
    assert tuple(winners) == result.winners
    for seat, vector in enumerate(vector_of):
        if vector < 0:
            assert settled.validator_pays[row][seat] == 0
            continue
        assert settled.agreement[row, seat] == result.agreement[vector]
        weight = given.vectors[vector].weight
        share = payouts.share_of_vector(result.vector_pays[vector], task.weights[seat], weight)
        assert settled.validator_pays[row][seat] == share
    stakes = {lane: stake for lane, stake in enumerate(task.opened_stakes) if stake is not None}
    assert settled.trainer_pays[row] == tally_round(task.params, given, result, task.pools.trainers[index], stakes)
    return True


def test_i13_i15_a_thousand_random_rounds_settle_as_in_the_protocol() -> None:
    random = Random(20_261_121)
    compared = 0
    for _ in range(BATCHES):
        task, index, ballot, guess, keys = random_batch(random)
        settled = settle(task, index, ballot, guess)
        compared += sum(
            check_row(task, index, ballot, row, int(guess[row]), keys[row], settled) for row in range(ROUNDS)
        )
    assert compared > 700


@pytest.mark.parametrize("altered", ["mu", "epsilon", "baseline", "k2", "tau"])
def test_the_comparison_sees_a_changed_parameter(altered: str) -> None:
    """Settling with one parameter changed is told from settling rightly."""
    random = Random(altered)
    seen = 0
    for _ in range(40):
        task, index, ballot, guess, keys = random_batch(random)
        value = getattr(task.params, altered)
        other = {"mu": 3 * value % 32_765 or 1, "epsilon": value + 40 if value < 4000 else 0, "baseline": 9_000}
        other |= {"k2": 1 if value > 1 else 2, "tau": 900_000 - value if value < 900_000 else 0}
        params = replace(task.params, **{altered: other[altered]})
        settled = settle(replace(task, params=params), index, ballot, guess)
        for row in range(ROUNDS):
            try:
                check_row(task, index, ballot, row, int(guess[row]), keys[row], settled)
            except AssertionError:
                seen += 1
    assert seen
