"""What a trainer does next.

A pure function of the task and of what the trainer remembers; `training.py` does the deeds.
"""

from dataclasses import dataclass

from covey.protocol.phases import Phase, Status
from covey.roles.chores import chores
from covey.roles.decision import Act, Decision, Step, act, over, wait
from covey.roles.task import Handle
from covey.roles.view import View


@dataclass(frozen=True)
class TrainerFacts:
    """What the trainer knows of itself in one task.

    `hot_key` and `handle` are its addresses. `trained` holds the rounds for which it has trained, `training` the one
    for which it is doing so now. `claims`: the account is its own, so that it takes its pay out; `claimed`: it has.
    Before a deadline it leaves `reserve` seconds for its messages; it does what keepers left undone after `patience`
    seconds.
    """

    hot_key: str
    handle: str
    trained: frozenset[int]
    training: int | None
    claims: bool
    claimed: bool
    reserve: int
    patience: int


def decide(view: View, own: TrainerFacts) -> Decision:
    """The next deed of a trainer, or what it waits for."""
    state = view.state
    member = state.trainer(own.hot_key)
    if member is None:
        return _join(view, own)
    index = state.handle(own.handle)
    handle = None if index is None else state.handles[index]
    if state.status in (Status.ENROLLING, Status.DRAWING):
        return _train(own, 0) or chores(view, own.patience) or view.waiting()
    if state.status is Status.RUNNING:
        return _run(view, own, handle) or chores(view, own.patience) or view.waiting()
    return _finish(view, own, member, index, handle)


def _join(view: View, own: TrainerFacts) -> Decision:
    if own.hot_key in view.state.evicted:
        return over("its place went to a larger stake; stake and quota are free again")
    if view.state.status is Status.ENROLLING and view.now < view.schedule.enrol_end:
        return act(Step.ENROL)
    return over("the task takes no trainers any more")


def _run(view: View, own: TrainerFacts, handle: Handle | None) -> Decision | None:
    if not view.clock.mask_closed():
        return act(Step.MASK) if handle is None else _train(own, 0)
    if handle is None:
        return None
    for round_ in view.open_rounds:
        match view.round_phase(round_):
            case Phase.SUBMIT if round_ not in handle.done:
                return _submit(view, own, round_)
            case Phase.PUBLISH if round_ in handle.committed and round_ not in handle.published:
                return act(Step.PUBLISH, round_)
            case _:
                pass
    following = max(view.open_rounds) + 1
    return _train(own, following) if following < view.rounds else None


def _submit(view: View, own: TrainerFacts, round_: int) -> Decision:
    """Submits once it has trained; when time runs out, what it has."""
    if round_ in own.trained or view.now >= view.schedule.submit_end(round_) - own.reserve:
        return act(Step.SUBMIT, round_)
    return _train(own, round_) or wait(f"round {round_ + 1}: training", view.schedule.submit_end(round_) - own.reserve)


def _train(own: TrainerFacts, round_: int) -> Decision | None:
    return act(Step.TRAIN, round_) if round_ not in own.trained and own.training is None else None


def _finish(view: View, own: TrainerFacts, member: int, index: int | None, handle: Handle | None) -> Decision:
    state = view.state
    if state.status is Status.ENDED and index is not None and handle is not None:
        if handle.member is None and not view.clock.open_closed():
            return act(Step.OPEN)
        if handle.member == member and view.now < view.delivery_end:
            owed = tuple(Act(Step.DELIVER, (r,)) for r in view.rounds_won(index) if r not in handle.delivered)
            if owed:
                return Decision(owed)
    if state.trainers[member].concluded is None:
        if not view.tallied:
            return chores(view, own.patience) or view.waiting()
        return act(Step.CONCLUDE_TRAINER, member)
    if own.claims and not own.claimed:
        return act(Step.CLAIM)
    return over("concluded")
