"""What a worker means to do, written before it does it.

An intent is planned, then sent (each attempt is written before it leaves the process), then done. Its key and payload
never change and no attempt is ever removed, so that a worker that starts again knows all that may have happened.
"""

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from covey.journal.database import Database
from covey.journal.errors import IntentConflict, IntentUnknown


class State(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    DONE = "done"


@dataclass(frozen=True)
class Intent:
    """`attempts` are those that may still succeed, oldest first; `result` is there once the state is DONE."""

    key: str
    payload: bytes
    state: State
    result: bytes | None
    attempts: tuple[bytes, ...]


class Intents:
    """The intents of one journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, key: str, payload: bytes) -> Intent:
        """The intent called `key`, made now if there is none. Raises IntentConflict if it has another payload."""
        with self._database.transaction() as cursor:
            cursor.execute("INSERT OR IGNORE INTO intent VALUES (?, ?, 'planned', NULL)", (key, payload))
        intent = self.get(key)
        if intent.payload != payload:
            raise IntentConflict(key)
        return intent

    def find(self, key: str) -> Intent | None:
        with self._database.reading() as cursor:
            row = cursor.execute("SELECT payload, state, result FROM intent WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            attempts = cursor.execute("SELECT content FROM attempt WHERE intent = ? AND NOT void ORDER BY id", (key,))
            return Intent(key, row[0], State(row[1]), row[2], tuple(content for (content,) in attempts))

    def get(self, key: str) -> Intent:
        """Raises IntentUnknown."""
        intent = self.find(key)
        if intent is None:
            raise IntentUnknown(key)
        return intent

    def all_keys(self) -> tuple[str, ...]:
        """Keys of all intents."""
        with self._database.reading() as cursor:
            return tuple(key for (key,) in cursor.execute("SELECT key FROM intent ORDER BY key"))

    def unfinished(self) -> tuple[str, ...]:
        """Keys of intents that are not done."""
        with self._database.reading() as cursor:
            return tuple(key for (key,) in cursor.execute("SELECT key FROM intent WHERE state != 'done' ORDER BY key"))

    def attempt(self, key: str, content: bytes) -> None:
        """Records an attempt: to be called before anything leaves the process."""
        with self._database.transaction() as cursor:
            _move(cursor, key, State.SENT)
            cursor.execute("INSERT INTO attempt (intent, content) VALUES (?, ?)", (key, content))

    def finish(self, key: str, result: bytes) -> None:
        with self._database.transaction() as cursor:
            _move(cursor, key, State.DONE, result)

    def undo(self, key: str) -> None:
        """The chain forgot what was done: the intent is sent again, with its attempts as they were."""
        with self._database.transaction() as cursor:
            _move(cursor, key, State.SENT)

    def reopen(self, key: str) -> None:
        """Every attempt so far has failed for good: the intent is planned again and may be tried anew."""
        with self._database.transaction() as cursor:
            _move(cursor, key, State.PLANNED)
            cursor.execute("UPDATE attempt SET void = 1 WHERE intent = ?", (key,))


def _move(cursor: sqlite3.Cursor, key: str, state: State, result: bytes | None = None) -> None:
    cursor.execute("UPDATE intent SET state = ?, result = ? WHERE key = ?", (state, result, key))
    if cursor.rowcount == 0:
        raise IntentUnknown(key)
