"""How an alliance ended: what its rounds made of the model, who earned and lost what and why, and gas by step."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from covey.chain import Record
from covey.cli.acts.story import show_gas, show_verdict
from covey.cli.amounts import tokens
from covey.cli.output import Output, Table
from covey.network import Cast
from covey.network.gas import GasLine
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.alliance.phases import Cause
from covey.protocol.alliance.settlement import Verdict
from covey.roles.alliance.state import AllianceState, Round
from covey.roles.alliance.story import OUTCOMES, VERDICTS
from covey.verify.report import Report


@dataclass(frozen=True)
class Money:
    """All that came into a task and all that went out of it, in wei, by what it was."""

    came: Mapping[str, int]
    went: Mapping[str, int]

    @property
    def conserved(self) -> bool:
        return sum(self.came.values()) == sum(self.went.values())


@dataclass(frozen=True)
class AllianceStory:
    """An alliance of which everybody is paid out.

    `names` are its clients' by index; `vanished` is the one that was made to. `accuracy` is the model's before the
    first round and after each, on `measured` examples that nobody has.
    """

    state: AllianceState
    cast: Cast
    names: Mapping[int, str]
    vanished: str | None
    accuracy: Sequence[float]
    measured: int
    money: Money
    gas: Sequence[GasLine]
    report: Report


def money_of(pool: int, records: Iterable[Record]) -> Money:
    """From all events of a task with this `pool`."""
    came, went = Counter({"pool": pool}), Counter[str]()
    for record in records:
        a = record.arguments
        match record.name:
            case "ClientJoined":
                came["stakes"] += a["stake"]
            case "RoundConcluded":
                went["burnt"] += a["conclusion"]["burnt"]
                went["returned to the creator"] += a["conclusion"]["returned"]
            case "Collected":
                went["to clients"] += a["amount"]
            case "KeeperPaid":
                went["to keepers"] += a["amount"]
            case "AllianceEnded":
                went["returned to the creator"] += a["refunded"]
    return Money(dict(came), dict(went))


@dataclass(frozen=True)
class ClientLine:
    """One client's outcome, amounts in wei."""

    name: str
    proposed: int
    voted: int
    right: int
    earned: int
    slashed: int
    reputation: int
    why: tuple[str, ...]


def tell(story: AllianceStory, out: Output) -> list[str]:
    """Prints everything; returns what is not as it should be."""
    clients = list(client_lines(story))
    _show_rounds(story, out)
    _show_clients(clients, out)
    show_gas(story.gas, out)
    _show_money(story.money, out)
    show_verdict(story.report, "the exported bundle, and all updates aggregated again", out)
    problems = list(_problems(story, clients))
    out.event(
        {
            "kind": "alliance",
            "accuracy": list(story.accuracy),
            "rounds": [_round(played) for played in story.state.rounds],
            "clients": [asdict(line) for line in clients],
            "vanished": story.vanished,
            "gas": [asdict(line) | {"mean": line.mean} for line in story.gas],
            "money": asdict(story.money),
            "verdict": "PASS" if story.report.passed else "FAIL",
            "problems": problems,
        }
    )
    return problems


def client_lines(story: AllianceStory) -> Iterator[ClientLine]:
    """In the order of the cast."""
    index_of = {name: index for index, name in story.names.items()}
    for person in story.cast.clients:
        if person.name in index_of:
            yield _client_line(story, index_of[person.name], person.note)


def _client_line(story: AllianceStory, index: int, note: str) -> ClientLine:
    rounds = story.state.rounds
    judged = [played.judgements[index] for played in rounds if index in played.judgements]
    why = [note] if note else []
    if story.names[index] == story.vanished:
        why.append("vanished: its process was killed")
    for number, played in enumerate(rounds, 1):
        why += (f"round {number}: {text}" for text in _trouble(played, index))
    return ClientLine(
        name=story.names[index],
        proposed=sum(bitmaps.has(played.proposers, index) for played in rounds),
        voted=sum(bitmaps.has(played.voters, index) for played in rounds),
        right=sum(judgement.verdict is Verdict.RIGHT for judgement in judged),
        earned=sum(judgement.reward for judgement in judged),
        slashed=sum(judgement.slash for judgement in judged),
        reputation=judged[-1].reputation if judged else story.state.params.initial_reputation,
        why=tuple(why),
    )


