"""A task at one moment: which phase it is in, until when, and what is due.

Counters for `covey.protocol.phases`, taken from the events alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from covey.protocol.phases import Clock, Phase, Progress, RoundProgress, Status
from covey.protocol.schedule import Schedule
from covey.roles.decision import Decision, wait
from covey.roles.task import Publication, Round, TaskState

_WAITING = {
    Phase.ENROL: "members enrol",
    Phase.CLOSE_ENROL: "somebody closes Enrol",
    Phase.DRAW_RINGS: "the rings are drawn",
    Phase.MASK: "trainers register their handles",
    Phase.SUBMIT: "handles submit",
    Phase.PUBLISH: "handles publish",
    Phase.POST_KEY: "the creator posts the key",
    Phase.SCORE: "validators score",
    Phase.REVEAL: "validators reveal",
    Phase.SETTLE: "somebody settles",
    Phase.OPEN: "trainers open their handles",
    Phase.TALLY: "somebody tallies the trainers' pay",
    Phase.CONCLUDE: "accounts conclude",
    Phase.FINISH: "somebody finishes the task",
}
_IN_ROUND = range(Phase.SUBMIT, Phase.SETTLE + 1)


@dataclass(frozen=True)
class View:
    """`state` when block `block` was the latest, at its timestamp `now`."""

    state: TaskState
    now: int
    block: int

    @cached_property
    def schedule(self) -> Schedule:
        return Schedule.of(self.state.params, self.state.created_at)

    @cached_property
    def active(self) -> set[int]:
        """Validators that may act in round `settled`."""
        return self.state.active_validators()

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.schedule, self._progress(), tuple(map(self._round_progress, range(self.rounds))), self.now)

    @property
    def rounds(self) -> int:
        return self.state.params.rounds

    @cached_property
    def settled(self) -> int:
        """Index of the earliest round that is neither settled nor passed empty."""
        return self.state.settled

    @cached_property
    def open_rounds(self) -> tuple[int, ...]:
        """Rounds whose Submit has opened and that are not settled, in order."""
        return tuple(r for r in (self.settled, self.settled + 1) if self.clock.submit_opened(r))

    @property
    def published(self) -> list[tuple[int, Publication]]:
        """(Round, publication) of all models of the open rounds."""
        return [(r, publication) for r in self.open_rounds for publication in self.state.rounds[r].publications]

    def round_phase(self, round_: int) -> Phase:
        return self.clock.in_round(round_).phase

    @property
    def advance_due(self) -> bool:
        """Whether `advance` has something to do now."""
        drawing = self.state.status is Status.DRAWING
        return self.clock.advance_due() and (not drawing or self.block > self.state.drawn_from)

    @property
    def changed_at(self) -> int:
        """When anything last changed what is due: an event of the task, or a deadline."""
        s, ended_at = self.schedule, self.state.ended_at
        ends = [s.enrol_end, s.mask_end]
        for round_ in range(self.rounds):
            ends += [end(round_) for end in (s.submit_end, s.publish_end, s.key_end, s.score_end, s.reveal_end)]
        if ended_at:
            ends += [s.open_end(ended_at), s.delivery_end(ended_at)]
        return max(self.state.changed_at, *(end for end in ends if end <= self.now), 0)

    # The end ----------------------------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Validators may conclude; trainers once it is `tallied` too."""
        return self.state.status in (Status.ENDED, Status.CANCELLED)

    @property
    def delivery_end(self) -> int:
        return self.schedule.delivery_end(self.state.ended_at)

    @property
    def untallied(self) -> tuple[int, ...]:
        """Settled rounds whose trainers' pay is not fixed yet."""
        return tuple(
            i for i, r in enumerate(self.state.rounds) if r.settled and r.settled["winners"] and r.tallied is None
        )

    @property
    def tallied(self) -> bool:
        """Whether trainers may conclude, as far as that hangs on the task."""
        return self.state.status is Status.CANCELLED or (self.clock.open_closed() and not self.untallied)

    def rounds_won(self, handle: int) -> tuple[int, ...]:
        """Rounds in which the handle is among the winners."""
        return tuple(i for i, r in enumerate(self.state.rounds) if r.settled and handle in r.settled["winners"])

    def awaits_delivery(self, trainer: int) -> bool:
        """Whether a creator's box that the trainer owes may still come, so that nobody can conclude it."""
        index = self.state.trainers[trainer].handle
        if index is None or self.now >= self.delivery_end or self.state.status is not Status.ENDED:
            return False
        return any(round_ not in self.state.handles[index].delivered for round_ in self.rounds_won(index))

    def waiting(self) -> Decision:
        """That nothing is to be done, and what for."""
        current = self.clock.current()
        latest = max(self.open_rounds, default=current.round)
        if latest > current.round:
            current = self.clock.in_round(latest)
        where = f"round {current.round + 1}: " if current.phase in _IN_ROUND else ""
        return wait(where + _WAITING.get(current.phase, "nothing"), current.deadline)

    # Counters ---------------------------------------------------------------------------------------------------------

    def _progress(self) -> Progress:
        state = self.state
        last = state.last_scored
        return Progress(
            status=state.status,
            cause=state.cause,
            settled=self.settled,
            untallied=len(self.untallied),
            trainers=len(state.trainers),
            validators=len(state.validators),
            handles=len(state.handles),
            opened=sum(handle.member is not None for handle in state.handles),
            concluded=sum(member.concluded is not None for member in (*state.trainers, *state.validators)),
            active=len(self.active),
            active_weight=state.total_weight if last is None else sum(last.weights.values()),
            total_weight=state.total_weight,
            ended_at=state.ended_at,
        )

    def _round_progress(self, round_: int) -> RoundProgress:
        data = self.state.rounds[round_]
        return RoundProgress(
            committed=sum(round_ in handle.committed for handle in self.state.handles),
            done=sum(round_ in handle.done for handle in self.state.handles),
            published=len(data.publications),
            key_posted=data.key is not None,
            score_commits=len(data.commitments),
            reveals=len(data.reveals),
            weight=sum(data.weights.values()),
            invalid_weight=_invalid_weight(data),
        )


def _invalid_weight(data: Round) -> int:
    """Weight that voted DATASET_INVALID: its vector is in no list."""
    return sum(data.weights[validator] for validator, hash_ in data.reveals.items() if hash_ not in data.vectors)
