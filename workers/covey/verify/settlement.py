"""What the rules demand: consensus, ranking and pay of every settled round, and what every concluded account is due.

Everything here comes from the history by the arithmetic of `rules`; nothing that the chain computed is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .history import Conclusion, History, Round, Trainer, Validator
from .pools import Lock
from .report import Inconsistent
from .rules import (
    DATASET_INVALID,
    GWEI,
    MASK_UNITS,
    TOP_SCORE,
    TrainerShares,
    agreement,
    delegators_part,
    fee_reserve,
    lower_median,
    pass_mark,
    rank_key,
    share_of_vector,
    share_trainer_pool,
    slash,
    split,
    trainer_pool,
    validator_pool,
    vector_pays,
    weights,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A settled round. `medians` by lane, `winners` are handles, best first, `vector_pays` by ordinal, `validator_pays`
    by validator; `shares` are the winners' pays as far as handles were opened."""

    round: int
    medians: tuple[int, ...]
    counted: int
    pass_mark: int
    winners: tuple[int, ...]
    malformed: frozenset[int]
    trainer_pool: int
    validator_pool: int
    vector_pays: dict[int, int]
    validator_pays: dict[int, int]
    shares: TrainerShares


@dataclass(frozen=True, slots=True)
class Due:
    """What a concluded account is due, in wei: `paid` to the operator, `delegated` to its delegators, `slashed` burnt,
    `freed` of the lock, `returned` of the quota. Whoever concludes a `faulty` one gets a fee. `reasons` say why."""

    paid: int
    delegated: int
    slashed: int
    freed: int
    returned: int
    faulty: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settlement:
    """Outcomes by round, and what concluded members are due."""

    outcomes: dict[int, Outcome]
    trainers: dict[int, Due]
    validators: dict[int, Due]


def settle(history: History) -> Settlement:
    """Derive everything. Raises Inconsistent when a settled round can't have been settled."""
    outcomes: dict[int, Outcome] = {}
    guess: int | None = None
    for one in history.settled_rounds:
        outcome = _settle_round(history, one, guess)
        outcomes[one.number] = outcome
        if outcome.winners:
            best = [lane.handle for lane in one.lanes].index(outcome.winners[0])
            guess = outcome.medians[best]
    return Settlement(
        outcomes,
        {
            index: _due_to_trainer(history, outcomes, trainer, trainer.conclusion)
            for index, trainer in history.trainers.items()
            if trainer.conclusion is not None
        },
        {
            index: _due_to_validator(history, outcomes, index, validator, validator.conclusion)
            for index, validator in history.validators.items()
            if validator.conclusion is not None
        },
    )


# ── Rounds ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _settle_round(history: History, one: Round, guess: int | None) -> Outcome:
    params = history.params
    all_weights = _weights(history)
    vector_weights = dict.fromkeys(one.vectors, 0)
    for validator, vote in one.reveals.items():
        if vote != DATASET_INVALID:
            vector_weights[vote] += all_weights[validator]
    if one.key is None or not sum(vector_weights.values()):
        raise Inconsistent(f"round {one.number} was settled without a key or without a vector of weight")
    vectors = [(vector, vector_weights[name]) for name, vector in one.vectors.items()]

    own_weights = [weight for _, weight in vectors]
    medians = tuple(
        lower_median([vector.scores[lane] for vector, _ in vectors], own_weights) for lane in range(len(one.lanes))
    )

    def agreeing(scores: tuple[int, ...]) -> int:
        return agreement(scores, medians, params.baseline, params.epsilon)

    counted = sum(median > params.baseline for median in medians)
    guesses = [TOP_SCORE] if guess is None else [TOP_SCORE, guess]
    guessed = max(agreeing((score,) * len(medians)) for score in guesses)
    mark = pass_mark(params.tau, counted, guessed)

    ranked = sorted(
        (rank_key(median, lane.first_round, lane.handle, one.key, params.mu), lane.handle)
        for lane, median in zip(one.lanes, medians, strict=True)
        if median > params.baseline
    )
    winners = tuple(handle for _, handle in ranked[: params.k1])

    for_trainers, for_validators = _sides(history)
    pool = trainer_pool(params, for_trainers, one.number)
    vector_pool = validator_pool(params, for_validators, one.number)
    claims = [(agreeing(vector.scores), weight, vector.ordinal) for vector, weight in vectors]
    pays = vector_pays(vector_pool, mark, params.k2, claims)
    validator_pays = {
        validator: share_of_vector(pays[one.vectors[vote].ordinal], all_weights[validator], vector_weights[vote])
        for validator, vote in one.reveals.items()
        if vote != DATASET_INVALID and one.vectors[vote].ordinal in pays
    }
    stakes = {
        index: history.trainers[handle.member].stake
        for index, handle in enumerate(history.handles)
        if handle.member is not None
    }
    return Outcome(
        round=one.number,
        medians=medians,
        counted=counted,
        pass_mark=mark,
        winners=winners,
        malformed=frozenset(lane.handle for lane, median in zip(one.lanes, medians, strict=True) if median == 0),
        trainer_pool=pool,
        validator_pool=vector_pool,
        vector_pays=pays,
        validator_pays=validator_pays,
        shares=share_trainer_pool(pool, params.q, winners, stakes),
    )


