"""Posting alliances, looking at them, and leaving them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from covey.cli import durations
from covey.cli.acts.following import find, follow, read_tasks
from covey.cli.acts.posting import family_for, overridden, resumable
from covey.cli.acts.session import Connection, Session
from covey.cli.acts.staking import when
from covey.cli.acts.working import Common, Reporter, worker_config
from covey.cli.amounts import tokens
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.cli.settings import names_in
from covey.federated.errors import FederatedError
from covey.federated.plan import parse, plan_of
from covey.learning.artefact import encode
from covey.learning.data import Dataset, load
from covey.learning.families import FAMILIES
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import DEMO, STANDARD, AllianceParams, Lengths
from covey.protocol.alliance.phases import Cause, Phase
from covey.roles.alliance.config import AlliancePlan
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel
from covey.roles.alliance.state import AllianceState, Round
from covey.roles.alliance.story import OUTCOMES, VERDICTS, milestones
from covey.roles.alliance.view import AllianceView
from covey.roles.run import create_alliance, ended_by_signals

SCHEDULES: Final[Mapping[str, Lengths]] = {"standard": STANDARD, "demo": DEMO}

_LISTED: Final = 20


@dataclass(frozen=True)
class Start:
    """What a task starts from: a file, or an architecture (`model`) that knows nothing, made for `data`."""

    model: str
    data: str | None
    names: Path | None
    classes: str | None
    arena_task: int


@dataclass(frozen=True)
class Aggregation:
    """See `covey.federated.plan.plan_of`."""

    rule: str
    parameters: Mapping[str, Any]
    mixing: int


@dataclass(frozen=True)
class Terms:
    """What a task offers and asks, in wei; `overrides` names parameters of docs/alliance.md, section 2."""

    pool: int
    rounds: int
    stake: int
    schedule: str
    overrides: Mapping[str, str]


def create(
    common: Common,
    title: str | None,
    reference: str | None,
    start: Start,
    aggregation: Aggregation,
    terms: Terms,
    out: Output,
) -> None:
    """Posts a task. Raises CliError, LearningError, FederatedError, ParamOutOfRange, and see `post_alliance`."""
    chosen, lengths = _chosen(terms)
    bits = chosen.get("fraction_bits", AllianceParams.fraction_bits)
    rule = {"name": aggregation.rule, **aggregation.parameters}
    plan = plan_of(rule, aggregation.mixing, fraction_bits=bits)
    params = AllianceParams(**{**chosen, "rule": plan.rule.number}, lengths=lengths)
    model, names = _model(start), () if start.names is None else names_in(start.names)
    decoded = GlobalModel.decode(model, names)
    wanted = AlliancePlan(
        reference=reference or secrets.token_hex(8),
        title=title or f"{Path(start.model).name}, {terms.rounds} rounds",
        model=model,
        names=names,
        classes=_classes(start.classes, decoded),
        plan=plan,
        params=params,
        arena_task=start.arena_task,
    )
    config = worker_config(common, "creator")
    with ended_by_signals(), resumable(wanted.reference), out.step("posting the task"):
        task = create_alliance(config, wanted, Reporter(out))
    out.event({"kind": "posted", "task": task, "reference": wanted.reference})
    out.say(f"posted alliance {task}; follow it with 'covey fl watch {task}'")


def show_list(connection: Connection, out: Output) -> None:
    """The newest tasks."""
    alliance = connection.contracts.alliance
    count = connection.read(alliance.call("taskCount"))
    numbers = range(count, max(0, count - _LISTED), -1)
    phases = connection.read_each([alliance.call("phaseOf", task) for task in numbers])
    now = connection.gateway.head().timestamp
    facts = [
        {"task": task, "phase": Phase(phase).name.lower(), "round": round_ + 1, "deadline": deadline or None}
        for task, (phase, round_, deadline) in zip(numbers, phases, strict=True)
    ]
    out.result(facts)
    if not facts:
        out.say("no alliance was posted yet: 'covey fl create' posts one")
        return
    rows = []
    for fact in facts:
        deadline = fact["deadline"]
        left = durations.show(max(0, deadline - now)) if isinstance(deadline, int) else ""
        rows.append((str(fact["task"]), str(fact["phase"]), str(fact["round"]), left))
    out.table(Table(("alliance", "waits for", "round", "left"), rows, frozenset({"alliance", "round"})))


def show(connection: Connection, task: int, out: Output) -> None:
    """Everything about one task."""
    head = connection.gateway.head()
    state = find(read_tasks(connection, ALLIANCE, frozenset({task})), task, connection, ALLIANCE)
    view = AllianceView(state, head.timestamp, head.number)
    waiting = view.waiting()
    out.result(
        {
            "task": task,
            "status": state.status.name.lower(),
            "cause": state.cause.name.lower(),
            "waits_for": waiting.reason,
            "until": waiting.until,
            "creator": state.creator,
            "uri": state.terms.uri,
            "rule": _rule(state.terms.rule_parameters),
            "model": state.model,
            "pool": str(state.pool),
            "params": asdict(state.params),
            "clients": [_client(view, index) for index in sorted(state.clients)],
            "rounds": [_round(played) for played in state.rounds],
        }
    )
    until = f" (until {when(waiting.until)})" if waiting.until else ""
    rows = [
        (
            "status",
            state.status.name.lower() + (f", {_words(state.cause.name)}" if state.cause is not Cause.NONE else ""),
        ),
        ("waits for", "nothing" if view.ended else waiting.reason + until),
        ("posted", f"{when(state.created_at)} by {state.creator}"),
        ("rule", state.terms.rule_parameters),
        ("pool left", tokens(state.pool)),
        ("stake", f"at least {tokens(state.params.min_stake)}"),
        ("model", "0x" + state.model.hex()),
    ]
    out.table(Table((f"alliance {task}", ""), rows))
    _show_clients(view, out)
    for index, played in enumerate(state.rounds):
        _show_round(state, index, played, out)


def watch(connection: Connection, task: int, out: Output) -> None:
    """Tells what happens in a task until it is over."""
    follow(connection, ALLIANCE, task, milestones, lambda view: view.ended, out)


def leave(session: Session, task: int) -> None:
    """Leaves for good. Raises CliError for an account that has no place, ContractError."""
    connection, alliance = session.connection, session.contracts.alliance
    state = find(read_tasks(connection, ALLIANCE, frozenset({task})), task, connection, ALLIANCE)
    place = state.place(session.address)
    if place is None:
        raise CliError(
            f"{session.address} has no place in alliance {task}", "use the key that joined it: --keystore", Exit.USAGE
        )
    receipt = session.send("leaving", alliance.call("quit", task, place))
    session.out.result({"client": place, "transaction": "0x" + receipt.transaction.hex()})
    session.out.say(f"left alliance {task}; 'covey fl join {task}' collects stake and pay once its round is settled")


# Showing --------------------------------------------------------------------------------------------------------------


def _rule(text: str) -> object:
    """A task's aggregation as an object; as its text if that is no plan, as anybody may post anything."""
    try:
        parse(text.encode(errors="surrogateescape"))
    except FederatedError:
        return text
    return json.loads(text)


