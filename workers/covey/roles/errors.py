"""What can keep a worker from its work. Each message says what to do next."""


class RoleError(Exception):
    """A worker can't go on."""


class Stopped(RoleError):
    """The worker was asked to stop. Nothing is lost: start it again to go on."""

    def __init__(self) -> None:
        super().__init__("stopped; start it again to go on where it was")


class BadDescription(RoleError, ValueError):
    """A task's public description breaks its format: leave the task alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the task's description can't be used ({reason}): choose another task")


class NotReady(RoleError):
    """Something that only the user can do is missing before a worker may join."""


class UnknownTask(RoleError):
    """There is no such task."""

    def __init__(self, task: int, arena: str) -> None:
        super().__init__(f"the Arena at {arena} has no task {task}: list them with 'covey task list'")


class RelayError(RoleError):
    """A relay did not take a message."""


class RelayUnavailable(RelayError):
    """It can't be reached, or failed for a reason of its own."""


class RelayRefused(RelayError):
    """It looked at the message and refused it."""
