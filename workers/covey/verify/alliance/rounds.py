"""Freezing, drawing, working and settling: sections 3 to 6 of docs/alliance.md."""

from __future__ import annotations

from enum import IntEnum

from ..report import Inconsistent
from ..rules import BadVector, unpack
from .decision import Judged, decide, judge
from .events import (
    AllianceEnded,
    Cause,
    Committed,
    Conclusion,
    Outcome,
    RolesDrawn,
    RoundConcluded,
    RoundFrozen,
    UpdatePublished,
    Verdict,
    VoteRevealed,
)
from .history import Decision, Judgement, Opinion, Phase, Round, Status
from .rules import SEED_BLOCKS, cid_too_long, draw, members, next_transcript, pack, proposer_count
from .walk import Walk

_FROZEN = "rounds are of those who are present and not isolated"
_SEED = "seeds come from block hashes"
_ROLES = "roles follow from seed and reputations"
_UPDATES = "updates match their commitments"
_VOTES = "votes match their commitments"
_ENDING = "the task ended for the cause it gives"


# ── Freeze and draw ──────────────────────────────────────────────────────────────────────────────────────────────────


def freeze(walk: Walk, event: RoundFrozen) -> None:
    """The next round's clients are fixed."""
    history = walk.history
    cause = _due_cause(walk)
    _take_turn(walk, f"round {event.round} frozen")
    if cause is not Cause.NONE:
        raise Inconsistent(f"block {walk.at.block}: a round was frozen where the task had to end: {cause.name}")
    walk.report.equal(_FROZEN, f"round {event.round}, number", history.number, event.round)
    walk.report.equal(_FROZEN, f"round {event.round}", sorted(history.participants), sorted(members(event.clients)))
    history.status, history.frozen = Status.DRAWING, frozenset(history.participants)
    history.drawn_from = walk.at.block


def end(walk: Walk, event: AllianceEnded) -> None:
    """What no round needs any more goes back to the creator."""
    history = walk.history
    cause = _due_cause(walk)
    _take_turn(walk, "the task ended")
    walk.report.equal(_ENDING, "cause", cause.name, _name(Cause, event.cause))
    walk.report.equal(_ENDING, "rounds", history.number, event.rounds)
    refund = history.pool + history.reserve
    walk.report.equal(_ENDING, "refunded", refund, event.refunded)
    walk.book.pay(walk.at, history.creator, refund)
    history.status, history.cause = Status.ENDED, cause
    history.pool = history.acts = 0


def _due_cause(walk: Walk) -> Cause:
    """Why the task ends in place of the next round; NONE if it goes on."""
    history = walk.history
    if history.number == history.params.rounds:
        return Cause.COMPLETED
    return Cause.TOO_FEW_CLIENTS if len(history.participants) < history.params.min_clients else Cause.NONE


def _take_turn(walk: Walk, what: str) -> None:
    """A set is frozen by a keeper's act when Join is over, and else by settling the round before."""
    history = walk.history
    if history.status is Status.JOINING:
        history.acts -= 1
        walk.book.act(walk.at)
    walk.in_phase(history.phase(walk.now) is Phase.FREEZE, what)
    if history.status not in (Status.JOINING, Status.CONCLUDED):
        raise Inconsistent(f"block {walk.at.block}: {what}, but no round was over")


def postpone(walk: Walk) -> None:
    """Nobody drew while the hash could be read."""
    history, age = walk.history, walk.at.block - walk.history.drawn_from
    walk.in_phase(history.status is Status.DRAWING, f"round {history.number}, draw postponed")
    walk.report.holds(_SEED, "postponed for want of a hash", age > SEED_BLOCKS, f"{age} blocks later")
    history.drawn_from = walk.at.block


def draw_roles(walk: Walk, event: RolesDrawn) -> None:
    history, params, subject = walk.history, walk.history.params, f"round {event.round}"
    if not walk.in_phase(history.status is Status.DRAWING and event.round == history.number, f"{subject} drawn"):
        return
    age = walk.at.block - history.drawn_from
    walk.report.holds(_SEED, f"{subject}, its hash could be read", 0 < age <= SEED_BLOCKS, f"{age} blocks later")
    due = history.context.seed(walk.hashes[history.drawn_from], event.round)
    walk.report.equal(_SEED, subject, due, event.seed)
    reputations = {client: history.clients[client].reputation for client in history.frozen}
    proposers = draw(event.seed, reputations, proposer_count(params, len(reputations)))
    voters = history.frozen - proposers
    walk.report.equal(_ROLES, f"{subject}, proposers", sorted(proposers), sorted(members(event.proposers)))
    walk.report.equal(_ROLES, f"{subject}, voters", sorted(voters), sorted(members(event.voters)))
    history.status = Status.RUNNING
    history.rounds.append(Round(event.round, proposers, voters, walk.now, event.seed))
    _paid_act(walk)


def _paid_act(walk: Walk) -> None:
    walk.history.acts -= 1
    walk.book.act(walk.at)


# ── Work ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def commit(walk: Walk, event: Committed) -> None:
    """Of a proposer in Propose, of a voter in Vote."""
    one, client = walk.history.current, walk.client(event.client).place
    proposes = one is not None and client in one.proposers
    drawn = one is not None and client in one.proposers | one.voters and client not in one.commitments
    phase = Phase.PROPOSE if proposes else Phase.VOTE
    acting = walk.acting(event.round, phase, drawn, f"client {client} committed")
    if acting is not None:
        acting.commitments[client] = event.commitment


