"""What a worker remembers, safe against kill -9, and the secrets it derives instead of remembering."""

from covey.journal.errors import (
    IntentConflict,
    IntentUnknown,
    JournalBroken,
    JournalError,
    JournalForeign,
    JournalFull,
    JournalLocked,
    JournalReadOnly,
    JournalVersion,
)
from covey.journal.feed import Block, Entry, Feed
from covey.journal.intents import Intent, State
from covey.journal.journal import Journal
from covey.journal.secrets import Purpose, Scope, Secret, derive, signing_key

__all__ = [
    "Block",
    "Entry",
    "Feed",
    "Intent",
    "IntentConflict",
    "IntentUnknown",
    "Journal",
    "JournalBroken",
    "JournalError",
    "JournalForeign",
    "JournalFull",
    "JournalLocked",
    "JournalReadOnly",
    "JournalVersion",
    "Purpose",
    "Scope",
    "Secret",
    "State",
    "derive",
    "signing_key",
]
