"""Crews of processes: what members return arrives as it was, and nothing of it stays behind."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from covey.federated.crew import Processes


def arrays(job: int, items: Sequence[int]) -> list[np.ndarray]:
    large = np.arange(300_000, dtype=np.int64).reshape(300, 1000) * job
    return [large[:, ::3], large.astype(np.float32).T, large[:, :0], large[0, :2], large[:0]]


def failing(job: int, items: Sequence[int]) -> list[np.ndarray]:
    if items[0] == 1:
        raise ValueError("1 failed")
    return arrays(job, items)


def folder_of(temporary: Path) -> Path:
    (folder,) = temporary.iterdir()
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where crews put their folders."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_arrays_arrive_as_they_were_and_leave_nothing(temporary: Path) -> None:
    expected = arrays(7, [])
    with Processes(7, 2) as crew:
        for found in crew.map(arrays, [1, 2]):
            for one, other in zip(found, expected, strict=True):
                assert np.array_equal(one, other)
                assert one.dtype == other.dtype
                assert one.flags.writeable
        assert not list(folder_of(temporary).iterdir())
        with pytest.raises(ValueError, match="1 failed"):
            crew.map(failing, [1, 2])
    assert not list(temporary.iterdir())


def test_without_room_for_files_arrays_arrive_all_the_same(temporary: Path) -> None:
    with Processes(7, 2) as crew:
        shutil.rmtree(folder_of(temporary))
        for found in crew.map(arrays, [1, 2]):
            assert np.array_equal(found[0], arrays(7, [])[0])
