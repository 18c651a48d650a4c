"""A crew on a Ray cluster: one that is running somewhere, or one of its own on this machine.

A member is an actor with one processor; job and models go through Ray's object store, once per machine.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from covey.federated.crew import Task, shares

# Ray reports each use to its makers unless told not to, and warns of its own future; it reads both when imported.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")

import ray
from ray.exceptions import RayTaskError

J = TypeVar("J")
T = TypeVar("T")
R = TypeVar("R")

LOCAL = "local"
"""Instead of an address: a cluster on this machine that begins and ends with the crew."""
_STORE = 200 * 2**20
"""Bytes of shared memory for a local cluster; what is more spills to its folder."""


class OverRay(Generic[J]):
    """`size` members on the cluster at `address`, which needs as many free processors. One per process at a time."""

    def __init__(self, job: J, size: int, address: str) -> None:
        self.size = size
        with ExitStack() as stack:
            if address == LOCAL:
                folder = stack.enter_context(TemporaryDirectory(prefix="covey-ray-", ignore_cleanup_errors=True))
                ray.init(
                    num_cpus=size,
                    object_store_memory=_STORE,
                    include_dashboard=False,
                    log_to_driver=False,
                    logging_level=logging.WARNING,
                    _temp_dir=folder,
                )
            else:
                ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING)
            stack.callback(ray.shutdown)
            held = ray.put(job)
            self._members: list[Any] = [_Actor.remote(held) for _ in range(size)]
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def map(self, task: Task[J, T, R], items: Sequence[T]) -> list[R]:
        held = ray.put(task)
        parts = zip(self._members, shares(items, self.size), strict=False)
        running = [member.run.remote(held, share) for member, share in parts]
        try:
            return [ray.get(one) for one in running]  # in order, so that of several errors the first share's counts
        except RayTaskError as error:
            raise error.cause from None


class _Member(Generic[J]):
    def __init__(self, job: J) -> None:
        self._job = job

    def run(self, task: Task[J, T, R], share: Sequence[T]) -> R:
        return task(self._job, share)


_Actor = ray.remote(num_cpus=1)(_Member)
