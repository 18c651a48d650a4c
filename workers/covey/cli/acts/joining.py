"""Taking part in an alliance, with one's own app or with Covey's families."""

from __future__ import annotations

from dataclasses import dataclass

from covey.apps.app import App, AppError
from covey.apps.isolated import IsolatedApp, Source
from covey.cli.acts.working import Common, Reporter, run_for, worker_config
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.learning.data import load
from covey.roles.alliance.config import AppMaker, ClientConfig, ClientStrategy
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel
from covey.roles.run import run_client


@dataclass(frozen=True)
class OwnTraining:
    """How Covey's own families train: see `covey.learning.local.LocalOptions`; `label` and `image_side` as in
    `covey.learning.data.load`."""

    label: str | None
    image_side: int | None
    epochs: int
    batch_size: int
    learning_rate: float
    proximal: float
    held_out: float
    seed: int
    device: str


@dataclass(frozen=True)
class AppChoice:
    """Whose training: the user's `app`, which may take `limit` seconds for anything, or, without one, Covey's on
    `data`."""

    data: str | None
    app: Source | None
    limit: int
    own: OwnTraining


def join(common: Common, task: int, choice: AppChoice, stake: int | None, strategy: str, out: Output) -> None:
    """Takes part until the task is over. Raises CliError, AppError."""
    if choice.app is None and choice.data is None:
        raise CliError("there is nothing to train on", "say --data PATH, or --app PATH", Exit.USAGE)
    config = ClientConfig(
        worker=worker_config(common, f"client-{task}"),
        task=task,
        app=_own(choice.data, choice.own) if choice.app is None else _users(choice.app, choice.limit),
        stake=stake,
        strategy=ClientStrategy(strategy),
    )
    run_for(ALLIANCE, task, lambda: run_client(config, Reporter(out)), common, out)


def _own(source: str | None, own: OwnTraining) -> AppMaker:
    """Covey's families on the data at `source`, whose labels the task names."""
    # torch takes seconds to import: here, before the task's clock runs.
    from covey.apps.own import OwnApp
    from covey.learning.local import LocalOptions

    def make(model: GlobalModel, description: AllianceDescription) -> App:
        if model.own is None or source is None:
            raise AppError("the task's model is none of Covey's families: join with --app PATH")
        options = LocalOptions(
            epochs=own.epochs,
            batch_size=own.batch_size,
            learning_rate=own.learning_rate,
            proximal=own.proximal,
            seed=own.seed,
            device=own.device,
        )
        data = load(source, own.label, own.image_side, description.classes)
        return OwnApp(model.own, data, options, own.held_out)

    return make


def _users(source: Source, limit: int) -> AppMaker:
    """The user's own app, loaded at once: what is wrong with it is said before anything is joined."""
    app = IsolatedApp(source, limit)
    return lambda model, description: app
