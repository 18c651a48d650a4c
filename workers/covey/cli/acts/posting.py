"""Posting tasks, and serving them as their creator."""

import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from covey.chain import RpcError, TransactionStuck
from covey.cli import durations
from covey.cli.acts.working import Common, Reporter, model_folder, worker_config
from covey.cli.exits import Exit
from covey.cli.failures import CliError, explain
from covey.cli.output import Output
from covey.learning.data import Dataset, load
from covey.learning.families import FAMILIES
from covey.learning.scoring import baseline
from covey.protocol.alliance.params import Lengths as AllianceLengths
from covey.protocol.params import DEMO, GWEI, STANDARD, Lengths, TaskParams
from covey.roles.config import CreatorConfig, TaskPlan
from covey.roles.run import create_task, ended_by_signals, run_creator

L = TypeVar("L", Lengths, AllianceLengths)

SCHEDULES: Final[Mapping[str, Lengths]] = {"standard": STANDARD, "demo": DEMO}


@dataclass(frozen=True)
class DataChoice:
    """Which data, and how to read it: see `covey.learning.data.load`."""

    source: str
    family: str | None
    label: str | None
    image_side: int | None


@dataclass(frozen=True)
class Terms:
    """What a task offers and asks, in wei; `overrides` names parameters of docs/protocol.md, section 2."""

    bounty: int
    bond: int | None
    trainer_stake: int
    validator_stake: int
    schedule: str
    overrides: Mapping[str, str]


def create(
    common: Common,
    title: str | None,
    reference: str | None,
    choice: DataChoice,
    rounds: int,
    terms: Terms,
    stay: bool,
    models: Path | None,
    out: Output,
) -> None:
    """Posts a task; then (`stay`) posts its keys in time and collects its models, until it is finished."""
    config = worker_config(common, "creator")
    limits = config.deployment.parameters

    def params(shards: tuple[Dataset, ...]) -> TaskParams:
        chosen = task_params(shards, rounds, terms)
        chosen.check_deployment(limits.min_phase, limits.unbonding)
        return chosen

    data = load(choice.source, choice.label, choice.image_side)
    plan = TaskPlan(
        reference=reference or secrets.token_hex(8),
        title=title or f"{Path(choice.source).name}, {rounds} rounds",
        family=choice.family or family_for(data),
        data=data,
        rounds=rounds,
        params=params,
    )
    with ended_by_signals():
        with resumable(plan.reference), out.step("encrypting the hidden data and posting the task"):
            task = create_task(config, plan, Reporter(out))
        out.event({"kind": "posted", "task": task, "reference": plan.reference})
        out.say(f"posted task {task}; if this is interrupted, go on with 'covey task serve {task}'")
        if stay:
            folder = models or model_folder(common.place, task)
            run_creator(CreatorConfig(config, task, folder), Reporter(out))


@contextmanager
def resumable(reference: str) -> Iterator[None]:
    """Tells how to go on after being cut off: under another reference, a second task would be posted."""
    again = f"start again with --reference {reference}, so that no second task is posted"
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; to go on, {again}") from None
    except (RpcError, TransactionStuck) as error:
        failure = explain(error)
        raise CliError(failure.what, f"{failure.advice}; {again}", failure.exit) from error


def serve(common: Common, task: int, models: Path | None, out: Output) -> None:
    """Goes on with a posted task as its creator."""
    config = worker_config(common, "creator")
    with ended_by_signals():
        run_creator(CreatorConfig(config, task, models or model_folder(common.place, task)), Reporter(out))


def task_params(shards: tuple[Dataset, ...], rounds: int, terms: Terms) -> TaskParams:
    """The rules that follow from the terms and the hidden data. Raises CliError, ParamOutOfRange."""
    if terms.schedule not in SCHEDULES:
        raise CliError(f"there is no schedule {terms.schedule!r}", f"choose one of {', '.join(SCHEDULES)}", Exit.USAGE)
    names = {field.name for field in fields(TaskParams)} - {"rounds", "lengths", "bounty", "bond"}
    lengths, rules = overridden(SCHEDULES[terms.schedule], names, terms.overrides, "docs/protocol.md, section 2,")
    members = rules.get("max_trainers", TaskParams.max_trainers) + rules.get(
        "max_validators", TaskParams.max_validators
    )
    examples = min(map(len, shards))
    # Half of the tenth of the bounty that may go to keepers, for every act and account that there can be.
    fee = terms.bounty // 20 // (2 + 2 * rounds + members)
    chosen: dict[str, Any] = {
        "min_trainer_stake": terms.trainer_stake // GWEI,
        "min_validator_stake": terms.validator_stake // GWEI,
        "bounty": terms.bounty,
        "bond": terms.bounty // 10 if terms.bond is None else terms.bond,
        "keeper_fee": fee,
        "relay_fee": fee // 4,
        "lengths": lengths,
        "baseline": max(map(baseline, shards)),
    }
    return TaskParams.for_counts(examples, examples, rounds=rounds, **(chosen | rules))


def overridden(lengths: L, names: Collection[str], overrides: Mapping[str, str], page: str) -> tuple[L, dict[str, int]]:
    """The lengths, and the parameters among `names`, that --set options choose; `page` has all. Raises CliError."""
    rules: dict[str, int] = {}
    for name, text in overrides.items():
        if name in vars(lengths):
            try:
                lengths = replace(lengths, **{name: durations.parse(text)})
            except ValueError as error:
                raise CliError(f"--set {name}: {error}", f"write for example --set {name}=2h", Exit.USAGE) from error
        elif name in names and text.isdecimal():
            rules[name] = int(text)
        else:
            raise CliError(
                f"--set {name}={text} sets no parameter to a number",
                f"{page} has their names, units and ranges",
                Exit.USAGE,
            )
    return lengths, rules


def family_for(data: Dataset) -> str:
    """The first family whose inputs look like these."""
    for name, family in FAMILIES.items():
        with suppress(ValueError):
            family.check_input(data.input_shape)
            return name
    raise CliError(
        f"no family takes inputs of shape {data.input_shape}", "reshape the data to rows or images", Exit.LEARNING
    )
