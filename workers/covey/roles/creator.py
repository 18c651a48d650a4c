"""What a creator does next, once its task is posted: it posts keys in time, and collects the models it paid for.

What is left of its money comes back when all accounts are concluded: it sees to that itself where no keeper does.
"""

from dataclasses import dataclass

from covey.protocol.phases import Phase, Status
from covey.roles.chores import chores, closing, finishing
from covey.roles.decision import Decision, Step, act, over
from covey.roles.view import View


@dataclass(frozen=True)
class CreatorFacts:
    """`collected` holds (round, handle) of the models that are on disk."""

    collected: frozenset[tuple[int, int]]
    claims: bool
    claimed: bool
    patience: int


def decide(view: View, own: CreatorFacts) -> Decision:
    """The next deed of a creator, or what it waits for."""
    state = view.state
    if state.status is Status.RUNNING and view.clock.mask_closed():
        for round_ in view.open_rounds:
            if view.round_phase(round_) is Phase.POST_KEY:
                return act(Step.POST_KEY, round_)
    for index, handle in enumerate(state.handles):
        for round_ in handle.delivered:
            if (round_, index) not in own.collected:
                return act(Step.COLLECT, round_, index)
    due = chores(view, own.patience)
    if due is not None:
        return due
    if state.status is not Status.FINISHED:
        if finishing(view) and view.now >= view.changed_at + own.patience:
            return act(Step.FINISH)
        acts = closing(view, own.patience)
        return Decision(acts) if acts else view.waiting()
    if own.claims and not own.claimed:
        return act(Step.CLAIM)
    return over("finished")
