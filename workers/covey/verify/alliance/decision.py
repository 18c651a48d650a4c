"""What a round's voters decided, and what that means for every client: sections 5 to 7 of docs/alliance.md.

Everything here comes from the history by the arithmetic of `rules`; nothing that the chain computed is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..rules import lower_median, weights
from .events import Outcome, Result, Verdict
from .history import Client, Decision, History, Judgement, Opinion, Round
from .rules import MIN_VOTERS, NEUTRAL, lowered, part, points


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from a decision: wei, and judgements by client, those who sat out first."""

    paid: int
    returned: int
    slashed: int
    burnt: int
    judgements: tuple[tuple[int, Judgement], ...]


def decide(history: History, one: Round) -> Decision:
    """The decision on what was published and revealed."""
    if len(one.updates) < history.params.min_updates:
        return Decision(Outcome.TOO_FEW_UPDATES)
    voters = sorted(one.voters)
    weight = dict(zip(voters, weights([history.clients[voter].stake for voter in voters]), strict=True))
    revealed = sum(weight[voter] for voter in one.votes)
    if len(one.votes) < MIN_VOTERS or 2 * revealed <= sum(weight.values()):
        return Decision(Outcome.QUORUM_MISSED)

    support: dict[Result, int] = {}
    for voter, vote in one.votes.items():
        support[vote.result] = support.get(vote.result, 0) + weight[voter]
    result = max(support, key=lambda one: support[one])
    if 2 * support[result] <= revealed:
        return Decision(Outcome.UNDECIDED)
    supporters = {voter: vote for voter, vote in one.votes.items() if vote.result == result}
    in_favour = sum(weight[voter] for voter, vote in supporters.items() if vote.in_favour)
    against = support[result] - in_favour
    if in_favour == against:
        return Decision(Outcome.TIED, in_favour, against)
    outcome = Outcome.ACCEPTED if in_favour > against else Outcome.REJECTED
    return Decision(outcome, in_favour, against, result, _consensus(one, supporters, weight))


def _consensus(one: Round, supporters: Mapping[int, Opinion], weight: Mapping[int, int]) -> dict[int, int]:
    own = [weight[voter] for voter in supporters]
    return {
        client: lower_median([vote.contributions[lane] for vote in supporters.values()], own)
        for lane, client in enumerate(sorted(one.updates))
    }


def judge(history: History, one: Round, decision: Decision) -> Judged:
    """What the round means for everybody, by stakes and pool as they were at the draw."""
    verdicts = _verdicts(history, one, decision)
    rewards, returned = _rewards(history, one, decision, verdicts)
    isolated = ((client, _isolated(history, one, history.clients[client])) for client in sorted(history.isolated))
    judged = (
        (client, _judgement(history, one, history.clients[client], verdict, rewards.get(client, 0)))
        for client, verdict in sorted(verdicts.items())
    )
    judgements = (*isolated, *judged)
    slashed = sum(judgement.slash for _, judgement in judgements)
    return Judged(
        paid=sum(rewards.values()),
        returned=returned,
        slashed=slashed,
        burnt=part(slashed, history.params.burn_share),
        judgements=judgements,
    )


def _verdicts(history: History, one: Round, decision: Decision) -> dict[int, Verdict]:
    """Of all who took part and are judged."""
    verdicts = dict.fromkeys(one.proposers - one.updates.keys(), Verdict.SILENT)
    if decision.outcome is not Outcome.TOO_FEW_UPDATES:
        verdicts |= dict.fromkeys(one.voters - one.votes.keys(), Verdict.SILENT)
    if decision.result is None:
        return verdicts
    accepted = decision.outcome is Outcome.ACCEPTED
    for voter, vote in one.votes.items():
        right = vote.result == decision.result and vote.in_favour == accepted
        verdicts[voter] = Verdict.RIGHT if right else Verdict.WRONG
    for proposer, contribution in decision.contributions.items():
        held = bool(decision.result.accepted >> proposer & 1)
        if contribution + history.params.harm < NEUTRAL or (accepted and not held):
            verdicts[proposer] = Verdict.REJECTED
        elif accepted:
            verdicts[proposer] = Verdict.RIGHT
    return verdicts


def _rewards(
    history: History, one: Round, decision: Decision, verdicts: Mapping[int, Verdict]
) -> tuple[dict[int, int], int]:
    """What each on the right side earns, and what goes back to the creator."""
    if decision.result is None:
        return {}, 0
    right = {client for client, verdict in verdicts.items() if verdict is Verdict.RIGHT}
    proposers = sorted(right & one.proposers)

    def stake_of(clients: Iterable[int]) -> int:
        return sum(history.clients[client].stake for client in clients)

    everybody = one.proposers | one.voters
    reward, whole = history.pool // (history.params.rounds - one.number), stake_of(everybody)
    rewards = {voter: reward * stake_of([voter]) // whole for voter in right & one.voters}
    own = {client: points(stake_of([client]), decision.contributions[client]) for client in proposers}
    for_proposers, all_points = reward * stake_of(proposers) // whole, sum(own.values())
    by_points = part(for_proposers, history.params.contribution_share) if all_points else 0
    for client in proposers:
        rewards[client] = (for_proposers - by_points) * stake_of([client]) // stake_of(proposers)
        if all_points:
            rewards[client] += by_points * own[client] // all_points
    return rewards, reward * stake_of(everybody - right) // whole


def _judgement(history: History, one: Round, client: Client, verdict: Verdict, reward: int) -> Judgement:
    params = history.params
    if verdict is Verdict.RIGHT:
        raised = min(client.reputation + 1, params.max_reputation)
        return Judgement(one.number, verdict, reward, 0, raised)
    rates = {
        Verdict.SILENT: params.slash_silent,
        Verdict.WRONG: params.slash_wrong,
        Verdict.REJECTED: params.slash_rejected,
    }
    slash = part(client.stake, rates[verdict])
    return Judgement(one.number, verdict, 0, slash, lowered(client.reputation, params.reputation_threshold))


def _isolated(history: History, one: Round, client: Client) -> Judgement:
    return Judgement(one.number, Verdict.ISOLATED, 0, 0, client.reputation + 1)
