"""Prints a task as plain tables: its state, members, handles, rounds and money.

tools/run brownie run scripts/inspect_task.py main 1 --network anvil

The argument is the task's number. Everything is told from events of the Arena and the Ledger. See `scripts/desk.py` for
the environment.
"""

from collections.abc import Iterator

from covey.chain import Record
from covey.cli.acts import survey
from covey.cli.acts.session import Connection
from covey.cli.acts.staking import when
from covey.cli.amounts import tokens
from covey.cli.output import Table
from covey.protocol.params import GWEI
from covey.protocol.phases import Cause
from covey.roles.settling import pools_of
from covey.roles.task import Member, TaskState
from covey.roles.view import View
from scripts.desk import opened, task_number, understood


def main(task: str) -> None:
    with opened() as desk, desk.connected() as connection:
        view = desk.look(connection, understood(task_number, task))
        tables = {
            f"Task {view.state.task}": state_table(view),
            "Members": members_table(view.state),
            "Handles": handles_table(view.state),
            "Rounds": rounds_table(view),
            "Money": money_table(connection, view.state),
        }
        for title, table in tables.items():
            desk.out.say()
            desk.out.heading(title)
            desk.out.table(table)


def state_table(view: View) -> Table:
    state, current = view.state, view.clock.current()
    lines = {
        "creator": state.creator,
        "description": state.uri,
        "created": when(state.created_at),
        "status": _words(state.status.name),
        "phase": _words(current.phase.name),
        "round": f"{min(current.round + 1, view.rounds)} of {view.rounds}",
        "until": when(current.deadline) if current.deadline else "",
        "ended because": "" if state.cause is Cause.NONE else _words(state.cause.name),
    }
    return Table(("what", "value"), [(name, value) for name, value in lines.items() if value])


def members_table(state: TaskState) -> Table:
    """`paid`, `slashed` and the like are those of the account's conclusion."""
    money = ("paid", "delegated", "slashed", "returned")

    def lines(role: str, members: list[Member]) -> Iterator[tuple[str, ...]]:
        for index, member in enumerate(members):
            handle = "" if member.handle is None else str(member.handle)
            concluded = member.concluded or {}
            moved = (tokens(concluded[name]) if name in concluded else "" for name in money)
            yield role, str(index), member.operator, tokens(member.stake * GWEI), handle, *moved

    return Table(
        ("role", "place", "operator", "stake", "handle", *money),
        [*lines("trainer", state.trainers), *lines("validator", state.validators)],
        frozenset({"place", "stake", "handle", *money}),
    )


def handles_table(state: TaskState) -> Table:
    """The bitmaps have one sign per round: c committed, P published, D published and delivered to the creator."""

    def sign(index: int, round_: int) -> str:
        handle = state.handles[index]
        if round_ in handle.published:
            return "D" if round_ in handle.delivered else "P"
        return "c" if round_ in handle.committed else "-"

    rows = [
        (str(i), handle.address, "".join(sign(i, r) for r in range(len(state.rounds))), str(handle.messages))
        for i, handle in enumerate(state.handles)
    ]
    return Table(("handle", "address", "rounds", "messages"), rows, frozenset({"handle", "messages"}))


def rounds_table(view: View) -> Table:
    state = view.state
    pools = pools_of(state) if state.total_weight else None
    rows = []
    for index, data in enumerate(state.rounds):
        settled = data.settled or {}
        rows.append(
            (
                str(index + 1),
                _words(view.round_phase(index).name) if index >= view.settled else "empty" if data.empty else "settled",
                str(len(data.publications)),
                "yes" if data.key else "",
                str(len(data.commitments)),
                str(len(data.reveals)),
                str(len(data.vectors)),
                str(settled.get("counted", "")),
                " ".join(map(str, settled.get("winners", ()))),
                tokens(pools.trainers[index]) if pools else "",
                tokens(pools.validators[index]) if pools else "",
            )
        )
    counts = ("models", "commits", "reveals", "vectors", "counted", "for trainers", "for validators")
    return Table(
        ("round", "phase", "models", "key", *counts[1:5], "winners", *counts[5:]), rows, frozenset({"round", *counts})
    )


def money_table(connection: Connection, state: TaskState) -> Table:
    """Everything that went into and out of the task's bucket in the Ledger, and what is left there."""
    ledger, arena = connection.contracts.ledger, connection.contracts.arena.address
    bucket = (survey.words([arena]), (state.task.to_bytes(32),))
    records = survey.history(connection, ledger, ("Charged", "Paid", "Burnt"), bucket)
    rows = [_flow(record) for record in records]
    left = connection.read(ledger.call("bucketOf", arena, state.task))
    rows.append(("left", "", tokens(left, places=18)))
    return Table(("what", "account", "tokens"), rows, frozenset({"tokens"}))


def _flow(record: Record) -> tuple[str, str, str]:
    given = record.arguments
    account = given.get("payer") or given.get("account") or ""
    return record.name.lower(), account, tokens(given["amount"], places=18)


def _words(name: str) -> str:
    return name.replace("_", " ").lower()
