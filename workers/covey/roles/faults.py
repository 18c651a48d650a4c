"""Dying on purpose, so that tests can kill a worker at every step of a round."""

import os
import signal

_VARIABLE = "COVEY_KILL_LOG"
"""A file: at every point that it does not name yet, the process adds it and kills itself, as kill -9 would."""


def point(name: str) -> None:
    """Marks a step: `before`, `sent` or `after`, a slash, and the act."""
    path = os.environ.get(_VARIABLE)
    if not path:
        return
    with open(path, "a+") as log:
        log.seek(0)
        if name in log.read().split():
            return
        log.write(f"{name}\n")
    os.kill(os.getpid(), signal.SIGKILL)
