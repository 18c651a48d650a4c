"""Following the chain's head with few questions.

The next block is asked for shortly before it is due, then at a small part of the block time, then ever more rarely.
Asking a little early each time keeps the rhythm in step with the chain's without knowing its clock; whoever comes late
takes it that the block came in time.
"""

import threading
import time

from covey.chain import queries
from covey.chain.errors import RpcGarbage
from covey.chain.rpc import Rpc
from covey.chain.wire import Head

_FIRST_GUESS = 1.0  # seconds per block, until one is seen
_MIN_INTERVAL = 0.05
_MAX_INTERVAL = 15.0
_EARLY = 0.95
_RETRY = 1 / 16
_MAX_DELAY = 1.0


class Pace:
    """When to ask next. Times in seconds, of any one clock."""

    def __init__(self, now: float) -> None:
        self._came = now  # the last block
        self._interval = _FIRST_GUESS
        self._asked = 0  # times since then

    def saw(self, blocks: int, now: float) -> None:
        """`blocks` > 0 new blocks were found."""
        just_now = self._asked > 1  # the last time they were not there yet
        came = now if just_now else min(now, self._came + self._interval * blocks)
        latest = min(max((came - self._came) / blocks, _MIN_INTERVAL), _MAX_INTERVAL)
        self._interval += (latest - self._interval) / 2
        self._came = came
        self._asked = 0

    def delay(self, now: float) -> float:
        """Until the next question, which is then taken to be asked."""
        early = self._came + self._interval * _EARLY - now
        self._asked += 1
        if self._asked == 1:
            return max(early, 0)
        return min(max(self._interval * _RETRY, -early / 2), _MAX_DELAY)


class Heads:
    """The chain's newest block, shared by all threads that use it."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._changed = threading.Condition()
        self._polling = False
        self._latest: Head | None = None
        self._pace = Pace(time.monotonic())

    def latest(self) -> Head:
        """The newest block seen; asks if none was yet."""
        return self._latest or self.refresh()

    def refresh(self) -> Head:
        """The newest block, asked for now."""
        head = self._rpc.ask(queries.block("latest"))
        if head is None:
            raise RpcGarbage("the node has no latest block: wait until it is in sync")
        self._note(head)
        return head

    def wait(self, seen: Head, timeout: float, interrupt: threading.Event | None = None) -> Head:
        """Blocks until the newest block is another than `seen` (also a replaced one), for `timeout` seconds at most.

        `interrupt` ends it early, at once while no other thread waits too. Returns the newest block, which is `seen`
        after a time-out. Raises RpcError.
        """
        deadline = time.monotonic() + timeout
        interrupt = interrupt or threading.Event()
        while self.latest().hash == seen.hash and (left := deadline - time.monotonic()) > 0:
            if interrupt.is_set():
                break
            with self._changed:
                if self._polling:  # another thread asks for all
                    self._changed.wait(left)
                if self._polling or self.latest().hash != seen.hash:
                    continue
                self._polling = True
            try:
                if not interrupt.wait(min(self._pace.delay(time.monotonic()), left)):
                    self.refresh()
            finally:
                with self._changed:
                    self._polling = False
                    self._changed.notify_all()
        return self.latest()

    def _note(self, head: Head) -> None:
        before, self._latest = self._latest, head
        if before is not None and head.number > before.number:
            self._pace.saw(head.number - before.number, time.monotonic())
