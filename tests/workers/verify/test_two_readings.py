"""The verifier and the protocol that workers use are two readings of one document: they agree on random rounds."""

from random import Random

from covey.protocol import payouts
from covey.protocol.settlement import settle_round, tally_round
from covey.protocol.weights import weights as worker_weights
from covey.verify.rules import (
    TOP_SCORE,
    agreement,
    fee_reserve,
    lower_median,
    pass_mark,
    rank_key,
    share_trainer_pool,
    split,
    trainer_pool,
    validator_pool,
    vector_pays,
    weights,
)
from tests.workers.protocol.rounds import Round, random_round
from tests.workers.verify.params import read

ROUNDS = 1_000


def test_a_thousand_random_rounds() -> None:
    random = Random(2_718)
    for _ in range(ROUNDS):
        compare(random_round(random))


def compare(one: Round) -> None:
    p, given = read(one.params), one.given
    assert weights(one.validator_stakes) == list(worker_weights(one.validator_stakes))
    trainers, validators = len(one.trainer_stakes), len(one.validator_stakes)
    sides = split(p, fee_reserve(p, trainers, validators), sum(one.trainer_stakes), sum(one.validator_stakes))
    pools = payouts.pools(one.params, one.trainer_stakes, one.validator_stakes)
    assert [trainer_pool(p, sides[0], number) for number in range(p.rounds)] == list(pools.trainers)
    assert [validator_pool(p, sides[1], number) for number in range(p.rounds)] == list(pools.validators)

    result = settle_round(one.params, given, pools.validators[one.round])
    own = [vector.weight for vector in given.vectors]
    medians = [lower_median(scores, own) for scores in zip(*(v.scores for v in given.vectors), strict=True)]
    assert medians == list(result.medians)
    guesses = [TOP_SCORE, given.guess] if given.guess else [TOP_SCORE]
    guessed = max(agreement([g] * len(medians), medians, p.baseline, p.epsilon) for g in guesses)
    counted = sum(median > p.baseline for median in medians)
    mark = pass_mark(p.tau, counted, guessed)
    assert (counted, mark) == (result.counted, result.pass_mark)

    ranked = sorted(
        (rank_key(median, lane.first_round, lane.handle, given.shard_key, p.mu), place)
        for place, (lane, median) in enumerate(zip(given.lanes, medians, strict=True))
        if median > p.baseline
    )
    winners = [place for _, place in ranked[: p.k1]]
    assert winners == list(result.winners)
    handles = [given.lanes[place].handle for place in winners]
    paid = share_trainer_pool(pools.trainers[one.round], p.q, handles, one.opened_stakes).pays
    due = tally_round(one.params, given, result, pools.trainers[one.round], one.opened_stakes)
    assert paid == {handle: pay for handle, pay in due.items() if handle in paid}
    assert not any(pay for handle, pay in due.items() if handle not in paid)

    claims = [
        (agreement(vector.scores, medians, p.baseline, p.epsilon), vector.weight, vector.first_reveal)
        for vector in given.vectors
    ]
    pays = vector_pays(pools.validators[one.round], mark, p.k2, claims)
    assert [pays.get(vector.first_reveal, 0) for vector in given.vectors] == list(result.vector_pays)
