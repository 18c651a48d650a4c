"""Every wei that moved for the task: charged, paid, burnt and left, transaction by transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from .bundle import Contracts
from .events import (
    Burnt,
    Cause,
    Charged,
    DelegationClaimed,
    EnrolClosed,
    Evicted,
    HandleRegistered,
    KeeperPaid,
    Paid,
    Published,
    Record,
    RelayPaid,
    RingsDrawn,
    RoundEmpty,
    RoundSettled,
    RoundTallied,
    Slashed,
    Submitted,
    TaskCreated,
    TaskEnded,
    TaskFinished,
    TrainerConcluded,
    TrainerEnrolled,
    Transfer,
    ValidatorConcluded,
)
from .history import History
from .report import Inconsistent, Report
from .rules import MASK_UNITS
from .settlement import Due, Settlement

_CHARGED = "money charged in each transaction"
_PAID = "money paid in each transaction"
_BURNT = "money burnt in each transaction"
_SLASHED = "stake burnt in each transaction"
_TRANSFERS = "burnt tokens went to the dead address"
_KEEPERS = "keeper fees"
_DELEGATORS = "pay of each delegator"
_RELAYS = "pay of relays"
_FINISH = "what is left at the end"
_BALANCE = "money in = money out"

DEAD = "0x000000000000000000000000000000000000dead"


@dataclass(slots=True)
class _Moves:
    """Wei of one transaction by account, and amounts burnt in order."""

    charged: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    slashed: Counter[str] = field(default_factory=Counter)
    burnt: list[int] = field(default_factory=list)
    acts: int = 0
    fees: int = 0


@dataclass(slots=True)
class _Delegation:
    """Delegators' part of a member's pay: `paid` wei of it for `claimed` shares so far."""

    amount: int
    paid: int = 0
    claimed: int = 0
    claimants: set[str] = field(default_factory=set)


def check_money(history: History, settlement: Settlement, contracts: Contracts, report: Report) -> None:
    """Compare what was due in each transaction with the logs of Ledger, StakeVault and token."""
    book = _Book(history, settlement, report)
    for record in history.records:
        book.enter(record)
    actual = _actual_moves(history, contracts)
    for transaction in dict.fromkeys(record.transaction for record in history.records):
        _compare(transaction, book.due[transaction], actual[transaction], history, report)
    _check_transfers(history, contracts, report)
    _check_balance(history, book, actual, report)


class _Book:
    """What is due, entered event by event."""

    def __init__(self, history: History, settlement: Settlement, report: Report) -> None:
        self.due: dict[bytes, _Moves] = defaultdict(_Moves)
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
                self._report.equal(_KEEPERS, f"fee of {keeper}", params.keeper_fee, amount)
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

    def _charge(self, moves: _Moves, account: str, amount: int) -> None:
        moves.charged[account] += amount
        self._bucket += amount

    def _pay(self, moves: _Moves, account: str, amount: int) -> None:
        moves.paid[account] += amount
        self._bucket -= amount

    def _send(self, relay: str, units: int) -> None:
        self._units[relay] += units
        self._used += units

    def _pay_relay(self, moves: _Moves, event: RelayPaid) -> None:
        units = self._units.pop(event.relay, 0)
        amount = units * self._history.params.relay_fee
        self._report.equal(_RELAYS, f"{event.relay}: units, wei", (units, amount), (event.units, event.amount))
        self._pay(moves, event.relay, amount)

    def _conclude(self, moves: _Moves, due: Due, operator: str) -> None:
        self._pay(moves, operator, due.paid + due.returned)
        self._returned += due.returned
        moves.slashed[operator] += due.slashed
        moves.acts += due.faulty
        if due.delegated:
            self._delegations[operator] = _Delegation(due.delegated)

    def _claim(self, moves: _Moves, event: DelegationClaimed) -> None:
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

    def _finish(self, moves: _Moves, event: TaskFinished) -> None:
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


def _actual_moves(history: History, contracts: Contracts) -> dict[bytes, _Moves]:
    task = history.context.task
    moves: dict[bytes, _Moves] = defaultdict(_Moves)
    for record in history.records:
        move, event = moves[record.transaction], record.event
        if isinstance(event, Charged | Paid | Burnt) and (event.engine, event.id) != (contracts.arena, task):
            raise Inconsistent(f"block {record.block} has a log of the Ledger that is not of this task")
        match event:
            case Charged():
                move.charged[event.payer] += event.amount
            case Paid():
                move.paid[event.account] += event.amount
            case Burnt():
                move.burnt.append(event.amount)
            case Slashed() if (event.engine, event.case_id) == (contracts.arena, task):
                move.slashed[event.operator] += event.amount
            case _:
                pass
    return moves


def _compare(transaction: bytes, due: _Moves, actual: _Moves, history: History, report: Report) -> None:
    subject = "0x" + transaction.hex()
    if due.charged or actual.charged:
        report.equal(_CHARGED, subject, _amounts(due.charged), _amounts(actual.charged))
    if due.slashed or actual.slashed:
        report.equal(_SLASHED, subject, _amounts(due.slashed), _amounts(actual.slashed))
    if due.burnt or actual.burnt:
        report.equal(_BURNT, subject, due.burnt, actual.burnt)
    if due.acts or due.fees:
        report.equal(_KEEPERS, f"fees in {subject}", due.acts if history.params.keeper_fee else 0, due.fees)
    if due.paid or actual.paid:
        report.equal(_PAID, subject, _amounts(due.paid), _amounts(actual.paid))


def _amounts(moves: Counter[str]) -> str:
    return ", ".join(f"{account}: {amount}" for account, amount in sorted(moves.items()) if amount)


def _check_transfers(history: History, contracts: Contracts, report: Report) -> None:
    """Each burn is followed by its transfer, and there are no other transfers."""
    burns: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    transfers: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    for record in history.records:
        event = record.event
        if isinstance(event, Burnt):
            burns[record.transaction, contracts.ledger].append(event.amount)
        elif isinstance(event, Slashed) and (event.engine, event.case_id) == (contracts.arena, history.context.task):
            burns[record.transaction, contracts.vault].append(event.amount)
        elif isinstance(event, Transfer):
            where = f"transfer in 0x{record.transaction.hex()}"
            report.equal(_TRANSFERS, f"{where}, recipient", DEAD, event.recipient)
            transfers[record.transaction, event.sender].append(event.amount)
    for transaction, custodian in sorted(burns.keys() | transfers.keys()):
        subject = f"by {custodian} in 0x{transaction.hex()}"
        key = (transaction, custodian)
        report.equal(_TRANSFERS, subject, burns.get(key, []), transfers.get(key, []))


def _check_balance(history: History, book: _Book, actual: dict[bytes, _Moves], report: Report) -> None:
    charged = sum(moves.charged.total() for moves in actual.values())
    paid = sum(moves.paid.total() for moves in actual.values())
    burnt = sum(sum(moves.burnt) for moves in actual.values())
    if history.finished is not None:
        subject = "charged = paid and refunded + burnt + waiting for relays and delegators"
        report.equal(_BALANCE, subject, charged, paid + burnt + book.waiting)
        report.notes.append(f"{charged} wei came in, {paid} were paid, {burnt} burnt, {book.waiting} can be fetched")
