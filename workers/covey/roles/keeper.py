"""What a keeper does next: whatever is due in a task, for the fees, and so that it never stands still."""

from collections.abc import Iterator
from dataclasses import dataclass

from covey.protocol.phases import Phase, Status
from covey.roles.chores import chores
from covey.roles.decision import Act, Decision, Step, over
from covey.roles.task import Member
from covey.roles.view import View


@dataclass(frozen=True)
class KeeperFacts:
    """`address` is the keeper's account. Accounts have `courtesy` seconds to conclude themselves before it does so."""

    address: str
    courtesy: int


def decide(view: View, own: KeeperFacts) -> Decision:
    """All deeds that are due, or what the keeper waits for."""
    state = view.state
    if state.status is Status.FINISHED:
        return Decision((Act(Step.CLAIM_RELAY),)) if state.relays.get(own.address) else over("finished")
    due = chores(view, 0)
    if due is not None:
        return due
    acts = tuple(_conclusions(view, own))
    if acts:
        return Decision(acts)
    if view.clock.current().phase is Phase.FINISH:
        return Decision((Act(Step.FINISH),))
    return view.waiting()


def _conclusions(view: View, own: KeeperFacts) -> Iterator[Act]:
    """Accounts that may be concluded, once they had their time."""
    if view.ended and view.now >= view.changed_at + own.courtesy:
        yield from (Act(Step.CONCLUDE_VALIDATOR, (i,)) for i in _left(view.state.validators))
        if view.tallied:
            yield from (
                Act(Step.CONCLUDE_TRAINER, (i,)) for i in _left(view.state.trainers) if not view.awaits_delivery(i)
            )


def _left(members: list[Member]) -> Iterator[int]:
    return (i for i, member in enumerate(members) if member.concluded is None)
