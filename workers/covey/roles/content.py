"""A store that keeps what it fetched: what was read once is there when it is needed again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Lock

from covey.storage import Content, Store, StoreError


class KeptStore:
    """Reads from `kept` first, then from `source`, and keeps what comes from there. Writes go to `source`.

    `seconds` is the time that all this has taken, in all threads that share it.
    """

    def __init__(self, kept: Store, source: Store) -> None:
        self._kept = kept
        self._source = source
        self._lock = Lock()
        self.seconds = 0.0

    def put(self, content: Content) -> str:
        """See `Store.put`."""
        with self._timed():
            return self._source.put(content)

    def hold(self, content: bytes) -> str:
        """Puts it here, and into the source, for others. Raises what either `put` raises, once both were tried."""
        with self._timed():
            try:
                self._kept.put(content)
            finally:
                cid = self._source.put(content)
            return cid

    def get(self, cid: str, max_bytes: int) -> bytes:
        """See `Store.get`. What can't be kept (no room, read-only) is still returned."""
        return self._read(cid, max_bytes, suppress(StoreError))

    def keep(self, cid: str, max_bytes: int) -> bytes:
        """As `get`, for what has to be here from now on. Raises StoreFull, StoreReadOnly too."""
        return self._read(cid, max_bytes, nullcontext())

    def has(self, cid: str) -> bool:
        """See `Store.has`."""
        with self._timed():
            return self._kept.has(cid) or self._source.has(cid)

    def _read(self, cid: str, max_bytes: int, keeping: AbstractContextManager[None]) -> bytes:
        with self._timed():
            if self._kept.has(cid):
                with suppress(StoreError):
                    return self._kept.get(cid, max_bytes)
            data = self._source.get(cid, max_bytes)
            with keeping:
                self._kept.put(data)
            return data

    @contextmanager
    def _timed(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self.seconds += time.monotonic() - began
