"""What a task has behind it, as lines for people: a pure function of what its events tell."""

from __future__ import annotations

from collections.abc import Iterator

from covey.protocol.phases import Cause, Status
from covey.roles.standings import Standing, standings
from covey.roles.task import TaskState
from covey.roles.view import View

_ENDINGS = {
    Cause.COMPLETED: "all rounds are settled; handles open",
    Cause.KEY_MISSING: "the creator did not post a round's key: bond and unearned bounty are burnt",
    Cause.QUORUM_MISSED: "too few validators revealed: the unearned bounty goes back",
    Cause.DATASET_INVALID: "validators found the hidden data invalid: bond and unearned bounty are burnt",
    Cause.TOO_FEW_MEMBERS: "too few members enrolled: cancelled, everything goes back",
    Cause.SEED_NOT_DRAWN: "nobody drew the ring seed in time: cancelled, everything goes back",
}


def milestones(view: View) -> Iterator[tuple[str, str]]:
    """(Stage, what happened) of everything that is complete, in order. Later views only ever add to it."""
    state = view.state
    yield "posted", f"by {state.creator}, {state.params.rounds} rounds"
    cancelled = state.cause in (Cause.TOO_FEW_MEMBERS, Cause.SEED_NOT_DRAWN)
    if state.status is not Status.ENROLLING:
        yield "enrol", f"{len(state.trainers)} trainers and {len(state.validators)} validators locked their stakes"
    if state.seed is not None:
        yield "rings", "drawn; every trainer registers a handle that nobody can link to it"
        if view.clock.mask_closed():
            yield "mask", f"{len(state.handles)} of {len(state.trainers)} handles registered"
            yield from _rounds(view)
    if state.cause is not Cause.NONE:
        yield "end", _ENDINGS[state.cause]
        if not cancelled and (view.clock.open_closed() or state.status is Status.FINISHED):
            opened = sum(handle.member is not None for handle in state.handles)
            yield "open", f"{opened} of {len(state.handles)} handles opened by their trainers"
        if state.status is Status.FINISHED:
            yield "finish", "every account is paid, slashed or released"


def _rounds(view: View) -> Iterator[tuple[str, str]]:
    state = view.state
    settled = {standing.round: standing for standing in standings(state)}
    for round_, data in enumerate(state.rounds):
        stage = f"round {round_ + 1}"
        if data.empty:
            yield stage, "nothing was published"
            continue
        over = round_ < state.settled
        if not over and not view.clock.submit_opened(round_):
            return
        if over or view.clock.submit_closed(round_):
            committed = sum(round_ in handle.committed for handle in state.handles)
            yield f"{stage} submit", f"{committed} models committed"
        if over or (view.clock.submit_closed(round_) and view.clock.publish_closed(round_)):
            yield f"{stage} publish", f"{len(data.publications)} models published, encrypted to the validators"
        if data.key is not None:
            yield f"{stage} key", "the hidden data's key is public"
            if over or (round_ == state.settled and view.clock.score_closed(round_)):
                yield f"{stage} score", f"{len(data.commitments)} validators committed to their scores"
            if over or (round_ == state.settled and view.clock.reveal_closed(round_)):
                agreed = f"{len(data.vectors)} different vector{'s' if len(data.vectors) != 1 else ''}"
                yield f"{stage} reveal", f"{len(data.reveals)} of {len(data.commitments)} revealed, {agreed}"
        if round_ in settled:
            yield f"{stage} settle", _settled(state, settled[round_])


def _settled(state: TaskState, standing: Standing) -> str:
    winners = [line for line in standing.models if line.rank is not None]
    malformed = sum(line.consensus == 0 for line in standing.models)
    text = f"{standing.counted} of {len(standing.models)} models beat the baseline"
    if winners and winners[0].correct is not None:
        text += f", the best with {winners[0].correct:.1%}"
    return text + (f"; {malformed} malformed" if malformed else "")
