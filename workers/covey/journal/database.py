"""One SQLite file, one owner: locking, schema, durable transactions and typed errors."""

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from covey.journal.errors import (
    JournalBroken,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalReadOnly,
    JournalVersion,
)

_APPLICATION_ID = 0x436F7665  # "Cove"
_VERSION = 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WRITE_FAILED = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)
_SCHEMA = """
CREATE TABLE fact (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE intent (
    key TEXT PRIMARY KEY,
    payload BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'sent', 'done')),
    result BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX open_intent ON intent (state) WHERE state != 'done';
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    intent TEXT NOT NULL REFERENCES intent (key),
    content BLOB NOT NULL,
    void INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX attempt_of ON attempt (intent);
CREATE TABLE block (
    feed TEXT NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (feed, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    feed TEXT NOT NULL,
    block INTEGER NOT NULL,
    position INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (feed, block, position)
) STRICT, WITHOUT ROWID;
"""


class Database:
    """A journal's file. Every write is on disk (fsync) when its transaction's block ends.

    Raises JournalLocked, JournalReadOnly, JournalFull, JournalBroken, JournalVersion.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.RLock()
        self._lock = _acquire(path)
        try:
            with self._typed_errors():
                self._connection = self._connect()
        except BaseException:
            os.close(self._lock)
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Cursor]:
        """All that the block writes, or nothing of it."""
        with self._mutex, self._typed_errors():
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Cursor]:
        with self._mutex, self._typed_errors():
            yield self._connection.cursor()

    def close(self) -> None:
        with self._mutex:
            self._connection.close()
            if self._lock >= 0:
                os.close(self._lock)
                self._lock = -1

    def _connect(self) -> sqlite3.Connection:
        # Created here, so that nobody else can read it: it holds scores that are not revealed yet.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (owner,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0:
            connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        elif owner != _APPLICATION_ID:
            raise JournalBroken(self.path, "it is the database of another program")
        elif version != _VERSION:
            raise JournalVersion(self.path, version, _VERSION)

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _os_error(self.path, error) from error
        except sqlite3.Error as error:
            raise _sqlite_error(self.path, error) from error


def _acquire(path: Path) -> int:
    """A descriptor that holds the lock until it is closed, which the kernel does when this process dies.

    The lock is on a file beside the database: closing a descriptor of the database would drop SQLite's own locks.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _os_error(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise JournalLocked(path, f"process {owner}" if owner else "another process") from None
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        os.close(descriptor)
        raise _os_error(path, error) from error
    return descriptor


def _os_error(path: Path, error: OSError) -> JournalError:
    reason = error.strerror or str(error)
    return JournalFull(path, reason) if error.errno in _NO_ROOM else JournalReadOnly(path, reason)


def _sqlite_error(path: Path, error: sqlite3.Error) -> JournalError:
    # Python's own misuse errors carry no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    match code & 0xFF:  # the extended code's low byte is the primary one
        case sqlite3.SQLITE_FULL:
            return JournalFull(path, str(error))
        case sqlite3.SQLITE_IOERR if code in _WRITE_FAILED:  # a quota, for one
            return JournalFull(path, str(error))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return JournalReadOnly(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalLocked(path, "another program")
        case _:
            return JournalBroken(path, str(error))
