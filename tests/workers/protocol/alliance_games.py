"""Random lives of an Alliance task, act by act, as the rules in Python have them: clients join, work, fall silent,
leave and come back; rounds are drawn, decided and settled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from covey.chain.contract import Contract
from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, commitments, settlement
from covey.protocol.alliance.commitments import Domain, Update
from covey.protocol.alliance.draw import draw, proposer_count
from covey.protocol.alliance.params import AllianceParams, Lengths
from covey.protocol.alliance.phases import Cause, Clock, Phase, RoundProgress, Status
from covey.protocol.alliance.places import Places, missed_a_round
from covey.protocol.alliance.settlement import Client, RoundInput, RoundResult, Verdict
from covey.protocol.alliance.votes import Vote
from tests.workers.protocol.alliance_rounds import random_params, random_votes, subset
from tests.workers.protocol.troupe import MIN_PHASE, Act

PLACES = 8
NOTHING, EMPTY = RoundProgress(), Places()
NOBODY = "0x" + "00" * 20

Event = tuple[str, dict[str, Any]]


@dataclass
class Bank:
    """The troupe's credits (wei) by member, and what was burnt."""

    credits: list[int]
    burnt: int = 0


@dataclass(frozen=True)
class Stage:
    """What all games share. `blocks` has the hashes of mined blocks by number."""

    random: Random
    alliance: Contract
    chain_id: int
    members: tuple[str, ...]
    bank: Bank
    blocks: dict[int, bytes]

    @property
    def domain(self) -> Domain:
        return Domain(self.chain_id, self.alliance.address)


@dataclass(frozen=True)
class Moment:
    """The block in which acts are played."""

    block: int
    now: int