def publish(walk: Walk, event: UpdatePublished) -> None:
    one, client, update = walk.history.current, walk.client(event.client), event.update
    drawn = one is not None and client.place in one.proposers and client.place not in one.updates
    acting = walk.acting(event.round, Phase.PUBLISH, drawn, f"client {client.place} published")
    if acting is None:
        return
    subject, most = f"round {event.round}, client {client.place}", walk.history.params.max_samples
    due = walk.history.context.update_commitment(event.round, client.hot_key, update)
    walk.report.equal(_UPDATES, f"{subject}, commitment", due, acting.commitments.get(client.place))
    walk.report.holds(_UPDATES, f"{subject}, samples", 1 <= update.samples <= most, f"{update.samples} of {most}")
    walk.report.holds(_UPDATES, f"{subject}, CID", not cid_too_long(update.cid), "longer than a CID may be")
    acting.updates[client.place] = update
    acting.transcript = next_transcript(acting.transcript, client.place, update)


def reveal(walk: Walk, event: VoteRevealed) -> None:
    one, client, vote = walk.history.current, walk.client(event.client), event.vote
    drawn = one is not None and client.place in one.voters and client.place not in one.votes
    acting = walk.acting(event.round, Phase.REVEAL, drawn, f"client {client.place} revealed")
    if acting is None:
        return
    subject = f"round {event.round}, client {client.place}"
    due = walk.history.context.vote_commitment(event.round, client.hot_key, acting.transcript, vote)
    walk.report.equal(_VOTES, f"{subject}, commitment", due, acting.commitments.get(client.place))
    unpublished = sorted(members(vote.result.accepted) - acting.updates.keys())
    walk.report.equal(_VOTES, f"{subject}, accepted without being published", [], unpublished)
    try:
        contributions = unpack(vote.contributions, len(acting.updates))
    except BadVector as error:
        raise Inconsistent(f"{subject}: {error}") from error
    acting.votes[client.place] = Opinion(vote.result, vote.in_favour, contributions)


# ── Settle ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def conclude(walk: Walk, event: RoundConcluded) -> None:
    """Compares the decision, and what it means for everybody; what the rules demand is what counts from here on."""
    history = walk.history
    one = history.current
    if one is None or one.number != event.round:
        raise Inconsistent(f"block {walk.at.block}: round {event.round} was settled, which does not run")
    walk.in_phase(history.phase(walk.now) is Phase.SETTLE, f"round {event.round} settled")
    decision = decide(history, one)
    judged = judge(history, one, decision)
    one.decision = decision
    if decision.outcome is Outcome.ACCEPTED and decision.result is not None:
        history.model = decision.result.aggregate_hash
    _compare_conclusion(walk, one, decision, judged, event.conclusion)
    _compare_judgements(walk, one, dict(judged.judgements))
    for client, judgement in judged.judgements:
        _apply(walk, client, judgement)
    history.pool += judged.slashed - judged.burnt - judged.paid - judged.returned
    history.number += 1
    history.status = Status.CONCLUDED
    walk.book.pay(walk.at, history.creator, judged.returned)
    walk.book.burn(walk.at, judged.burnt)
    _paid_act(walk)


def _compare_conclusion(walk: Walk, one: Round, decision: Decision, judged: Judged, found: Conclusion) -> None:
    report, group = walk.report, f"round {one.number}"
    report.equal(f"{group}: decision", "outcome", decision.outcome.name, _name(Outcome, found.outcome))
    weights = (decision.in_favour, decision.against)
    report.equal(f"{group}: decision", "weight in favour, against", weights, (found.in_favour, found.against))
    report.equal(f"{group}: decision", "model", walk.history.model, found.model)
    accepted = sorted(members(decision.result.accepted)) if decision.result else []
    report.equal(f"{group}: decision", "accepted updates", accepted, sorted(members(found.accepted)))
    medians = pack([decision.contributions[client] for client in sorted(decision.contributions)])
    report.equal(f"{group}: contributions", "medians", medians, found.medians)
    report.equal(f"{group}: money", "paid", judged.paid, found.paid)
    report.equal(f"{group}: money", "returned", judged.returned, found.returned)
    report.equal(f"{group}: money", "slashed", judged.slashed, found.slashed)
    report.equal(f"{group}: money", "burnt", judged.burnt, found.burnt)


def _compare_judgements(walk: Walk, one: Round, due: dict[int, Judgement]) -> None:
    group, found = f"round {one.number}", walk.judged.copy()
    walk.judged.clear()
    walk.report.equal(f"{group}: verdicts", "clients, in order", list(due), [event.client for event in found])
    for event in found:
        judgement, who = due.get(event.client), f"client {event.client}"
        if judgement is None:
            continue
        walk.report.equal(f"{group}: verdicts", f"{who}, round", one.number, event.round)
        walk.report.equal(f"{group}: verdicts", who, judgement.verdict.name, _name(Verdict, event.verdict))
        walk.report.equal(f"{group}: rewards", who, judgement.reward, event.reward)
        walk.report.equal(f"{group}: slashes", who, judgement.slash, event.slash)
        walk.report.equal(f"{group}: reputations", who, judgement.reputation, event.reputation)


def _apply(walk: Walk, place: int, judgement: Judgement) -> None:
    """What a judgement changes; who was silent is benched, unless it left."""
    history, client = walk.history, walk.history.clients[place]
    client.judgements.append(judgement)
    client.earned += judgement.reward
    client.stake -= judgement.slash
    client.reputation = judgement.reputation
    if client.reputation < history.params.reputation_threshold:
        history.isolated.add(place)
    else:
        history.isolated.discard(place)
    if judgement.verdict is Verdict.SILENT and place in history.present:
        history.present.remove(place)
        history.benched.add(place)


def _name(kind: type[IntEnum], number: int) -> str:
    """A member's name, or the number that has none."""
    return kind(number).name if number in {member.value for member in kind} else str(number)
