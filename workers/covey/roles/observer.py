"""Tasks as the chain has them now: a contract's events, followed and added up.

One new block costs one question for its events. What was read is in a feed of a journal; an observer that starts again
with the same feed reads only what is new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, Generic

from covey.chain import queries
from covey.chain.abi import Record
from covey.chain.deployment import Deployment
from covey.chain.follower import EventFollower, Filter
from covey.chain.gateway import Gateway
from covey.chain.wire import Head, Log
from covey.journal import Journal
from covey.roles.engine import Engine, Event, S

_PAGE: Final = 1_000
"""Events added up at once."""


class Observer(Generic[S]):
    """Follows `tasks` (None: all) of a deployment's `engine`. Raises what EventFollower raises.

    `tasks` are those known, but for the `forgotten`.
    """

    def __init__(
        self,
        engine: Engine[S, Any],
        gateway: Gateway,
        journal: Journal,
        deployment: Deployment,
        tasks: frozenset[int] | None,
    ) -> None:
        contract = engine.contract(deployment.contracts()).address
        # A task's number is the first topic after the event's.
        topics = () if tasks is None else (None, tuple(task.to_bytes(32) for task in sorted(tasks)))
        name = "all" if tasks is None else ",".join(map(str, sorted(tasks)))
        filter_ = Filter((contract,), deployment.block, topics)
        self._engine = engine
        self._rpc = gateway.rpc
        self._follower = EventFollower(gateway, journal.feed(f"{contract}/{name}"), filter_)
        self._added_up = False
        self.tasks: dict[int, S] = {}
        self.forgotten: set[int] = set()

    def forget(self, task: int) -> None:
        """Frees a task's state, until the chain takes anything back: then all are added up anew from the journal."""
        del self.tasks[task]
        self.forgotten.add(task)

    def update(self, head: Head) -> int:
        """Reads up to `head`; how many events the chain took back. Whatever it raises, it may be called again."""
        if not self._added_up:
            self._add_up(head)
        undone = 0
        for changes in self._follower.sync(head):
            # What was read is in the feed before it is added up: after a failure in between, all is added up anew.
            self._added_up = False
            if changes.undone:
                undone += len(changes.undone)
                self._add_up(head)
            self.tasks = self._engine.fold(self.tasks, self._events(changes.new, head))
            self._added_up = True
        return undone

    def records(self) -> Iterator[Record]:
        """All events read so far that the chain did not take back, in order."""
        return self._follower.records()

    def _add_up(self, head: Head) -> None:
        """All that was read so far, a page at a time: there may be more than fits in memory."""
        self.tasks, self.forgotten, records = {}, set(), self.records()
        while page := tuple(islice(records, _PAGE)):
            self.tasks = self._engine.fold(self.tasks, self._events(page, head))
        self._added_up = True

    def _events(self, records: Sequence[Record], head: Head) -> Iterator[Event]:
        """With the times of those where it matters: some by name, and the last of each task."""
        known = [record for record in records if "task" in record.arguments]
        last = {record.arguments["task"]: record for record in known}
        timed = [r for r in known if r.name in self._engine.timed or r is last[r.arguments["task"]]]
        times = self._times([record.log for record in timed], head)
        for record in known:
            yield Event(record.name, record.arguments, record.log.block, times.get(record.log.block_hash, 0))

    def _times(self, logs: Sequence[Log], head: Head) -> dict[bytes, int]:
        """Of the logs' blocks, by hash: asked for where neither the log nor the head tells."""
        told = {log.block_hash: log.timestamp for log in logs if log.timestamp is not None}
        times = told | {head.hash: head.timestamp}
        unknown = {log.block for log in logs if log.block_hash not in times}
        blocks = self._rpc.ask_each([queries.block(number) for number in sorted(unknown)])
        return times | {block.hash: block.timestamp for block in blocks if block is not None}
