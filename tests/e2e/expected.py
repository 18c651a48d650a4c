"""What a finished task should have paid, by `covey.protocol` alone, from nothing but what its members did."""

from covey.protocol import payouts
from covey.protocol.conclusion import (
    Conclusion,
    TrainerAccount,
    ValidatorAccount,
    cancelled_trainer,
    conclude_trainer,
    conclude_validator,
)
from covey.protocol.faults import first_absence
from covey.protocol.phases import Cause
from covey.protocol.settlement import RoundResult, settle_round, tally_round
from covey.roles.settling import pools_of, round_input
from covey.roles.task import TaskState


def round_results(state: TaskState) -> dict[int, RoundResult]:
    """By round; rounds that passed empty or ended the task have none."""
    found: dict[int, RoundResult] = {}
    guess = 0
    for round_, data in enumerate(state.rounds):
        if data.settled is None:
            continue
        pool = pools_of(state).validators[round_]
        found[round_] = settle_round(state.params, round_input(data, guess), pool)
        guess = found[round_].next_guess(guess)
    return found


def trainers(state: TaskState, delegated: dict[str, int] | None = None) -> list[Conclusion]:
    """Of each trainer; `delegated` has delegators' shares of the stake in 1/65,535 by operator."""
    if state.cause in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN):
        return [cancelled_trainer(state.params) for _ in state.trainers]
    results = round_results(state)
    stakes = {m.handle: m.stake for m in state.trainers if m.handle is not None}
    tallies = {
        r: tally_round(state.params, round_input(state.rounds[r], 0), result, pools_of(state).trainers[r], stakes)
        for r, result in results.items()
    }
    conclusions = []
    for member in state.trainers:
        handle = None if member.handle is None else state.handles[member.handle]
        unpublished = malformed = messages = 0
        if handle is not None:
            messages = handle.messages
            unpublished = sum(r not in handle.published for r in handle.committed if r in _ran(state))
            malformed = sum(
                state.rounds[r].publications[lane].handle == member.handle
                for r, result in results.items()
                for lane in result.malformed
            )
        account = TrainerAccount(
            lock=member.stake,
            delegated=(delegated or {}).get(member.operator, 0),
            handle=member.handle,
            messages=messages,
            unpublished=unpublished,
            malformed=malformed,
            delivered=frozenset(handle.delivered if handle else ()),
        )
        conclusions.append(conclude_trainer(state.params, account, tallies))
    return conclusions


def validators(state: TaskState, delegated: dict[str, int] | None = None) -> list[Conclusion]:
    """Of each validator; `delegated` as for trainers."""
    results = round_results(state)
    conclusions = []
    for index, member in enumerate(state.validators):
        shares = []
        for r, result in results.items():
            data = state.rounds[r]
            for v, hash_ in enumerate(data.vectors):
                members = [i for i, revealed in data.reveals.items() if revealed == hash_]
                if index in members:
                    total = sum(data.weights[i] for i in members)
                    shares.append(payouts.share_of_vector(result.vector_pays[v], data.weights[index], total))
        seen = [
            (index in state.rounds[r].commitments, index in state.rounds[r].reveals)
            for r in _ran(state)
            if state.rounds[r].key is not None
        ]
        account = ValidatorAccount(
            lock=member.stake,
            delegated=(delegated or {}).get(member.operator, 0),
            shares=tuple(shares),
            missed=first_absence(seen),
        )
        conclusions.append(conclude_validator(state.params, account))
    return conclusions


def _ran(state: TaskState) -> range:
    """Rounds whose faults count."""
    if state.cause in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN):
        return range(0)
    return range(state.settled + (state.cause is not Cause.COMPLETED))


def check_conclusions(state: TaskState, delegated: dict[str, int] | None = None) -> None:
    """Every account was paid, slashed and released as the protocol says, to the wei."""
    for member, expected in zip(state.trainers, trainers(state, delegated), strict=True):
        assert member.concluded is not None
        got = {name: member.concluded[name] for name in ("paid", "delegated", "slashed", "returned")}
        assert got == vars_of(expected), member
    for member, expected in zip(state.validators, validators(state, delegated), strict=True):
        assert member.concluded is not None
        got = {name: member.concluded[name] for name in ("paid", "delegated", "slashed")}
        assert got | {"returned": 0} == vars_of(expected), member


def check_rounds(state: TaskState) -> None:
    """Every settled round has the result that the protocol gives."""
    for r, result in round_results(state).items():
        data = state.rounds[r]
        assert data.settled is not None
        assert data.settled["counted"] == result.counted
        assert data.settled["passMark"] == result.pass_mark
        assert data.settled["trainerPool"] == pools_of(state).trainers[r]
        assert data.settled["validatorPool"] == pools_of(state).validators[r]
        assert list(data.settled["winners"]) == [data.publications[lane].handle for lane in result.winners]
        assert data.paid_vectors == {v: pay for v, pay in enumerate(result.vector_pays) if pay}


def vars_of(conclusion: Conclusion) -> dict[str, int]:
    return {
        "paid": conclusion.paid,
        "delegated": conclusion.delegated,
        "slashed": conclusion.slashed,
        "returned": conclusion.returned,
    }


def check_nobody_slashed(state: TaskState) -> None:
    """Everybody is concluded, and lost nothing."""
    for member in (*state.trainers, *state.validators):
        assert member.concluded is not None
        assert member.concluded["slashed"] == 0
