"""Tasks as the chain has them now: the Arena's events, followed and added up.

One new block costs one question for its events. What was read is in a feed of a journal; an observer that starts again
with the same feed reads only what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from covey.chain import queries
from covey.chain.abi import Record
from covey.chain.deployment import Deployment
from covey.chain.follower import EventFollower, Filter
from covey.chain.gateway import Gateway
from covey.chain.wire import Head
from covey.journal import Journal
from covey.roles.task import Event, TaskState, fold

_TIMED: Final = frozenset({"TaskCreated", "KeyPosted", "TaskEnded"})
"""Events whose time matters, however late they are read."""


class Observer:
    """Follows `tasks` (None: all) of one deployment's Arena. Raises what EventFollower raises."""

    def __init__(
        self, gateway: Gateway, journal: Journal, deployment: Deployment, tasks: frozenset[int] | None
    ) -> None:
        arena = deployment.addresses.arena
        # A task's number is the first topic after the event's.
        topics = () if tasks is None else (None, tuple(task.to_bytes(32) for task in sorted(tasks)))
        name = "all" if tasks is None else ",".join(map(str, sorted(tasks)))
        filter_ = Filter((arena,), deployment.block, topics)
        self._rpc = gateway.rpc
        self._follower = EventFollower(gateway, journal.feed(f"{arena}/{name}"), filter_)
        self._times: dict[bytes, int] = {}  # of blocks, by hash
        self._consistent = False
        self.tasks: dict[int, TaskState] = {}

    def update(self, head: Head) -> int:
        """Reads up to `head`; how many events the chain took back. Whatever it raises, it may be called again."""
        self._times[head.hash] = head.timestamp
        # What was read is in the feed before it is added up: after a failure in between, all is added up anew.
        anew = not self._consistent
        self._consistent = False
        undone = 0
        for changes in self._follower.sync(head):
            undone += len(changes.undone)
            anew = anew or undone > 0
            if not anew:
                self.tasks = fold(self.tasks, self._events(changes.new))
        if anew:
            self.tasks = fold({}, self._events(tuple(self.records())))
        self._consistent = True
        return undone

    def records(self) -> Iterator[Record]:
        """All events read so far that the chain did not take back, in order."""
        return self._follower.records()

    def _events(self, records: Iterable[Record]) -> Iterator[Event]:
        """With the times of those where it matters: some by name, and the last of each task."""
        known = [record for record in records if "task" in record.arguments]
        last = {record.arguments["task"]: record for record in known}
        timed = [r for r in known if r.name in _TIMED or r is last[r.arguments["task"]]]
        unknown = {r.log.block for r in timed if r.log.block_hash not in self._times}
        for head in self._rpc.ask_each([queries.block(number) for number in sorted(unknown)]):
            if head is not None:
                self._times[head.hash] = head.timestamp
        for record in known:
            yield Event(record.name, record.arguments, record.log.block, self._times.get(record.log.block_hash, 0))
