"""An alliance's events, written by hand: what the chain would show after this or that happened."""

from __future__ import annotations

from typing import Any

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import AllianceParams, Lengths
from covey.protocol.alliance.votes import Outcome
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.state import AllianceState
from covey.roles.alliance.view import AllianceView
from covey.roles.engine import Event

TASK = 7
CREATED = 1_000
LENGTHS = Lengths(join=100, propose=100, publish=100, vote=100, reveal=100)
STAKE = 1_000
PARAMS = AllianceParams(
    rounds=2, min_clients=4, max_clients=8, rule=1, min_stake=STAKE, pool=10_000, keeper_fee=10, lengths=LENGTHS
)
PROPOSERS, VOTERS = bitmaps.of((0, 1)), bitmaps.of((2, 3))
MODEL, NEXT = b"m" * 32, b"n" * 32
SEED = b"s" * 32


def key(i: int) -> str:
    return f"client {i}"


class Script:
    """Adds events one after another; `now` is the time of the next."""

    def __init__(self) -> None:
        self.now = CREATED
        self.block = 1
        self.tasks: dict[int, AllianceState] = {}
        terms = {"model": MODEL, "modelCid": "b", "ruleParameters": "{}", "uri": "u", "arena": "0x", "arenaTask": 0}
        self.add("AllianceCreated", creator="creator", params=dict(enumerate(PARAMS.to_abi())), terms=terms)

    @property
    def state(self) -> AllianceState:
        return self.tasks[TASK]

    def view(self, now: int | None = None) -> AllianceView:
        return AllianceView(self.state, self.now if now is None else now, self.block)

    def add(self, name: str, **arguments: Any) -> Script:
        self.tasks = ALLIANCE.fold(self.tasks, [Event(name, {"task": TASK} | arguments, self.block, self.now)])
        self.block += 1
        return self

    def at(self, now: int) -> Script:
        self.now = now
        return self

    def joined(self, *clients: int) -> Script:
        for i in clients:
            self.add("ClientJoined", client=i, operator=f"operator {i}", hotKey=key(i), stake=STAKE)
        return self

    def drawn(self, round: int = 0) -> Script:
        """Four clients, the first two of whom propose."""
        self.add("RoundFrozen", round=round, clients=PROPOSERS | VOTERS)
        return self.add("RolesDrawn", round=round, seed=SEED, proposers=PROPOSERS, voters=VOTERS)

    def running(self) -> Script:
        """The first round, just drawn, after Join."""
        return self.joined(0, 1, 2, 3).at(CREATED + 100).drawn()

    def committed(self, *clients: int, round: int = 0) -> Script:
        for i in clients:
            self.add("Committed", round=round, client=i, commitment=bytes([i]) * 32)
        return self

    def published(self, *clients: int, round: int = 0) -> Script:
        for i in clients:
            update = {"updateHash": bytes([i]) * 32, "samples": 10, "cid": f"cid {i}", "salt": bytes(32)}
            self.add("UpdatePublished", round=round, client=i, update=update)
        return self

    def revealed(self, *clients: int, round: int = 0) -> Script:
        for i in clients:
            result = {"aggregateHash": NEXT, "accepted": PROPOSERS}
            vote = {"result": result, "inFavour": True, "contributions": bytes(32), "salt": bytes(32)}
            self.add("VoteRevealed", round=round, client=i, vote=vote)
        return self

    def judged(self, client: int, verdict: int, reward: int = 0, slash: int = 0, reputation: int = 3) -> Script:
        return self.add(
            "ClientJudged",
            round=0,
            client=client,
            verdict=verdict,
            reward=reward,
            slash=slash,
            reputation=reputation,
        )

    def concluded(self, round: int = 0, paid: int = 0, returned: int = 0, slashed: int = 0, burnt: int = 0) -> Script:
        return self.add(
            "RoundConcluded",
            round=round,
            conclusion={
                "outcome": Outcome.ACCEPTED,
                "model": NEXT,
                "accepted": PROPOSERS,
                "inFavour": 2,
                "against": 0,
                "paid": paid,
                "returned": returned,
                "slashed": slashed,
                "burnt": burnt,
                "medians": bytes(32) if self.state.rounds[round].updates else b"",
            },
        )

    def ended(self) -> Script:
        return self.add("AllianceEnded", rounds=2, cause=1, refunded=0)
