"""What a keeper does next: whatever is due in a task, for the fees, and so that it never stands still."""

from dataclasses import dataclass

from covey.protocol.phases import Status
from covey.roles.chores import chores, closing, finishing
from covey.roles.decision import Decision, Step, act, over
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
        return act(Step.CLAIM_RELAY) if state.relays.get(own.address) else over("finished")
    due = chores(view, 0)
    if due is not None:
        return due
    if finishing(view):
        return act(Step.FINISH)
    acts = closing(view, own.courtesy)
    return Decision(acts) if acts else view.waiting()
