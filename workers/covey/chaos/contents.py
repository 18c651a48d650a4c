"""What befalls the store that everybody shares."""

from __future__ import annotations

from pathlib import Path

from covey.chaos.undo import Undo


def lose(store: Path, choice: int) -> Undo | None:
    """Removes one of the store's contents, until the result is called: somebody put it back. None if there is none.

    `choice` picks among what is there, in the order of CIDs.
    """
    contents = sorted(path for path in store.glob("*/*/*") if path.name.isdecimal())
    if not contents:
        return None
    lost = contents[choice % len(contents)]
    kept = lost.read_bytes()
    lost.unlink()

    def put_back() -> None:
        partial = lost.with_suffix(".partial")
        partial.write_bytes(kept)
        partial.replace(lost)

    return put_back
