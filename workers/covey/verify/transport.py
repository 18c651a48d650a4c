"""HTTP whose whole answer is bounded in time: urllib bounds each wait alone, so that a trickle could go on for ever."""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def opener() -> OpenerDirector:
    """As urllib's own, but an answer may take no longer than the timeout, header and all, and leads nowhere else.

    Raises TimeoutError, also while the answer is read.
    """
    return build_opener(_HttpHandler, _HttpsHandler, _NoRedirects)


class _Received(io.RawIOBase):
    """What `sock` receives, by `received`, until the time is up."""

    def __init__(self, received: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._received = received
        self._sock = sock
        self._until = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        self._sock.settimeout(left)
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> None:
        super().__init__(sock, debuglevel, method)
        self.fp = io.BufferedReader(_Received(self.fp.detach(), sock, sock.gettimeout() or 0))


class _HttpConnection(HTTPConnection):
    response_class = _Answer


class _HttpsConnection(HTTPSConnection):
    response_class = _Answer


class _HttpHandler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_HttpConnection, req)


class _HttpsHandler(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_HttpsConnection, req)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """The user named this node and no other."""