def _weights(history: History) -> list[int]:
    return weights([history.validators[index].stake for index in range(len(history.validators))])


def _sides(history: History) -> tuple[int, int]:
    """Trainers' and validators' parts of the bounty."""
    reserve = fee_reserve(history.params, len(history.trainers), len(history.validators))
    trainer_stakes = sum(trainer.stake for trainer in history.trainers.values())
    validator_stakes = sum(validator.stake for validator in history.validators.values())
    return split(history.params, reserve, trainer_stakes, validator_stakes)


# ── Accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _due_to_trainer(history: History, outcomes: dict[int, Outcome], trainer: Trainer, conclusion: Conclusion) -> Due:
    params, lock = history.params, trainer.stake * GWEI
    if history.end is None or history.end.cause.cancels:
        return _due(history, trainer, conclusion, 0, 0, params.quota, ())
    if trainer.handle is None:
        return _due(history, trainer, conclusion, 0, lock, 0, (f"no handle opened: {lock} to be slashed",))
    earned, reasons = 0, list[str]()
    for pay, reason in _trainer_pays(history, outcomes, trainer.handle, conclusion):
        earned += pay
        reasons.append(reason)
    fault = 0
    for amount, reason in _trainer_faults(history, outcomes, trainer.handle, lock):
        fault += amount
        reasons.append(reason)
    units = params.quota - MASK_UNITS - history.handles[trainer.handle].messages
    return _due(history, trainer, conclusion, earned, min(fault, lock), units, tuple(reasons))


def _trainer_pays(
    history: History, outcomes: dict[int, Outcome], handle: int, conclusion: Conclusion
) -> Iterator[tuple[int, str]]:
    for number, outcome in outcomes.items():
        if handle not in outcome.winners:
            continue
        rank, pay = outcome.winners.index(handle) + 1, outcome.shares.pays.get(handle, 0)
        delivered = history.rounds[number].delivered.get(handle)
        if delivered is not None and delivered.place < conclusion.record.place:
            yield pay, f"round {number}, rank {rank}: {pay} earned"
        else:
            yield 0, f"round {number}, rank {rank}: {pay} forfeited, no box delivered"


def _trainer_faults(
    history: History, outcomes: dict[int, Outcome], handle: int, lock: int
) -> Iterator[tuple[int, str]]:
    for one in history.run_rounds:
        if handle in one.commitments and handle not in one.published:
            amount = slash(lock, history.params.slash_unpublished)
            yield amount, f"round {one.number}, commitment not published: {amount} to be slashed"
        if one.number in outcomes and handle in outcomes[one.number].malformed:
            amount = slash(lock, history.params.slash_malformed)
            yield amount, f"round {one.number}, malformed model: {amount} to be slashed"


def _due_to_validator(
    history: History, outcomes: dict[int, Outcome], index: int, validator: Validator, conclusion: Conclusion
) -> Due:
    if history.end is None or history.end.cause.cancels:
        return _due(history, validator, conclusion, 0, 0, 0, ())
    reasons = [
        f"round {number}: {outcome.validator_pays[index]} earned"
        for number, outcome in outcomes.items()
        if index in outcome.validator_pays
    ]
    earned = sum(outcome.validator_pays.get(index, 0) for outcome in outcomes.values())
    fault, reason = _absence(history, index, validator.stake * GWEI)
    return _due(history, validator, conclusion, earned, fault, 0, (*reasons, *reason))


def _absence(history: History, index: int, lock: int) -> tuple[int, tuple[str, ...]]:
    """Slash for the first commit or reveal that the validator missed."""
    for one in history.run_rounds:
        if one.key is None:
            continue
        if index not in one.commits:
            amount = slash(lock, history.params.slash_no_commit)
            return amount, (f"round {one.number}, no scores committed: {amount} to be slashed",)
        if index not in one.reveals:
            amount = slash(lock, history.params.slash_no_reveal)
            return amount, (f"round {one.number}, scores not revealed: {amount} to be slashed",)
    return 0, ()


def _due(
    history: History,
    member: Trainer | Validator,
    conclusion: Conclusion,
    earned: int,
    fault: int,
    units: int,
    reasons: tuple[str, ...],
) -> Due:
    params, lock = history.params, _lock_of(history, member)
    delegated = delegators_part(earned, params.sigma, lock.ratio)
    expired = conclusion.record.timestamp > lock.until
    slashed = 0 if expired else fault
    return Due(
        paid=earned - delegated,
        delegated=delegated,
        slashed=slashed,
        freed=lock.amount - slashed,
        returned=units * params.relay_fee,
        faulty=fault != 0,
        reasons=(*reasons, "the lock had run out: nothing burnt") if expired and fault else reasons,
    )


def _lock_of(history: History, member: Trainer | Validator) -> Lock:
    lock = history.pools.lock_of(history.context.arena, member.operator, history.context.task)
    if lock is None:
        raise Inconsistent(f"{member.operator} has no lock in the vault")
    return lock
