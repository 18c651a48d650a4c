"""Starting roles: what the command line and other programs call.

Each of these runs until nothing is left to do, in the thread that calls it. Ctrl-C (KeyboardInterrupt) may end it at
any instruction; started again with the same configuration, it goes on where it was.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any

from covey.roles.alliance.config import AlliancePlan, ClientConfig
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.keeping import AllianceKeeperRole
from covey.roles.alliance.posting import post_alliance
from covey.roles.alliance.taking_part import ClientRole
from covey.roles.arena import ARENA
from covey.roles.config import (
    CreatorConfig,
    KeeperConfig,
    Report,
    TaskPlan,
    TrainerConfig,
    ValidatorConfig,
    WorkerConfig,
)
from covey.roles.context import opened
from covey.roles.creating import CreatorRole, post_task
from covey.roles.duty import Duty
from covey.roles.keeping import KeeperRole
from covey.roles.training import TrainerRole
from covey.roles.validating import ValidatorRole
from covey.roles.worker import Worker


def create_task(config: WorkerConfig, plan: TaskPlan, report: Report) -> int:
    """Posts a task, or finds it posted; returns its number. See `post_task` for errors."""
    with opened(config, report) as context:
        return post_task(context, plan)


def run_trainer(config: TrainerConfig, report: Report) -> None:
    """Trains for one task, from enrolment to pay. Raises NotReady, UnknownTask, and see `Worker`."""
    with opened(config.worker, report) as context:
        Worker(context, Duty(context, ARENA, TrainerRole(context, config), frozenset({config.task}))).run()


def run_validator(config: ValidatorConfig, report: Report) -> None:
    """Validates one task, from enrolment to pay. Raises as `run_trainer`."""
    with opened(config.worker, report) as context:
        Worker(context, Duty(context, ARENA, ValidatorRole(context, config), frozenset({config.task}))).run()


def run_creator(config: CreatorConfig, report: Report) -> None:
    """Posts a task's keys in time and collects its models. Raises as `run_trainer`."""
    with opened(config.worker, report) as context:
        Worker(context, Duty(context, ARENA, CreatorRole(context, config), frozenset({config.task}))).run()


def create_alliance(config: WorkerConfig, plan: AlliancePlan, report: Report) -> int:
    """Posts an Alliance task, or finds it posted; returns its number. See `post_alliance` for errors."""
    with opened(config, report) as context:
        return post_alliance(context, plan)


def run_client(config: ClientConfig, report: Report) -> None:
    """Takes part in one Alliance task, from joining to pay. Raises as `run_trainer`."""
    with opened(config.worker, report) as context:
        Worker(context, Duty(context, ALLIANCE, ClientRole(context, config), frozenset({config.task}))).run()


def run_keeper(config: KeeperConfig, report: Report) -> None:
    """Does what is due in tasks and alliances, and relays handles' messages. Raises as `run_trainer`."""
    with ExitStack() as stack:
        context = stack.enter_context(opened(config.worker, report))
        if config.relay is not None:
            from covey.roles.relay import Relay  # an HTTP server is a lot to load for those who are none

            stack.enter_context(Relay(context, config.relay))
        duties: list[Duty[Any, Any]] = []
        if config.tasks != frozenset():
            duties.append(Duty(context, ARENA, KeeperRole(context, config), config.tasks))
        if config.alliances != frozenset():
            duties.append(Duty(context, ALLIANCE, AllianceKeeperRole(context, config.courtesy), config.alliances))
        Worker(context, *duties).run()


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM ends what runs here as Ctrl-C does, by KeyboardInterrupt. For the main thread."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
