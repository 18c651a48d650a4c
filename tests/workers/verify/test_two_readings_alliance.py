"""The verifier and the protocol that clients use are two readings of docs/alliance.md: they agree on random rounds."""

from random import Random

from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, draw, settlement
from covey.protocol.alliance.params import AllianceParams
from covey.protocol.alliance.settlement import RoundInput
from covey.verify.alliance.decision import decide, judge
from covey.verify.alliance.events import Params, Result, Terms, Update
from covey.verify.alliance.history import Client, History, Opinion, Round, Status
from covey.verify.alliance.rules import Context, members, out_of_range, pack, proposer_count
from covey.verify.alliance.rules import draw as drawn
from tests.workers.protocol.alliance_rounds import random_params, random_round

ROUNDS = 1_000
NOBODY = "0x" + "00" * 20


def test_a_thousand_random_rounds() -> None:
    random = Random(3_141)
    for _ in range(ROUNDS):
        params = random_params(random)
        compare(params, random_round(random, params))


def test_random_draws() -> None:
    random = Random(1_618)
    for _ in range(ROUNDS):
        p, seed = random_params(random), random.randbytes(32)
        clients = random.sample(range(128), random.randint(p.min_clients, 20))
        reputations = {client: random.randint(1, p.max_reputation) for client in clients}
        count = draw.proposer_count(p.proposer_share, len(clients), p.min_updates)
        assert proposer_count(Params(*p.to_abi()), len(clients)) == count
        assert drawn(seed, reputations, count) == members(draw.draw(seed, reputations, count))


def compare(params: AllianceParams, given: RoundInput) -> None:
    history = history_of(params, given)
    assert out_of_range(history.params) == []
    decision = decide(history, history.rounds[-1])
    judged = judge(history, history.rounds[-1], decision)

    result = settlement.settle_round(params, given)
    tally = result.tally
    assert (decision.outcome, decision.in_favour, decision.against) == (tally.outcome, tally.in_favour, tally.against)
    medians = [decision.contributions[client] for client in sorted(decision.contributions)]
    assert pack(medians) == lanes.pack(tally.medians)
    if decision.result is not None:
        assert decision.result == (tally.result.aggregate_hash, tally.result.accepted)
    found = (judged.paid, judged.returned, judged.slashed, judged.burnt)
    assert found == (result.paid, result.returned, result.slashed, result.burnt)
    assert dict(judged.judgements).keys() == result.judgements.keys()
    for client, judgement in judged.judgements:
        due = result.judgements[client]
        own = (judgement.verdict, judgement.reward, judgement.slash, judgement.reputation)
        assert own == (due.verdict, due.reward, due.slash, due.reputation)


def history_of(params: AllianceParams, given: RoundInput) -> History:
    """What the verifier knows when such a round is settled."""
    one = Round(given.round, members(given.proposers), members(given.voters), 0, bytes(32))
    one.updates = {client: Update(bytes(32), 1, "", bytes(32)) for client in bitmaps.members(given.published)}
    one.votes = {
        voter: Opinion(Result(vote.result.aggregate_hash, vote.result.accepted), vote.in_favour, vote.contributions)
        for voter, vote in given.votes.items()
    }
    return History(
        context=Context(1, NOBODY, 1),
        creator=NOBODY,
        params=Params(*params.to_abi()),
        terms=Terms(given.model, "", "", "", NOBODY, 0),
        created=0,
        model=given.model,
        pool=given.pool,
        acts=0,
        status=Status.RUNNING,
        clients={i: Client(i, NOBODY, NOBODY, client.stake, client.reputation) for i, client in given.clients.items()},
        isolated=set(members(given.places.isolated)),
        rounds=[one],
    )
