"""The content store that every role uses."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

Content = bytes | Path


class Store(Protocol):
    """Contents by CID. Whatever the backend, no byte leaves a store unless it matches the CID it was asked for.

    Every method raises a subclass of StoreError: BadCid for a malformed CID, StoreUnavailable when the backend can't be
    reached, and those named below.
    """

    def put(self, content: Content) -> str:
        """Keep some bytes, or a file, which is never held in memory whole; return its CID. Twice does no harm.

        Raises StoreFull, StoreReadOnly; OSError if the file can't be read.
        """
        ...

    def get(self, cid: str, max_bytes: int) -> bytes:
        """The content of `cid`, of at most `max_bytes` bytes; no more than that is read.

        Raises Missing, Truncated, Altered, TooLarge.
        """
        ...

    def has(self, cid: str) -> bool:
        """Whether the backend says it holds `cid` now. Only `get` proves it."""
        ...
