"""Reading tasks of either contract, and following one until it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol, TypeVar

from covey.cli import durations
from covey.cli.acts.session import Connection
from covey.cli.acts.staking import when
from covey.cli.output import Output
from covey.journal import Journal
from covey.roles.decision import Decision
from covey.roles.engine import Engine, Moment, S, V
from covey.roles.errors import UnknownTask
from covey.roles.observer import Observer

_POLL: Final = 30.0


class _Posted(Protocol):
    @property
    def created_at(self) -> int: ...


class Told(Moment, Protocol):
    """A task's view that tells since when it is there, and what it waits for."""

    @property
    def state(self) -> _Posted: ...

    def waiting(self) -> Decision: ...


T = TypeVar("T", bound=Told)


def read_tasks(connection: Connection, engine: Engine[S, Any], tasks: frozenset[int] | None) -> dict[int, S]:
    """Tasks as they are now; None: all."""
    with TemporaryDirectory(prefix="covey-") as folder, Journal(Path(folder) / "journal.sqlite") as journal:
        observer = Observer(engine, connection.gateway, journal, connection.deployment, tasks)
        observer.update(connection.gateway.head())
        return observer.tasks


def find(tasks: Mapping[int, S], task: int, connection: Connection, engine: Engine[S, Any]) -> S:
    """Raises UnknownTask."""
    if task not in tasks:
        raise UnknownTask(task, engine.name, engine.contract(connection.contracts).address, engine.listing)
    return tasks[task]


def follow(
    connection: Connection,
    engine: Engine[Any, T],
    task: int,
    milestones: Callable[[T], Iterable[tuple[str, str]]],
    over: Callable[[T], bool],
    out: Output,
) -> None:
    """Tells the (stage, what happened) that are complete, and what is waited for, until the task is `over`."""
    told: set[str] = set()
    waiting = ""
    for view in moments(connection, engine, task):
        for stage, text in milestones(view):
            if stage not in told:
                told.add(stage)
                out.event({"kind": "reached", "stage": stage, "text": text, "at": view.now})
                out.say(f"{durations.show(max(0, view.now - view.state.created_at)):>8}  {stage:16}  {text}")
        if over(view):
            return
        decision = view.waiting()
        if decision.reason != waiting:
            waiting = decision.reason
            until = f", until {when(decision.until)}" if decision.until else ""
            out.event({"kind": "waits", "text": waiting, "until": decision.until})
            out.note(f"          waiting: {waiting}{until}")


def moments(connection: Connection, engine: Engine[Any, V], task: int) -> Iterator[V]:
    """The task at the latest block, and then at each new one, without end. Raises UnknownTask, ChainError."""
    gateway = connection.gateway
    with TemporaryDirectory(prefix="covey-") as folder, Journal(Path(folder) / "journal.sqlite") as journal:
        observer = Observer(engine, gateway, journal, connection.deployment, frozenset({task}))
        head = gateway.head()
        while True:
            observer.update(head)
            state = find(observer.tasks, task, connection, engine)
            yield engine.view(state, head.timestamp, head.number)
            head = gateway.wait_for_block(head, _POLL)
