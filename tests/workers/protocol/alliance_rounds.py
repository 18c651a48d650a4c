"""Random rounds of an Alliance that reach every rule: ties, silence, isolation, harm, two results, extreme stakes."""

from random import Random

from covey.protocol.alliance import bitmaps, draw
from covey.protocol.alliance.params import DEMO, NEUTRAL, AllianceParams
from covey.protocol.alliance.places import Places
from covey.protocol.alliance.settlement import Client, RoundInput
from covey.protocol.alliance.votes import Result, Vote
from covey.protocol.lanes import TOP
from covey.protocol.params import PPM

MAX_STAKE = 10**27


def random_params(random: Random, **chosen: object) -> AllianceParams:
    def rate(low: int = 0, high: int = PPM) -> int:
        return random.choice([low, high, random.randint(low, high)])

    silent = rate(PPM // 100, PPM // 2)
    most = random.randint(1, 8)
    initial = random.randint(1, most)
    updates = random.randint(1, 3)
    pool = random.choice([0, 10**6, 10**21, random.randint(0, 10**24)])
    drawn: dict[str, object] = {
        "rounds": random.randint(1, 6),
        "min_updates": updates,
        "min_clients": updates + 2,
        "max_clients": random.choice([12, 64, 128]),
        "proposer_share": rate(1),
        "slash_silent": silent,
        "slash_wrong": rate(high=silent),
        "slash_rejected": rate(high=silent),
        "burn_share": rate(),
        "contribution_share": rate(),
        "harm": random.choice([0, 1, 100, NEUTRAL]),
        "max_reputation": most,
        "initial_reputation": initial,
        "reputation_threshold": random.randint(1, initial),
        "rule": 0,
        "min_stake": 1,
        "pool": pool,
        "keeper_fee": random.choice([0, pool // 1000]),
        "lengths": DEMO,
    }
    return AllianceParams(**{**drawn, **chosen})  # type: ignore[arg-type]


def random_round(random: Random, params: AllianceParams) -> RoundInput:
    """With clients in every state that a place can be in."""
    most = min(params.max_clients, random.choice([9, 20]))
    n = random.randint(params.min_clients, max(most, params.min_clients))
    frozen = bitmaps.of(random.sample(range(params.max_clients), n))
    others = [client for client in range(params.max_clients) if not bitmaps.has(frozen, client)]
    idle = bitmaps.of(random.sample(others, min(len(others), random.randint(0, 4))))
    clients = random_clients(random, params, frozen, idle)
    seed, reputations = random.randbytes(32), {c: clients[c].reputation for c in bitmaps.members(frozen)}
    proposers = draw.draw(seed, reputations, draw.proposer_count(params.proposer_share, n, params.min_updates))
    published, voters = subset(random, proposers), frozen & ~proposers
    left = subset(random, frozen | idle, 0.2)
    benched = subset(random, idle & ~left, 0.5)
    return RoundInput(
        round=random.randrange(params.rounds),
        pool=random.choice([params.distributed, random.randint(0, 10**24)]),
        model=random.randbytes(32),
        proposers=proposers,
        voters=voters,
        published=published,
        votes=random_votes(random, subset(random, voters), published),
        clients=clients,
        places=Places(
            present=(frozen | idle) & ~left & ~benched,
            benched=benched,
            left=left,
            isolated=bitmaps.of(c for c in clients if clients[c].reputation < params.reputation_threshold),
        ),
    )


def random_clients(random: Random, params: AllianceParams, frozen: int, idle: int) -> dict[int, Client]:
    """Those who take part are not isolated; others may be."""
    high = random.choice([1, 1000, 10**21, MAX_STAKE])

    def client(i: int) -> Client:
        least = params.reputation_threshold if bitmaps.has(frozen, i) else 0
        stake = random.choice([1, high, high, random.randint(1, high)])
        return Client(stake, random.randint(least, params.max_reputation))

    return {i: client(i) for i in bitmaps.members(frozen | idle)}


def random_votes(random: Random, voters: int, published: int) -> dict[int, Vote]:
    """Mostly for one of two results, mostly near a common truth."""
    results = [Result(random.randbytes(32), subset(random, published)) for _ in range(2)]
    truth = [random.choice([0, NEUTRAL - 101, NEUTRAL - 100, NEUTRAL, NEUTRAL + 500, TOP]) for _ in range(128)]
    mood, dissent = random.choice([0.1, 0.5, 0.9]), random.choice([0.0, 0.2, 0.5])

    def vote() -> Vote:
        spread = random.choice([0, 0, 1, 3000])
        scores = truth[: published.bit_count()]
        contributions = (max(0, min(TOP, score + random.randint(-spread, spread))) for score in scores)
        return Vote(results[random.random() < dissent], random.random() < mood, tuple(contributions))

    return {voter: vote() for voter in bitmaps.members(voters)}


def subset(random: Random, clients: int, chance: float | None = None) -> int:
    """Of some clients, all or some."""
    share = random.choice([1, 1, 0.9, 0.6, 0]) if chance is None else chance
    return bitmaps.of(client for client in bitmaps.members(clients) if random.random() < share)
