"""RPC endpoints that fail, each in its own way: real HTTP servers."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from covey.localnet import Localnet

TRICKLES = {
    "status line": (b"", b"HTTP"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-Many: x\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
}
"""What comes at once, and what comes now and then for ever."""

Respond = Callable[[Any], tuple[int, bytes]]
"""From a parsed request to an HTTP status and body."""


@contextmanager
def endpoint(respond: Respond) -> Iterator[str]:
    """The address of a server that answers with `respond`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # the client lost patience

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answers(results: dict[str, Any]) -> Respond:
    """Well-formed answers, with these results by method."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        if request["method"] in results:
            return {"jsonrpc": "2.0", "id": request["id"], "result": results[request["method"]]}
        return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no such method"}}

    def respond(request: Any) -> tuple[int, bytes]:
        reply = [one(item) for item in request] if isinstance(request, list) else one(request)
        return 200, json.dumps(reply).encode()

    return respond


def forwarding(net: Localnet, change: Any) -> Respond:
    """Answers as the node does, with each request and its answer passed through `change`."""

    def respond(request: Any) -> tuple[int, bytes]:
        requests = request if isinstance(request, list) else [request]
        answers = [change(item, httpx.post(net.url, json=item).json()) for item in requests]
        return 200, httpx.Response(200, json=answers if isinstance(request, list) else answers[0]).content

    return respond


def always(status: int, body: bytes) -> Respond:
    return lambda request: (status, body)


def slow(seconds: float) -> Respond:
    def respond(request: Any) -> tuple[int, bytes]:
        time.sleep(seconds)
        return 200, b"{}"

    return respond


@contextmanager
def trickling(part: str) -> Iterator[str]:
    """The address of a server whose answers never end in one of their parts, though something always comes."""
    at_once, now_and_then = TRICKLES[part]
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(at_once)
                while not over.wait(0.02):
                    connection.sendall(now_and_then)
            except OSError:
                pass  # the client lost patience

    def serve(server: socket.socket) -> None:
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()
