"""What a client, and whoever posts an Alliance task, is told when it starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from covey.apps.app import App
from covey.federated.plan import Plan
from covey.protocol.alliance.params import AllianceParams
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.models import GlobalModel
from covey.roles.config import WorkerConfig

AppMaker = Callable[[GlobalModel, AllianceDescription], App]
"""The client's training, for a task that starts from this model. Raises AppError, LearningError."""


class ClientStrategy(StrEnum):
    """Ways to behave: the honest one, and those that a demonstration shows to be worth nothing."""

    HONEST = "honest"
    SILENT = "silent"
    """Joins, and does nothing in its rounds."""
    FREE_RIDER = "free-rider"
    """Proposes an update of zeros, without training."""
    POISONER = "poisoner"
    """Proposes five times the opposite of what it learned, and votes the opposite of what it found."""


@dataclass(frozen=True)
class ClientConfig:
    """`stake` in wei (None: the task's minimum). After `patience` seconds it does what keepers left undone."""

    worker: WorkerConfig
    task: int
    app: AppMaker
    stake: int | None = None
    strategy: ClientStrategy = ClientStrategy.HONEST
    patience: int = 30


@dataclass(frozen=True)
class AlliancePlan:
    """A task to post. `reference` names it among its creator's own: posting it again finds the one that is there.

    `model` are the bytes that it starts from, `names` and `classes` as in AllianceDescription; `arena` and `arena_task`
    say where it won, if it did. `params` has to name the rule and precision of `plan`.
    """

    reference: str
    title: str
    model: bytes = field(repr=False)
    names: tuple[str, ...]
    classes: tuple[str, ...]
    plan: Plan
    params: AllianceParams
    arena_task: int = 0
