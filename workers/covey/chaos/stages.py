"""A task's life as a line of stages: what faults are timed by, so that no clock matters."""

from __future__ import annotations

from dataclasses import dataclass

from covey.protocol.phases import Phase
from covey.roles.view import View

_OF_ROUNDS = (Phase.SUBMIT, Phase.PUBLISH, Phase.SCORE, Phase.REVEAL)

# Phases that somebody ends with one call belong to the stage that they lead to, or come from.
_JOINED = {
    Phase.CLOSE_ENROL: Phase.MASK,
    Phase.DRAW_RINGS: Phase.MASK,
    Phase.POST_KEY: Phase.SCORE,
    Phase.SETTLE: Phase.REVEAL,
    Phase.TALLY: Phase.CONCLUDE,
    Phase.FINISH: Phase.CONCLUDE,
}


@dataclass(frozen=True)
class Stage:
    """A phase, of a round where it has one (from 0). NONE is the time before the task is posted."""

    phase: Phase
    round: int = 0

    def __str__(self) -> str:
        name = "posting" if self.phase is Phase.NONE else self.phase.name.lower()
        return f"{name} {self.round + 1}" if self.phase in _OF_ROUNDS else name


def stages(rounds: int) -> tuple[Stage, ...]:
    """All stages of a task, in order; a task that ends early leaves some out."""
    return (
        *map(Stage, (Phase.NONE, Phase.ENROL, Phase.MASK)),
        *(Stage(phase, round_) for round_ in range(rounds) for phase in _OF_ROUNDS),
        *map(Stage, (Phase.OPEN, Phase.CONCLUDE)),
    )


def place_of(view: View | None, rounds: int) -> int:
    """The index of the stage that a task is in; None is a task that is not posted, and a finished one is past all."""
    line = stages(rounds)
    if view is None:
        return 0
    current = view.clock.current()
    if current.phase is Phase.FINISHED:
        return len(line)
    phase = _JOINED.get(current.phase, current.phase)
    return line.index(Stage(phase, current.round if phase in _OF_ROUNDS else 0))
