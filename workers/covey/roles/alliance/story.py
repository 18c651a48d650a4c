"""What an Alliance task has behind it, as lines for people: a pure function of what its events tell."""

from __future__ import annotations

from collections.abc import Iterator

from covey.protocol.alliance.phases import Cause, Status
from covey.protocol.alliance.settlement import Verdict
from covey.protocol.alliance.votes import Outcome
from covey.roles.alliance.state import Round
from covey.roles.alliance.view import AllianceView

OUTCOMES = {
    Outcome.TOO_FEW_UPDATES: "too few updates were published: the round rolls on",
    Outcome.QUORUM_MISSED: "too few votes were revealed: the model stays",
    Outcome.UNDECIDED: "no result has more than half of the votes: the model stays",
    Outcome.TIED: "as many for the new model as against it: the old one stays",
    Outcome.ACCEPTED: "accepted: the model is the aggregate",
    Outcome.REJECTED: "rejected: the model stays",
}
VERDICTS = {
    Verdict.NONE: "",
    Verdict.RIGHT: "on the right side",
    Verdict.WRONG: "voted against the round's result or decision",
    Verdict.REJECTED: "its update was left out, or harmed",
    Verdict.SILENT: "did not do its part in time",
    Verdict.ISOLATED: "sat out for its reputation",
}
_ENDINGS = {
    Cause.COMPLETED: "all rounds are settled; everybody can collect",
    Cause.TOO_FEW_CLIENTS: "too few clients for another round; everybody can collect",
}


def milestones(view: AllianceView) -> Iterator[tuple[str, str]]:
    """(Stage, what happened) of everything that is complete, in order. Later views only ever add to it."""
    state = view.state
    yield "posted", f"by {state.creator}, {state.params.rounds} rounds"
    for index, played in enumerate(state.rounds):
        yield from _round(f"round {index + 1}", played)
    if state.status is Status.ENDED:
        yield "end", _ENDINGS[state.cause]
        if not any(map(view.collectable, state.clients)):
            yield "paid", "everybody has collected"


def _round(stage: str, played: Round) -> Iterator[tuple[str, str]]:
    yield f"{stage} draw", f"{played.proposers.bit_count()} clients propose, {played.voters.bit_count()} vote"
    if played.concluded is None:
        return
    votes, voters = len(played.votes), played.voters.bit_count()
    yield f"{stage} vote", f"{len(played.updates)} updates published, {votes} of {voters} votes revealed"
    yield f"{stage} result", OUTCOMES[played.concluded.outcome]
