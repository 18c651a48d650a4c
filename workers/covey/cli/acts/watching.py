"""Telling what happens in a local network's task while it happens."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from covey.cli.acts.following import Told, moments
from covey.cli.acts.session import Connection
from covey.cli.output import Output
from covey.network import TASK, Network, NetworkError
from covey.roles.engine import Engine

T = TypeVar("T", bound=Told)

_PATIENCE: Final = 5
"""Seconds that a phase lasts before it is said what it waits for."""

_SLACK: Final = 60
"""Seconds after a task's last deadline at which it must be over."""

_WAIT: Final = 5.0


def await_task(network: Network, engine: Engine[Any, Any]) -> None:
    """Until the engine's task is posted. Raises NetworkError if somebody fails."""
    count = engine.contract(network.contracts).call("taskCount")
    head = network.gateway.head()
    while network.gateway.read(count) < TASK:
        network.require_alive()
        head = network.gateway.wait_for_block(head, _WAIT)


def watched(
    network: Network,
    engine: Engine[Any, T],
    milestones: Callable[[T], Iterable[tuple[str, str]]],
    duration: Callable[[T], int],
    out: Output,
) -> Iterator[T]:
    """The engine's task at each block, once it is told what it has behind it.

    Raises NetworkError if somebody fails, or if the task takes much longer than its `duration`, in seconds.
    """
    told: set[str] = set()
    waiting, since = "", 0
    for view in moments(connection_to(network), engine, TASK):
        seconds = view.now - view.state.created_at
        for stage, text in milestones(view):
            if stage not in told:
                told.add(stage)
                out.event({"kind": "reached", "stage": stage, "text": text, "seconds": seconds})
                out.say(f"{seconds:>5} s  {stage:16}  {text}")
        yield view
        decision = view.waiting()
        if decision.reason != waiting:
            waiting, since = decision.reason, view.now
        elif since and decision.until and view.now >= since + _PATIENCE:
            since = 0
            out.note(f"         waiting: {waiting}, for {decision.until - view.now} s at most")
        network.require_alive()
        if seconds > duration(view) + _SLACK:
            raise NetworkError("the task was not finished in time")


def connection_to(network: Network) -> Connection:
    return Connection(network.gateway, network.deployment, network.contracts)
