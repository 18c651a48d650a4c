"""Settling a round: what it means for every client, and the witness that a keeper sends (docs/alliance.md, section 6).

The result depends neither on who settles, nor when, nor on the order of reveals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, payouts, reputation, votes
from covey.protocol.alliance.commitments import result_hash
from covey.protocol.alliance.params import AllianceParams
from covey.protocol.alliance.phases import Cause
from covey.protocol.alliance.places import Places
from covey.protocol.alliance.votes import Outcome, Result, Tally, Vote


class Verdict(IntEnum):
    """What a round meant for a client; the numbers are the contract's.

    RIGHT: on the right side, paid. WRONG: voted for another result or against the decision. REJECTED: its update was
    left out by the rule, or harmed. SILENT: missed a commitment or its opening. ISOLATED: sat out for its reputation.
    """

    NONE = 0
    RIGHT = 1
    WRONG = 2
    REJECTED = 3
    SILENT = 4
    ISOLATED = 5


@dataclass(frozen=True)
class Client:
    """A client's `stake` (wei that can be slashed) and reputation, and the round in which it was silent last."""

    stake: int
    reputation: int
    benched_in: int = 0


@dataclass(frozen=True)
class RoundInput:
    """What a round is settled from.

    `round` counts from 0; `pool` (wei) is for this round and those to come; `model` is the hash of the one that the
    round started from. `proposers`, `voters` and `published` are sets; `votes` holds what was revealed, by client;
    `clients` has everybody with a place.
    """

    round: int
    pool: int
    model: bytes
    proposers: int
    voters: int
    published: int
    votes: Mapping[int, Vote]
    clients: Mapping[int, Client]
    places: Places


@dataclass(frozen=True)
class Judgement:
    """What a round meant for a client: `reward` and `slash` in wei, the `reputation` that it has afterwards."""

    verdict: Verdict
    reward: int
    slash: int
    reputation: int


@dataclass(frozen=True)
class RoundResult:
    """What settling a round fixes.

    `judgements` are by client. `model`, `pool`, `clients` and `places` are those of the next round. In wei: `returned`
    to the creator is what nobody earned of a decided round's reward; of what was slashed, `burnt` did not go to the
    pool.
    """

    tally: Tally
    model: bytes
    judgements: Mapping[int, Judgement]
    returned: int
    burnt: int
    pool: int
    clients: Mapping[int, Client]
    places: Places

    @property
    def paid(self) -> int:
        """Wei that clients earned."""
        return sum(judgement.reward for judgement in self.judgements.values())

    @property
    def slashed(self) -> int:
        """Wei that clients lost."""
        return sum(judgement.slash for judgement in self.judgements.values())


@dataclass(frozen=True)
class Ballot:
    """What one voter revealed, as places in the witness."""

    result: int
    vector: int
    in_favour: bool


@dataclass(frozen=True)
class Witness:
    """What `settle` checks: distinct results by ascending hash, distinct packed vectors, a ballot per voter that
    revealed by ascending client, and the packed medians, if there is a decision."""

    results: tuple[Result, ...] = ()
    vectors: bytes = b""
    ballots: tuple[Ballot, ...] = ()
    medians: bytes = b""

    def to_abi(self) -> tuple[object, ...]:
        """The contract's struct, in its order."""
        results = [(result.aggregate_hash, result.accepted) for result in self.results]
        ballots = [(ballot.result, ballot.vector, ballot.in_favour) for ballot in self.ballots]
        return results, self.vectors, ballots, self.medians


def settle_round(params: AllianceParams, given: RoundInput) -> RoundResult:
    """The decision of one round, and everything that follows from it."""
    tally = _tally(params, given)
    verdicts = _verdicts(params, given, tally)
    shares = _shares(params, given, tally, verdicts)
    judgements = {
        client: _judge(params, given.clients[client], verdict, shares.rewards.get(client, 0))
        for client, verdict in verdicts.items()
    }
    slashed = sum(judgement.slash for judgement in judgements.values())
    burnt = payouts.part(slashed, params.burn_share)
    return RoundResult(
        tally=tally,
        model=tally.result.aggregate_hash if tally.outcome is Outcome.ACCEPTED else given.model,
        judgements=judgements,
        returned=shares.returned,
        burnt=burnt,
        pool=given.pool - sum(shares.rewards.values()) - shares.returned + slashed - burnt,
        clients=_clients_after(given, judgements),
        places=_places_after(params, given.places, judgements),
    )


def ending(params: AllianceParams, round: int, places: Places) -> Cause:
    """Why the task ends in place of freezing `round` with those at their `places`; NONE if it goes on."""
    if round == params.rounds:
        return Cause.COMPLETED
    return Cause.TOO_FEW_CLIENTS if places.participants.bit_count() < params.min_clients else Cause.NONE


