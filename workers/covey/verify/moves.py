"""The money that moved in each transaction: as the rules have it, and as Ledger, StakeVault and token logged it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .custody import Burnt, Charged, Paid, Slashed, Transfer
from .records import Record
from .report import Inconsistent, Report

_CHARGED = "money charged in each transaction"
_PAID = "money paid in each transaction"
_BURNT = "money burnt in each transaction"
_SLASHED = "stake burnt in each transaction"
_TRANSFERS = "burnt tokens went to the dead address"

KEEPERS: Final = "keeper fees"
BALANCE: Final = "money in = money out"
DEAD: Final = "0x000000000000000000000000000000000000dead"


@dataclass(slots=True)
class Moves:
    """Wei of one transaction by account, and amounts burnt in order; `fees` were paid for `acts` of keepers."""

    charged: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    slashed: Counter[str] = field(default_factory=Counter)
    burnt: list[int] = field(default_factory=list)
    acts: int = 0
    fees: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """Wei that moved in all."""

    charged: int
    paid: int
    burnt: int


def compare_moves(
    records: Sequence[Record], case: tuple[str, int], due: Mapping[bytes, Moves], keeper_fee: int, report: Report
) -> Totals:
    """Compare what was `due` in each transaction with what was logged of a `case`: engine and task. Returns what
    was logged. Raises Inconsistent for a log of another's money."""
    actual = _actual_moves(records, case)
    for transaction in dict.fromkeys(record.transaction for record in records):
        _compare(transaction, due.get(transaction, Moves()), actual[transaction], keeper_fee, report)
    _check_transfers(records, case, report)
    return Totals(
        charged=sum(moves.charged.total() for moves in actual.values()),
        paid=sum(moves.paid.total() for moves in actual.values()),
        burnt=sum(sum(moves.burnt) for moves in actual.values()),
    )


def _actual_moves(records: Sequence[Record], case: tuple[str, int]) -> Mapping[bytes, Moves]:
    moves: dict[bytes, Moves] = defaultdict(Moves)
    for record in records:
        move, event = moves[record.transaction], record.event
        if isinstance(event, Charged | Paid | Burnt) and (event.engine, event.id) != case:
            raise Inconsistent(f"block {record.block} has a log of the Ledger that is not of this task")
        match event:
            case Charged():
                move.charged[event.payer] += event.amount
            case Paid():
                move.paid[event.account] += event.amount
            case Burnt():
                move.burnt.append(event.amount)
            case Slashed() if (event.engine, event.case_id) == case:
                move.slashed[event.operator] += event.amount
            case _:
                pass
    return moves


def _compare(transaction: bytes, due: Moves, actual: Moves, keeper_fee: int, report: Report) -> None:
    subject = "0x" + transaction.hex()
    if due.charged or actual.charged:
        report.equal(_CHARGED, subject, _amounts(due.charged), _amounts(actual.charged))
    if due.slashed or actual.slashed:
        report.equal(_SLASHED, subject, _amounts(due.slashed), _amounts(actual.slashed))
    if due.burnt or actual.burnt:
        report.equal(_BURNT, subject, due.burnt, actual.burnt)
    if due.acts or due.fees:
        report.equal(KEEPERS, f"fees in {subject}", due.acts if keeper_fee else 0, due.fees)
    if due.paid or actual.paid:
        report.equal(_PAID, subject, _amounts(due.paid), _amounts(actual.paid))


def _amounts(moves: Counter[str]) -> str:
    return ", ".join(f"{account}: {amount}" for account, amount in sorted(moves.items()) if amount)


def _check_transfers(records: Sequence[Record], case: tuple[str, int], report: Report) -> None:
    """Each burn is followed by its transfer, and there are no other transfers."""
    burns: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    transfers: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    for record in records:
        event = record.event
        if isinstance(event, Burnt) or (isinstance(event, Slashed) and (event.engine, event.case_id) == case):
            burns[record.transaction, record.address].append(event.amount)
        elif isinstance(event, Transfer):
            where = f"transfer in 0x{record.transaction.hex()}"
            report.equal(_TRANSFERS, f"{where}, recipient", DEAD, event.recipient)
            transfers[record.transaction, event.sender].append(event.amount)
    for transaction, custodian in sorted(burns.keys() | transfers.keys()):
        subject = f"by {custodian} in 0x{transaction.hex()}"
        key = (transaction, custodian)
        report.equal(_TRANSFERS, subject, burns.get(key, []), transfers.get(key, []))
