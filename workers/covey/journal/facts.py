"""Values that a worker must remember: score vectors it committed to, last progress, and the like."""

from covey.journal.database import Database


class Facts:
    """Bytes by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> bytes | None:
        with self._database.reading() as cursor:
            row = cursor.execute("SELECT value FROM fact WHERE key = ?", (key,)).fetchone()
            value: bytes | None = row and row[0]
            return value

    def put(self, key: str, value: bytes) -> None:
        """Sets the value, whatever it was."""
        with self._database.transaction() as cursor:
            cursor.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (key, value))

    def once(self, key: str, value: bytes) -> bytes:
        """Sets the value unless there is one; returns the one that counts."""
        with self._database.transaction() as cursor:
            cursor.execute("INSERT OR IGNORE INTO fact VALUES (?, ?)", (key, value))
            kept: bytes = cursor.execute("SELECT value FROM fact WHERE key = ?", (key,)).fetchone()[0]
            return kept
