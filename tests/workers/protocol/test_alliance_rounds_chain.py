"""Whole tasks on a real EVM and in Python: the same roles, phases, decisions and places, and the same to the wei."""

from collections.abc import Iterator
from random import Random

import pytest

from covey.localnet import Localnet, Settings
from covey.protocol.alliance import settlement
from covey.protocol.alliance.phases import Cause, Phase
from covey.protocol.alliance.settlement import Verdict
from covey.protocol.alliance.votes import Outcome
from tests.workers.protocol.alliance_games import PLACES, Bank, Game, Moment, Stage
from tests.workers.protocol.alliance_witnesses import FAULTS
from tests.workers.protocol.harness import SETTINGS
from tests.workers.protocol.troupe import Act, Troupe

MEMBERS, DEPOSIT = 14, 2**92
GAMES, MOST_SEASONS, MOST_TURNS = 40, 12, 400
TRIED = 4
"""Faulty witnesses of each round."""
NEVER = {repr(kind.NONE) for kind in (Phase, Cause, Verdict)}
QUIET = {
    "AllianceCreated",
    "ClientJoined",
    "ClientLeft",
    "ClientResumed",
    "Committed",
    "UpdatePublished",
    "VoteRevealed",
}
"""Events that repeat what was sent."""


@pytest.fixture(scope="module")
def troupe() -> Iterator[Troupe]:
    with Localnet(settings=Settings(gas_limit=SETTINGS.gas_limit, hardfork="shanghai")) as net:
        yield Troupe(net, MEMBERS, DEPOSIT)


def test_i3_i13_random_tasks_agree_to_the_wei(troupe: Troupe) -> None:
    """Seasons of tasks are played until everything has happened: roles come of block hashes, which differ each time."""
    stage = Stage(Random(20_261_122), troupe.alliance, 31337, troupe.members, Bank([DEPOSIT] * MEMBERS), blocks={})
    seen: set[str] = set()
    for season in range(MOST_SEASONS):
        play(troupe, stage, 1 + season * GAMES, seen)
        assert troupe.credits() == stage.bank.credits
        assert sum(stage.bank.credits) + stage.bank.burnt == MEMBERS * DEPOSIT
        if seen >= everything():
            break
    assert everything() - seen == set()


def everything() -> set[str]:
    """Every phase, ending, outcome and verdict, and every faulty witness."""
    happened = [member for kind in (Phase, Cause, Outcome, Verdict) for member in kind if repr(member) not in NEVER]
    return {*map(repr, happened), *FAULTS}


def play(troupe: Troupe, stage: Stage, first: int, seen: set[str]) -> None:
    """Tasks from their creation until everybody collected."""
    at = following(troupe, stage, 1)
    created = [Game.create(stage, first + i, at.now) for i in range(GAMES)]
    games = [game for game, _ in created]
    acts = [act for _, act in created]
    for _ in range(MOST_TURNS):
        compare(troupe, games, acts, at, seen)
        if all(game.over for game in games):
            return
        at = following(troupe, stage, stage.random.randint(1, 12))
        for game in games:
            if game.clock(at.now).settle_due():
                try_faults(troupe, game, at, seen)
        acts = [act for game in games for act in game.turn(at)]
    pytest.fail("a task did not end")


def following(troupe: Troupe, stage: Stage, seconds: int) -> Moment:
    """The next block; notes the hash of the latest."""
    latest = troupe.block()
    stage.blocks[latest.number] = latest.hash
    return Moment(latest.number + 1, latest.timestamp + seconds)


def compare(troupe: Troupe, games: list[Game], acts: list[Act], at: Moment, seen: set[str]) -> None:
    """Plays the acts and compares what the Alliance says, what it holds, and its phases now and later."""
    records = [record for record in troupe.play(acts, at.now) if record.name not in QUIET]
    expected = [event for game in games for event in game.events]
    told = [(record.name, dict(record.arguments)) for record in records]
    assert sorted(told, key=task_of) == sorted(expected, key=task_of)
    for game in games:
        seen |= {repr(value) for _, event in game.events for value in notable(event)}
        game.events.clear()
    tasks, edge = [game.task for game in games], some_edge(games, at)
    for game, sight in zip(games, troupe.look(tasks, PLACES, at.now), strict=True):
        assert sight == game.sight(at.now), f"task {game.task}"
    assert troupe.phases(tasks, edge) == [game.current(edge) for game in games]
    seen |= {repr(game.clock(at.now).current().phase) for game in games}


def some_edge(games: list[Game], at: Moment) -> int:
    """A second in which a phase ends, or the one before."""
    deadlines = [game.clock(at.now).current().deadline for game in games]
    edges = sorted(deadline for deadline in deadlines if deadline is not None)
    random = games[0].stage.random
    return max(at.now, random.choice(edges) - random.randint(0, 1)) if edges else at.now


def task_of(event: tuple[str, dict[str, object]]) -> object:
    return event[1]["task"]


def notable(event: dict[str, object]) -> Iterator[object]:
    for value in event.values():
        if isinstance(value, Cause | Verdict):
            yield value
        elif isinstance(value, dict):
            yield value["outcome"]


def try_faults(troupe: Troupe, game: Game, at: Moment, seen: set[str]) -> None:
    """Witnesses with a fault are refused."""
    given = game.given()
    sent = settlement.witness(given, settlement.settle_round(game.params, given))
    if not sent.ballots:
        return
    for name in game.stage.random.sample(list(FAULTS), TRIED):
        witness = FAULTS[name](game.stage.random, sent)
        if witness is not None:
            assert troupe.refuses(troupe.alliance.call("settle", game.task, witness.to_abi()), at.now), name
            seen.add(name)
