"""Crews of processes: what members return arrives as it was, and nothing of it stays behind."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from covey.federated.crew import Processes

SHARED = Path("/dev/shm")


def arrays(job: int, items: Sequence[int]) -> list[np.ndarray]:
    large = np.arange(300_000, dtype=np.int64).reshape(300, 1000) * job
    return [large[:, ::3], large.astype(np.float32).T, large[:, :0], large[0, :2], large[:0]]


def failing(job: int, items: Sequence[int]) -> list[np.ndarray]:
    if items[0] == 1:
        raise ValueError("1 failed")
    return arrays(job, items)


@pytest.fixture
def crew() -> Iterator[Processes[int]]:
    with Processes(7, 2) as members:
        yield members


def test_arrays_arrive_as_they_were(crew: Processes[int]) -> None:
    expected = arrays(7, [])
    for found in crew.map(arrays, [1, 2]):
        for one, other in zip(found, expected, strict=True):
            assert np.array_equal(one, other)
            assert one.dtype == other.dtype
            assert one.flags.writeable


@pytest.mark.skipif(not SHARED.is_dir(), reason="shared memory shows as files on Linux alone")
def test_no_memory_stays_behind(crew: Processes[int]) -> None:
    crew.map(arrays, [1, 2])
    with pytest.raises(ValueError, match="1 failed"):
        crew.map(failing, [1, 2])
    crew.map(arrays, [1, 2])
    left = _segments()
    deadline = time.monotonic() + 60  # for those of other tests
    while left and time.monotonic() < deadline:
        time.sleep(0.01)
        left &= _segments()
    assert not left


def _segments() -> set[Path]:
    return set(SHARED.glob("psm_*"))
