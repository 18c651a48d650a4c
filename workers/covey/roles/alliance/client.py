"""What a client of an Alliance does next.

A pure function of the task and of what the client remembers; `taking_part.py` does the deeds.
"""

from dataclasses import dataclass

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.phases import Phase
from covey.roles.alliance.chores import chores
from covey.roles.alliance.state import Round
from covey.roles.alliance.view import AllianceView
from covey.roles.decision import Act, Decision, Step, act, over, wait


@dataclass(frozen=True)
class ClientFacts:
    """What the client knows of itself in one task.

    `hot_key` is its address. `trained`: the update for the current round is in its folder; `judged`: its vote on what
    is published now is; `holds`: the model as of now is; `busy`: it is at work on one of them. `silent`: it means to do
    nothing in rounds. `claims`: the account is its own, so that it takes its pay out; `claimed`: it has. After
    `patience` seconds it does what keepers left undone.
    """

    hot_key: str
    trained: bool
    judged: bool
    holds: bool
    busy: bool
    silent: bool
    claims: bool
    claimed: bool
    patience: int


def decide(view: AllianceView, own: ClientFacts) -> Decision:
    """The next deed of a client, or what it waits for."""
    state = view.state
    place = state.place(own.hot_key)
    if place is None:
        return _outside(view, own)
    if view.ended or (bitmaps.has(state.places.left, place) and not bitmaps.has(state.taking, place)):
        if not view.collectable(place):
            return over("nothing is left of its stake")
        last = () if own.holds or not view.ended else (Act(Step.FETCH, (view.settled,)),)
        return Decision((Act(Step.COLLECT, (place,)), *last))
    if bitmaps.has(state.places.benched, place) and not own.silent:
        return act(Step.RESUME, view.settled)
    return _take_part(view, own, place) or chores(view, own.patience) or _hold(view, own) or view.waiting()


def _outside(view: AllianceView, own: ClientFacts) -> Decision:
    if own.hot_key in view.state.gone:
        return act(Step.CLAIM) if own.claims and not own.claimed else over("paid out")
    return over("the task is over") if view.ended else act(Step.JOIN)


def _take_part(view: AllianceView, own: ClientFacts, place: int) -> Decision | None:
    """What its role in the running round asks of it."""
    running = view.state.current
    if running is None or own.silent:
        return None
    if bitmaps.has(running.proposers, place):
        return _propose(view, own, running, place)
    return _vote(view, own, running, place) if bitmaps.has(running.voters, place) else None


def _hold(view: AllianceView, own: ClientFacts) -> Decision | None:
    """Every client has the model, so that whoever joins later finds it, whichever of the others are gone."""
    return None if own.holds or own.busy or own.silent else act(Step.FETCH, view.settled)


def _propose(view: AllianceView, own: ClientFacts, running: Round, place: int) -> Decision | None:
    round_ = view.settled
    if view.phase is Phase.PROPOSE and place not in running.commitments:
        return act(Step.COMMIT, round_) if own.trained else _work(view, own, Step.TRAIN, "training")
    if view.phase is Phase.PUBLISH and place in running.commitments and place not in running.updates:
        return act(Step.PUBLISH, round_)
    return None


def _vote(view: AllianceView, own: ClientFacts, running: Round, place: int) -> Decision | None:
    round_ = view.settled
    if view.phase is Phase.VOTE and place not in running.commitments:
        return act(Step.COMMIT, round_) if own.judged else _work(view, own, Step.JUDGE, "trying the aggregate")
    if view.phase is Phase.REVEAL and place in running.commitments and place not in running.votes:
        return act(Step.REVEAL, round_)
    return None


def _work(view: AllianceView, own: ClientFacts, step: Step, what: str) -> Decision:
    if own.busy:
        return wait(f"round {view.settled + 1}: {what}", view.current.deadline)
    return act(step, view.settled)
