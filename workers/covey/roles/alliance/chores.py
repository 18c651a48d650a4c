"""What an Alliance task needs done by anybody: steps that pay a fee, and without which it stands still."""

from covey.protocol.alliance.phases import Status
from covey.roles.alliance.view import AllianceView
from covey.roles.decision import Act, Decision, Step, act


def chores(view: AllianceView, patience: int) -> Decision | None:
    """What is due, once nothing has happened in the task for `patience` seconds since it became so."""
    if view.now < view.changed_at + patience:
        return None
    if view.advance_due:
        turn = view.state.postponed if view.state.status is Status.DRAWING else 0
        return act(Step.ADVANCE, view.settled, view.state.status, turn)
    if view.clock.settle_due():
        return act(Step.SETTLE, view.settled)
    return None


def collecting(view: AllianceView, courtesy: int) -> tuple[Act, ...]:
    """For whom to collect once the task is over, and everybody had `courtesy` seconds to do so for itself."""
    if not view.ended or view.now < view.changed_at + courtesy:
        return ()
    return tuple(Act(Step.COLLECT, (i,)) for i in view.state.clients if view.collectable(i))
