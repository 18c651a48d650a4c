"""What a task waits for: a pure function of its schedule, its counters and the time (docs/protocol.md, section 3).

The enumerations have the contract's numbers; the decisions are those of its `phaseOf` and `roundPhaseOf`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from covey.protocol import weights
from covey.protocol.schedule import Schedule


class Status(IntEnum):
    """Where a task stands as a whole."""

    NONE = 0
    ENROLLING = 1
    DRAWING = 2
    RUNNING = 3
    ENDED = 4
    CANCELLED = 5
    FINISHED = 6


class Cause(IntEnum):
    """Why a task ended."""

    NONE = 0
    COMPLETED = 1
    KEY_MISSING = 2
    QUORUM_MISSED = 3
    DATASET_INVALID = 4
    TOO_FEW_MEMBERS = 5
    SEED_NOT_DRAWN = 6


class Phase(IntEnum):
    """What a task, or a round of it, waits for."""

    NONE = 0
    ENROL = 1
    CLOSE_ENROL = 2
    DRAW_RINGS = 3
    MASK = 4
    SUBMIT = 5
    PUBLISH = 6
    POST_KEY = 7
    SCORE = 8
    REVEAL = 9
    SETTLE = 10
    OPEN = 11
    TALLY = 12
    CONCLUDE = 13
    FINISH = 14
    FINISHED = 15


@dataclass(frozen=True)
class Progress:
    """How far a task got: the contract's counters.

    `settled` rounds are settled or passed empty, `untallied` of them await `tally`; `active` validators may act in the
    next one, with `active_weight` of the `total_weight` enrolled; `ended_at` is the start of Open (Unix seconds).
    """

    status: Status = Status.ENROLLING
    cause: Cause = Cause.NONE
    settled: int = 0
    untallied: int = 0
    trainers: int = 0
    validators: int = 0
    handles: int = 0
    opened: int = 0
    concluded: int = 0
    active: int = 0
    active_weight: int = 0
    total_weight: int = 0
    ended_at: int = 0


@dataclass(frozen=True)
class RoundProgress:
    """What happened in one round.

    Handles: `committed`, `done` (final or passed), `published`. Validators: `score_commits`, `reveals`, the revealed
    `weight` and the part of it, `invalid_weight`, that voted DATASET_INVALID.
    """

    committed: int = 0
    done: int = 0
    published: int = 0
    key_posted: bool = False
    score_commits: int = 0
    reveals: int = 0
    weight: int = 0
    invalid_weight: int = 0


@dataclass(frozen=True)
class Current:
    """A phase, in which round, until when (Unix s; None: no deadline)."""

    phase: Phase
    round: int
    deadline: int | None


@dataclass(frozen=True)
class Clock:
    """A task at one moment. `rounds` holds what happened in each round, also those to come."""

    schedule: Schedule
    progress: Progress
    rounds: Sequence[RoundProgress]
    now: int

    def current(self) -> Current:
        """What the task waits for."""
        p, s = self.progress, self.schedule
        match p.status:
            case Status.ENROLLING if self.now < s.enrol_end:
                return Current(Phase.ENROL, 0, s.enrol_end)
            case Status.ENROLLING:
                return Current(Phase.CLOSE_ENROL, 0, None)
            case Status.DRAWING:
                return Current(Phase.DRAW_RINGS, 0, s.draw_end)
            case Status.RUNNING if not self.mask_closed():
                return Current(Phase.MASK, 0, s.mask_end)
            case Status.RUNNING:
                return self.in_round(p.settled)
            case Status.ENDED if not self.open_closed():
                return Current(Phase.OPEN, p.settled, s.open_end(p.ended_at))
            case Status.NONE:
                return Current(Phase.NONE, 0, None)
            case Status.FINISHED:
                return Current(Phase.FINISHED, p.settled, None)
        if p.untallied:
            return Current(Phase.TALLY, p.settled, None)
        everybody = p.concluded == p.trainers + p.validators
        return Current(Phase.FINISH if everybody else Phase.CONCLUDE, p.settled, None)

    def in_round(self, round: int) -> Current:
        """What a round waits for: NONE before it opened, SETTLE when only settling or ending is left."""
        phase, deadline = self._in_round(round)
        return Current(phase, round, deadline)

    def advance_due(self) -> bool:
        """Whether `advance` has something to do, provided that the block that gives the rings' seed is mined."""
        phase = self.current().phase
        return phase in (Phase.CLOSE_ENROL, Phase.DRAW_RINGS) or (phase is Phase.SETTLE and not self._settleable())

    def settle_due(self) -> bool:
        """Whether the earliest unsettled round is to be settled."""
        return self.current().phase is Phase.SETTLE and self._settleable()

    def mask_closed(self) -> bool:
        return self.now >= self.schedule.mask_end or self.progress.handles == self.progress.trainers

    def submit_opened(self, round: int) -> bool:
        p = self.progress
        if p.status is not Status.RUNNING or round >= self.schedule.rounds or not self.mask_closed():
            return False
        return round == p.settled or (round == p.settled + 1 and self.over(p.settled))

    def submit_closed(self, round: int) -> bool:
        return self.now >= self.schedule.submit_end(round) or self.rounds[round].done == self.progress.handles

    def publish_closed(self, round: int) -> bool:
        """Presumes that Submit opened."""
        r = self.rounds[round]
        everybody = self.submit_closed(round) and r.published == r.committed
        return self.now >= self.schedule.publish_end(round) or everybody

    def score_closed(self, round: int) -> bool:
        """Presumes that the round is the earliest unsettled one, so that its active validators are known."""
        r = self.rounds[round]
        everybody = r.score_commits == self.progress.active
        return r.key_posted and (self.now >= self.schedule.score_end(round) or everybody)

    def reveal_closed(self, round: int) -> bool:
        """As `score_closed`."""
        r = self.rounds[round]
        everybody = r.reveals == r.score_commits
        return self.score_closed(round) and (self.now >= self.schedule.reveal_end(round) or everybody)

    def over(self, round: int) -> bool:
        """Whether nothing but settling is left to do in the earliest unsettled round."""
        return self.publish_closed(round) and (self.rounds[round].published == 0 or self.reveal_closed(round))

    def open_closed(self) -> bool:
        p = self.progress
        everybody = p.opened == p.handles
        return p.status is Status.ENDED and (self.now >= self.schedule.open_end(p.ended_at) or everybody)

    def _settleable(self) -> bool:
        """Whether the round that is over can be settled: it has models, a key, a quorum and valid data."""
        p, r = self.progress, self.rounds[self.progress.settled]
        quorum = weights.has_quorum(r.weight, p.active_weight, p.total_weight)
        return r.published != 0 and r.key_posted and quorum and not weights.rejects_data(r.invalid_weight, r.weight)

    def _in_round(self, round: int) -> tuple[Phase, int | None]:
        s = self.schedule
        if not self.submit_opened(round):
            return Phase.NONE, None
        if not self.submit_closed(round):
            return Phase.SUBMIT, s.submit_end(round)
        if not self.publish_closed(round):
            return Phase.PUBLISH, s.publish_end(round)
        r = self.rounds[round]
        if r.published == 0:
            return Phase.SETTLE, None
        if not r.key_posted:
            waiting = self.now < s.key_end(round)
            return (Phase.POST_KEY, s.key_end(round)) if waiting else (Phase.SETTLE, None)
        if round != self.progress.settled or not self.score_closed(round):
            return Phase.SCORE, s.score_end(round)
        if not self.reveal_closed(round):
            return Phase.REVEAL, s.reveal_end(round)
        return Phase.SETTLE, None


def rounds_run(progress: Progress) -> int:
    """Rounds whose faults count: those settled, and the one that ended the task."""
    return progress.settled + (progress.cause is not Cause.COMPLETED)
