"""HTTP answers, header and all, as every client of Covey reads them: a real server sends the fuzzer's bytes."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import Final

from covey.chain.errors import ChainError
from covey.chain.rpc import Rpc, RpcPolicy
from covey.storage import StoreError, cid_of
from covey.storage.gateway import GatewayStore
from covey.storage.kubo import KuboStore
from covey.verify.rpc import Node, NodeError
from tests.fuzz.target import Target
from tests.fuzz.targets.chain import answer

_PATIENCE: Final = 5.0
_POLICY: Final = RpcPolicy(connect_timeout=_PATIENCE, timeout=_PATIENCE, rounds=1, max_response=2**20)
_CONTENT: Final = b"some content"


class _Server:
    """Answers every request with the same bytes, then closes the connection."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._serve, daemon=True, name="canned answers").start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, suppress(OSError):
                _drain(connection)
                connection.sendall(self.answer)


def _drain(connection: socket.socket) -> None:
    """Reads a request: closing before would drop the answer."""
    connection.settimeout(_PATIENCE)
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(65_536)
        if not piece:
            return
        request += piece
    header, _, body = request.partition(b"\r\n\r\n")
    if b"chunked" in header.lower():
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65_536)
        return
    length = next((int(line[15:]) for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)


@cache
def _server() -> _Server:
    return _Server()


def _answered(ask: Callable[[str], object]) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        _server().answer = data
        ask(_server().url)

    return read


def _kubo(url: str) -> None:
    """Every question; each may fail alone."""
    store = KuboStore(url, timeout_s=_PATIENCE, total_s=_PATIENCE)
    for ask in (
        store.version,
        lambda: store.put(_CONTENT),
        lambda: store.get(cid_of(_CONTENT), 100),
        lambda: store.has(cid_of(_CONTENT)),
    ):
        with suppress(StoreError):
            ask()


def _responses(body: bytes) -> list[bytes]:
    ok, packed = b"HTTP/1.1 200 OK\r\n", gzip.compress(body, mtime=0)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return [
        b"%bContent-Length: %d\r\nContent-Type: application/json\r\n\r\n%b" % (ok, len(body), body),
        b"%bTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n%b" % (ok, chunked),
        b"%bContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (ok, len(packed), packed),
        b"HTTP/1.0 500 No\r\nSet-Cookie: a=b\r\n\r\n" + body,
        b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"\r\n" + body,
    ]


def _extremes() -> list[bytes]:
    ok = b"HTTP/1.1 200 OK\r\n"
    bomb = gzip.compress(bytes(2**28), mtime=0)
    return [
        ok + b"Content-Encoding: gzip\r\n\r\n" + bomb,
        ok + b"Content-Encoding: " + b"gzip, " * 1_000 + b"gzip\r\n\r\n" + bomb,
        ok + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 100,
        ok + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000,
        ok + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        ok + b"X: y\r\n" * 100_000 + b"\r\n",
        ok + b"X: " + b"y" * 2**22 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000,
        ok + b"\r\n" + bytes(2**26),
    ]


def _target(
    name: str, ask: Callable[[str], object], body: bytes, refusals: Sequence[type[Exception]], cost: int = 20
) -> Target:
    return Target(
        f"http-{name}",
        _answered(ask),
        lambda: _responses(body),
        tuple(refusals),
        _extremes,
        max_size=1024,
        cost=cost,
    )


TARGETS = (
    _target("node", lambda url: Rpc([url], policy=_POLICY).chain_id, answer(1, "0x1"), [ChainError]),
    _target("verifiers-node", lambda url: Node(url, _PATIENCE).head(), answer(1, "0x1"), [NodeError]),
    _target(
        "gateway",
        lambda url: GatewayStore(url, timeout_s=_PATIENCE, total_s=_PATIENCE).get(cid_of(_CONTENT), 100),
        _CONTENT,
        [StoreError],
    ),
    _target("kubo", _kubo, b'{"Version":"0.29.0","Hash":"%b","Size":12}' % cid_of(_CONTENT).encode(), [], cost=80),
)
