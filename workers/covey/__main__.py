"""`covey`, and `python -m covey`."""

import sys

from covey.cli.exits import Exit


def main() -> None:
    """Runs the command line. Ctrl-C while it loads ends it as quietly as later."""
    try:
        from covey.cli.main import app
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    app()


if __name__ == "__main__":
    main()
