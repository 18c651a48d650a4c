"""An Alliance task as its logs tell it so far. Sets of clients hold their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from .events import Cause, Outcome, Params, Result, Terms, Update, Verdict
from .rules import Context


class Status(Enum):
    """Where a task stands as a whole. CONCLUDED: a round was, and the next has to be frozen in the same transaction."""

    JOINING = auto()
    DRAWING = auto()
    RUNNING = auto()
    CONCLUDED = auto()
    ENDED = auto()


class Phase(Enum):
    """What a task waits for."""

    JOIN = "Join"
    FREEZE = "Freeze"
    DRAW = "Draw"
    PROPOSE = "Propose"
    PUBLISH = "Publish"
    VOTE = "Vote"
    REVEAL = "Reveal"
    SETTLE = "Settle"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What round `round` meant for a client; wei, and its reputation afterwards."""

    round: int
    verdict: Verdict
    reward: int
    slash: int
    reputation: int


@dataclass(slots=True)
class Client:
    """A place that is or was taken. `stake` and `earned` (to be collected) in wei."""

    place: int
    operator: str
    hot_key: str
    stake: int
    reputation: int
    earned: int = 0
    judgements: list[Judgement] = field(default_factory=list)

    @property
    def silent_in(self) -> int:
        """The round in which a benched client was silent last."""
        return max(judgement.round for judgement in self.judgements if judgement.verdict is Verdict.SILENT)


@dataclass(frozen=True, slots=True)
class Opinion:
    """A vote that was revealed; `contributions` by published update in ascending order of clients."""

    result: Result
    in_favour: bool
    contributions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """How a round ends. `in_favour` and `against` are weights; of a decided one, `result` is what its voters call it,
    and `contributions` their consensus by published client."""

    outcome: Outcome
    in_favour: int = 0
    against: int = 0
    result: Result | None = None
    contributions: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Round:
    """One round whose roles were drawn. Dictionaries are by client, in the order of the logs."""

    number: int
    proposers: frozenset[int]
    voters: frozenset[int]
    drawn_at: int
    transcript: bytes
    commitments: dict[int, bytes] = field(default_factory=dict)
    updates: dict[int, Update] = field(default_factory=dict)
    votes: dict[int, Opinion] = field(default_factory=dict)
    decision: Decision | None = None


@dataclass(slots=True)
class History:
    """One task.

    `clients` are those who have a place, by place, `everybody` all who ever had one. A place is in one of `present`,
    `benched` and `left`, and across them perhaps in `isolated`. `frozen` take part in the round that is to be drawn
    from block `drawn_from`; `number` is the current round's. `pool` is wei for the rounds to come, and `acts` are
    those that keepers may still be paid for.
    """

    context: Context
    creator: str
    params: Params
    terms: Terms
    created: int
    model: bytes
    pool: int
    acts: int
    status: Status = Status.JOINING
    cause: Cause = Cause.NONE
    number: int = 0
    clients: dict[int, Client] = field(default_factory=dict)
    everybody: list[Client] = field(default_factory=list)
    operators: set[str] = field(default_factory=set)
    present: set[int] = field(default_factory=set)
    benched: set[int] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    isolated: set[int] = field(default_factory=set)
    frozen: frozenset[int] = frozenset()
    drawn_from: int = 0
    rounds: list[Round] = field(default_factory=list)

    @property
    def current(self) -> Round | None:
        """The round that runs."""
        return self.rounds[-1] if self.status is Status.RUNNING else None

    @property
    def taking(self) -> frozenset[int]:
        """Clients whom the current round may still pay or slash."""
        if self.current is not None:
            return self.current.proposers | self.current.voters
        return self.frozen if self.status is Status.DRAWING else frozenset()

    @property
    def participants(self) -> set[int]:
        """Who takes part in a round that is frozen now."""
        return self.present - self.isolated

    @property
    def bucket(self) -> int:
        """Wei that the Ledger has to hold for the task."""
        return self.pool + self.reserve + sum(client.stake + client.earned for client in self.clients.values())

    @property
    def reserve(self) -> int:
        """Wei for keepers."""
        return self.acts * self.params.keeper_fee

    def phase(self, now: int) -> Phase:
        """What the task waits for at a second (section 3)."""
        match self.status:
            case Status.JOINING:
                return Phase.JOIN if now < self.created + self.params.join else Phase.FREEZE
            case Status.DRAWING:
                return Phase.DRAW
            case Status.RUNNING:
                return self._phase_in_round(self.rounds[-1], now)
            case Status.CONCLUDED:
                return Phase.FREEZE
            case Status.ENDED:
                return Phase.ENDED

    def _phase_in_round(self, one: Round, now: int) -> Phase:
        params, committed = self.params, one.commitments.keys()
        end = one.drawn_at + params.propose
        if now < end and one.proposers - committed:
            return Phase.PROPOSE
        end += params.publish
        if now < end and one.proposers & committed != one.updates.keys():
            return Phase.PUBLISH
        if len(one.updates) < params.min_updates:
            return Phase.SETTLE
        end += params.vote
        if now < end and one.voters - committed:
            return Phase.VOTE
        end += params.reveal
        if now < end and one.voters & committed != one.votes.keys():
            return Phase.REVEAL
        return Phase.SETTLE
