"""`covey`, and `python -m covey`."""

import os
import sys
from contextlib import suppress
from typing import NoReturn

from covey.cli.exits import Exit


def main() -> None:
    """Runs the command line. Ctrl-C while it loads ends it as quietly as later."""
    try:
        from covey.cli.main import app
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    try:
        app()
    except SystemExit as end:
        _end_at_once(end)


def _end_at_once(end: SystemExit) -> NoReturn:
    """Ends the process with this status, which the interpreter's own end would lose: torch aborts when a thread that
    still trains is stopped, and what a full disk has no room for fails once more."""
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


if __name__ == "__main__":
    main()
