"""The directory store under faults: full and read-only disks, killed and concurrent writers, damaged copies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from covey.storage import Missing, StoreUnavailable, Truncated, cid_of
from covey.storage.local import LocalStore
from tests.workers.storage.disks import needs_mounts, on_disk

CONTENT = b"covey" * 100_000
PUT = "import sys; from covey.storage.local import LocalStore; from pathlib import Path\n"


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_damaged_copy_is_replaced_by_the_next_put(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    cid = store.put(CONTENT)
    (file,) = files_under(tmp_path)
    file.write_bytes(CONTENT[:10])
    with pytest.raises(Truncated, match="10 of its 500000"):
        store.get(cid, len(CONTENT))
    assert store.put(CONTENT) == cid
    assert store.get(cid, len(CONTENT)) == CONTENT
    assert files_under(tmp_path) == [file]


def test_reading_creates_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "absent")
    assert not store.has(cid_of(CONTENT))
    with pytest.raises(Missing):
        store.get(cid_of(CONTENT), 10)
    assert not (tmp_path / "absent").exists()


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    store = LocalStore(tmp_path / "store")
    with pytest.raises(StoreUnavailable):
        store.put(CONTENT)
    with pytest.raises(StoreUnavailable):
        store.get(cid_of(CONTENT), 10)


def run_put(root: Path, *, setup: str = "") -> str:
    """Put the content from a process of its own; return the name of the error."""
    script = PUT + setup + f"\ntry:\n LocalStore(Path({str(root)!r})).put(b'covey' * 100_000)\n"
    script += "except Exception as error:\n print(type(error).__name__, error)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    return result.stdout


def test_no_room(tmp_path: Path) -> None:
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    out = run_put(tmp_path / "store", setup=limit)
    assert out.startswith("StoreFull no room in")
    assert files_under(tmp_path) == []


@needs_mounts
@pytest.mark.parametrize(
    ("options", "error"), [("size=200k", "StoreFull: no room"), ("ro", "StoreReadOnly: can't write")]
)
def test_full_and_read_only_disks(tmp_path: Path, options: str, error: str) -> None:
    script = PUT + f"LocalStore(Path({str(tmp_path)!r})).put(b'covey' * 100_000)"
    command = on_disk(tmp_path, options, [sys.executable, "-c", script])
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert error in result.stderr


def test_a_directory_of_somebody_else(tmp_path: Path) -> None:
    LocalStore(tmp_path / "store").put(b"old")
    for directory in (tmp_path / "store" / "tmp", tmp_path / "store"):
        directory.chmod(0o555)
    become_nobody = "import os\nos.getuid() or os.setuid(65_534)"
    assert run_put(tmp_path / "store", setup=become_nobody).startswith("StoreReadOnly can't write")


def put_many(root: Path, count: int) -> None:
    store = LocalStore(root)
    for number in range(count):
        store.put(CONTENT + bytes([number]))


def test_many_writers_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=put_many, args=(tmp_path, 10)) for _ in range(4)]
    for writer in writers:
        writer.start()
    store = LocalStore(tmp_path)
    for number in range(10):
        content = CONTENT + bytes([number])
        cid = cid_of(content)
        while not store.has(cid):
            time.sleep(0.001)
        assert store.get(cid, len(content)) == content
    for writer in writers:
        writer.join(30)
        assert writer.exitcode == 0
    assert len(files_under(tmp_path)) == 10


def test_a_killed_writer_leaves_no_half_content(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    context = multiprocessing.get_context("fork")
    for delay in (0.001, 0.003, 0.01, 0.03):
        writer = context.Process(target=put_many, args=(tmp_path, 100))
        writer.start()
        time.sleep(delay)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        for number in range(100):
            content = CONTENT + bytes([number])
            if store.has(cid := cid_of(content)):
                assert store.get(cid, len(content)) == content
    for path in (tmp_path / "tmp").iterdir():
        os.utime(path, (0, 0))
    store.put(CONTENT)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_large_files_are_not_held_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as stream:
        stream.truncate(200_000_000)
    store = LocalStore(tmp_path / "store")
    tracemalloc.start()
    cid = store.put(file)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert store.has(cid)
