"""One role in the tasks of one contract: what it sees of them, what it does there, and what failed."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Final, Generic, Protocol, TypeVar

from covey.apps.app import AppError
from covey.chain.errors import ContractError, RpcRefused, TransactionError
from covey.chain.wire import Head
from covey.federated.errors import FederatedError
from covey.learning.errors import LearningError
from covey.protocol.errors import ProtocolError
from covey.roles import faults
from covey.roles.config import Notice
from covey.roles.context import Context
from covey.roles.decision import Act, Decision
from covey.roles.engine import Engine, S, V
from covey.roles.errors import ModelLost, RelayError, UnknownTask, WorkLost
from covey.roles.observer import Observer
from covey.roles.outcome import Local, Outcome, Sent
from covey.roles.usage import usage
from covey.sealing import SealError
from covey.storage import StoreError

_MAX_BACKOFF: Final = 32
"""Blocks."""

_PASSING: Final = (
    ContractError,
    TransactionError,
    RpcRefused,
    RelayError,
    StoreError,
    SealError,
    LearningError,
    ProtocolError,
    ModelLost,
    WorkLost,
    AppError,
    FederatedError,
)
"""What may keep a worker from one deed, and not from others or from trying again."""

_Seen = TypeVar("_Seen", contravariant=True)


class Role(Protocol[_Seen]):
    """What a worker runs."""

    def decide(self, view: _Seen) -> Decision:
        """What is due, from the view and the role's memory alone."""
        ...

    def perform(self, view: _Seen, act: Act) -> Outcome:
        """Begins a deed. Doing again what was done does no harm."""
        ...


@dataclass
class _Failures:
    """How often a deed failed in a row, and from which block on it may be tried again."""

    count: int
    not_before: int


@dataclass(frozen=True)
class Begun(Generic[V]):
    """A deed in `task` of which `outcome` is known so far (None: it failed)."""

    task: int
    view: V
    act: Act
    outcome: Outcome | None

    @property
    def changes_something(self) -> bool:
        """Whether to look again at once."""
        return self.outcome is Local.DONE or isinstance(self.outcome, Sent)


class Duty(Generic[S, V]):
    """`role` in `tasks` (None: all there are) of the `engine`."""

    def __init__(self, context: Context, engine: Engine[S, V], role: Role[V], tasks: frozenset[int] | None) -> None:
        self._context = context
        self._engine = engine
        self._role = role
        self._wanted = tasks
        self._observer = Observer(engine, context.gateway, context.journal, context.config.deployment, tasks)
        self._said: dict[int, str] = {}
        self._failures: dict[tuple[int, Act], _Failures] = {}
        self._counted: dict[int, int] = {}  # rounds of each task after which its user heard what was used up

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do; never, for all tasks."""
        return self._wanted is not None and self._wanted <= self._observer.forgotten

    def observe(self, head: Head) -> None:
        """Reads the chain up to `head`. Raises UnknownTask."""
        undone = self._observer.update(head)
        if undone:
            self._context.report(Notice("info", f"the chain took back {undone} events"))
            self._failures.clear()
        for task in self._wanted or ():
            if task not in self._observer.tasks and task not in self._observer.forgotten:
                engine = self._engine
                raise UnknownTask(task, engine.name, engine.contract(self._context.contracts).address, engine.listing)

    def begin(self, head: Head) -> list[Begun[V]]:
        """Begins what is due, in all tasks at once."""
        return [begun for state in list(self._observer.tasks.values()) for begun in self._attend(state, head)]

    def complete(self, begun: Begun[V]) -> None:
        """Waits for what was sent."""
        if not isinstance(begun.outcome, Sent):
            return
        try:
            receipt = self._context.sender.wait(begun.outcome.key)
        except _PASSING as error:
            self._fail(begun.task, begun.view, begun.act, error)
            return
        if receipt.block <= begun.view.block:  # the view has seen it, and still the deed is due
            self._put_off(begun.task, begun.view, begun.act)
        else:
            facts = {"transaction": "0x" + receipt.transaction.hex(), "gas": receipt.gas_used}
            self._succeed(begun.task, begun.act, **facts)

    def _attend(self, state: S, head: Head) -> list[Begun[V]]:
        """Begins what is due in one task."""
        task, view = state.task, self._engine.view(state, head.timestamp, head.number)
        self._count_round(task, view)
        decision = self._role.decide(view)
        if not decision.acts:
            self._idle(task, decision)
            return []
        self._said.pop(task, None)
        acts = [act for act in decision.acts if self._may_try(task, view, act)]
        return [Begun(task, view, act, self._begin(task, view, act)) for act in acts]

    def _count_round(self, task: int, view: V) -> None:
        """Tells what was used up, once after each round."""
        if view.settled > self._counted.get(task, 0):
            self._counted[task] = view.settled
            tell_usage(self._context, task, f"to the end of round {view.settled}")

    def _idle(self, task: int, decision: Decision) -> None:
        if decision.over:
            self._observer.forget(task)
        if self._said.get(task) != decision.reason:
            self._said[task] = decision.reason
            kind = "over" if decision.over else "waits"
            self._context.report(Notice(kind, decision.reason, task, {"until": decision.until}))

    def _begin(self, task: int, view: V, act: Act) -> Outcome | None:
        faults.point(f"before/{act}")
        began = time.monotonic()
        try:
            outcome = self._role.perform(view, act)
        except _PASSING as error:
            self._fail(task, view, act, error)
            return None
        if outcome is Local.DONE:
            self._succeed(task, act, seconds=time.monotonic() - began)
        return outcome

    def _may_try(self, task: int, view: V, act: Act) -> bool:
        failures = self._failures.get((task, act))
        return failures is None or view.block >= failures.not_before

    def _fail(self, task: int, view: V, act: Act, error: Exception) -> None:
        count = self._put_off(task, view, act)
        facts = {"act": str(act), "error": type(error).__name__, "tries": count}
        self._context.report(Notice("failed", f"{act}: {error}", task, facts))

    def _put_off(self, task: int, view: V, act: Act) -> int:
        """Lets later tries come ever more rarely; what is no longer due is simply never decided again."""
        before = self._failures.get((task, act))
        count = before.count + 1 if before else 1
        delay = min(2 ** (count - 1), _MAX_BACKOFF)
        self._failures[task, act] = _Failures(count, view.block + delay)
        return count

    def _succeed(self, task: int, act: Act, **facts: object) -> None:
        faults.point(f"after/{act}")
        self._failures.pop((task, act), None)
        self._context.report(Notice("did", str(act), task, {"act": str(act), **facts}))


def tell_usage(context: Context, task: int | None, when: str) -> None:
    """Reports what the worker used up so far."""
    used = usage(context)
    context.report(Notice("usage", f"{when}: {used}", task, asdict(used)))
