"""Who does the work of a simulation: this process, several on this machine, or a Ray cluster's.

Each member has the job (all data) from the start, and gets a model once for all of its clients of a round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from covey.federated.memory import keep_freed
from covey.federated.passing import pass_arrays_in

J = TypeVar("J")
J_co = TypeVar("J_co", covariant=True)
T = TypeVar("T")
R = TypeVar("R")

Task = Callable[[J, Sequence[T]], R]
"""What is done with the job and a share of the items. It has to pickle: a module's function, or a `partial` of one."""


class Crew(Protocol[J_co]):
    """Members that hold one job. Used in `with`, after which nothing of it runs on."""

    size: int
    """Members. As results of floating point may depend on the shares, crews of one size give the same bits."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def map(self, task: Task[J_co, T, R], items: Sequence[T]) -> list[R]:
        """The results of `task` on one share per member, in the items' order. Raises what the first share raises that
        does.
        """
        ...


class Alone(Generic[J]):
    """This process."""

    size = 1

    def __init__(self, job: J) -> None:
        self._job = job

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def map(self, task: Task[J, T, R], items: Sequence[T]) -> list[R]:
        return [task(self._job, items)]


class Processes(Generic[J]):
    """So many processes on this machine."""

    def __init__(self, job: J, size: int) -> None:
        self.size = size
        self._folder = TemporaryDirectory(prefix="covey-crew-")
        self._pool = ProcessPoolExecutor(
            size, get_context("spawn"), initializer=_start, initargs=(job, Path(self._folder.name))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def map(self, task: Task[J, T, R], items: Sequence[T]) -> list[R]:
        futures = [self._pool.submit(_run, task, share) for share in shares(items, self.size)]
        return [future.result() for future in futures]


def crew_of(job: J, processes: int) -> Crew[J]:
    """So many processes; 1: this one."""
    return Alone(job) if processes == 1 else Processes(job, processes)


def shares(items: Sequence[T], count: int) -> list[Sequence[T]]:
    """At most `count` parts of nearly the same length, none empty."""
    size = -(-len(items) // count)
    return [items[start : start + size] for start in range(0, len(items), size)]


_job: Any = None
"""Of this process, if it is one of a crew's."""


def _start(job: object, folder: Path) -> None:
    global _job
    _job = job
    keep_freed()
    pass_arrays_in(folder)


def _run(task: Task[Any, T, R], share: Sequence[T]) -> R:
    return task(_job, share)
