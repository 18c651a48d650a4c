"""Settlement on a real EVM and in Python: the same to the wei, and every altered witness refused."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from covey.localnet import Localnet, NodeFailed
from covey.protocol import lanes, payouts
from covey.protocol.settlement import RoundResult, SettlementWitness, settle_round, tally_round, witness
from tests.workers.protocol.harness import SETTINGS, Function
from tests.workers.protocol.rounds import Round, random_round

ROUNDS, BATCH = 10_000, 200


@pytest.fixture(scope="module")
def settle_all() -> Iterator[Function]:
    """The settlement libraries as one contract: from rounds, as its structs, to their outcomes."""
    with Localnet(settings=SETTINGS) as net:
        yield Function.of(net, "SettlementHarness.sol", "settleAll")


def test_i13_i15_ten_thousand_random_rounds_agree_to_the_wei(settle_all: Function) -> None:
    random = Random(20_240_607)
    for first in range(0, ROUNDS, BATCH):
        rounds = [random_round(random) for _ in range(BATCH)]
        results = [settled(round) for round in rounds]
        (outcomes,) = settle_all(
            [
                arguments(round, result.order, witness(round.given, result))
                for round, result in zip(rounds, results, strict=True)
            ]
        )
        for i, (round, result, outcome) in enumerate(zip(rounds, results, outcomes, strict=True)):
            assert outcome == expected(round, result), f"round {first + i}"


@pytest.mark.parametrize(
    "alteration", ["median", "winner", "order of winners", "number of winners", "order of vectors", "length"]
)
def test_i12_i15_altered_witness_is_refused(settle_all: Function, alteration: str) -> None:
    random = Random(alteration)
    refused = 0
    while refused < 40:
        round = random_round(random)
        result = settled(round)
        altered = alter(random, alteration, round, result)
        if altered is None:
            continue
        with pytest.raises(NodeFailed, match="revert"):
            settle_all([arguments(round, *altered)])
        refused += 1


def settled(round: Round) -> RoundResult:
    pools = payouts.pools(round.params, round.trainer_stakes, round.validator_stakes)
    return settle_round(round.params, round.given, pools.validators[round.round])


def alter(
    random: Random, alteration: str, round: Round, result: RoundResult
) -> tuple[tuple[int, ...], SettlementWitness] | None:
    """An order of the vectors and a witness with one fault; None where the round leaves no room for it."""
    sent, order, winners = witness(round.given, result), result.order, result.winners
    match alteration:
        case "median":
            lane = random.randrange(len(result.medians))
            medians = list(result.medians)
            medians[lane] = random.choice([score for score in range(lanes.TOP + 1) if score != medians[lane]])
            return order, replace(sent, medians=lanes.pack(medians))
        case "winner" if winners and len(result.medians) > 1:
            place = random.randrange(len(winners))
            other = random.choice([lane for lane in range(len(result.medians)) if lane != winners[place]])
            return order, replace(sent, winners=(*winners[:place], other, *winners[place + 1 :]))
        case "order of winners" if len(winners) > 1:
            return order, replace(sent, winners=swapped(random, winners))
        case "number of winners" if winners:
            return order, replace(sent, winners=winners[:-1])
        case "order of vectors" if len(order) > 1:
            other_order = swapped(random, order)
            changed = witness(round.given, replace(result, order=other_order))
            return other_order, changed
        case "length":
            return order, replace(sent, vectors=sent.vectors[: random.randrange(len(sent.vectors))])
    return None


def swapped(random: Random, values: tuple[int, ...]) -> tuple[int, ...]:
    i = random.randrange(len(values) - 1)
    return (*values[:i], values[i + 1], values[i], *values[i + 2 :])


def arguments(round: Round, order: Sequence[int], sent: SettlementWitness) -> tuple[Any, ...]:
    """The harness's struct `Round`, with vectors and what belongs to them in `order`."""
    params, given = round.params, round.given
    place = {vector: i for i, vector in enumerate(order)}
    entries = [0] * (len(given.lanes) // 8 + 1)
    for i, lane in enumerate(given.lanes):
        entries[i // 8] |= (lane.handle | lane.first_round << 16) << 32 * (i % 8)
    reserve = params.fee_reserve(len(round.trainer_stakes), len(round.validator_stakes))
    n = len(given.lanes)
    return (
        sent.vectors,
        sent.medians,
        sent.winners,
        [given.vectors[v].first_reveal for v in order],
        entries,
        round.validator_stakes,
        [place[v] for v in round.vector_of],
        round.validators_delegated,
        round.trainer_stakes,
        [round.opened_by.get(handle, -1) + 1 for handle in range(len(round.trainer_stakes))],
        round.trainers_delegated,
        (n, params.baseline, params.epsilon, given.guess),
        (n, 0, params.k1, params.baseline, params.mu, given.shard_key),
        (
            params.bounty - reserve,
            params.gamma,
            params.delta,
            params.q,
            params.sigma,
            params.tau,
            params.rounds,
            round.round,
            params.k2,
        ),
    )


def expected(round: Round, result: RoundResult) -> tuple[Any, ...]:
    """The harness's struct `Outcome`."""
    params, given = round.params, round.given
    pools = payouts.pools(params, round.trainer_stakes, round.validator_stakes)
    validator_pays = tuple(
        payouts.share_of_vector(result.vector_pays[v], weight, given.vectors[v].weight)
        for v, weight in zip(round.vector_of, round.weights, strict=True)
    )
    validators_delegated = tuple(
        payouts.delegators_part(pay, params.sigma, share)
        for pay, share in zip(validator_pays, round.validators_delegated, strict=True)
    )
    trainer_pays = tally_round(params, given, result, pools.trainers[round.round], round.opened_stakes)
    trainers_delegated = tuple(
        payouts.delegators_part(pay, params.sigma, round.trainers_delegated[round.opened_by[handle]])
        if handle in round.opened_by
        else 0
        for handle, pay in trainer_pays.items()
    )
    malformed = [0] * (-(-len(result.medians) // 256))
    for lane in result.malformed:
        malformed[lane // 256] |= 1 << lane % 256
    return (
        round.weights,
        (result.counted, result.guessed, tuple(result.agreement[v] for v in result.order), tuple(malformed)),
        result.pass_mark,
        tuple(trainer_pays),
        tuple(result.vector_pays[v] for v in result.order),
        validator_pays,
        validators_delegated,
        tuple(trainer_pays.values()),
        trainers_delegated,
    )
