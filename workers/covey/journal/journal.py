"""A worker's memory on disk."""

from pathlib import Path

from covey.closing import Closing
from covey.journal.database import Database
from covey.journal.errors import JournalForeign
from covey.journal.facts import Facts
from covey.journal.feed import Feed
from covey.journal.intents import Intents


class Journal(Closing):
    """One worker's journal: intents, facts and event feeds in one SQLite file, open in one process at a time.

    Whatever a method wrote before it returned survives kill -9 and a power cut. Use it as a context manager, or call
    `close`. Raises the errors of `covey.journal.errors`.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self.path = path
        self.intents = Intents(self._database)
        self.facts = Facts(self._database)

    def feed(self, name: str) -> Feed:
        return Feed(self._database, name)

    def bind(self, owner: str) -> None:
        """Ties the journal to its owner (account, chain, deployment in words) at the first call.

        Raises JournalForeign if it is tied to another.
        """
        found = self.facts.once("owner", owner.encode()).decode()
        if found != owner:
            raise JournalForeign(self.path, found, owner)

    def close(self) -> None:
        self._database.close()
