"""A Kubo daemon, through its RPC, as a content store.

`ipfshttpclient` 0.7.0 is built for daemons before 0.8: its `connect` refuses all later ones, though the few calls used
here have not changed since. So `_client`, the one place where a connection is made, creates the library's `Client`
directly, which skips that check. Nothing is taken on trust in exchange: the CID that the daemon gives to what it stores
is compared with Covey's own, and every block that it returns is checked.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import ipfshttpclient
import requests
from ipfshttpclient import exceptions, requests_wrapper

from covey.storage.cid import Cid
from covey.storage.deadline import Deadline
from covey.storage.errors import (
    Altered,
    BadStoreUri,
    Missing,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    Truncated,
)
from covey.storage.store import Content
from covey.storage.unixfs import CHUNK_SIZE, cid_of, read
from covey.web import BoundedResponse

# The library hands urllib3 an argument that has had no effect for years.
warnings.filterwarnings("ignore", "The 'strict' parameter", FutureWarning, "urllib3")


class _Answer(BoundedResponse):
    """A daemon's answer: a block at most, and never compressed, as a few bytes could unpack to any number."""

    max_bytes = 4 * CHUNK_SIZE

    def begin(self) -> None:
        super().begin()
        del self.headers["Content-Encoding"]


# The library's own connection classes, which it gives no other way to reach.
for _connection in (requests_wrapper.HTTPConnection, requests_wrapper.HTTPSConnection):
    _connection.response_class = _Answer

_HEADERS: Final = {"Accept-Encoding": "identity"}
_DEFAULT_PORT: Final = 5001
_ABSENT: Final = ("not found", "could not find", "deadline exceeded")


class KuboStore:
    """A `Store` in the daemon whose RPC is at `url`. What is put is pinned.

    `timeout_s` bounds each of the daemon's answers, a block at most, which it looks for among its peers for nearly as
    long; `total_s` bounds a whole `get`. Raises BadStoreUri.
    """

    def __init__(self, url: str, *, timeout_s: float = 60, total_s: float = 600) -> None:
        self._url = url
        self._address = _multiaddr(url)
        self._timeout_s = timeout_s
        self._search_s = 0.9 * timeout_s
        self._total_s = total_s

    def version(self) -> str:
        """The daemon's version, such as `0.29.0`."""
        with self._client() as client:
            return str(client.version()["Version"])[:64]

    def put(self, content: Content) -> str:
        """See `Store.put`. Raises Altered if the daemon's CID is not Covey's."""
        expected = cid_of(content)
        with self._client() as client:
            source = io.BytesIO(content) if isinstance(content, bytes) else content
            stored = str(client.add(source, cid_version=1, raw_leaves=True, chunker=f"size-{CHUNK_SIZE}")["Hash"])
        if stored != expected:
            raise Altered(f"{self._url} stored {expected} as {stored[:80]!r}; check the daemon's Import settings")
        return expected

    def get(self, cid: str, max_bytes: int) -> bytes:
        """See `Store.get`."""
        root = Cid.parse(cid)
        deadline = Deadline(self._total_s, f"reading {cid} from {self._url}")
        with self._client() as client:
            return read(root, lambda block_cid, limit: self._block(client, block_cid, limit, deadline), max_bytes)

    def has(self, cid: str) -> bool:
        """See `Store.has`. Asks for the root block alone, and for none of the peers'."""
        root = Cid.parse(cid)
        try:
            with self._client() as client:
                client.block.stat(str(root), offline=True)
        except Missing:
            return False
        return True

    def _block(self, client: ipfshttpclient.Client, cid: Cid, limit: int, deadline: Deadline) -> bytes:
        block = bytearray()
        with client.block.get(str(cid), stream=True, opts={"timeout": f"{self._search_s:.3f}s"}) as pieces:
            for piece in pieces:
                deadline.check()
                block += piece
                if len(block) > limit:
                    break
        return bytes(block[: limit + 1])

    @contextmanager
    def _client(self) -> Iterator[ipfshttpclient.Client]:
        try:
            with ipfshttpclient.Client(self._address, timeout=self._timeout_s, headers=_HEADERS) as client:
                yield client
        except StoreError:
            raise
        except exceptions.ErrorResponse as error:
            raise self._refusal(str(error)[:500]) from error
        except (exceptions.ProtocolError, requests.exceptions.ChunkedEncodingError) as error:
            raise Truncated(f"the daemon at {self._url} broke off its answer; try again") from error
        except (exceptions.Error, requests.RequestException) as error:
            raise StoreUnavailable(f"the daemon at {self._url} can't be reached; is it running? ({error})") from error
        except (AssertionError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
            raise StoreUnavailable(f"{self._url} does not answer like a Kubo daemon; check the address") from error

    def _refusal(self, message: str) -> StoreError:
        """The daemon's own words as one of Covey's errors; Kubo tells them apart by words alone."""
        words = message.lower()
        if any(hint in words for hint in _ABSENT):
            return Missing(f"the daemon at {self._url} found no such block: {message}")
        if "no space left" in words:
            return StoreFull(f"the daemon at {self._url} has no room ({message}): free space in its repository")
        if "read-only" in words or "permission denied" in words:
            return StoreReadOnly(f"the daemon at {self._url} can't write ({message}): check its repository")
        return StoreUnavailable(f"the daemon at {self._url} failed: {message}; see its log")


def _multiaddr(url: str) -> str:
    """The RPC's address as the library wants it. `/dns` takes plain IP addresses too, and pins no address family."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORT
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError
    except ValueError:
        raise BadStoreUri(
            f"{url!r} is not a daemon's address; give one like http://127.0.0.1:{_DEFAULT_PORT}"
        ) from None
    return f"/dns/{parts.hostname}/tcp/{port}/{parts.scheme}"
