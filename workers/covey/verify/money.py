"""Every wei that moved for the task: charged, paid, burnt and left, transaction by transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .events import (
    Cause,
    DelegationClaimed,
    EnrolClosed,
    Evicted,
    HandleRegistered,
    KeeperPaid,
    Published,
    RelayPaid,
    RingsDrawn,
    RoundEmpty,
    RoundSettled,
    RoundTallied,
    Submitted,
    TaskCreated,
    TaskEnded,
    TaskFinished,
    TrainerConcluded,
    TrainerEnrolled,
    ValidatorConcluded,
)
from .history import History
from .moves import BALANCE, KEEPERS, Moves, Totals, compare_moves
from .records import Record
from .report import Inconsistent, Report
from .rules import MASK_UNITS
from .settlement import Due, Settlement

_DELEGATORS = "pay of each delegator"
_RELAYS = "pay of relays"
_FINISH = "what is left at the end"


@dataclass(slots=True)
class _Delegation:
    """Delegators' part of a member's pay: `paid` wei of it for `claimed` shares so far."""

    amount: int
    paid: int = 0
    claimed: int = 0
    claimants: set[str] = field(default_factory=set)


def check_money(history: History, settlement: Settlement, report: Report) -> None:
    """Compare what was due in each transaction with the logs of Ledger, StakeVault and token."""
    book = _Book(history, settlement, report)
    for record in history.records:
        book.enter(record)
    case = (history.context.arena, history.context.task)
    moved = compare_moves(history.records, case, book.due, history.params.keeper_fee, report)
    _check_balance(history, book.waiting, moved, report)


class _Book:
    """What is due, entered event by event."""

    def __init__(self, history: History, settlement: Settlement, report: Report) -> None:
        self.due: dict[bytes, Moves] = defaultdict(Moves)
        self._history = history
        self._settlement = settlement
        self._report = report
        self._bucket = 0
        self._quotas = 0
        self._returned = 0
        self._units: Counter[str] = Counter()
        self._used = 0
        self._delegations: dict[str, _Delegation] = {}

    @property
    def waiting(self) -> int:
        """Wei that relays and delegators may still fetch."""
        owed = sum(delegation.amount - delegation.paid for delegation in self._delegations.values())
        return owed + self._units.total() * self._history.params.relay_fee

    def enter(self, record: Record) -> None:
        moves, params = self.due[record.transaction], self._history.params
        quota = params.quota * params.relay_fee
        match record.event:
            case TaskCreated():
                self._charge(moves, self._history.creator, params.bounty + params.bond)
            case TrainerEnrolled(operator=operator):
                self._charge(moves, operator, quota)
                self._quotas += quota
            case Evicted(operator=operator, trainer=True):
                self._pay(moves, operator, quota)
                self._quotas -= quota
            case EnrolClosed() | RingsDrawn() | RoundEmpty() | RoundSettled() | RoundTallied():
                moves.acts += 1
            case TaskEnded(cause=cause):
                moves.acts += cause != Cause.COMPLETED
            case KeeperPaid(keeper=keeper, amount=amount):
                self._report.equal(KEEPERS, f"fee of {keeper}", params.keeper_fee, amount)
                self._pay(moves, keeper, amount)
                moves.fees += 1
            case HandleRegistered(relay=relay):
                self._send(relay, MASK_UNITS)
            case Submitted(relay=relay) | Published(relay=relay):
                self._send(relay, 1)
            case RelayPaid() as paid:
                self._pay_relay(moves, paid)
            case TrainerConcluded(member=member):
                self._conclude(moves, self._settlement.trainers[member], self._history.trainers[member].operator)
            case ValidatorConcluded(member=member):
                self._conclude(moves, self._settlement.validators[member], self._history.validators[member].operator)
            case DelegationClaimed() as claimed:
                self._claim(moves, claimed)
            case TaskFinished() as finished:
                self._finish(moves, finished)
            case _:
                pass

    def _charge(self, moves: Moves, account: str, amount: int) -> None:
        moves.charged[account] += amount
        self._bucket += amount

    def _pay(self, moves: Moves, account: str, amount: int) -> None:
        moves.paid[account] += amount
        self._bucket -= amount

    def _send(self, relay: str, units: int) -> None:
        self._units[relay] += units
        self._used += units

    def _pay_relay(self, moves: Moves, event: RelayPaid) -> None:
        units = self._units.pop(event.relay, 0)
        amount = units * self._history.params.relay_fee
        self._report.equal(_RELAYS, f"{event.relay}: units, wei", (units, amount), (event.units, event.amount))
        self._pay(moves, event.relay, amount)

    def _conclude(self, moves: Moves, due: Due, operator: str) -> None:
        self._pay(moves, operator, due.paid + due.returned)
        self._returned += due.returned
        moves.slashed[operator] += due.slashed
        moves.acts += due.faulty
        if due.delegated:
            self._delegations[operator] = _Delegation(due.delegated)

    def _claim(self, moves: Moves, event: DelegationClaimed) -> None:
        pools, context = self._history.pools, self._history.context
        lock = pools.lock_of(context.arena, event.operator, context.task)
        delegation = self._delegations.get(event.operator)
        if lock is None or delegation is None:
            raise Inconsistent(f"{event.delegator} was paid for {event.operator}, who owes delegators nothing")
        subject = f"{event.delegator} by {event.operator}"
        new = event.delegator not in delegation.claimants
        self._report.holds(_DELEGATORS, f"{subject}, once", new, "claimed twice")
        shares = pools.shares_before(event.operator, lock, event.delegator)
        of = pools.delegated_before(event.operator, lock)
        amount = delegation.amount * shares // of if of else 0
        delegation.claimants.add(event.delegator)
        delegation.claimed += shares
        delegation.paid += amount
        dust = delegation.amount - delegation.paid if delegation.claimed == of else 0
        delegation.paid += dust
        self._report.equal(_DELEGATORS, f"{subject}: wei, dust", (amount, dust), (event.amount, event.dust))
        self._pay(moves, event.delegator, amount)
        self._pay(moves, event.operator, dust)

    def _finish(self, moves: Moves, event: TaskFinished) -> None:
        history = self._history
        burnt = self._quotas - self._used * history.params.relay_fee - self._returned
        refunded = self._bucket - self.waiting - burnt
        if history.end is not None and history.end.cause.creators_fault:
            burnt, refunded = burnt + refunded, 0
        self._report.equal(_FINISH, "refunded", refunded, event.refunded)
        self._report.equal(_FINISH, "burnt", burnt, event.burnt)
        self._pay(moves, history.creator, refunded)
        if burnt:
            moves.burnt.append(burnt)
        self._bucket -= burnt


def _check_balance(history: History, waiting: int, moved: Totals, report: Report) -> None:
    if history.finished is not None:
        subject = "charged = paid and refunded + burnt + waiting for relays and delegators"
        report.equal(BALANCE, subject, moved.charged, moved.paid + moved.burnt + waiting)
        report.notes.append(
            f"{moved.charged} wei came in, {moved.paid} were paid, {moved.burnt} burnt, {waiting} can be fetched"
        )
