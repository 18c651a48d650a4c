"""What a worker has read of the chain so far, in a form that a reorganisation can undo.

A feed is an ordered list of entries, each in a block, and the hashes of recent blocks. The highest of these blocks is
the cursor: everything up to it has been read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from covey.journal.database import Database

_PAGE = 1_000


@dataclass(frozen=True)
class Block:
    number: int
    hash: bytes


@dataclass(frozen=True)
class Entry:
    """`position` orders the entries of one block."""

    block: int
    position: int
    content: bytes


class Feed:
    """The feed called `name` in one journal."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def cursor(self) -> Block | None:
        """The last block read."""
        blocks = self.blocks(limit=1)
        return blocks[0] if blocks else None

    def blocks(self, below: int = 2**62, limit: int = 2**31) -> tuple[Block, ...]:
        """Remembered blocks with a number below `below`, highest first."""
        with self._database.reading() as cursor:
            rows = cursor.execute(
                "SELECT number, hash FROM block WHERE feed = ? AND number < ? ORDER BY number DESC LIMIT ?",
                (self._name, below, limit),
            )
            return tuple(Block(number, hash_) for number, hash_ in rows)

    def entries(self) -> Iterator[Entry]:
        """All entries, in order, a page at a time: there may be more than fit in memory."""
        block, position = -1, -1
        while True:
            with self._database.reading() as cursor:
                rows = cursor.execute(
                    "SELECT block, position, content FROM entry WHERE feed = ? AND (block, position) > (?, ?)"
                    " ORDER BY block, position LIMIT ?",
                    (self._name, block, position, _PAGE),
                ).fetchall()
            if not rows:
                return
            yield from (Entry(*row) for row in rows)
            block, position, _ = rows[-1]

    def append(self, entries: Iterable[Entry], blocks: Iterable[Block], keep: int) -> None:
        """Adds what was read and moves the cursor, in one step; forgets blocks more than `keep` below the cursor.

        The lowest block is never forgotten: it tells this chain from another.
        """
        with self._database.transaction() as cursor:
            cursor.executemany(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)",
                [(self._name, entry.block, entry.position, entry.content) for entry in entries],
            )
            cursor.executemany(
                "INSERT OR REPLACE INTO block VALUES (?, ?, ?)", [(self._name, b.number, b.hash) for b in blocks]
            )
            cursor.execute(
                "DELETE FROM block WHERE feed = :feed"
                " AND number < (SELECT max(number) FROM block WHERE feed = :feed) - :keep"
                " AND number > (SELECT min(number) FROM block WHERE feed = :feed)",
                {"feed": self._name, "keep": keep},
            )

    def rollback(self, ancestor: int) -> tuple[Entry, ...]:
        """Removes everything above block `ancestor`; returns the removed entries, in order."""
        with self._database.transaction() as cursor:
            rows = cursor.execute(
                "SELECT block, position, content FROM entry WHERE feed = ? AND block > ? ORDER BY block, position",
                (self._name, ancestor),
            )
            undone = tuple(Entry(*row) for row in rows)
            cursor.execute("DELETE FROM entry WHERE feed = ? AND block > ?", (self._name, ancestor))
            cursor.execute("DELETE FROM block WHERE feed = ? AND number > ?", (self._name, ancestor))
            return undone
