"""A store that keeps what it fetched: what was read once is there when it is needed again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from covey.storage import Content, Store, StoreError


class KeptStore:
    """Reads from `kept` first, then from `source`, and keeps what comes from there. Writes go to `source`.

    `seconds` is the time that all this has taken.
    """

    def __init__(self, kept: Store, source: Store) -> None:
        self._kept = kept
        self._source = source
        self.seconds = 0.0

    def put(self, content: Content) -> str:
        """See `Store.put`."""
        with self._timed():
            return self._source.put(content)

    def get(self, cid: str, max_bytes: int) -> bytes:
        """See `Store.get`. What can't be kept (no room, read-only) is still returned."""
        with self._timed():
            if self._kept.has(cid):
                with suppress(StoreError):
                    return self._kept.get(cid, max_bytes)
            data = self._source.get(cid, max_bytes)
            with suppress(StoreError):
                self._kept.put(data)
            return data

    def has(self, cid: str) -> bool:
        """See `Store.has`."""
        with self._timed():
            return self._kept.has(cid) or self._source.has(cid)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - began
