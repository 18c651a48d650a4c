"""The verdict on a task: what the rules demand against what the chain computed, paid, slashed and burnt, to the wei."""

from __future__ import annotations

from .alliance.check import check_alliance
from .bundle import AllianceBundle, ArenaBundle, TaskBundle
from .history import Conclusion, History, Trainer, Validator
from .money import check_money
from .replay import replay
from .report import Inconsistent, Line, Report
from .settlement import Due, Outcome, Settlement, settle

_SENSE = "the history makes sense"


def verify(bundle: TaskBundle) -> Report:
    """Check everything about the bundle's task. Never raises: whatever is wrong stands in the report."""
    report = Report()
    try:
        if isinstance(bundle, AllianceBundle):
            report.title = f"alliance {bundle.task} of {bundle.contracts.alliance} on chain {bundle.chain_id}"
            check_alliance(bundle, report)
        else:
            report.title = f"task {bundle.task} of arena {bundle.contracts.arena} on chain {bundle.chain_id}"
            _check_arena(bundle, report)
        report.holds(_SENSE, "all logs", True, "")
    except Inconsistent as error:
        report.holds(_SENSE, "all logs", False, str(error))
    return report


def _check_arena(bundle: ArenaBundle, report: Report) -> None:
    history = replay(bundle, report)
    settlement = settle(history)
    for outcome in settlement.outcomes.values():
        _check_round(history, outcome, report)
    _check_accounts(history, settlement, report)
    check_money(history, settlement, report)
    _tell_state(history, report)


def _check_round(history: History, outcome: Outcome, report: Report) -> None:
    one = history.rounds[outcome.round]
    group, settled, tallied = f"round {one.number}", one.settled, one.tallied
    if settled is None:
        raise Inconsistent(f"round {one.number} has an outcome and was not settled")
    report.equal(f"{group}: consensus", "counted models", outcome.counted, settled.counted)
    report.equal(f"{group}: agreement", "pass mark", outcome.pass_mark, settled.pass_mark)
    report.equal(f"{group}: ranking", "winners", outcome.winners, settled.winners)
    report.equal(f"{group}: pools", "trainers", outcome.trainer_pool, settled.trainer_pool)
    report.equal(f"{group}: pools", "validators", outcome.validator_pool, settled.validator_pool)
    for ordinal in sorted(outcome.vector_pays.keys() | one.paid.keys()):
        due = outcome.vector_pays.get(ordinal, 0)
        report.equal(f"{group}: pay of vectors", f"vector {ordinal}", due, one.paid.get(ordinal, 0))
    if tallied is not None:
        shares = outcome.shares
        best = 0 if shares.best is None else shares.best + 1
        due_tally = (shares.denominator, best, shares.dust)
        found = (tallied.denominator, tallied.best, tallied.dust)
        report.equal(f"{group}: tally", "denominator, best, dust", due_tally, found)


def _check_accounts(history: History, settlement: Settlement, report: Report) -> None:
    for index, due in sorted(settlement.trainers.items()):
        _check_account(history, history.trainers[index], f"trainer {index}", due, report)
    for index, due in sorted(settlement.validators.items()):
        _check_account(history, history.validators[index], f"validator {index}", due, report)


def _check_account(history: History, member: Trainer | Validator, who: str, due: Due, report: Report) -> None:
    event = _concluded(member).event
    returned = getattr(event, "returned", 0)
    report.equal("pay of accounts", who, due.paid, event.paid)
    report.equal("pay of delegators together", who, due.delegated, event.delegated)
    report.equal("slashes", who, due.slashed, event.slashed)
    report.equal("returned quotas", who, due.returned, returned)
    lock = history.pools.lock_of(history.context.arena, member.operator, history.context.task)
    fate = None if lock is None else (lock.burnt, lock.freed)
    report.equal("locks end", f"{who}, burnt and freed", (due.slashed, due.freed), fate)
    earned = due.paid + due.delegated
    report.accounts.append(Line(f"{who} {member.operator}", earned, due.slashed, due.reasons))


def _concluded(member: Trainer | Validator) -> Conclusion:
    if member.conclusion is None:
        raise Inconsistent(f"{member.operator} is due something and was not concluded")
    return member.conclusion


def _tell_state(history: History, report: Report) -> None:
    if history.end is None:
        report.notes.append("the task has not ended: what happened so far was checked")
        return
    report.notes.append(f"ended: {history.end.cause.name.lower().replace('_', ' ')}")
    if history.finished is None:
        everybody = history.everybody()
        waiting = sum(member.conclusion is None for member in everybody)
        report.notes.append(f"not finished: {waiting} of {len(everybody)} accounts are not concluded yet")
