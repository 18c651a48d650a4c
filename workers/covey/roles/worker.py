"""Running a role: follow the chain, let the role decide, do what it says, whatever fails and whenever it is killed.

One new block costs one question for its header and one for its events. Nothing in memory matters: a worker that is
killed at any instruction and started again folds the same events, decides the same deed, and finds in its journal how
far it got.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from covey.chain.errors import ContractError, RpcError, RpcRefused, TransactionError, WrongChain
from covey.chain.wire import Head
from covey.journal import JournalFull
from covey.learning.errors import LearningError
from covey.protocol.errors import ProtocolError
from covey.roles import faults
from covey.roles.config import Notice
from covey.roles.context import Context
from covey.roles.decision import Act, Decision
from covey.roles.errors import ModelLost, RelayError, UnknownTask
from covey.roles.observer import Observer
from covey.roles.outcome import Local, Outcome, Sent
from covey.roles.task import TaskState
from covey.roles.usage import usage
from covey.roles.view import View
from covey.sealing import SealError
from covey.storage import StoreError

_POLL: Final = 30.0
"""Seconds to wait for a block before asking again."""

_MAX_PAUSE: Final = 30.0
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
)
"""What may keep a worker from one deed, and not from others or from trying again."""


class Role(Protocol):
    """What a worker runs."""

    def decide(self, view: View) -> Decision:
        """What is due, from the view and the role's memory alone."""
        ...

    def perform(self, view: View, act: Act) -> Outcome:
        """Begins a deed. Doing again what was done does no harm."""
        ...


@dataclass
class _Failures:
    """How often a deed failed in a row, and from which block on it may be tried again."""

    count: int
    not_before: int


class Worker:
    """Runs `role` for its `tasks` (None: all there are) until nothing is left to do for any of them.

    Raises what no retry mends: WrongChain, ChainReset, RoleError, UnknownTask if one of `tasks` is not there, and
    JournalError but for a full disk: whoever makes room there may come in time, and need not start anything again.
    """

    def __init__(self, context: Context, role: Role, tasks: frozenset[int] | None) -> None:
        self._context = context
        self._gateway = context.gateway
        self._role = role
        self._wanted = tasks
        self._observer = Observer(context.gateway, context.journal, context.config.deployment, tasks)
        self._said: dict[int, str] = {}
        self._failures: dict[tuple[int, Act], _Failures] = {}
        self._counted: dict[int, int] = {}  # rounds of each task after which its user heard what was used up

    def run(self) -> None:
        """Returns when all of the named tasks are over."""
        head: Head | None = None
        pause = 0.0
        while True:
            try:
                head = head or self._gateway.head()
                self._context.wake.clear()
                self._observe(head)
                again = self._act(head)
                if self._finished():
                    self._tell_usage(None, "in all")
                    return
                head = self._gateway.head() if again else self._gateway.wait_for_block(head, _POLL, self._context.wake)
                pause = 0.0
            except WrongChain:
                raise
            except (RpcError, RpcRefused, JournalFull) as error:
                pause = min(max(1.0, pause * 2), _MAX_PAUSE)
                self._context.report(Notice("trouble", f"{error}; going on in {pause:.0f} s"))
                time.sleep(pause)
                head = None

    def _observe(self, head: Head) -> None:
        undone = self._observer.update(head)
        if undone:
            self._context.report(Notice("info", f"the chain took back {undone} events"))
            self._failures.clear()
        for task in self._wanted or ():
            if task not in self._observer.tasks and task not in self._observer.forgotten:
                raise UnknownTask(task, self._context.domain.arena)

    def _count_round(self, view: View) -> None:
        """Tells what was used up, once after each round."""
        task, rounds = view.state.task, view.settled
        if rounds > self._counted.get(task, 0):
            self._counted[task] = rounds
            self._tell_usage(task, f"to the end of round {rounds}")

    def _tell_usage(self, task: int | None, when: str) -> None:
        used = usage(self._context)
        self._context.report(Notice("usage", f"{when}: {used}", task, asdict(used)))

    def _finished(self) -> bool:
        return self._wanted is not None and self._wanted <= self._observer.forgotten

    # Acting -----------------------------------------------------------------------------------------------------------

    def _act(self, head: Head) -> bool:
        """Does what is due, in all tasks at once; whether to look again at once."""
        begun = [deed for state in list(self._observer.tasks.values()) for deed in self._attend(state, head)]
        for view, act, outcome in begun:
            if isinstance(outcome, Sent):
                self._complete(view, act, outcome)
        return any(outcome is Local.DONE or isinstance(outcome, Sent) for _, _, outcome in begun)

    def _attend(self, state: TaskState, head: Head) -> list[tuple[View, Act, Outcome | None]]:
        """Begins what is due in one task."""
        view = View(state, head.timestamp, head.number)
        self._count_round(view)
        decision = self._role.decide(view)
        if not decision.acts:
            self._idle(state.task, decision)
            return []
        self._said.pop(state.task, None)
        return [(view, act, self._begin(view, act)) for act in decision.acts if self._may_try(view, act)]

    def _idle(self, task: int, decision: Decision) -> None:
        if decision.over:
            self._observer.forget(task)
        if self._said.get(task) != decision.reason:
            self._said[task] = decision.reason
            kind = "over" if decision.over else "waits"
            self._context.report(Notice(kind, decision.reason, task, {"until": decision.until}))

    def _begin(self, view: View, act: Act) -> Outcome | None:
        faults.point(f"before/{act}")
        began = time.monotonic()
        try:
            outcome = self._role.perform(view, act)
        except _PASSING as error:
            self._fail(view, act, error)
            return None
        if outcome is Local.DONE:
            self._succeed(view, act, seconds=time.monotonic() - began)
        return outcome

    def _complete(self, view: View, act: Act, sent: Sent) -> None:
        try:
            receipt = self._context.sender.wait(sent.key)
        except _PASSING as error:
            self._fail(view, act, error)
            return
        if receipt.block <= view.block:  # the view has seen it, and still the deed is due
            self._put_off(view, act)
        else:
            self._succeed(view, act, transaction="0x" + receipt.transaction.hex(), gas=receipt.gas_used)

    def _may_try(self, view: View, act: Act) -> bool:
        failures = self._failures.get((view.state.task, act))
        return failures is None or view.block >= failures.not_before

    def _fail(self, view: View, act: Act, error: Exception) -> None:
        count = self._put_off(view, act)
        facts = {"act": str(act), "error": type(error).__name__, "tries": count}
        self._context.report(Notice("failed", f"{act}: {error}", view.state.task, facts))

    def _put_off(self, view: View, act: Act) -> int:
        """Lets later tries come ever more rarely; what is no longer due is simply never decided again."""
        before = self._failures.get((view.state.task, act))
        count = before.count + 1 if before else 1
        delay = min(2 ** (count - 1), _MAX_BACKOFF)
        self._failures[view.state.task, act] = _Failures(count, view.block + delay)
        return count

    def _succeed(self, view: View, act: Act, **facts: object) -> None:
        faults.point(f"after/{act}")
        self._failures.pop((view.state.task, act), None)
        self._context.report(Notice("did", str(act), view.state.task, {"act": str(act), **facts}))
