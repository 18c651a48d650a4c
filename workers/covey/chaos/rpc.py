"""An RPC endpoint for each worker, through which it reaches the node, or does not."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self

from urllib3.exceptions import HTTPError

from covey.chaos.plan import Kind
from covey.chaos.undo import Undo
from covey.web import Server

_TIMEOUT: Final = 60.0
_AT_ONCE: Final = 10
"""Requests that the node has at the same time: as many as there are connections kept."""

_GARBAGE: Final = b"<html><body>It works!</body></html>"


@dataclass
class _Trouble:
    """Befalls every `every`th request."""

    kind: Kind
    amount: int
    requests: itertools.count[int] = field(default_factory=itertools.count)

    def strikes(self) -> bool:
        return self.kind is Kind.RPC_SLOW or next(self.requests) % self.amount == 0


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that was killed while it asked


class Proxy:
    """Serves the node at `url` to any number of people; use it as a context manager."""

    def __init__(self, url: str) -> None:
        self._node = Server(url, timeout=_TIMEOUT, headers={"Content-Type": "application/json"})
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._troubles: dict[str, list[_Trouble]] = {}
        self._lock = threading.Lock()
        self._server = _Listener(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="RPC proxy")

    def address(self, name: str) -> str:
        """A person's own endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}/{name}"

    def trouble(self, name: str, kind: Kind, amount: int) -> Undo:
        """Begins a trouble for one person; see Kind."""
        trouble = _Trouble(kind, amount)
        with self._lock:
            self._troubles.setdefault(name, []).append(trouble)

        def undo() -> None:
            with self._lock:
                self._troubles[name].remove(trouble)

        return undo

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._node.close()

    def _striking(self, name: str) -> list[_Trouble]:
        """What befalls a person's request now."""
        with self._lock:
            return [trouble for trouble in self._troubles.get(name, ()) if trouble.strikes()]

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        try:
            with self._turns, self._node.ask("POST", body=body) as response:
                return response.status, response.read()
        except HTTPError:
            return 502, b""

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                troubles = proxy._striking(self.path.removeprefix("/"))
                time.sleep(sum(trouble.amount for trouble in troubles if trouble.kind is Kind.RPC_SLOW) / 1_000)
                kinds = {trouble.kind for trouble in troubles}
                if Kind.RPC_DROPPED in kinds:
                    self.close_connection = True
                elif Kind.RPC_ERROR in kinds:
                    self._answer(503, b"")
                elif Kind.RPC_GARBAGE in kinds:
                    self._answer(200, _GARBAGE)
                else:
                    status, answer = proxy._forward(body)
                    if Kind.RPC_UNANSWERED in kinds:
                        self.close_connection = True
                    else:
                        self._answer(status, answer)

            def _answer(self, status: int, body: bytes) -> None:
                with suppress(OSError):  # killed meanwhile
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
