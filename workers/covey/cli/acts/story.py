"""How a task ended: leaderboards, who earned and lost what and why, gas by step, and the verifier's verdict."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from covey.chain import Record
from covey.cli.acts.tasks import show_standing
from covey.cli.amounts import tokens
from covey.cli.output import Output, Table
from covey.network import Cast
from covey.network.gas import GasLine
from covey.protocol.params import GWEI
from covey.protocol.phases import Cause
from covey.roles.standings import Reason, standings, trainer_reasons, validator_reasons
from covey.roles.task import Member, TaskState
from covey.verify.report import Report, text


@dataclass(frozen=True)
class Story:
    """A finished task. `names` by address; `records` are all events since the deployment."""

    state: TaskState
    records: Sequence[Record]
    cast: Cast
    names: dict[str, str]
    gas: Sequence[GasLine]
    report: Report


@dataclass(frozen=True)
class AccountLine:
    """One person's outcome, in wei."""

    name: str
    role: str
    locked: int
    earned: int
    slashed: int
    why: tuple[str, ...]


def tell(story: Story, out: Output) -> list[str]:
    """Prints everything; returns what is not as it should be."""
    state = story.state
    boards = standings(state)
    for standing in boards:
        show_standing(state, standing, story.names, out)
    accounts = list(account_lines(story))
    _show_accounts(accounts, out)
    show_gas(story.gas, out)
    show_verdict(story.report, "the exported bundle alone", out)
    problems = list(_problems(story, accounts))
    out.event(
        {
            "kind": "story",
            "rounds": [asdict(standing) for standing in boards],
            "accounts": [asdict(line) for line in accounts],
            "gas": [asdict(line) | {"mean": line.mean} for line in story.gas],
            "verdict": "PASS" if story.report.passed else "FAIL",
            "problems": problems,
        }
    )
    return problems


def account_lines(story: Story) -> Iterator[AccountLine]:
    """Everybody's, in the order of the cast."""
    state = story.state
    notes = {person.name: person.note for person in story.cast.everybody}
    for role, members, reasons in (
        ("trainer", state.trainers, trainer_reasons),
        ("validator", state.validators, validator_reasons),
    ):
        for index, member in sorted(enumerate(members), key=lambda item: _place(story, item[1].operator)):
            name = story.names.get(member.operator, member.operator)
            why = [notes[name]] if notes.get(name) else []
            why += map(_reason, reasons(state, index))
            paid = _of(member, "paid")
            if delegated := _of(member, "delegated"):
                why.append(f"of {tokens(paid + delegated)} earned, {tokens(delegated)} went to delegators")
            yield AccountLine(name, role, member.stake * GWEI, paid, _of(member, "slashed"), tuple(why))
    yield from _helpers(story)


def _helpers(story: Story) -> Iterator[AccountLine]:
    earned: dict[str, dict[str, int]] = {}

    def add(address: str, what: str, amount: int) -> None:
        parts = earned.setdefault(story.names.get(address, address), {})
        parts[what] = parts.get(what, 0) + amount

    for record in story.records:
        a = record.arguments
        match record.name:
            case "KeeperPaid":
                add(a["keeper"], "for keeper's acts", a["amount"])
            case "RelayPaid":
                add(a["relay"], f"for {a['units']} message units relayed", a["amount"])
            case "DelegationClaimed":
                add(a["delegator"], f"for delegating to {story.names.get(a['operator'], a['operator'])}", a["amount"])
    members = {member.operator for member in (*story.state.trainers, *story.state.validators)}
    roles = {person.name: "delegator" for person in story.cast.delegators} | {story.cast.keeper.name: "keeper"}
    own = {story.names.get(operator, operator) for operator in members}
    for name, parts in earned.items():
        if name not in own:
            why = tuple(f"{tokens(amount)} {what}" for what, amount in parts.items())
            yield AccountLine(name, roles.get(name, "helper"), 0, sum(parts.values()), 0, why)
    finished = story.state.finished or {}
    given = tokens(story.state.params.bounty + story.state.params.bond)
    creator = story.names.get(story.state.creator, story.state.creator)
    yield AccountLine(
        creator, "creator", 0, finished.get("refunded", 0), 0, (f"what is left of bounty and bond, {given}",)
    )


def _problems(story: Story, accounts: Iterable[AccountLine]) -> Iterator[str]:
    """What a demonstration must not show."""
    if story.state.cause is not Cause.COMPLETED:
        yield f"the task ended early: {story.state.cause.name.lower().replace('_', ' ')}"
    faulty = {person.name for person in story.cast.everybody if person.faulty}
    for line in accounts:
        if line.slashed and line.name not in faulty:
            yield f"{line.name} was slashed, though it is not at fault: it may have missed a deadline"
        if not line.slashed and line.name in faulty:
            yield f"{line.name} was not slashed"
    expected = {person.name for person in (*story.cast.trainers, *story.cast.validators)}
    for name in sorted(expected - {line.name for line in accounts}):
        yield f"{name} did not enrol in time"
    if not story.report.passed:
        yield "the verifier found a difference"


def _show_accounts(accounts: Sequence[AccountLine], out: Output) -> None:
    rows: list[tuple[str, ...]] = []
    for line in accounts:
        amounts = (tokens(line.locked) if line.locked else "", tokens(line.earned), tokens(line.slashed))
        first, *rest = line.why or ("",)
        rows.append((line.name, line.role, *amounts, first))
        rows += [("", "", "", "", "", more) for more in rest]
    out.heading("\nwho earned, and who lost (tokens)")
    numeric = frozenset({"locked", "earned", "slashed"})
    out.table(Table(("", "role", "locked", "earned", "slashed", "why"), rows, numeric))


def show_gas(lines: Sequence[GasLine], out: Output) -> None:
    """A table of what each step cost."""
    rows = [(line.step, str(line.count), f"{line.least:,}", f"{line.mean:,}", f"{line.most:,}") for line in lines]
    out.heading("\ngas by step")
    numeric = frozenset({"times", "least", "mean", "most"})
    out.table(Table(("", "times", "least", "mean", "most"), rows, numeric))


def show_verdict(report: Report, source: str, out: Output) -> None:
    """What the verifier found in a source, without its table of accounts, which says what the one above does."""
    out.heading(f"\nverifier, from {source}")
    for line in text(report).rstrip().splitlines():
        if not line.startswith((" ", "accounts")):
            out.say(line)


def _reason(reason: Reason) -> str:
    amounts = [f"+{tokens(reason.earned)}"] if reason.earned else []
    amounts += [f"-{tokens(reason.slashed)}"] if reason.slashed else []
    return f"{reason.text} ({', '.join(amounts)})" if amounts else reason.text


def _of(member: Member, what: str) -> int:
    return 0 if member.concluded is None else int(member.concluded[what])


def _place(story: Story, operator: str) -> int:
    order: list[Any] = [person.name for person in story.cast.everybody]
    name = story.names.get(operator)
    return order.index(name) if name in order else len(order)