def _trouble(played: Round, index: int) -> Iterator[str]:
    """Why a round did not pay a client."""
    judgement = played.judgements.get(index)
    if judgement is None:
        return
    help_ = _contribution(played, index)
    if judgement.verdict is Verdict.RIGHT:
        if not judgement.reward:
            yield f"did not help ({help_})"
        return
    lost = f" (-{tokens(judgement.slash)})" if judgement.slash else ""
    about = f" ({help_})" if help_ and judgement.verdict is Verdict.REJECTED else ""
    yield VERDICTS[judgement.verdict] + about + lost


def _contribution(played: Round, index: int) -> str:
    """What a client's update did to the model's loss, in the voters' median; nothing for those who proposed none."""
    median = _medians(played).get(index)
    if median is None:
        return ""
    effect = (median - NEUTRAL) / NEUTRAL
    return f"{'less' if effect >= 0 else 'more'} loss by {abs(effect):.1%}"


def _medians(played: Round) -> dict[int, int]:
    """Contributions by client; none in a round that decided nothing."""
    medians = played.concluded.medians if played.concluded else ()
    return dict(zip(sorted(played.updates), medians, strict=True)) if medians else {}


def _problems(story: AllianceStory, clients: Sequence[ClientLine]) -> Iterator[str]:
    """What a demonstration must not show."""
    state = story.state
    if state.cause is not Cause.COMPLETED:
        yield f"the alliance ended early: {state.cause.name.lower().replace('_', ' ')}"
    faulty = {person.name for person in story.cast.clients if person.faulty}
    silent = {
        story.names[index]
        for played in state.rounds
        for index, judgement in played.judgements.items()
        if judgement.verdict is Verdict.SILENT
    }
    for line in clients:
        if line.name in faulty and not line.slashed:
            yield f"{line.name} was not slashed"
    for name in sorted(silent - {story.vanished}):
        yield f"{name} did not do its part in time"
    if story.vanished is not None and story.vanished not in silent:
        yield f"{story.vanished} vanished, and was not slashed"
    for person in story.cast.clients:
        if person.name not in story.names.values():
            yield f"{person.name} did not join in time"
    if story.accuracy[-1] <= story.accuracy[0]:
        yield "the model is no better than before"
    if not story.money.conserved:
        yield "more or less money left the alliance than came into it"
    if not story.report.passed:
        yield "the verifier found a difference in the alliance"


# Showing --------------------------------------------------------------------------------------------------------------


def _show_rounds(story: AllianceStory, out: Output) -> None:
    out.heading(f"\nthe model, on {story.measured} examples that nobody had")
    rows: list[tuple[str, ...]] = [("", f"{story.accuracy[0]:.1%}", "", "", "", "", "the Arena's winner")]
    for number, (played, accuracy) in enumerate(zip(story.state.rounds, story.accuracy[1:], strict=False), 1):
        assert played.concluded is not None  # the task is over
        ended = played.concluded
        favour = sum(vote.in_favour for vote in played.votes.values())
        votes = f"{favour} of {played.voters.bit_count()}"
        amounts = (tokens(ended.paid), tokens(ended.slashed))
        rows.append(
            (str(number), f"{accuracy:.1%}", str(len(played.updates)), votes, *amounts, OUTCOMES[ended.outcome])
        )
    columns = ("round", "correct", "updates", "in favour", "paid", "slashed", "")
    out.table(Table(columns, rows, frozenset(columns[:-1])))


def _show_clients(clients: Sequence[ClientLine], out: Output) -> None:
    rows: list[tuple[str, ...]] = []
    for line in clients:
        first, *rest = line.why or ("",)
        counts = (str(line.proposed), str(line.voted), str(line.right))
        rows.append((line.name, *counts, tokens(line.earned), tokens(line.slashed), str(line.reputation), first))
        rows += [("",) * 7 + (more,) for more in rest]
    out.heading("\nthe alliance's clients (tokens)")
    columns = ("", "proposed", "voted", "right", "earned", "slashed", "reputation", "why")
    out.table(Table(columns, rows, frozenset(columns[1:-1])))


def _show_money(money: Money, out: Output) -> None:
    out.heading("\nthe alliance's money (tokens)")
    for what, parts in (("came", money.came), ("went", money.went)):
        total = tokens(sum(parts.values()))
        out.say(f"{what}  {total:>11}  {', '.join(f'{tokens(amount)} {name}' for name, amount in parts.items())}")


def _round(played: Round) -> dict[str, object]:
    assert played.concluded is not None  # the task is over
    return {
        "outcome": played.concluded.outcome.name.lower(),
        "proposers": bitmaps.members(played.proposers),
        "contributions": _medians(played),
        "verdicts": {index: judgement.verdict.name.lower() for index, judgement in sorted(played.judgements.items())},
    }
