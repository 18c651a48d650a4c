"""The contracts whose tasks workers follow, as values: how events make a state, and a state at a moment a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from covey.chain.contract import Contract
from covey.chain.deployment import Contracts


@dataclass(frozen=True)
class Event:
    """A decoded log of one task. `args` holds int, bytes, str, bool, and tuples and mappings of them; addresses have
    their checksum. `timestamp` is 0 where the time of the block does not matter."""

    name: str
    args: Mapping[str, Any]
    block: int
    timestamp: int


class State(Protocol):
    """A task, folded from its events."""

    @property
    def task(self) -> int: ...

    def apply(self, event: Event) -> None:
        """Takes one more event of this task into account; events that change nothing here are ignored."""
        ...


class Moment(Protocol):
    """A task when block `block` was the latest, at its timestamp `now`; so many of its rounds are `settled`."""

    @property
    def now(self) -> int: ...

    @property
    def block(self) -> int: ...

    @property
    def settled(self) -> int: ...


S = TypeVar("S", bound=State)
V = TypeVar("V", bound=Moment)


@dataclass(frozen=True)
class Engine(Generic[S, V]):
    """One contract that runs tasks. `listing` is the command that lists them; `option` names the contract to commands
    that serve several, with a space before it.

    The event `creation` begins a task, `begin` makes its state; of events in `timed` the time matters, however late
    they are read. `view` is (state, now, block) -> view.
    """

    name: str
    listing: str
    option: str
    contract: Callable[[Contracts], Contract]
    creation: str
    begin: Callable[[Event], S]
    timed: frozenset[str]
    view: Callable[[S, int, int], V]

    def fold(self, tasks: dict[int, S], events: Iterable[Event]) -> dict[int, S]:
        """`tasks` after more `events` (in chain order); those of tasks that are not known from their creation are left
        out."""
        for event in events:
            task = event.args["task"]
            if event.name == self.creation:
                tasks[task] = self.begin(event)
            elif task in tasks:
                tasks[task].apply(event)
        return tasks
