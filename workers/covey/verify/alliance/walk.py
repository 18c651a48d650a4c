"""What every step through an Alliance task's logs needs, and what stands between two logs of one act."""

from __future__ import annotations

from ..kinds import Event
from ..records import Record
from ..report import Inconsistent, Report
from .events import AllianceEnded, ClientJoined, ClientJudged, KeeperPaid, RoundConcluded, RoundFrozen
from .history import Client, History, Phase, Round, Status
from .money import Book

PHASES = "every act was in its phase"
PLACES = "places of clients"


class Walk:
    """Where the replay is: what was so far, the log at hand (`at`) and its second (`now`, which never goes back).

    `judged` are judgements of a round whose conclusion has to follow, `evicted` is the place whose new client has to.
    """

    def __init__(self, history: History, hashes: dict[int, bytes], report: Report, first: Record) -> None:
        self.history = history
        self.hashes = hashes
        self.report = report
        self.book = Book()
        self.at = first
        self.now = first.timestamp
        self.judged: list[ClientJudged] = []
        self.evicted: int | None = None

    def move_to(self, record: Record | None) -> None:
        """Check that what one act logs stands together. None: there are no more logs. Raises Inconsistent."""
        due = self._due_next()
        same = record is not None and record.transaction == self.at.transaction
        if due and not (same and record is not None and isinstance(record.event, due)):
            self.in_phase(False, f"{' or '.join(kind.__name__ for kind in due)} after what was logged last")
            if self.history.status is Status.CONCLUDED:
                raise Inconsistent(f"round {self.history.number - 1} was settled, and none frozen after it")
            self.evicted = None
            self.judged.clear()
        if record is not None:
            self.at, self.now = record, max(self.now, record.timestamp)

    def _due_next(self) -> tuple[type[Event], ...]:
        """What has to be logged next in the same transaction: of a bench clients go for others alone, clients are
        judged when a round is settled, and settling goes on to the next."""
        if self.evicted is not None:
            return (ClientJoined,)
        if self.judged:
            return (ClientJudged, RoundConcluded)
        if self.history.status is Status.CONCLUDED:
            return (KeeperPaid, RoundFrozen, AllianceEnded)
        return ()

    def in_phase(self, held: bool, what: str) -> bool:
        """Check that an act was allowed now."""
        problem = f"not in block {self.at.block}, second {self.at.timestamp}"
        return self.report.holds(PHASES, what, held, problem)

    def client(self, place: int) -> Client:
        """Raises Inconsistent."""
        if place not in self.history.clients:
            raise Inconsistent(f"block {self.at.block} has a log of client {place}, who has no place")
        return self.history.clients[place]

    def acting(self, number: int, phase: Phase, held: bool, what: str) -> Round | None:
        """The running round, if it is that one, in that phase."""
        one = self.history.current
        now_in = one is not None and one.number == number and self.history.phase(self.now) is phase
        return one if self.in_phase(now_in and held, f"round {number}, {what}") else None
