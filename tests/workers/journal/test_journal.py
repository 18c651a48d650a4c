"""The journal keeps what it was told, in one process at a time, and says clearly when it can't."""

import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.journal import (
    Block,
    Entry,
    IntentConflict,
    IntentUnknown,
    Journal,
    JournalBroken,
    JournalForeign,
    JournalFull,
    JournalLocked,
    JournalReadOnly,
    JournalVersion,
    State,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal(path) as opened:
        yield opened


class TestIntents:
    def test_life_from_planned_to_done(self, journal: Journal) -> None:
        intents = journal.intents
        assert intents.plan("commit/7/0", b"payload").state is State.PLANNED
        intents.attempt("commit/7/0", b"first")
        intents.attempt("commit/7/0", b"second")
        sent = intents.get("commit/7/0")
        assert (sent.state, sent.attempts, sent.result) == (State.SENT, (b"first", b"second"), None)
        intents.finish("commit/7/0", b"receipt")
        assert intents.get("commit/7/0").result == b"receipt"
        assert intents.unfinished() == ()

    def test_planning_again_changes_nothing(self, journal: Journal) -> None:
        journal.intents.plan("key", b"payload")
        journal.intents.attempt("key", b"sent")
        assert journal.intents.plan("key", b"payload").attempts == (b"sent",)

    def test_a_key_names_one_action(self, journal: Journal) -> None:
        journal.intents.plan("key", b"payload")
        with pytest.raises(IntentConflict, match="'key'"):
            journal.intents.plan("key", b"other")

    def test_reopened_attempts_no_longer_count(self, journal: Journal) -> None:
        journal.intents.plan("key", b"payload")
        journal.intents.attempt("key", b"reverted")
        journal.intents.reopen("key")
        assert journal.intents.get("key").state is State.PLANNED
        journal.intents.attempt("key", b"again")
        assert journal.intents.get("key").attempts == (b"again",)

    def test_an_undone_intent_keeps_its_attempts(self, journal: Journal) -> None:
        journal.intents.plan("key", b"payload")
        journal.intents.attempt("key", b"sent")
        journal.intents.finish("key", b"receipt")
        journal.intents.undo("key")
        undone = journal.intents.get("key")
        assert (undone.state, undone.attempts, undone.result) == (State.SENT, (b"sent",), None)

    def test_unknown_intents(self, journal: Journal) -> None:
        assert journal.intents.find("key") is None
        with pytest.raises(IntentUnknown):
            journal.intents.get("key")
        for change in (
            lambda: journal.intents.attempt("key", b""),
            lambda: journal.intents.finish("key", b""),
            lambda: journal.intents.undo("key"),
            lambda: journal.intents.reopen("key"),
        ):
            with pytest.raises(IntentUnknown, match="'key'"):
                change()


def test_facts(journal: Journal) -> None:
    assert journal.facts.get("vector") is None
    assert journal.facts.once("vector", b"1") == b"1"
    assert journal.facts.once("vector", b"2") == b"1"
    journal.facts.put("vector", b"3")
    assert journal.facts.get("vector") == b"3"


class TestFeed:
    def test_rollback_returns_what_it_undoes(self, journal: Journal) -> None:
        feed = journal.feed("arena")
        feed.append([Entry(1, 0, b"a"), Entry(2, 1, b"c"), Entry(2, 0, b"b")], [Block(1, b"h1"), Block(2, b"h2")], 10)
        feed.append([Entry(3, 0, b"d")], [Block(3, b"h3")], keep=10)
        assert feed.rollback(1) == (Entry(2, 0, b"b"), Entry(2, 1, b"c"), Entry(3, 0, b"d"))
        assert list(feed.entries()) == [Entry(1, 0, b"a")]
        assert feed.cursor() == Block(1, b"h1")

    def test_old_blocks_are_forgotten_but_the_first(self, journal: Journal) -> None:
        feed = journal.feed("arena")
        for number in range(20):
            feed.append([], [Block(number, b"h")], keep=3)
        assert [block.number for block in feed.blocks()] == [19, 18, 17, 16, 0]
        assert [block.number for block in feed.blocks(below=18, limit=2)] == [17, 16]

    def test_many_entries_come_in_order(self, journal: Journal) -> None:
        feed = journal.feed("arena")
        entries = [Entry(block, position, b"e") for block in range(1, 50) for position in range(50)]
        feed.append(reversed(entries), [Block(50, b"h")], keep=10)
        assert list(feed.entries()) == entries

    def test_feeds_are_apart(self, journal: Journal) -> None:
        journal.feed("arena").append([Entry(1, 0, b"a")], [Block(1, b"h1")], keep=10)
        assert list(journal.feed("vault").entries()) == []
        assert journal.feed("vault").cursor() is None


class TestFile:
    def test_everything_is_there_after_reopening(self, path: Path) -> None:
        with Journal(path) as journal:
            journal.intents.plan("key", b"payload")
            journal.intents.attempt("key", b"sent")
            journal.facts.put("fact", b"value")
            journal.feed("arena").append([Entry(1, 0, b"a")], [Block(1, b"h1")], keep=10)
        with Journal(path) as journal:
            assert journal.intents.get("key").attempts == (b"sent",)
            assert journal.intents.unfinished() == ("key",)
            assert journal.facts.get("fact") == b"value"
            assert journal.feed("arena").cursor() == Block(1, b"h1")

    def test_nobody_else_can_read_it(self, journal: Journal) -> None:
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700

    def test_a_second_opening_names_the_owner(self, journal: Journal) -> None:
        with pytest.raises(JournalLocked, match=f"process {os.getpid()}"):
            Journal(journal.path)

    def test_closing_frees_it_and_may_happen_twice(self, path: Path) -> None:
        journal = Journal(path)
        journal.close()
        journal.close()
        Journal(path).close()

    def test_threads_share_it(self, journal: Journal) -> None:
        def work(index: int) -> None:
            for step in range(20):
                journal.facts.put(f"{index}/{step}", b"x")

        threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(journal.facts.get(f"{index}/19") == b"x" for index in range(4))

    def test_it_belongs_to_one_owner(self, journal: Journal) -> None:
        journal.bind("0xA on chain 1")
        journal.bind("0xA on chain 1")
        with pytest.raises(JournalForeign, match="0xA on chain 1, not to 0xA on chain 2"):
            journal.bind("0xA on chain 2")

    @pytest.mark.parametrize(
        "content", [b"not a database, but long enough to have a header" * 30, b"SQLite format 3\0" * 99]
    )
    def test_a_damaged_file(self, path: Path, content: bytes) -> None:
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(JournalBroken, match="move it away"):
            Journal(path)

    def test_another_programs_database(self, path: Path) -> None:
        path.parent.mkdir()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE theirs (x)")
        with pytest.raises(JournalBroken, match="another program"):
            Journal(path)

    def test_another_version(self, path: Path) -> None:
        Journal(path).close()
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 99")
        with pytest.raises(JournalVersion, match="format 99"):
            Journal(path)

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(JournalReadOnly, match="permissions"):
            Journal(tmp_path / "file" / "journal.db")

    def test_a_full_disk_loses_nothing_and_is_survived(self, journal: Journal) -> None:
        journal.facts.put("before", b"kept")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
        try:
            with pytest.raises(JournalFull, match="free some space"):
                journal.facts.put("during", b"x" * (1 << 20))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        journal.facts.put("after", b"works")
        assert [journal.facts.get(key) for key in ("before", "during", "after")] == [b"kept", None, b"works"]


WRITER = """
import sys
from pathlib import Path
from covey.journal import Journal
journal = Journal(Path(sys.argv[1]))
step = 0
while True:
    journal.intents.plan(f"{step:06}", b"payload")
    journal.intents.attempt(f"{step:06}", b"sent")
    print(step, flush=True)
    step += 1
"""


def test_kill_loses_nothing_that_was_written(path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(25)]
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.wait()
        with Journal(path) as journal:
            assert all(journal.intents.get(f"{step:06}").attempts for step in said)
