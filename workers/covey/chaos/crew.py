"""The processes of a network's people: killed, frozen, short of disk, and started again by a watchful operator."""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from covey.chaos.undo import Undo
from covey.cli.exits import Exit
from covey.localnet.children import Child
from covey.network import Network

_LONGEST_PAUSE: Final = 32


@dataclass(frozen=True)
class Ending:
    """A process that ended by itself before its work was done."""

    name: str
    status: int


class Crew:
    """Who has a process, and who is kept from having one. Times in blocks."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._held: Counter[str] = Counter()
        self._full: Counter[str] = Counter()
        self._not_before: dict[str, int] = {}
        self._own_endings: Counter[str] = Counter()
        self.endings: list[Ending] = []
        self.restarts = 0

    def running(self, name: str) -> bool:
        worker = self._network.workers.get(name)
        return worker is not None and worker.child.poll() is None

    def held(self, name: str) -> bool:
        """Whether a fault keeps the person from being started."""
        return self._held[name] > 0

    def done(self, name: str) -> bool:
        """Whether its process ended because nothing was left to do."""
        worker = self._network.workers.get(name)
        return worker is not None and worker.child.poll() == Exit.OK

    def supervise(self, block: int) -> None:
        """Starts again who was killed or gave up, unless a fault keeps it down; later each time."""
        for name, worker in list(self._network.workers.items()):
            status = worker.child.poll()
            if status in (None, Exit.OK):
                continue
            if name not in self._not_before:
                self._not_before[name] = block + self._note(name, status)
            if not self.held(name) and block >= self._not_before[name]:
                del self._not_before[name]
                self._network.start(worker.person, worker.arguments)
                self.restarts += 1

    def _note(self, name: str, status: int | None) -> int:
        """Blocks until a process that ended may be started again."""
        if status is None or status < 0:  # killed
            return 0
        self.endings.append(Ending(name, status))
        self._own_endings[name] += 1
        return min(1 << self._own_endings[name], _LONGEST_PAUSE)

    def hold(self, name: str) -> Undo:
        """Kills the person's process, if there is one, and lets there be none until the result is called."""
        self._held[name] += 1
        worker = self._network.workers.get(name)
        if worker is not None and worker.child.poll() is None:
            _signal(worker.child, signal.SIGKILL)
            worker.child.wait()

        def undo() -> None:
            self._held[name] -= 1

        return undo

    def freeze(self, name: str) -> Undo:
        """Stops the person's process until the result is called."""
        child = self._network.workers[name].child
        _signal(child, signal.SIGSTOP)
        return lambda: _signal(child, signal.SIGCONT)

    def fill_disk(self, name: str) -> Undo:
        """Lets no write of the person's process succeed, until the result is called; if it ends, it stays ended till
        then, as its operator has to make room first."""
        processes = list(_children(self._network.workers[name].child))
        for process in processes:
            _limit_files(process, full=True)
        self._held[name] += 1
        self._full[name] += 1

        def undo() -> None:
            self._held[name] -= 1
            self._full[name] -= 1
            if not self._full[name]:
                for process in processes:
                    _limit_files(process, full=False)

        return undo


def _signal(child: Child, number: signal.Signals) -> None:
    """To the whole group, so that the guard goes with its worker."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)


def _children(child: Child) -> Iterator[int]:
    """What the guard started."""
    path = Path(f"/proc/{child.pid}/task/{child.pid}/children")
    with suppress(FileNotFoundError):
        yield from map(int, path.read_text().split())


def _limit_files(process: int, full: bool) -> None:
    """Bounds the size of files that the process may write; at 0 every write fails, as on a full disk."""
    with suppress(ProcessLookupError):
        _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0 if full else most, most))
