"""Running roles: follow the chain, let each role decide, do what it says, whatever fails and whenever it is killed.

One new block costs one question for its header and one for the events of each contract. Nothing in memory matters: a
worker that is killed at any instruction and started again folds the same events, decides the same deed, and finds in
its journal how far it got.
"""

from __future__ import annotations

import time
from typing import Any, Final

from covey.chain.errors import RpcError, RpcRefused, WrongChain
from covey.chain.wire import Head
from covey.journal import JournalFull
from covey.roles.config import Notice
from covey.roles.context import Context
from covey.roles.duty import Duty, tell_usage

_POLL: Final = 30.0
"""Seconds to wait for a block before asking again."""

_MAX_PAUSE: Final = 30.0


class Worker:
    """Fulfils `duties` until nothing is left to do in any of them.

    Raises what no retry mends: WrongChain, ChainReset, RoleError, UnknownTask if a task is not there, and JournalError
    but for a full disk: whoever makes room there may come in time, and need not start anything again.
    """

    def __init__(self, context: Context, *duties: Duty[Any, Any]) -> None:
        self._context = context
        self._gateway = context.gateway
        self._duties = duties

    def run(self) -> None:
        """Returns when all of the named tasks are over."""
        head: Head | None = None
        pause = 0.0
        while True:
            try:
                head = head or self._gateway.head()
                self._context.wake.clear()
                for duty in self._duties:
                    duty.observe(head)
                again = self._act(head)
                if all(duty.finished for duty in self._duties):
                    tell_usage(self._context, None, "in all")
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

    def _act(self, head: Head) -> bool:
        """Does what is due, everywhere at once; whether to look again at once."""
        begun = [(duty, deed) for duty in self._duties for deed in duty.begin(head)]
        for duty, deed in begun:
            duty.complete(deed)
        return any(deed.changes_something for _, deed in begun)
