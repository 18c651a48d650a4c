"""HTTP in which a whole answer is bounded in time.

Libraries bound each read alone, so that a server which sends a byte now and then keeps them waiting for as long as it
likes: in the status line, in a header, in the body.
"""

from __future__ import annotations

import http.client
import io
import math
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
_KEPT_CONNECTIONS: Final = 10


class Server:
    """An HTTP server by its URL, which may hold a user and password; threads may share it.

    Connecting takes at most `connect_timeout` seconds, an answer `timeout`, from the end of its request to its last
    byte. Redirects are not followed: the user chose this server and no other. The environment's proxy is used, but not
    for this machine, which a proxy for the Internet can't reach. Raises urllib3's HTTPError, here and in all methods.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        connect_timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._url, credentials = _without_credentials(url)
        self._headers = {**(headers or {}), **urllib3.make_headers(basic_auth=credentials)}
        self._timeout = urllib3.Timeout(connect=connect_timeout or timeout, read=timeout)
        self._pools = _pools(self._url)

    @contextmanager
    def ask(self, method: str, path: str = "", body: bytes | None = None) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer to a request for `path`, which is put behind the URL; its body is yet to be read."""
        with self._pools.request(
            method,
            self._url + path,
            body=body,
            headers=self._headers,
            timeout=self._timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        ) as response:
            yield response

    def close(self) -> None:
        self._pools.clear()


class BoundedResponse(http.client.HTTPResponse):
    """An answer that takes no longer than the connection's timeout, nor more than `max_bytes`, header and all.

    A connection class of http.client's, or built on it, makes its answers bounded by naming this its `response_class`.
    """

    max_bytes: ClassVar[float] = math.inf
    """For callers that can't count what they read."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_Received(self.fp.detach(), sock, self.max_bytes))


class _Received(io.RawIOBase):
    """What a socket receives until its timeout, counted from now, is over. Raises OSError beyond `max_bytes`."""

    def __init__(self, received: io.RawIOBase, sock: socket.socket, max_bytes: float) -> None:
        timeout = sock.gettimeout()
        if timeout is None:
            raise ValueError("a bounded answer needs a connection with a timeout")
        self._received = received
        self._sock = sock
        self._ends_at = time.monotonic() + timeout
        self._left = max_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        count = self._received.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def close(self) -> None:
        self._received.close()
        super().close()


class _Connection(HTTPConnection):
    response_class = BoundedResponse


class _TlsConnection(HTTPSConnection):
    response_class = BoundedResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def _pools(url: str) -> urllib3.PoolManager:
    parts = urllib3.util.parse_url(url)
    host = parts.host or ""
    proxies = {} if host in _LOCAL_HOSTS or proxy_bypass(host) else getproxies()
    pools: urllib3.PoolManager
    if proxy := proxies.get(parts.scheme or "") or proxies.get("all"):
        proxy, credentials = _without_credentials(proxy if "://" in proxy else f"http://{proxy}")
        headers = urllib3.make_headers(proxy_basic_auth=credentials)
        pools = urllib3.ProxyManager(proxy, maxsize=_KEPT_CONNECTIONS, proxy_headers=headers)
    else:
        pools = urllib3.PoolManager(maxsize=_KEPT_CONNECTIONS)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pools


def _without_credentials(url: str) -> tuple[str, str | None]:
    """The URL, and the `user:password` that stood in it."""
    parts = urllib3.util.parse_url(url)
    return parts._replace(auth=None).url, unquote(parts.auth) if parts.auth else None