def _show_clients(view: AllianceView, out: Output) -> None:
    state = view.state
    rows = [
        (
            str(index),
            client.operator,
            view.standing(index),
            tokens(client.stake),
            tokens(client.joined - client.stake),
            tokens(client.earned),
            str(client.reputation),
        )
        for index, client in sorted(state.clients.items())
    ]
    if rows:
        out.say()
        columns = ("client", "operator", "is", "stake", "slashed", "to collect", "reputation")
        out.table(Table(columns, rows, frozenset({"client", "stake", "slashed", "to collect", "reputation"})))


def _show_round(state: AllianceState, index: int, played: Round, out: Output) -> None:
    concluded = played.concluded
    out.heading(f"\nround {index + 1}: {'running' if concluded is None else OUTCOMES[concluded.outcome]}")
    if concluded is not None:
        out.say(
            f"{tokens(concluded.paid)} paid, {tokens(concluded.slashed)} slashed ({tokens(concluded.burnt)} burnt); "
            f"weight {concluded.in_favour} in favour, {concluded.against} against"
        )
    medians = dict(zip(sorted(played.updates), concluded.medians if concluded else (), strict=False))
    rows = []
    for client in bitmaps.members(played.proposers | played.voters):
        update, vote, judgement = played.updates.get(client), played.votes.get(client), played.judgements.get(client)
        what = f"{update.samples} samples" if update else ""
        if vote is not None:
            what = "in favour" if vote.in_favour else "against"
        rows.append(
            (
                str(client),
                "proposer" if bitmaps.has(played.proposers, client) else "voter",
                what,
                str(medians.get(client, "")),
                tokens(judgement.reward) if judgement else "",
                tokens(judgement.slash) if judgement else "",
                VERDICTS[judgement.verdict] if judgement else "",
            )
        )
    columns = ("client", "role", "did", "contribution", "earned", "slashed", "")
    out.table(Table(columns, rows, frozenset({"client", "contribution", "earned", "slashed"})))


