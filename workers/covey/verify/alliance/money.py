"""What has to move of an Alliance task's money, entered as its history goes on."""

from __future__ import annotations

from collections import defaultdict

from ..moves import BALANCE, KEEPERS, Moves, compare_moves
from ..records import Record
from ..report import Report
from .events import KeeperPaid
from .history import History


class Book:
    """What is due in each transaction."""

    def __init__(self) -> None:
        self._due: dict[bytes, Moves] = defaultdict(Moves)

    def charge(self, at: Record, account: str, amount: int) -> None:
        self._due[at.transaction].charged[account] += amount

    def pay(self, at: Record, account: str, amount: int) -> None:
        self._due[at.transaction].paid[account] += amount

    def burn(self, at: Record, amount: int) -> None:
        if amount:
            self._due[at.transaction].burnt.append(amount)

    def act(self, at: Record) -> None:
        """A keeper's, for a fee."""
        self._due[at.transaction].acts += 1

    def pay_keeper(self, at: Record, event: KeeperPaid, fee: int, report: Report) -> None:
        report.equal(KEEPERS, f"fee of {event.keeper}", fee, event.amount)
        self._due[at.transaction].fees += 1
        self.pay(at, event.keeper, event.amount)

    def compare(self, history: History, records: list[Record], report: Report) -> None:
        """With the logs of Ledger and token. Raises Inconsistent."""
        case = (history.context.alliance, history.context.task)
        moved = compare_moves(records, case, self._due, history.params.keeper_fee, report)
        out = moved.paid + moved.burnt
        report.equal(
            BALANCE,
            "charged = paid and refunded + burnt + pool, reserve, stakes and earnings",
            moved.charged,
            out + history.bucket,
        )
        report.notes.append(
            f"{moved.charged} wei came in, {moved.paid} were paid, {moved.burnt} burnt, {history.bucket} are left"
        )
