"""Random lives of a task, act by act: what its counters and the time may be at any moment."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

from covey.protocol.params import Lengths
from covey.protocol.phases import Cause, Clock, Phase, Progress, RoundProgress, Status
from covey.protocol.schedule import Schedule

MOST_ACTS = 200


def life(random: Random, created_at: int) -> Iterator[Clock]:
    """A task from its creation to its end, or nearly: at each act of somebody, and at times in between."""
    names = ("enrol", "mask", "submit", "publish", "key", "score", "reveal", "open")
    lengths = Lengths(**{name: random.randint(1, 40) for name in names})
    rounds = random.randint(1, 4)
    schedule = Schedule(created_at + lengths.enrol, lengths, rounds)
    task = _Task(random, Clock(schedule, Progress(), (RoundProgress(),) * rounds, created_at))
    patience = random.choice([0.05, 0.3, 0.6])
    for _ in range(MOST_ACTS):
        yield task.clock
        if task.clock.progress.status is Status.FINISHED:
            return
        if random.random() < patience:
            task.wait()
        else:
            task.act()


@dataclass
class _Task:
    """`undecided` handles of each round committed, and may do so again."""

    random: Random
    clock: Clock
    undecided: dict[int, int] = field(default_factory=dict)

    def wait(self) -> None:
        """For a few seconds, or to just before, at or after the phase's deadline or one of the next."""
        clock, schedule = self.clock, self.clock.schedule
        ends = [schedule.enrol_end, schedule.draw_end, schedule.mask_end, schedule.open_end(clock.progress.ended_at)]
        for round in range(schedule.rounds):
            ends += [schedule.submit_end(round), schedule.publish_end(round), schedule.key_end(round)]
            ends += [schedule.score_end(round), schedule.reveal_end(round)]
        soon = sorted(end for end in ends if end >= clock.now)[:3]
        if (deadline := clock.current().deadline) is not None:
            soon += [deadline] * 3
        end = self.random.choice(soon) + self.random.choice([-1, 0, 0, 1]) if soon else 0
        self.clock = replace(clock, now=max(end, clock.now + self.random.randint(0, 3)))

    def act(self) -> None:
        """Whatever somebody may do now."""
        clock, p = self.clock, self.clock.progress
        match clock.current().phase:
            case Phase.ENROL:
                side = self.random.choice(["trainers", "validators"])
                self._progress(**{side: getattr(p, side) + 1})
            case Phase.CLOSE_ENROL if p.trainers and p.validators:
                self._progress(status=Status.DRAWING, active=p.validators)
            case Phase.CLOSE_ENROL:
                self._progress(status=Status.CANCELLED, cause=Cause.TOO_FEW_MEMBERS)
            case Phase.DRAW_RINGS if clock.now < clock.schedule.draw_end:
                self._progress(status=Status.RUNNING)
            case Phase.DRAW_RINGS:
                self._progress(status=Status.CANCELLED, cause=Cause.SEED_NOT_DRAWN)
            case Phase.MASK:
                self._progress(handles=p.handles + 1)
            case Phase.OPEN:
                self._progress(opened=p.opened + 1)
            case Phase.TALLY:
                self._progress(untallied=p.untallied - 1)
            case Phase.CONCLUDE:
                self._progress(concluded=p.concluded + 1)
            case Phase.FINISH:
                self._progress(status=Status.FINISHED)
            case _:
                last = min(p.settled + 1, clock.schedule.rounds - 1)
                self._act_in(self.random.randint(p.settled, last))

    def _act_in(self, round: int) -> None:
        r, p = self.clock.rounds[round], self.clock.progress
        match self.clock.in_round(round).phase:
            case Phase.SUBMIT:
                self._submit(round)
            case Phase.PUBLISH:
                self._round(round, published=r.published + 1)
            case Phase.POST_KEY:
                self._round(round, key_posted=True)
            case Phase.SCORE if round == p.settled:
                self._round(round, score_commits=r.score_commits + 1)
            case Phase.REVEAL:
                self._round(round, reveals=r.reveals + 1)
            case Phase.SETTLE if round == p.settled and self.random.random() < 0.2:  # meanwhile the next round goes on
                self._settle(r)

    def _submit(self, round: int) -> None:
        """A handle commits for now, finally, or passes."""
        r, undecided = self.clock.rounds[round], self.undecided.get(round, 0)
        fresh = self.clock.progress.handles - r.done - undecided
        if fresh and self.random.random() < 0.3:
            self.undecided[round] = undecided + 1
            self._round(round, committed=r.committed + 1)
            return
        again = undecided and (not fresh or self.random.random() < 0.5)
        self.undecided[round] = undecided - bool(again)
        passes = self.random.random() < 0.2
        self._round(round, committed=r.committed + (not again) - passes, done=r.done + 1)

    def _settle(self, r: RoundProgress) -> None:
        p, rounds = self.clock.progress, self.clock.schedule.rounds
        if r.published and not (r.key_posted and r.reveals):
            cause = Cause.QUORUM_MISSED if r.key_posted else Cause.KEY_MISSING
            self._progress(status=Status.ENDED, cause=cause, ended_at=self.clock.now)
            return
        active = r.reveals if r.published else p.active
        untallied = p.untallied + (r.published > 0 and self.random.random() < 0.8)
        self._progress(settled=p.settled + 1, active=active, untallied=untallied)
        if p.settled + 1 == rounds:
            self._progress(status=Status.ENDED, cause=Cause.COMPLETED, ended_at=self.clock.now)

    def _progress(self, **changes: object) -> None:
        self.clock = replace(self.clock, progress=replace(self.clock.progress, **changes))  # type: ignore[arg-type]

    def _round(self, round: int, **changes: object) -> None:
        rounds = list(self.clock.rounds)
        rounds[round] = replace(rounds[round], **changes)  # type: ignore[arg-type]
        self.clock = replace(self.clock, rounds=tuple(rounds))
