"""What can go wrong with a journal. Each message says what to do next."""

from pathlib import Path


class JournalError(Exception):
    """Any failure of a worker's journal."""


class JournalLocked(JournalError):
    """Another process has the journal open."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"the journal {path} is in use by {owner}: stop that worker, or give this one a journal of its own"
        )
        self.path = path


class JournalFull(JournalError):
    """The disk has no room, or refuses to write. What was written before is safe."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"no room to write the journal {path} ({reason}): free some space, or check the disk")


class JournalReadOnly(JournalError):
    """The journal, or its folder, can't be written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the journal {path} can't be written ({reason}): check the permissions of the file and folder"
        )


class JournalBroken(JournalError):
    """The file isn't a journal, is damaged, or the disk failed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the journal {path} can't be read ({reason}): move it away and start again; salts and keys derive from "
            "the worker's key, and everything else is read from the chain again"
        )


class JournalVersion(JournalError):
    """The journal was written by another version of Covey."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"the journal {path} has format {found}, this version of Covey knows {known}: use the version that wrote "
            "it, or start with a new journal"
        )


class JournalForeign(JournalError):
    """The journal belongs to another account, chain or deployment."""

    def __init__(self, path: Path, found: str, expected: str) -> None:
        super().__init__(f"the journal {path} belongs to {found}, not to {expected}: use a journal of its own for each")


class IntentConflict(JournalError):
    """An intent's key was used before with something else to do."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"intent {key!r} was planned before with other contents: an intent's key must name exactly one action"
        )
        self.key = key


class IntentUnknown(JournalError):
    """No intent has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"intent {key!r} was never planned")
        self.key = key
