"""What a task needs done by anybody: steps that pay a fee, and without which it stands still."""

from collections.abc import Iterator, Sequence

from covey.protocol.phases import Phase, Status
from covey.roles.decision import Act, Decision, Step, act
from covey.roles.task import Member
from covey.roles.view import View


def chores(view: View, patience: int) -> Decision | None:
    """What is due, once nothing has happened in the task for `patience` seconds since it became so."""
    if view.now < view.changed_at + patience:
        return None
    if view.advance_due:
        turn = view.state.postponed if view.state.status is Status.DRAWING else view.settled
        return act(Step.ADVANCE, view.state.status, turn)
    if view.clock.settle_due():
        return act(Step.SETTLE, view.settled)
    if view.clock.open_closed() and view.untallied:
        return Decision(tuple(Act(Step.TALLY, (round_,)) for round_ in view.untallied))
    return None


def closing(view: View, courtesy: int) -> tuple[Act, ...]:
    """Whom to conclude, once everybody had `courtesy` seconds to do so for itself."""
    if not view.ended or view.now < view.changed_at + courtesy:
        return ()
    validators = (Act(Step.CONCLUDE_VALIDATOR, (i,)) for i in _left(view.state.validators))
    trainers = (Act(Step.CONCLUDE_TRAINER, (i,)) for i in _left(view.state.trainers) if not view.awaits_delivery(i))
    return (*validators, *(trainers if view.tallied else ()))


def finishing(view: View) -> bool:
    """Whether every account is concluded, so that the task can be finished."""
    return view.clock.current().phase is Phase.FINISH


def _left(members: Sequence[Member]) -> Iterator[int]:
    """Those that are not concluded yet."""
    return (i for i, member in enumerate(members) if member.concluded is None)
