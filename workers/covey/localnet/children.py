"""Child processes that never outlive their owner."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

# Ends the child when the pipe on descriptor 3 closes, which the kernel does however this process ends, kill -9
# included.
_GUARD = """
exec 3<&0
"$@" 3<&- </dev/null & child=$!
{ cat <&3 >/dev/null; kill -TERM "$child"; } 2>/dev/null &
wait "$child"
"""
_STOP_TIMEOUT = 5.0

Child = subprocess.Popen[bytes]


def spawn(arguments: Sequence[str], log: IO[bytes], environment: Mapping[str, str] | None = None) -> Child:
    """Starts a program whose output goes to `log`. Its exit status is the guard's."""
    # A session of its own keeps the terminal's Ctrl-C away: the owner decides when the child ends.
    return subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "covey-child", *arguments],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=None if environment is None else dict(environment),
        start_new_session=True,
    )


def stop(*children: Child) -> None:
    """Asks all to end by closing their guards' pipes; kills the groups of those that take too long."""
    for child in children:
        if child.stdin is not None and not child.stdin.closed:
            child.stdin.close()
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_STOP_TIMEOUT)
        kill(child)


def kill(child: Child) -> None:
    """Ends a child at once, guard and all, as a crash or a power cut would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
