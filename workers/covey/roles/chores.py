"""What a task needs done by anybody: steps that pay a fee, and without which it stands still."""

from covey.protocol.phases import Status
from covey.roles.decision import Act, Decision, Step, act
from covey.roles.view import View

_HASHES_KEPT = 256


def chores(view: View, patience: int) -> Decision | None:
    """What is due, once nothing has happened in the task for `patience` seconds since it became so."""
    if view.now < view.changed_at + patience:
        return None
    if view.advance_due:
        return act(
            Step.ADVANCE, view.state.status, _draws(view) if view.state.status is Status.DRAWING else view.settled
        )
    if view.clock.settle_due():
        return act(Step.SETTLE, view.settled)
    if view.clock.open_closed() and view.untallied:
        return Decision(tuple(Act(Step.TALLY, (round_,)) for round_ in view.untallied))
    return None


def _draws(view: View) -> int:
    """How many draws of the rings were missed: a block's hash can be had for 256 blocks, then another is pinned."""
    return (view.block - view.state.drawn_from) // _HASHES_KEPT
