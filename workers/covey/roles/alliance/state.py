"""An Alliance task as its chain events tell it: everything a role needs to decide, without asking the chain again."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from covey.protocol import lanes
from covey.protocol.alliance import bitmaps, commitments
from covey.protocol.alliance.commitments import Update
from covey.protocol.alliance.params import AllianceParams
from covey.protocol.alliance.phases import Cause, RoundProgress, Status
from covey.protocol.alliance.places import Places
from covey.protocol.alliance.settlement import Judgement, Verdict
from covey.protocol.alliance.votes import Outcome, Result, Vote
from covey.roles.engine import Event


@dataclass(frozen=True)
class Terms:
    """What a task is about, as its creator published it."""

    model: bytes
    model_cid: str
    rule_parameters: str
    uri: str
    arena: str
    arena_task: int


@dataclass(frozen=True)
class Client:
    """A taken place. `stake` and `earned` in wei; `joined` is what it came with."""

    operator: str
    hot_key: str
    stake: int
    earned: int
    reputation: int
    joined: int


@dataclass(frozen=True)
class Concluded:
    """How a round ended; amounts in wei, `medians` by published update in ascending order of clients."""

    outcome: Outcome
    model: bytes
    accepted: int
    in_favour: int
    against: int
    paid: int
    returned: int
    slashed: int
    burnt: int
    medians: tuple[int, ...]


@dataclass
class Round:
    """`commitments`, `updates` (in order of publication), `votes` and `judgements` are by client."""

    seed: bytes
    proposers: int
    voters: int
    drawn_at: int
    commitments: dict[int, bytes] = field(default_factory=dict)
    updates: dict[int, Update] = field(default_factory=dict)
    votes: dict[int, Vote] = field(default_factory=dict)
    judgements: dict[int, Judgement] = field(default_factory=dict)
    concluded: Concluded | None = None

    @property
    def progress(self) -> RoundProgress:
        return RoundProgress(
            proposers=self.proposers,
            opened=bitmaps.of((*self.updates, *self.votes)),
            voters=self.voters,
            committed=bitmaps.of(self.commitments),
        )

    @property
    def transcript(self) -> bytes:
        """What votes are bound to: the seed and the updates published, in order."""
        return commitments.transcript(self.seed, self.updates.items())


@dataclass
class AllianceState:
    """One task.

    `rounds` are those whose roles were drawn; `frozen` is the set that takes part in the next, which is drawn from
    block `drawn_from`, `postponed` so often. `clients` has everybody with a place, `gone` the operators of those who
    were paid out and lost theirs, by hot key. `model` is the hash of the model as of now, `pool` wei for the rounds to
    come; `changed_at` is the time of the last event.
    """

    task: int
    creator: str
    params: AllianceParams
    terms: Terms
    created_at: int
    status: Status = Status.JOINING
    cause: Cause = Cause.NONE
    clients: dict[int, Client] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)
    frozen: int = 0
    drawn_from: int = 0
    postponed: int = 0
    rounds: list[Round] = field(default_factory=list)
    pool: int = 0
    model: bytes = b""
    refunded: int = 0
    changed_at: int = 0

    @property
    def settled(self) -> int:
        """Rounds concluded: the index of the current one."""
        return sum(1 for r in self.rounds if r.concluded is not None)

    @property
    def current(self) -> Round | None:
        """The round that is running."""
        return self.rounds[-1] if self.status is Status.RUNNING else None

    @property
    def taking(self) -> int:
        """Clients whom the current round may still pay or slash."""
        if self.status is Status.DRAWING:
            return self.frozen
        return 0 if self.current is None else self.current.proposers | self.current.voters

    def place(self, hot_key: str) -> int | None:
        """The place of the client that joined with `hot_key`."""
        return next((i for i, client in self.clients.items() if client.hot_key == hot_key), None)

    def apply(self, event: Event) -> None:
        """See `State.apply`."""
        a = event.args
        self.changed_at = max(self.changed_at, event.timestamp)
        match event.name:
            case "ClientJoined":
                self._joined(a)
            case "ClientLeft":
                self.places = self.places.quit(a["client"])
            case "ClientResumed":
                self.places = self.places.resumed(a["client"])
            case "RoundFrozen":
                self.status, self.frozen, self.drawn_from = Status.DRAWING, a["clients"], event.block
            case "DrawPostponed":
                self.postponed += 1
                self.drawn_from = event.block
            case "RolesDrawn":
                self.status = Status.RUNNING
                self.rounds.append(Round(a["seed"], a["proposers"], a["voters"], event.timestamp))
            case "Committed":
                self.rounds[a["round"]].commitments[a["client"]] = a["commitment"]
            case "UpdatePublished":
                u = a["update"]
                self.rounds[a["round"]].updates[a["client"]] = Update(u["updateHash"], u["samples"], u["cid"])
            case "VoteRevealed":
                round_ = self.rounds[a["round"]]
                round_.votes[a["client"]] = _vote(a["vote"], len(round_.updates))
            case "ClientJudged":
                self._judged(a)
            case "RoundConcluded":
                self._concluded(a)
            case "Collected":
                self._collected(a)
            case "AllianceEnded":
                self.status, self.cause, self.refunded = Status.ENDED, Cause(a["cause"]), a["refunded"]
            case _:
                pass

    def _joined(self, a: Mapping[str, Any]) -> None:
        reputation = self.params.initial_reputation
        self.clients[a["client"]] = Client(a["operator"], a["hotKey"], a["stake"], 0, reputation, a["stake"])
        self.places = self.places.joined(a["client"])

    def _judged(self, a: Mapping[str, Any]) -> None:
        index, verdict, before = a["client"], Verdict(a["verdict"]), self.clients[a["client"]]
        self.rounds[a["round"]].judgements[index] = Judgement(verdict, a["reward"], a["slash"], a["reputation"])
        self.clients[index] = replace(
            before,
            stake=before.stake - a["slash"],
            earned=before.earned + a["reward"],
            reputation=a["reputation"],
        )
        bit, isolated = 1 << index, self.places.isolated
        isolated = isolated | bit if a["reputation"] < self.params.reputation_threshold else isolated & ~bit
        self.places = self.places.after_round(isolated=isolated, silent=bit if verdict is Verdict.SILENT else 0)

    def _concluded(self, a: Mapping[str, Any]) -> None:
        c, round_ = a["conclusion"], self.rounds[a["round"]]
        medians = lanes.unpack(c["medians"], len(round_.updates)) if c["medians"] else ()
        round_.concluded = Concluded(
            outcome=Outcome(c["outcome"]),
            model=c["model"],
            accepted=c["accepted"],
            in_favour=c["inFavour"],
            against=c["against"],
            paid=c["paid"],
            returned=c["returned"],
            slashed=c["slashed"],
            burnt=c["burnt"],
            medians=medians,
        )
        self.model = c["model"]
        self.pool += c["slashed"] - c["burnt"] - c["paid"] - c["returned"]

    def _collected(self, a: Mapping[str, Any]) -> None:
        index = a["client"]
        if a["gone"]:
            client = self.clients.pop(index)
            self.gone[client.hot_key] = client.operator
            self.places = self.places.freed(index)
        else:
            self.clients[index] = replace(self.clients[index], earned=0)


def created(event: Event) -> AllianceState:
    """The task that an `AllianceCreated` event begins."""
    a, t = event.args, event.args["terms"]
    params = AllianceParams.from_abi(tuple(a["params"].values()))
    terms = Terms(t["model"], t["modelCid"], t["ruleParameters"], t["uri"], t["arena"], t["arenaTask"])
    return AllianceState(
        task=a["task"],
        creator=a["creator"],
        params=params,
        terms=terms,
        created_at=event.timestamp,
        pool=params.distributed,
        model=terms.model,
        changed_at=event.timestamp,
    )


def _vote(v: Mapping[str, Any], updates: int) -> Vote:
    result = Result(v["result"]["aggregateHash"], v["result"]["accepted"])
    return Vote(result, v["inFavour"], lanes.unpack(v["contributions"], updates))
