"""The protocol's arithmetic, written from sections 2 to 8 of docs/protocol.md: integers, plain loops, nothing clever.

Amounts are wei, stakes gwei, times seconds, rates parts per million, scores 15-bit. `//` rounds down, as the chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .abi import words
from .events import Params
from .keccak import keccak256

PPM: Final = 1_000_000
GWEI: Final = 10**9
MASK_UNITS: Final = 6
TOP_SCORE: Final = 32_767
DATASET_INVALID: Final = keccak256(b"")

_FIRST_RANK: Final = 10**18
_WHOLE_POOL: Final = 65_535
_CAP_PERCENT: Final = 15
_LANES_PER_WORD: Final = 16
_MODEL_TAG: Final = keccak256(b"covey.arena.commitment")
_SCORES_TAG: Final = keccak256(b"covey.arena.scores")


class BadVector(ValueError):
    """Bytes that are no packed score vector of the round."""


# ── Section 2: parameters ────────────────────────────────────────────────────────────────────────────────────────────


def out_of_range(p: Params) -> list[str]:
    """Names of the parameters that are out of range. (Minimum lengths are the deployment's, and not known here.)"""
    acts = 2 + 2 * p.rounds + p.max_trainers + p.max_validators
    holds = {
        "rounds": 1 <= p.rounds <= 8,
        "maxTrainers": 1 <= p.max_trainers <= 4_096,
        "maxValidators": 1 <= p.max_validators <= 96,
        "maxTrainers * maxValidators": p.max_trainers * p.max_validators <= 56_000,
        "minTrainers": 1 <= p.min_trainers <= p.max_trainers,
        "minValidators": 1 <= p.min_validators <= p.max_validators,
        "minTrainerStake": p.min_trainer_stake >= 1,
        "minValidatorStake": p.min_validator_stake >= 1,
        "k1": 1 <= p.k1 <= 256,
        "k2": 1 <= p.k2 <= 96,
        "gamma": p.gamma <= 500_000,
        "delta": p.delta <= PPM,
        "q": 1 <= p.q <= PPM,
        "sigma": p.sigma <= PPM,
        "tau": p.tau <= PPM,
        "epsilon": p.epsilon <= 4_096,
        "mu": 1 <= p.mu <= 32_765,
        "baseline": 2 <= p.baseline <= 32_766,
        "slashUnpublished": p.slash_unpublished <= 500_000,
        "slashMalformed": p.slash_malformed <= 500_000,
        "slashNoCommit": 10_000 <= p.slash_no_commit <= 500_000,
        "slashNoReveal": 10_000 <= p.slash_no_reveal <= 500_000,
        "keeperFee": acts * p.keeper_fee <= p.bounty // 10,
        "quota": MASK_UNITS + 2 * p.rounds <= p.quota <= 1_000,
    }
    return [name for name, held in holds.items() if not held]


def fee_reserve(p: Params, trainers: int, validators: int) -> int:
    """Part of the bounty that is kept for keepers, with the members that Enrol closed with."""
    return p.keeper_fee * (2 + 2 * p.rounds + trainers + validators)


# ── Section 3: deadlines ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Schedule:
    """Deadlines of a task that was created at `created`."""

    params: Params
    created: int

    @property
    def enrol_end(self) -> int:
        return self.created + self.params.enrol

    @property
    def draw_end(self) -> int:
        """Half of Mask: later the ring seed can't be drawn."""
        return (self.enrol_end + self.mask_end) // 2

    @property
    def mask_end(self) -> int:
        return self.enrol_end + self.params.mask

    def submit_end(self, number: int) -> int:
        p = self.params
        return self.mask_end + number * (p.submit + p.publish + p.key + p.score + p.reveal) + p.submit

    def publish_end(self, number: int) -> int:
        return self.submit_end(number) + self.params.publish

    def key_end(self, number: int) -> int:
        return self.publish_end(number) + self.params.key

    def score_end(self, number: int) -> int:
        return self.key_end(number) + self.params.score

    def reveal_end(self, number: int) -> int:
        return self.score_end(number) + self.params.reveal

    @property
    def last_second(self) -> int:
        """Last second at which members' locks can be slashed."""
        return self.reveal_end(self.params.rounds - 1) + 3 * self.params.open


# ── Section 4: hashes ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Context:
    """What every commitment is bound to."""

    chain_id: int
    arena: str
    task: int

    def model_commitment(self, number: int, handle: str, manifest_hash: bytes, salt: bytes) -> bytes:
        """A trainer's commitment for round `number`."""
        return self._commitment(_MODEL_TAG, number, handle, manifest_hash, salt)

    def score_commitment(self, number: int, hot_key: str, lanes_hash: bytes, vector_hash: bytes, salt: bytes) -> bytes:
        """A validator's commitment for round `number`."""
        return self._commitment(_SCORES_TAG, number, hot_key, lanes_hash, vector_hash, salt)

    def seed(self, block_hash: bytes) -> bytes:
        """Seed of the rings, from the hash of the block that was fixed before."""
        return keccak256(words(block_hash, self.arena, self.task))

    def _commitment(self, tag: bytes, *fields: int | str | bytes) -> bytes:
        return keccak256(words(tag, self.chain_id, self.arena, self.task, *fields))


def open_commitment(operator: str, nonce: bytes) -> bytes:
    """What binds a handle to the operator that will open it."""
    return keccak256(words(operator, nonce))


def next_lanes_hash(lanes_hash: bytes, handle: str, plaintext_hash: bytes, manifest_hash: bytes) -> bytes:
    """Hash over the models published so far, in order of publication."""
    return keccak256(words(lanes_hash, handle, plaintext_hash, manifest_hash))


def address_of(public_key_x: int, public_key_y: int) -> str:
    """Address of a public key."""
    return "0x" + keccak256(words(public_key_x, public_key_y))[12:].hex()


def unpack(vector: bytes, n: int) -> tuple[int, ...]:
    """The n scores of a packed vector: 16 to a word, the first in the most significant bits, padding zero. Raises
    BadVector."""
    lanes = -(-n // _LANES_PER_WORD) * _LANES_PER_WORD
    if len(vector) != 2 * lanes:
        raise BadVector(f"{len(vector)} bytes where {n} scores take {2 * lanes}")
    values = [int.from_bytes(vector[i : i + 2]) for i in range(0, len(vector), 2)]
    if any(value > TOP_SCORE for value in values):
        raise BadVector(f"a score is above {TOP_SCORE}")
    if any(values[n:]):
        raise BadVector("a lane behind the last score is not zero")
    return tuple(values[:n])


# ── Section 5: weights ───────────────────────────────────────────────────────────────────────────────────────────────


def weights(stakes: Sequence[int]) -> list[int]:
    """Weight of each validator, from all validators' stakes."""
    total = sum(stakes)
    cap = max(total * _CAP_PERCENT // 100, -(-total // len(stakes)))
    return [min(stake, cap) * 32_767 // total for stake in stakes]


def quorum(revealed: int, active: int, enrolled: int) -> bool:
    """Whether enough weight was revealed."""
    return 2 * revealed > active and 3 * revealed >= enrolled


def data_rejected(invalid: int, revealed: int) -> bool:
    """Whether more than half of the revealed weight called the data set invalid."""
    return 2 * invalid > revealed


# ── Section 6: consensus ─────────────────────────────────────────────────────────────────────────────────────────────


def lower_median(scores: Sequence[int], score_weights: Sequence[int]) -> int:
    """The weighted lower median: the m with 2·W(s<m) < W and 2·W(s>m) <= W."""
    total = sum(score_weights)
    weighted = list(zip(scores, score_weights, strict=True))
    for m in sorted(set(scores)):
        below = sum(weight for score, weight in weighted if score < m)
        above = sum(weight for score, weight in weighted if score > m)
        if 2 * below < total and 2 * above <= total:
            return m
    raise ValueError("no weight was revealed")


def agreement(scores: Sequence[int], medians: Sequence[int], baseline: int, epsilon: int) -> int:
    """Number of counted lanes on which `scores` is within `epsilon` of the consensus."""
    return sum(1 for s, m in zip(scores, medians, strict=True) if m > baseline and abs(s - m) <= epsilon)


def pass_mark(tau: int, counted: int, guessed: int) -> int:
    """Agreement that earns nothing yet, times PPM; `guessed` is what the better guess would agree with."""
    return max(tau * counted, PPM * guessed)


# ── Section 7: ranking and pay ───────────────────────────────────────────────────────────────────────────────────────


def rank_key(median: int, first_round: int, handle: int, shard_key: bytes, mu: int) -> tuple[int, int, int, int]:
    """What counted lanes are ordered by; the smallest comes first."""
    return -(median // mu), first_round, -median, -int.from_bytes(keccak256(words(shard_key, handle)))


def split(p: Params, reserve: int, trainer_stakes: int, validator_stakes: int) -> tuple[int, int]:
    """Trainers' and validators' parts of the bounty less the fee reserve."""
    distributed, stakes = p.bounty - reserve, trainer_stakes + validator_stakes
    trainers = distributed * (p.gamma * stakes + (PPM - 2 * p.gamma) * trainer_stakes) // (PPM * stakes)
    return trainers, distributed - trainers


def trainer_pool(p: Params, trainers: int, number: int) -> int:
    """Trainers' pool of round `number`."""
    if p.rounds == 1:
        return trainers
    early = trainers * p.delta // PPM // (p.rounds - 1)
    return trainers - (p.rounds - 1) * early if number == p.rounds - 1 else early


def validator_pool(p: Params, validators: int, number: int) -> int:
    """Validators' pool of round `number`."""
    early = validators // p.rounds
    return validators - (p.rounds - 1) * early if number == p.rounds - 1 else early


@dataclass(frozen=True, slots=True)
class TrainerShares:
    """How a round's trainers' pool is shared: `pays` (dust included) by handle."""

    denominator: int
    dust: int
    best: int | None
    pays: dict[int, int]


def share_trainer_pool(pool: int, q: int, winners: Sequence[int], stakes: Mapping[int, int]) -> TrainerShares:
    """Pay of the winners (handles, best first) that were opened, whose stakes are given."""
    points, rank_weight = dict[int, int](), _FIRST_RANK
    for handle in winners:
        if handle in stakes:
            points[handle] = rank_weight * stakes[handle]
        rank_weight = rank_weight * q // PPM
    denominator = sum(points.values())
    best = next(iter(points), None)
    if best is None or denominator == 0:
        return TrainerShares(0, 0, best, {})
    pays = {handle: pool * own // denominator for handle, own in points.items()}
    dust = pool - sum(pays.values())
    pays[best] += dust
    return TrainerShares(denominator, dust, best, pays)


def vector_pays(pool: int, mark: int, k2: int, vectors: Sequence[tuple[int, int, int]]) -> dict[int, int]:
    """Pay of vectors by ordinal, from (agreement, weight, ordinal) of each; those that earn nothing are left out."""
    ordered = sorted(vectors, key=lambda vector: (-vector[0], -vector[1], vector[2]))
    claims = [(ordinal, weight * max(0, PPM * agreed - mark)) for agreed, weight, ordinal in ordered]
    paid = [(ordinal, claim) for ordinal, claim in claims if claim > 0][:k2]
    total, claimed, pays = sum(claim for _, claim in paid), 0, dict[int, int]()
    for ordinal, claim in paid:
        pays[ordinal] = pool * (claimed + claim) // total - pool * claimed // total
        claimed += claim
    return {ordinal: pay for ordinal, pay in pays.items() if pay}


def share_of_vector(pay: int, weight: int, all_weight: int) -> int:
    """A validator's part of its vector's pay."""
    return pay * weight // all_weight


def delegators_part(pay: int, sigma: int, ratio: int) -> int:
    """Part of a member's pay that goes to those who delegate to it; `ratio` is their share of the pool in 1/65535."""
    return pay * (PPM - sigma) * ratio // (PPM * _WHOLE_POOL)


def delegated_ratio(delegated: int, shares: int) -> int:
    """Delegators' part of a pool's shares, in 1/65535."""
    return delegated * _WHOLE_POOL // shares


# ── Section 8: faults ────────────────────────────────────────────────────────────────────────────────────────────────


def slash(lock: int, rate: int) -> int:
    """Wei burnt of a lock (wei) for one fault."""
    return lock * rate // PPM
