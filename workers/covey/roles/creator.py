"""What a creator does next, once its task is posted: it posts keys in time, and collects the models it paid for.

It fetches models as soon as they are published, as nobody has to keep one that was paid for. What is left of its money
comes back when all accounts are concluded: it sees to that itself where no keeper does.
"""

from dataclasses import dataclass

from covey.protocol.phases import Phase, Status
from covey.roles.chores import chores, closing, finishing
from covey.roles.decision import Act, Decision, Step, act, over, wait
from covey.roles.task import Publication
from covey.roles.view import View


@dataclass(frozen=True)
class CreatorFacts:
    """What the creator knows of itself in one task.

    Models are (round, handle): `fetched` are those whose ciphertext is here, `collected` those that are on disk, open.
    `fetch_now`: one of those that it wants is to be fetched.
    """

    fetched: frozenset[tuple[int, int]]
    fetch_now: bool
    collected: frozenset[tuple[int, int]]
    claims: bool
    claimed: bool
    patience: int


def wanted(view: View) -> list[tuple[int, Publication]]:
    """(Round, publication) of the models that the creator paid for or may yet pay for; the former first."""
    state = view.state
    won = [
        (round_, handle.published[round_])
        for index, handle in enumerate(state.handles)
        for round_ in view.rounds_won(index)
        if round_ in handle.delivered or state.status is not Status.FINISHED
    ]
    return won + view.published


def decide(view: View, own: CreatorFacts) -> Decision:
    """The next deeds of a creator, or what it waits for. A model that is not to be had holds up none of the others."""
    due = _due(view, own)
    owed = [
        (round_, index)
        for index, handle in enumerate(view.state.handles)
        for round_ in handle.delivered
        if (round_, index) not in own.collected
    ]
    fetching = (Act(Step.FETCH),) if own.fetch_now else ()
    collecting = (Act(Step.COLLECT, model) for model in owed if model in own.fetched)
    models = (*fetching, *collecting)
    if models:
        return Decision((*due.acts, *models))
    if due.over and owed:
        return wait(f"models that were paid for are not to be had: {len(owed)}")
    return due


def _due(view: View, own: CreatorFacts) -> Decision:
    """What the task and its money ask for."""
    state = view.state
    if state.status is Status.RUNNING and view.clock.mask_closed():
        for round_ in view.open_rounds:
            if view.round_phase(round_) is Phase.POST_KEY:
                return act(Step.POST_KEY, round_)
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
