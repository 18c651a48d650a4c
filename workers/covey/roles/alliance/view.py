"""An Alliance task at one moment: which phase it is in, until when, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from covey.protocol.alliance import bitmaps, settlement
from covey.protocol.alliance.phases import Clock, Current, Phase, RoundProgress, Status
from covey.protocol.alliance.settlement import RoundInput, Witness
from covey.roles.alliance.state import AllianceState
from covey.roles.decision import Decision, wait

_WAITING = {
    Phase.JOIN: "clients join",
    Phase.FREEZE: "somebody freezes the first round's clients",
    Phase.DRAW: "roles are drawn",
    Phase.PROPOSE: "proposers train",
    Phase.PUBLISH: "proposers publish their updates",
    Phase.VOTE: "voters try the aggregate",
    Phase.REVEAL: "voters reveal",
    Phase.SETTLE: "somebody settles",
}
_IN_ROUND = range(Phase.PROPOSE, Phase.SETTLE + 1)


@dataclass(frozen=True)
class AllianceView:
    """`state` when block `block` was the latest, at its timestamp `now`."""

    state: AllianceState
    now: int
    block: int

    @cached_property
    def clock(self) -> Clock:
        state, running = self.state, self.state.current
        return Clock(
            join_end=state.created_at + state.params.lengths.join,
            lengths=state.params.lengths,
            min_updates=state.params.min_updates,
            status=state.status,
            round=self.settled,
            drawn_at=running.drawn_at if running else 0,
            progress=running.progress if running else RoundProgress(),
            now=self.now,
        )

    @cached_property
    def current(self) -> Current:
        return self.clock.current()

    @property
    def phase(self) -> Phase:
        return self.current.phase

    @property
    def settled(self) -> int:
        """Rounds concluded: the index of the current one."""
        return self.state.settled

    @property
    def ended(self) -> bool:
        return self.state.status is Status.ENDED

    @property
    def advance_due(self) -> bool:
        """Whether `advance` has something to do now."""
        drawing = self.state.status is Status.DRAWING
        return self.clock.advance_due() and (not drawing or self.block > self.state.drawn_from)

    @property
    def awaited(self) -> int:
        """Clients whose part of the running phase is still to come."""
        progress = self.clock.progress
        match self.phase:
            case Phase.PROPOSE:
                return progress.proposers & ~progress.committed
            case Phase.PUBLISH:
                return progress.proposers & progress.committed & ~progress.opened
            case Phase.VOTE:
                return progress.voters & ~progress.committed
            case Phase.REVEAL:
                return progress.voters & progress.committed & ~progress.opened
            case _:
                return 0

    @property
    def changed_at(self) -> int:
        """When anything last changed what is due: an event of the task, or a deadline."""
        lengths, ends = self.state.params.lengths, [self.clock.join_end]
        if self.state.current is not None:
            end = self.clock.drawn_at
            for length in (lengths.propose, lengths.publish, lengths.vote, lengths.reveal):
                end += length
                ends.append(end)
        return max(self.state.changed_at, *(end for end in ends if end <= self.now), 0)

    def collectable(self, client: int) -> int:
        """Wei that collecting for a client pays now."""
        place = self.state.clients[client]
        free = self.ended or bool(self.state.places.left & ~self.state.taking & 1 << client)
        return place.earned + (place.stake if free else 0)

    def standing(self, client: int) -> str:
        """Where a client is, and what it does in the running round."""
        places, running = self.state.places, self.state.current
        if bitmaps.has(places.left, client):
            return "leaving"
        if bitmaps.has(places.benched, client):
            return "benched"
        if bitmaps.has(places.isolated, client):
            return "isolated"
        if running is None:
            return "in"
        if bitmaps.has(running.proposers, client):
            return "proposer"
        return "voter" if bitmaps.has(running.voters, client) else "in from the next round on"

    def round_input(self) -> RoundInput:
        """What the running round is settled from."""
        state, running = self.state, self.state.current
        assert running is not None  # nothing else is settled
        return RoundInput(
            round=self.settled,
            pool=state.pool,
            model=state.model,
            proposers=running.proposers,
            voters=running.voters,
            published=running.progress.published,
            votes=running.votes,
            clients={i: settlement.Client(c.stake, c.reputation) for i, c in state.clients.items()},
            places=state.places,
        )

    def witness(self) -> Witness:
        """What settles the running round."""
        given = self.round_input()
        return settlement.witness(given, settlement.settle_round(self.state.params, given))

    def waiting(self) -> Decision:
        """That nothing is to be done, and what for."""
        where = f"round {self.current.round + 1}: " if self.phase in _IN_ROUND else ""
        return wait(where + _WAITING.get(self.phase, "nothing"), self.current.deadline)
