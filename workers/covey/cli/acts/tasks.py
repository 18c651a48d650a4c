"""Looking at tasks: nothing here trains, scores or imports what does."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from covey.cli import durations
from covey.cli.acts.following import find, follow, read_tasks
from covey.cli.acts.session import Connection
from covey.cli.acts.staking import when
from covey.cli.amounts import tokens
from covey.cli.output import Output, Table
from covey.protocol.params import GWEI
from covey.protocol.phases import Cause, Phase, Status
from covey.roles.arena import ARENA
from covey.roles.description import Description, fetch_description
from covey.roles.milestones import milestones
from covey.roles.standings import Standing, standings
from covey.roles.task import Member, TaskState
from covey.roles.view import View
from covey.storage import StoreError, open_store

_LISTED: Final = 20


def show_list(connection: Connection, everything: bool, out: Output) -> None:
    """The newest tasks, or all."""
    arena = connection.contracts.arena
    count = connection.read(arena.call("taskCount"))
    numbers = range(count, 0 if everything else max(0, count - _LISTED), -1)
    phases = connection.read_each([arena.call("phaseOf", task) for task in numbers])
    progresses = connection.read_each([arena.call("progressOf", task) for task in numbers])
    now = connection.gateway.head().timestamp
    rows, facts = [], []
    for task, (phase, round_, deadline), progress in zip(numbers, phases, progresses, strict=True):
        name = Phase(phase).name.lower().replace("_", " ")
        facts.append(
            {
                "task": task,
                "status": Status(progress["status"]).name.lower(),
                "phase": name,
                "round": round_ + 1,
                "deadline": deadline or None,
                "trainers": progress["trainers"],
                "validators": progress["validators"],
            }
        )
        left = durations.show(max(0, deadline - now)) if deadline else ""
        rows.append((str(task), name, str(round_ + 1), left, str(progress["trainers"]), str(progress["validators"])))
    out.result(facts)
    if not rows:
        out.say("no task was posted yet: 'covey task create' posts one")
        return
    numeric = frozenset({"task", "round", "trainers", "validators"})
    out.table(Table(("task", "waits for", "round", "left", "trainers", "validators"), rows, numeric))
    if len(rows) < count:
        out.note(f"the newest {len(rows)} of {count}; --all shows all")


def show(connection: Connection, task: int, store: str, out: Output) -> None:
    """Everything about one task."""
    head = connection.gateway.head()
    state = find(read_tasks(connection, ARENA, frozenset({task})), task, connection, ARENA)
    view = View(state, head.timestamp, head.number)
    description = None
    with suppress(StoreError):
        description = fetch_description(state.uri, state.params.rounds, open_store(store))
    found = standings(state)
    out.result(
        {
            "task": task,
            "title": description.title if description else None,
            "status": state.status.name.lower(),
            "cause": state.cause.name.lower(),
            "waits_for": view.waiting().reason,
            "until": view.waiting().until,
            "creator": state.creator,
            "uri": state.uri,
            "params": asdict(state.params),
            "trainers": [_member(member) for member in state.trainers],
            "validators": [_member(member) for member in state.validators],
            "rounds": [asdict(standing) for standing in found],
        }
    )
    _show_head(view, description, out)
    _show_members(state, out)
    for standing in found:
        show_standing(state, standing, {}, out)


def watch(connection: Connection, task: int, out: Output) -> None:
    """Tells what happens in a task until it is finished."""
    follow(connection, ARENA, task, milestones, lambda view: view.state.status is Status.FINISHED, out)


def show_standing(state: TaskState, standing: Standing, names: Mapping[str, str], out: Output) -> None:
    """A round's leaderboard; `names` of operators."""
    rows = []
    for line in standing.models:
        who = "not opened"
        if line.trainer is not None:
            operator = state.trainers[line.trainer].operator
            who = names.get(operator, operator)
        correct = "" if line.correct is None else f"{line.correct:.2%}"
        pay = tokens(line.pay) if line.pay else ""
        since = str(line.since + 1) if line.rank else ""
        model = f"handle {line.handle}"
        rows.append((str(line.rank or ""), model, who, str(line.consensus), correct, since, pay, line.note))
    last = " (B)" if standing.round == state.params.rounds - 1 else " (A)"
    out.heading(f"\nround {standing.round + 1}{last}: {standing.counted} models above the baseline")
    numeric = frozenset({"rank", "score", "correct", "since round", "earned"})
    out.table(Table(("rank", "model", "trainer", "score", "correct", "since round", "earned", ""), rows, numeric))


def _show_head(view: View, description: Description | None, out: Output) -> None:
    state, params = view.state, view.state.params
    waiting = view.waiting()
    until = f" (until {when(waiting.until)})" if waiting.until else ""
    rows = [
        ("title", description.title if description else f"not in this store: {state.uri}"),
        ("status", state.status.name.lower() + (f", {_words(state.cause)}" if state.cause else "")),
        ("waits for", waiting.reason + until if state.status is not Status.FINISHED else "nothing"),
        ("posted", f"{when(state.created_at)} by {state.creator}"),
        ("bounty, bond", f"{tokens(params.bounty)}, {tokens(params.bond)}"),
        ("stake of trainers", f"at least {tokens(params.min_trainer_stake * GWEI)}"),
        ("stake of validators", f"at least {tokens(params.min_validator_stake * GWEI)}"),
        ("message quota", f"{params.quota} units, {tokens(params.quota * params.relay_fee)} prepaid by a trainer"),
        ("phases", ", ".join(f"{name} {durations.show(length)}" for name, length in asdict(params.lengths).items())),
    ]
    if description:
        spec = description.task
        rows.insert(1, ("family", f"{spec.family}, inputs {spec.input_shape}, {spec.classes} classes"))
    out.table(Table((f"task {state.task}", ""), rows))


def _show_members(state: TaskState, out: Output) -> None:
    rows = [
        (f"{role} {index}", member.operator, tokens(member.stake * GWEI), *_fate(member))
        for role, members in (("trainer", state.trainers), ("validator", state.validators))
        for index, member in enumerate(members)
    ]
    if rows:
        out.say()
        numeric = frozenset({"locked", "earned", "slashed"})
        out.table(Table(("member", "operator", "locked", "earned", "slashed"), rows, numeric))


def _fate(member: Member) -> tuple[str, str]:
    if member.concluded is None:
        return "", ""
    return tokens(member.concluded["paid"] + member.concluded["delegated"]), tokens(member.concluded["slashed"])


def _member(member: Member) -> dict[str, Any]:
    concluded = member.concluded
    return {
        "operator": member.operator,
        "hot_key": member.hot_key,
        "stake_gwei": member.stake,
        "handle": member.handle,
        "concluded": None if concluded is None else {k: str(v) for k, v in concluded.items() if k != "task"},
    }


def _words(cause: Cause) -> str:
    return cause.name.lower().replace("_", " ")
