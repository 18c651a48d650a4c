"""A read-only trustless gateway: raw blocks over HTTP, each checked here.

Source: https://specs.ipfs.tech/http-gateways/trustless-gateway/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from covey.storage.cid import Cid
from covey.storage.deadline import Deadline
from covey.storage.errors import BadStoreUri, Missing, StoreReadOnly, StoreUnavailable, Truncated
from covey.storage.store import Content
from covey.storage.unixfs import read
from covey.web import Server

_ABSENT: Final = frozenset({404, 410})
_BUFFER: Final = 65_536
_HEADERS: Final = {"Accept": "application/vnd.ipld.raw", "Accept-Encoding": "identity"}


class GatewayStore:
    """A `Store` that reads through the gateway at `url` and can't write.

    `timeout_s` bounds each of the gateway's answers, a block at most, and `total_s` a whole `get`. Redirects are not
    followed: the operator chose this gateway and no other. Raises BadStoreUri.
    """

    def __init__(self, url: str, *, timeout_s: float = 30, total_s: float = 600) -> None:
        self._url = url.rstrip("/")
        try:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError
            self._server = Server(self._url, timeout=timeout_s, headers=_HEADERS)
        except (HTTPError, ValueError):
            raise BadStoreUri(f"{url!r} is not a gateway's address; give one like https://gateway.example") from None
        self._total_s = total_s

    def put(self, content: Content) -> str:
        """Raises StoreReadOnly, always."""
        raise StoreReadOnly(f"{self._url} is a gateway, which only reads: publish through a dir:PATH or kubo:URL store")

    def get(self, cid: str, max_bytes: int) -> bytes:
        """See `Store.get`."""
        root = Cid.parse(cid)
        deadline = Deadline(self._total_s, f"reading {cid} from {self._url}")
        return read(root, lambda block_cid, limit: self._block(block_cid, limit, deadline), max_bytes)

    def has(self, cid: str) -> bool:
        """See `Store.has`."""
        path = _block_path(Cid.parse(cid))
        with self._errors(), self._server.ask("HEAD", path) as response:
            return self._found(response)

    def _block(self, cid: Cid, limit: int, deadline: Deadline) -> bytes:
        block = bytearray()
        path = _block_path(cid)
        with self._errors(), self._server.ask("GET", path) as response:
            if not self._found(response):
                raise Missing(f"{self._url} has no block {cid}; try another store")
            try:
                for piece in response.stream(_BUFFER, decode_content=False):
                    deadline.check()
                    block += piece
                    if len(block) > limit:
                        break
            except ProtocolError as error:
                raise Truncated(f"{self._url}{path} broke off before its end; try again") from error
        return bytes(block[: limit + 1])

    def _found(self, response: urllib3.BaseHTTPResponse) -> bool:
        if response.status == HTTPStatus.OK:
            return True
        if response.status in _ABSENT:
            return False
        raise StoreUnavailable(f"{self._url} answered {response.status}; try again, or use another store")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            raise StoreUnavailable(f"{self._url} can't be reached: {error}") from error


def _block_path(cid: Cid) -> str:
    return f"/ipfs/{cid}?format=raw"
