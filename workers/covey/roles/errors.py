"""What can keep a worker from its work. Each message says what to do next."""

from pathlib import Path


class RoleError(Exception):
    """A worker can't go on."""


class BadDescription(RoleError, ValueError):
    """A task's public description breaks its format: leave the task alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the task's description can't be used ({reason}): choose another task")


class NotReady(RoleError):
    """Something that only the user can do is missing before a worker may join."""


class ModelLost(RoleError):
    """A trainer committed to a model that its journal does not hold."""

    def __init__(self, journal: Path, round_: int) -> None:
        super().__init__(
            f"the journal {journal} has no model for round {round_ + 1}, which this trainer committed to: start it "
            "with the journal it had then"
        )


class WorkLost(RoleError):
    """A client of an Alliance committed to something that its journal does not hold."""

    def __init__(self, journal: Path, round_: int) -> None:
        super().__init__(
            f"the journal {journal} does not hold what this client committed to in round {round_ + 1}: start it with "
            "the journal it had then"
        )


class LibraryUnusable(RoleError):
    """A library can't be loaded, and never will be by this process."""

    def __init__(self, module: str, reason: Exception) -> None:
        super().__init__(
            f"{module} can't be loaded ({type(reason).__name__}: {reason}): look whether the disk is full or the "
            "installation is damaged, then start again"
        )


class UnknownTask(RoleError):
    """There is no such task."""

    def __init__(self, task: int, contract: str, address: str, listing: str) -> None:
        super().__init__(f"the {contract} at {address} has no task {task}: list them with '{listing}'")


class RelayPortTaken(RoleError):
    """A relay can't listen where it was told to."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"the relay can't listen on {host}:{port} ({reason}): choose another port, or stop what is there"
        )


class RelayError(RoleError):
    """A relay did not take a message."""


class RelayUnavailable(RelayError):
    """It can't be reached, or failed for a reason of its own."""


class RelayRefused(RelayError):
    """It looked at the message and refused it."""