def witness(given: RoundInput, result: RoundResult) -> Witness:
    """What a keeper sends to settle a round with this result."""
    if result.tally.outcome in (Outcome.TOO_FEW_UPDATES, Outcome.QUORUM_MISSED):
        return Witness()
    cast = [given.votes[voter] for voter in sorted(given.votes)]
    results = sorted({vote.result for vote in cast}, key=result_hash)
    vectors = sorted({vote.contributions for vote in cast})
    return Witness(
        results=tuple(results),
        vectors=b"".join(map(lanes.pack, vectors)),
        ballots=tuple(
            Ballot(results.index(vote.result), vectors.index(vote.contributions), vote.in_favour) for vote in cast
        ),
        medians=lanes.pack(result.tally.medians),
    )


# -- Judgement ---------------------------------------------------------------------------------------------------------


def _tally(params: AllianceParams, given: RoundInput) -> Tally:
    if given.published.bit_count() < params.min_updates:
        return Tally(Outcome.TOO_FEW_UPDATES)
    stakes = {voter: given.clients[voter].stake for voter in bitmaps.members(given.voters)}
    return votes.tally(stakes, given.votes)


def _verdicts(params: AllianceParams, given: RoundInput, tally: Tally) -> dict[int, Verdict]:
    """Of everybody whom the round judges, those who sat out first."""
    silent = given.proposers & ~given.published
    if tally.outcome is not Outcome.TOO_FEW_UPDATES:
        silent |= given.voters & ~bitmaps.of(given.votes)
    judged = dict.fromkeys(bitmaps.members(given.places.isolated), Verdict.ISOLATED)
    judged |= dict.fromkeys(bitmaps.members(silent), Verdict.SILENT)
    return judged | dict(_decided(params, given, tally)) if tally.decided else judged


def _decided(params: AllianceParams, given: RoundInput, tally: Tally) -> Iterator[tuple[int, Verdict]]:
    """What a decision means for those who acted."""
    accepted = tally.outcome is Outcome.ACCEPTED
    for voter, vote in given.votes.items():
        right = vote.result == tally.result and vote.in_favour == accepted
        yield voter, Verdict.RIGHT if right else Verdict.WRONG
    for proposer, contribution in _contributions(given, tally).items():
        left_out = not bitmaps.has(tally.result.accepted, proposer)
        if payouts.harms(contribution, params.harm) or (accepted and left_out):
            yield proposer, Verdict.REJECTED
        elif accepted:
            yield proposer, Verdict.RIGHT


def _contributions(given: RoundInput, tally: Tally) -> dict[int, int]:
    """The consensus on each published update, by client."""
    return dict(zip(bitmaps.members(given.published), tally.medians, strict=True))


def _shares(params: AllianceParams, given: RoundInput, tally: Tally, verdicts: Mapping[int, Verdict]) -> payouts.Shares:
    """What the round pays and returns; nothing without a decision."""
    if not tally.decided:
        return payouts.Shares({}, 0)
    right = bitmaps.of(client for client, verdict in verdicts.items() if verdict is Verdict.RIGHT)
    return payouts.share(
        payouts.round_reward(given.pool, params.rounds - given.round),
        params.contribution_share,
        {client: given.clients[client].stake for client in bitmaps.members(given.proposers | given.voters)},
        voters=right & given.voters,
        proposers=right & given.proposers,
        contributions=_contributions(given, tally),
    )


def _judge(params: AllianceParams, client: Client, verdict: Verdict, reward: int) -> Judgement:
    rates = {
        Verdict.SILENT: params.slash_silent,
        Verdict.WRONG: params.slash_wrong,
        Verdict.REJECTED: params.slash_rejected,
    }
    if verdict in rates:
        lowered = reputation.lowered(client.reputation, params.reputation_threshold)
        return Judgement(verdict, 0, payouts.part(client.stake, rates[verdict]), lowered)
    if verdict is Verdict.ISOLATED:
        return Judgement(verdict, 0, 0, client.reputation + 1)
    return Judgement(verdict, reward, 0, reputation.raised(client.reputation, params.max_reputation))


# -- What is next ------------------------------------------------------------------------------------------------------


def _clients_after(given: RoundInput, judgements: Mapping[int, Judgement]) -> dict[int, Client]:
    after = dict(given.clients)
    for client, judgement in judgements.items():
        before = given.clients[client]
        benched_in = given.round if judgement.verdict is Verdict.SILENT else before.benched_in
        after[client] = Client(before.stake - judgement.slash, judgement.reputation, benched_in)
    return after


def _places_after(params: AllianceParams, places: Places, judgements: Mapping[int, Judgement]) -> Places:
    isolated = places.isolated
    for client, judgement in judgements.items():
        bit = 1 << client
        isolated = isolated | bit if judgement.reputation < params.reputation_threshold else isolated & ~bit
    silent = bitmaps.of(c for c, judgement in judgements.items() if judgement.verdict is Verdict.SILENT)
    return places.after_round(isolated=isolated, silent=silent)
