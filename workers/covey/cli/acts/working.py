"""Running a worker, and telling its user what it does."""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from covey.chain import Deployment, RpcError, RpcRefused, SendPolicy, WrongChain
from covey.cli import options
from covey.cli.acts.session import connect, signer_of
from covey.cli.acts.staking import when
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.learning.families import FAMILIES
from covey.learning.task import TrainOptions
from covey.learning.trainers import load_trainer
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.arena import ARENA
from covey.roles.config import (
    KeeperConfig,
    Notice,
    RelayConfig,
    TrainerConfig,
    ValidatorConfig,
    WorkerConfig,
)
from covey.roles.engine import Engine
from covey.roles.run import ended_by_signals, run_keeper, run_trainer, run_validator
from covey.roles.strategies import TrainerStrategy, ValidatorStrategy

_EPOCHS_EVERY: Final = 2.0
"""Seconds between two lines about a training's progress."""

_POLL: Final = 30.0
_PAUSE: Final = 4.0
"""Seconds after a failure of the chain's, while waiting for a task."""


@dataclass(frozen=True)
class Common:
    """The groups of options that every worker has."""

    network: options.Network
    account: options.Account
    place: options.Place
    content: options.Content
    work: options.Work


class Reporter:
    """Turns a worker's notices into lines."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._epoch_at = 0.0

    def __call__(self, notice: Notice) -> None:
        facts = {"kind": notice.kind, "text": notice.text, "task": notice.task, "at": round(time.time(), 3)}
        self._out.event({**facts, "facts": dict(notice.facts)})
        if notice.kind == "training":
            if time.monotonic() - self._epoch_at < _EPOCHS_EVERY:
                return
            self._epoch_at = time.monotonic()
        where = "" if notice.task is None else f"task {notice.task}  "
        self._out.say(f"{time.strftime('%H:%M:%S')}  {where}{notice.kind:8}  {notice.text}{_until(notice.facts)}")


def worker_config(common: Common, role: str) -> WorkerConfig:
    """Raises DeploymentError, WalletError, CliError."""
    deployment = Deployment.load(common.network.deployment)
    signer = signer_of(common.account, common.place)
    home = common.place.home
    own = home / "workers" / f"{deployment.chain_id}-{deployment.addresses.arena[2:10].lower()}"
    return WorkerConfig(
        deployment=deployment,
        rpc=tuple(common.network.rpc),
        signer=signer,
        store=common.content.store or f"dir:{home / 'store'}",
        folder=common.work.state or own / f"{role}-{signer.address[2:10].lower()}",
        sending=SendPolicy(confirmations=common.work.confirmations),
    )


@dataclass(frozen=True)
class TrainingChoice:
    """How to train: a `user`'s own function ("module:function"), or a built-in architecture by name."""

    user: str | None
    model: str
    hyper_parameters: Mapping[str, Any]
    epochs: int
    seed: int
    device: str


def train(
    common: Common,
    task: int,
    choice: TrainingChoice,
    stake: int | None,
    relays: tuple[str, ...],
    send_itself: bool,
    strategy: str,
    out: Output,
) -> None:
    """Trains for one task until it is over."""
    config = TrainerConfig(
        worker=worker_config(common, f"trainer-{task}"),
        task=task,
        options=_training(choice),
        trainer=None if choice.user is None else load_trainer(choice.user),
        stake=stake,
        relays=relays,
        send_itself=send_itself,
        strategy=TrainerStrategy(strategy),
    )
    run_for(ARENA, task, lambda: run_trainer(config, Reporter(out)), common, out)


def validate(common: Common, task: int, stake: int | None, device: str, strategy: str, out: Output) -> None:
    """Validates one task until it is over."""
    config = ValidatorConfig(
        worker=worker_config(common, f"validator-{task}"),
        task=task,
        stake=stake,
        device=device,
        strategy=ValidatorStrategy(strategy),
    )
    run_for(ARENA, task, lambda: run_validator(config, Reporter(out)), common, out)


def keep(
    common: Common,
    tasks: frozenset[int],
    alliances: frozenset[int],
    relay: tuple[str, int] | None,
    courtesy: int,
    out: Output,
) -> None:
    """Keeps tasks and alliances moving (all, unless some are named), and relays."""
    if relay is not None:
        _require_free(*relay)
    config = KeeperConfig(
        worker=worker_config(common, "keeper"),
        tasks=tasks if tasks or alliances else None,
        alliances=alliances if tasks or alliances else None,
        relay=None if relay is None else RelayConfig(host=relay[0], port=relay[1]),
        courtesy=courtesy,
    )
    with ended_by_signals():
        for engine, named in ((ARENA, tasks), (ALLIANCE, alliances)):
            if named:
                _await_task(common, engine, max(named), out)
        run_keeper(config, Reporter(out))


def run_for(engine: Engine[Any, Any], task: int, work: Callable[[], None], common: Common, out: Output) -> None:
    """Runs a worker in one of the engine's tasks."""
    with ended_by_signals():
        _await_task(common, engine, task, out)
        work()


def _await_task(common: Common, engine: Engine[Any, Any], task: int, out: Output) -> None:
    """Waits until the task is posted, if its user said so."""
    if not common.work.wait:
        return
    report = Reporter(out)
    with connect(common.network) as connection:
        count = engine.contract(connection.contracts).call("taskCount")
        head = connection.gateway.head()
        report(Notice("ready", f"ready; waiting for task {task} to be posted", task))
        while True:
            try:
                if connection.read(count) >= task:
                    return
                head = connection.gateway.wait_for_block(head, _POLL)
            except WrongChain:
                raise
            except (RpcError, RpcRefused) as error:
                report(Notice("trouble", f"{error}; going on in {_PAUSE:.0f} s", task))
                time.sleep(_PAUSE)


def _training(choice: TrainingChoice) -> TrainOptions:
    """Raises LearningError."""
    known = {kind.name: family for family in FAMILIES.values() for kind in family.architectures}
    if choice.model not in known:
        raise CliError(f"there is no model {choice.model!r}", f"choose one of {', '.join(known)}", Exit.USAGE)
    architecture = known[choice.model].architecture(choice.model, choice.hyper_parameters)
    return TrainOptions(architecture, epochs=choice.epochs, seed=choice.seed, device=choice.device)


def _require_free(host: str, port: int) -> None:
    """Raises CliError if the relay can't listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CliError(
                f"the relay can't listen on {host}:{port} ({error.strerror})",
                "stop the program that does, or choose another port with --relay",
            ) from error


def _until(facts: Mapping[str, object]) -> str:
    until = facts.get("until")
    return f" (until {when(until)})" if isinstance(until, int) else ""


def model_folder(place: options.Place, task: int) -> Path:
    """Where a creator's paid models go."""
    return place.home / "models" / f"task-{task}"
