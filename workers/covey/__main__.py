"""`covey`, and `python -m covey`."""

import os
import sys
import threading
from contextlib import suppress

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
        if threading.active_count() > 1:
            _end_at_once(end)
        raise


def _end_at_once(end: SystemExit) -> None:
    """Ends the process with whatever a thread still does: torch aborts it when the interpreter stops such a thread."""
    with suppress(OSError):
        sys.stdout.flush()
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


if __name__ == "__main__":
    main()
