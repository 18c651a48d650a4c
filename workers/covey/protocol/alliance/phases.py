"""What a task waits for: a pure function of its clock, its round and the time (docs/alliance.md, section 3).

The enumerations have the contract's numbers; the decisions are those of its `phaseOf`.
"""

from dataclasses import dataclass
from enum import IntEnum

from covey.protocol.alliance.params import Lengths


class Status(IntEnum):
    """Where a task stands as a whole. JOINING: before the first clients are frozen. DRAWING: their roles are due."""

    NONE = 0
    JOINING = 1
    DRAWING = 2
    RUNNING = 3
    ENDED = 4


class Cause(IntEnum):
    """Why a task ended."""

    NONE = 0
    COMPLETED = 1
    TOO_FEW_CLIENTS = 2


class Phase(IntEnum):
    """What a task waits for."""

    NONE = 0
    JOIN = 1
    FREEZE = 2
    DRAW = 3
    PROPOSE = 4
    PUBLISH = 5
    VOTE = 6
    REVEAL = 7
    SETTLE = 8
    ENDED = 9


@dataclass(frozen=True)
class RoundProgress:
    """What happened in the current round, as sets of clients.

    `committed` and `opened` hold proposers and voters alike: who committed, and who published or revealed.
    """

    proposers: int = 0
    opened: int = 0
    voters: int = 0
    committed: int = 0

    @property
    def published(self) -> int:
        """Proposers whose updates are public."""
        return self.proposers & self.opened

    @property
    def revealed(self) -> int:
        """Voters whose votes are public."""
        return self.voters & self.opened


@dataclass(frozen=True)
class Current:
    """A phase, in which round, until when (Unix s; None: no deadline)."""

    phase: Phase
    round: int
    deadline: int | None


@dataclass(frozen=True)
class Clock:
    """A task at one moment. Times are Unix seconds; the deadlines of a round count from its draw, `drawn_at`."""

    join_end: int
    lengths: Lengths
    min_updates: int
    status: Status
    round: int
    drawn_at: int
    progress: RoundProgress
    now: int

    def current(self) -> Current:
        """What the task waits for."""
        phase, deadline = self._phase()
        return Current(phase, self.round, deadline)

    def advance_due(self) -> bool:
        """Whether `advance` has something to do, provided that the block that gives the roles' seed is mined."""
        return self.current().phase in (Phase.FREEZE, Phase.DRAW)

    def settle_due(self) -> bool:
        return self.current().phase is Phase.SETTLE

    def _phase(self) -> tuple[Phase, int | None]:
        match self.status:
            case Status.NONE:
                return Phase.NONE, None
            case Status.JOINING if self.now < self.join_end:
                return Phase.JOIN, self.join_end
            case Status.JOINING:
                return Phase.FREEZE, None
            case Status.DRAWING:
                return Phase.DRAW, None
            case Status.RUNNING:
                return self._in_round()
            case Status.ENDED:
                return Phase.ENDED, None

    def _in_round(self) -> tuple[Phase, int | None]:
        lengths, p = self.lengths, self.progress
        propose_end = self.drawn_at + lengths.propose
        if self.now < propose_end and p.proposers & ~p.committed:
            return Phase.PROPOSE, propose_end
        publish_end = propose_end + lengths.publish
        if self.now < publish_end and p.published != p.proposers & p.committed:
            return Phase.PUBLISH, publish_end
        if p.published.bit_count() < self.min_updates:
            return Phase.SETTLE, None
        vote_end = publish_end + lengths.vote
        if self.now < vote_end and p.voters & ~p.committed:
            return Phase.VOTE, vote_end
        reveal_end = vote_end + lengths.reveal
        if self.now < reveal_end and p.revealed != p.voters & p.committed:
            return Phase.REVEAL, reveal_end
        return Phase.SETTLE, None
