"""What a validator does next.

A pure function of the task and of what the validator remembers; `validating.py` does the deeds.
"""

from dataclasses import dataclass

from covey.protocol.phases import Phase, Status
from covey.roles.chores import chores
from covey.roles.decision import Decision, Step, act, over, wait
from covey.roles.task import Round
from covey.roles.view import View

_COURTESY = 15
"""Most seconds that a validator waits for the first to reveal."""


@dataclass(frozen=True)
class ValidatorFacts:
    """What the validator knows of itself in one task.

    `scored` holds the rounds whose vector, for the models published now, is in the journal; `reveals`: it means to
    reveal. `fetch_now`: a model that was published is to be fetched. The rest is as in `TrainerFacts`.
    """

    hot_key: str
    scored: frozenset[int]
    reveals: bool
    fetch_now: bool
    claims: bool
    claimed: bool
    patience: int


def decide(view: View, own: ValidatorFacts) -> Decision:
    """The next deed of a validator, or what it waits for."""
    state = view.state
    member = state.validator(own.hot_key)
    if member is None:
        return _join(view, own)
    if state.status in (Status.ENROLLING, Status.DRAWING):
        return chores(view, own.patience) or view.waiting()
    if state.status is Status.RUNNING:
        return _run(view, own, member) or chores(view, own.patience) or view.waiting()
    return _finish(view, own, member)


def _join(view: View, own: ValidatorFacts) -> Decision:
    if own.hot_key in view.state.evicted:
        return over("its place went to a larger stake, which is free again")
    if view.state.status is Status.ENROLLING and view.now < view.schedule.enrol_end:
        return act(Step.ENROL)
    return over("the task takes no validators any more")


def _run(view: View, own: ValidatorFacts, member: int) -> Decision | None:
    round_ = view.settled
    panel = view.state.rounds[round_]
    scored = round_ in own.scored
    if member in view.active:
        match view.round_phase(round_):
            case Phase.SCORE if member not in panel.commitments:
                return act(Step.COMMIT if scored else Step.SCORE, round_)
            case Phase.REVEAL if own.reveals and member in panel.commitments and member not in panel.reveals:
                if scored and view.now < _reveal_from(view, panel, member):
                    return wait(f"round {round_ + 1}: another validator reveals first")
                return act(Step.REVEAL if scored else Step.SCORE, round_)
            case _:
                pass
    return act(Step.FETCH) if own.fetch_now else None


def _reveal_from(view: View, panel: Round, member: int) -> int:
    """When to reveal, in Unix seconds: one goes ahead, so that those who agree need not send the vector again."""
    if panel.vectors or member == min(panel.commitments):
        return view.now
    return view.changed_at + min(_COURTESY, view.state.params.lengths.reveal // 4)


def _finish(view: View, own: ValidatorFacts, member: int) -> Decision:
    if view.state.validators[member].concluded is None:
        return act(Step.CONCLUDE_VALIDATOR, member)
    if own.claims and not own.claimed:
        return act(Step.CLAIM)
    return over("concluded")