@dataclass
class Game:
    """One task and what is known of it. `member_of`, `earned` (wei) and `clients` are by place; `muted` are clients
    that commit nothing in the current round, `shy` those that don't open what they committed."""

    stage: Stage
    task: int
    creator: int
    params: AllianceParams
    join_end: int
    pool: int
    acts_left: int
    model: bytes
    stake: int
    status: Status = Status.JOINING
    cause: Cause = Cause.NONE
    round: int = 0
    drawn_at: int = 0
    draw_block: int = 0
    progress: RoundProgress = NOTHING
    seed: bytes = bytes(32)
    transcript: bytes = bytes(32)
    places: Places = EMPTY
    clients: dict[int, Client] = field(default_factory=dict)
    earned: dict[int, int] = field(default_factory=dict)
    member_of: dict[int, int] = field(default_factory=dict)
    joined: set[int] = field(default_factory=set)
    muted: int = 0
    shy: int = 0
    updates: dict[int, tuple[Update, bytes]] = field(default_factory=dict)
    votes: dict[int, Vote] = field(default_factory=dict)
    salts: dict[int, bytes] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @classmethod
    def create(cls, stage: Stage, task: int, now: int) -> tuple["Game", Act]:
        random = stage.random
        lengths = Lengths(*(random.randint(MIN_PHASE, 2 * MIN_PHASE) for _ in range(5)))
        params = random_params(
            random, lengths=lengths, max_clients=random.randint(5, PLACES), rounds=random.randint(2, 6)
        )
        creator, model = random.randrange(len(stage.members)), random.randbytes(32)
        stage.bank.credits[creator] -= params.pool
        game = cls(
            stage=stage,
            task=task,
            creator=creator,
            params=params,
            join_end=now + lengths.join,
            pool=params.distributed,
            acts_left=params.acts,
            model=model,
            stake=random.choice([1, 1000, 10**21, 10**24]),
        )
        terms = (model, "", "", "", NOBODY, 0)
        return game, game._act(creator, "createTask", params.to_abi(), terms)

    # -- What is known -------------------------------------------------------------------------------------------------

    def clock(self, now: int) -> Clock:
        return Clock(
            join_end=self.join_end,
            lengths=self.params.lengths,
            min_updates=self.params.min_updates,
            status=self.status,
            round=self.round,
            drawn_at=self.drawn_at,
            progress=self.progress,
            now=now,
        )

    def current(self, now: int) -> tuple[int, int, int]:
        """The stage's struct `Current`."""
        current = self.clock(now).current()
        return current.phase, current.round, current.deadline or 0

    @property
    def taking(self) -> int:
        """Clients of the current round."""
        p = self.progress
        if self.status is Status.RUNNING:
            return p.proposers | p.voters
        return p.voters if self.status is Status.DRAWING else 0

    @property
    def over(self) -> bool:
        return self.status is Status.ENDED and not self.clients

    def given(self) -> RoundInput:
        """What the current round is settled from."""
        p = self.progress
        return RoundInput(
            round=self.round,
            pool=self.pool,
            model=self.model,
            proposers=p.proposers,
            voters=p.voters,
            published=p.published,
            votes={voter: self.votes[voter] for voter in bitmaps.members(p.revealed)},
            clients=self.clients,
            places=self.places,
        )

    def sight(self, now: int) -> tuple[Any, ...]:
        """The stage's struct `Sight`."""
        p, places = self.progress, self.places
        return (
            self.current(now),
            self.cause,
            (places.present, places.benched, places.left, places.isolated),
            (p.proposers, p.opened, p.voters, p.committed),
            (self._address(self.creator), self.pool, self.params.keeper_fee, self.acts_left, self.params.min_stake),
            self.seed,
            self.transcript,
            self.model,
            tuple(map(self._client, range(PLACES))),
        )

    # -- Acts ----------------------------------------------------------------------------------------------------------

    def turn(self, at: Moment) -> Iterator[Act]:
        """What happens in a block: nothing, something, or all that can."""
        random = self.stage.random
        for i in range(random.choice([0, 5, 100, 100])):
            if i > 0 and self.clock(at.now).settle_due() and random.random() < 0.5:
                return  # another block's
            act = self._visitor(at) if random.random() < 0.15 else self._next(at)
            if act is None:
                return
            yield act

    def _next(self, at: Moment) -> Act | None:
        """The next act of somebody who takes part; None if all wait."""
        p = self.progress
        match self.clock(at.now).current().phase:
            case Phase.JOIN if len(self.joined) < self.params.min_clients + 4:
                return self._join()
            case Phase.FREEZE:
                keeper = self._keeper()
                self._pay_keeper(keeper)
                self._freeze(at)
                return self._act(keeper, "advance", self.task)
            case Phase.DRAW if at.block > self.draw_block:
                return self._draw(at)
            case Phase.PROPOSE:
                return self._one_of(p.proposers & ~p.committed & ~self.muted, self._propose)
            case Phase.PUBLISH:
                return self._one_of(p.proposers & p.committed & ~p.opened & ~self.shy, self._publish)
            case Phase.VOTE:
                return self._one_of(p.voters & ~p.committed & ~self.muted, self._vote)
            case Phase.REVEAL:
                return self._one_of(p.voters & p.committed & ~p.opened & ~self.shy, self._reveal)
            case Phase.SETTLE:
                comes = self._visitor(at) if self.stage.random.random() < 0.7 else None
                return comes or self._settle(at)
            case Phase.ENDED:
                return self._one_of(bitmaps.of(self.clients), self._collect)
        return None

    def _visitor(self, at: Moment) -> Act | None:
        """Somebody joins, leaves, comes back, or collects."""
        if self.status is Status.ENDED:
            return self._next(at)
        gone = self.places.left & ~self.taking
        collectable = gone | bitmaps.of(client for client, wei in self.earned.items() if wei)
        match self.stage.random.choice(["join", "join", "quit", "resume", "resume", "resume", "collect"]):
            case "quit":
                return self._one_of(self.places.present | self.places.benched, self._quit)
            case "resume":
                return self._one_of(self.places.benched, self._resume)
            case "collect":
                return self._one_of(collectable, self._collect)
        return self._join()

    def _one_of(self, clients: int, act: Callable[[int], Act]) -> Act | None:
        return act(self.stage.random.choice(bitmaps.members(clients))) if clients else None

    def _join(self) -> Act | None:
        strangers = [member for member in range(len(self.stage.members)) if member not in self.joined]
        missing = bitmaps.of(i for i, known in self.clients.items() if missed_a_round(known.benched_in, self.round))
        client = self.places.to_take(self.params.max_clients, self.taking, missing)
        if client is None or not strangers:
            return None
        if client in self.clients:
            self._pay_out(client)
        member = self.stage.random.choice(strangers)
        stake = self.stage.random.choice([self.stake, self.stake, self.stage.random.randint(1, self.stake)])
        self.joined.add(member)
        self.places = self.places.joined(client)
        self.clients[client] = Client(stake, self.params.initial_reputation)
        self.member_of[client], self.earned[client] = member, 0
        self.stage.bank.credits[member] -= stake
        return self._act(member, "join", self.task, stake)

    def _quit(self, client: int) -> Act:
        self.places = self.places.quit(client)
        return self._act(self.member_of[client], "quit", self.task, client)

    def _resume(self, client: int) -> Act:
        self.places = self.places.resumed(client)
        return self._act(self.member_of[client], "resume", self.task, client)

    def _collect(self, client: int) -> Act:
        ended = self.status is Status.ENDED
        if ended or bitmaps.has(self.places.left & ~self.taking, client):
            self._pay_out(client)
        else:
            self._pay_client(client, self.earned[client], gone=False)
            self.earned[client] = 0
        return self._act(self._keeper(), "collect", self.task, client)

    def _draw(self, at: Moment) -> Act:
        random = self.stage.random
        self.seed = self.stage.domain.seed(self.stage.blocks[self.draw_block], self.task, self.round)
        frozen = self.progress.voters
        reputations = {client: self.clients[client].reputation for client in bitmaps.members(frozen)}
        count = proposer_count(self.params.proposer_share, len(reputations), self.params.min_updates)
        proposers = draw(self.seed, reputations, count)
        self.progress = RoundProgress(proposers=proposers, voters=frozen & ~proposers)
        self.status, self.drawn_at, self.transcript = Status.RUNNING, at.now, self.seed
        self.updates, self.votes, self.salts = {}, {}, {}
        self.muted, self.shy = (frozen & ~subset(random, frozen, random.choice([1, 1, 1, 0.8])) for _ in range(2))
        keeper = self._keeper()
        drawn = {"seed": self.seed, "proposers": proposers, "voters": frozen & ~proposers}
        self._emit("RolesDrawn", round=self.round, **drawn)
        self._pay_keeper(keeper)
        return self._act(keeper, "advance", self.task)

    def _propose(self, client: int) -> Act:
        random = self.stage.random
        update = Update(random.randbytes(32), random.randint(1, self.params.max_samples), f"bafk{client}")
        salt, hot_key = random.randbytes(32), self._hot_key(client)
        self.updates[client] = update, salt
        return self._commit(client, self.stage.domain.update_commitment(self.task, self.round, hot_key, update, salt))

    def _publish(self, client: int) -> Act:
        update, salt = self.updates[client]
        self._opened(client)
        self.transcript = commitments.extend_transcript(self.transcript, client, update)
        opening = (update.update_hash, update.samples, update.cid, salt)
        return self._act(self._keeper(), "publish", self.task, self.round, client, opening)

    def _vote(self, client: int) -> Act:
        p = self.progress
        if not self.votes:
            self.votes = random_votes(self.stage.random, p.voters, p.published)
        vote, salt, hot_key = self.votes[client], self.stage.random.randbytes(32), self._hot_key(client)
        self.salts[client] = salt
        return self._commit(
            client,
            self.stage.domain.vote_commitment(self.task, self.round, hot_key, self.transcript, vote, salt),
        )

    def _reveal(self, client: int) -> Act:
        vote = self.votes[client]
        self._opened(client)
        result = (vote.result.aggregate_hash, vote.result.accepted)
        opening = (result, vote.in_favour, lanes.pack(vote.contributions), self.salts[client])
        return self._act(self._keeper(), "reveal", self.task, self.round, client, opening)

    def _settle(self, at: Moment) -> Act:
        given = self.given()
        result = settlement.settle_round(self.params, given)
        sent = settlement.witness(given, result)
        for client, judgement in result.judgements.items():
            self.earned[client] += judgement.reward
        self.clients, self.places = dict(result.clients), result.places
        self.pool, self.model = result.pool, result.model
        self.stage.bank.credits[self.creator] += result.returned
        self.stage.bank.burnt += result.burnt
        self._emit_result(result)
        keeper = self._keeper()
        self._pay_keeper(keeper)
        self.round += 1
        self._freeze(at)
        return self._act(keeper, "settle", self.task, sent.to_abi())

    def _commit(self, client: int, commitment: bytes) -> Act:
        self.progress = replace(self.progress, committed=self.progress.committed | 1 << client)
        return self._act(self.member_of[client], "commit", self.task, self.round, client, commitment)

    def _opened(self, client: int) -> None:
        self.progress = replace(self.progress, opened=self.progress.opened | 1 << client)

    def _freeze(self, at: Moment) -> None:
        """The next round's clients, or the end."""
        self.cause = settlement.ending(self.params, self.round, self.places)
        if self.cause is Cause.NONE:
            self.status, self.draw_block = Status.DRAWING, at.block
            self.progress = replace(self.progress, voters=self.places.participants)
            self._emit("RoundFrozen", round=self.round, clients=self.places.participants)
            return
        self.status = Status.ENDED
        refund = self.pool + self.params.keeper_fee * self.acts_left
        self.pool = self.acts_left = 0
        self.stage.bank.credits[self.creator] += refund
        self._emit("AllianceEnded", rounds=self.round, cause=self.cause, refunded=refund)

    # -- Money ---------------------------------------------------------------------------------------------------------

    def _keeper(self) -> int:
        return self.stage.random.randrange(len(self.stage.members))

    def _pay_keeper(self, keeper: int) -> None:
        self.acts_left -= 1
        self.stage.bank.credits[keeper] += self.params.keeper_fee
        if self.params.keeper_fee:
            self._emit("KeeperPaid", keeper=self.stage.members[keeper], amount=self.params.keeper_fee)

    def _pay_out(self, client: int) -> None:
        self._pay_client(client, self.earned.pop(client) + self.clients.pop(client).stake, gone=True)
        del self.member_of[client]
        if self.status is not Status.ENDED:  # then places are as they were
            self.places = self.places.freed(client)

    def _pay_client(self, client: int, amount: int, *, gone: bool) -> None:
        member = self.member_of[client]
        self.stage.bank.credits[member] += amount
        self._emit("Collected", client=client, operator=self.stage.members[member], amount=amount, gone=gone)

    # -- As the chain tells it -----------------------------------------------------------------------------------------

    def _act(self, member: int, function: str, *arguments: object) -> Act:
        return Act(member, self.stage.alliance.call(function, *arguments))

    def _emit(self, name: str, **arguments: object) -> None:
        self.events.append((name, {"task": self.task, **arguments}))

    def _emit_result(self, result: RoundResult) -> None:
        def judged(client: int) -> tuple[bool, int]:
            return result.judgements[client].verdict is not Verdict.ISOLATED, client

        for client in sorted(result.judgements, key=judged):
            judgement = result.judgements[client]
            self._emit(
                "ClientJudged",
                round=self.round,
                client=client,
                verdict=judgement.verdict,
                reward=judgement.reward,
                slash=judgement.slash,
                reputation=judgement.reputation,
            )
        tally = result.tally
        conclusion = {
            "outcome": tally.outcome,
            "model": result.model,
            "accepted": tally.result.accepted,
            "inFavour": tally.in_favour,
            "against": tally.against,
            "paid": result.paid,
            "returned": result.returned,
            "slashed": result.slashed,
            "burnt": result.burnt,
            "medians": lanes.pack(tally.medians),
        }
        self._emit("RoundConcluded", round=self.round, conclusion=conclusion)

    def _hot_key(self, client: int) -> str:
        return self.stage.members[self.member_of[client]]

    def _address(self, member: int) -> str:
        return self.stage.members[member].lower()

    def _client(self, client: int) -> tuple[str, int, int, int, int]:
        if client not in self.clients:
            return NOBODY, 0, 0, 0, 0
        known, earned = self.clients[client], self.earned[client]
        return self._address(self.member_of[client]), known.stake, earned, known.reputation, known.benched_in
