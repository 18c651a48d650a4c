"""A limit on how long one read may take, however slowly its bytes trickle in."""

from __future__ import annotations

import time

from covey.storage.errors import StoreUnavailable


class Deadline:
    """Starts now and ends after `seconds`; `what` names the read in the error."""

    def __init__(self, seconds: float, what: str) -> None:
        self._ends_at = time.monotonic() + seconds
        self._message = f"{what} took more than {seconds:g} s; try again, or use a nearer store"

    def check(self) -> None:
        """Raises StoreUnavailable once the time is up."""
        if time.monotonic() > self._ends_at:
            raise StoreUnavailable(self._message)
