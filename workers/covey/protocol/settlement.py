"""Settling a round: the witness that a keeper sends, and everything that follows from it.

The result depends neither on who settles nor on the order of reveals, except that the earlier of two vectors equal in
agreement and weight comes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from covey.protocol import consensus, lanes, payouts, ranking
from covey.protocol.consensus import Bar
from covey.protocol.params import TaskParams
from covey.protocol.ranking import Lane


@dataclass(frozen=True)
class RevealedVector:
    """A distinct score vector: `scores` by lane, the `weight` of its validators together, and the place of its first
    reveal among those of the round's vectors."""

    scores: tuple[int, ...]
    weight: int
    first_reveal: int


@dataclass(frozen=True)
class RoundInput:
    """What a round is settled from. `lanes` are in order of publication; `guess` is the consensus of the last settled
    round's winner (0: none yet)."""

    vectors: tuple[RevealedVector, ...]
    lanes: tuple[Lane, ...]
    shard_key: bytes
    guess: int


@dataclass(frozen=True)
class RoundResult:
    """What settling a round fixes.

    `medians` is the consensus by lane, `malformed` the lanes where it is 0, `winners` the winning lanes, best first;
    `order` has the vectors' indices in the order of pay; `agreement` and `vector_pays` (wei) are by index; `pass_mark`
    is θ.
    """

    medians: tuple[int, ...]
    malformed: tuple[int, ...]
    counted: int
    guessed: int
    pass_mark: int
    winners: tuple[int, ...]
    order: tuple[int, ...]
    agreement: tuple[int, ...]
    vector_pays: tuple[int, ...]

    def next_guess(self, guess: int) -> int:
        """The guess of the next round, given this one's."""
        return self.medians[self.winners[0]] if self.winners else guess


@dataclass(frozen=True)
class SettlementWitness:
    """What `settle` checks.

    Packed `vectors` in the order of pay, packed `medians` (empty if equal to the first vector), lanes of the `winners`.
    """

    vectors: bytes
    medians: bytes
    winners: tuple[int, ...]


def settle_round(params: TaskParams, given: RoundInput, validator_pool: int) -> RoundResult:
    """Consensus, ranking and vectors' pay of one round; `validator_pool` is V_r in wei.

    Raises NotSettleable if no vector has weight.
    """
    vectors = [vector.scores for vector in given.vectors]
    weights = [vector.weight for vector in given.vectors]
    medians = consensus.consensus(vectors, weights)
    tally = consensus.measure(vectors, medians, Bar(params.baseline, params.epsilon, given.guess))
    ranked = ranking.rank_models(medians, given.lanes, params.baseline, params.mu, given.shard_key)
    order = ranking.rank_vectors(tally.agreement, weights, [vector.first_reveal for vector in given.vectors])
    mark = consensus.pass_mark(params.tau, tally.counted, tally.guessed)
    in_order = payouts.vector_pays(
        validator_pool, [tally.agreement[v] for v in order], [weights[v] for v in order], mark, params.k2
    )
    pays = dict(zip(order, in_order, strict=True))
    return RoundResult(
        medians=medians,
        malformed=tally.malformed,
        counted=tally.counted,
        guessed=tally.guessed,
        pass_mark=mark,
        winners=ranked[: params.k1],
        order=order,
        agreement=tally.agreement,
        vector_pays=tuple(pays[v] for v in range(len(vectors))),
    )


def witness(given: RoundInput, result: RoundResult) -> SettlementWitness:
    """What a keeper sends to settle a round with this result."""
    vectors = [lanes.pack(given.vectors[v].scores) for v in result.order]
    medians = lanes.pack(result.medians)
    return SettlementWitness(
        vectors=b"".join(vectors),
        medians=b"" if medians == vectors[0] else medians,
        winners=result.winners,
    )


def tally_round(
    params: TaskParams, given: RoundInput, result: RoundResult, trainer_pool: int, stakes: Mapping[int, int]
) -> dict[int, int]:
    """What each winning handle earns of T_r (wei), once Open closed; `stakes` (gwei) are those of the trainers by the
    index of the handle they opened. Delivery of the creator's box is another condition, judged per account."""
    handles = [given.lanes[lane].handle for lane in result.winners]
    pays = payouts.trainer_pays(trainer_pool, params.q, [stakes.get(handle) for handle in handles])
    return dict(zip(handles, pays, strict=True))