def _client(view: AllianceView, index: int) -> dict[str, Any]:
    client = view.state.clients[index]
    facts = {
        name: str(value) if name in ("stake", "earned", "joined") else value for name, value in vars(client).items()
    }
    return {"client": index, "is": view.standing(index), **facts, "collectable": str(view.collectable(index))}


def _round(played: Round) -> dict[str, Any]:
    concluded = played.concluded
    return {
        "proposers": bitmaps.members(played.proposers),
        "voters": bitmaps.members(played.voters),
        "outcome": None if concluded is None else concluded.outcome.name.lower(),
        "accepted": bitmaps.members(concluded.accepted) if concluded else (),
        "contributions": dict(zip(sorted(played.updates), concluded.medians if concluded else (), strict=False)),
        "judgements": {
            client: {
                "verdict": judgement.verdict.name.lower(),
                "reward": str(judgement.reward),
                "slash": str(judgement.slash),
                "reputation": judgement.reputation,
            }
            for client, judgement in sorted(played.judgements.items())
        },
    }


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


# Posting --------------------------------------------------------------------------------------------------------------


def _chosen(terms: Terms) -> tuple[dict[str, int], Lengths]:
    """The parameters that the terms choose, but for the rule. Raises CliError."""
    if terms.schedule not in SCHEDULES:
        raise CliError(f"there is no schedule {terms.schedule!r}", f"choose one of {', '.join(SCHEDULES)}", Exit.USAGE)
    names = {field.name for field in fields(AllianceParams)} - {"rounds", "lengths", "pool", "rule", "min_stake"}
    lengths, rules = overridden(SCHEDULES[terms.schedule], names, terms.overrides, "docs/alliance.md, section 2,")
    # Half of the tenth of the pool that may go to keepers.
    fee = terms.pool // 20 // (1 + 2 * terms.rounds)
    chosen = {"rounds": terms.rounds, "min_stake": terms.stake, "pool": terms.pool, "keeper_fee": fee}
    return chosen | rules, lengths


def _model(start: Start) -> bytes:
    """The bytes of the model that a task starts from. Raises CliError, LearningError."""
    kinds = {kind.name for family in FAMILIES.values() for kind in family.architectures}
    if start.model not in kinds:
        try:
            return Path(start.model).read_bytes()
        except OSError as error:
            raise CliError(
                f"the model {start.model} can't be read ({error.strerror})",
                f"name a file, or one of {', '.join(sorted(kinds))} with --data",
                Exit.USAGE,
            ) from error
    if start.data is None:
        raise CliError(f"--start {start.model} needs data", "say for which data it is: --data PATH", Exit.USAGE)
    return _fresh(start.model, load(start.data))


def _fresh(name: str, data: Dataset) -> bytes:
    """A model that knows nothing but the data's shape and scale."""
    from covey.learning.training import untrained  # torch takes seconds to import

    family = FAMILIES[family_for(data)]
    return encode(untrained(family.task(data), family.architecture(name), 0, data))


def _classes(given: str | None, model: GlobalModel) -> tuple[str, ...]:
    """Labels in the order of a Covey model's outputs. Raises CliError."""
    if model.own is None:
        return ()
    classes = tuple(map(str, range(model.own.classes))) if given is None else tuple(given.split(","))
    if len(set(classes)) != model.own.classes:
        raise CliError(
            f"--classes names {len(set(classes))} labels, the model has {model.own.classes} outputs",
            "name one label for each output, in their order",
            Exit.USAGE,
        )
    return classes
