"""Nodes that are slow, down, limited or talk nonsense."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from covey.verify.export import export
from covey.verify.rpc import Filter, Node, NodeError, Refused
from tests.workers.chain.endpoints import TRICKLES, trickling

ADDRESS = "0x" + "ab" * 20
WANTED = Filter(ADDRESS, ((b"\x11" * 32,),))
Answer = Callable[[Any], bytes]


@contextmanager
def server(answer: Answer, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = answer(request)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with served(Handler) as url:
        yield url


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def result(request: Any, value: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": value}).encode()


def log(block: int, **changes: object) -> dict[str, object]:
    return {
        "address": ADDRESS,
        "topics": ["0x" + "11" * 32],
        "data": "0x",
        "blockNumber": hex(block),
        "transactionHash": "0x" + "22" * 32,
        "blockHash": "0x" + "33" * 32,
        "logIndex": "0x0",
        "removed": False,
        **changes,
    }


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'"0x1"',
        b'{"id": 99, "result": "0x1"}',
        b"[" * 50_000,
        b"[" + b"[]," * 300_000 + b"[]]",
        b'{"id": 1, "result": 7}',
        b'{"id": 1, "result": "0x"}',
        b'{"id": 1, "result": "0xzz"}',
        b'{"id": 1}',
        b'{"id": 1, "error": {"message": "no"}}',
    ],
)
def test_nonsense_is_refused(body: bytes) -> None:
    with server(lambda _: body) as url, pytest.raises(NodeError):
        Node(url).chain_id()


@pytest.mark.parametrize("status", [301, 302, 307, 404, 503])
def test_http_errors_are_named(status: int) -> None:
    with server(lambda _: b"", status=status) as url, pytest.raises(NodeError, match=str(status)):
        Node(url).head()


def test_a_node_that_does_not_speak_http() -> None:
    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"SSH-2.0-server\r\n")

    with served(Handler) as url, pytest.raises(NodeError, match="can't be reached"):
        Node(url).head()


@pytest.mark.parametrize(
    "item",
    [
        log(5, address="0x" + "cd" * 20),
        log(99),
        log(5, removed=True),
        log(5, topics=["0x"]),
        log(5, topics=[]),
        log(5, topics=["0x" + "12" * 32]),
        log(5, topics=["0x" + "11" * 32] * 5),
        log(5, data="0x1"),
        log(5, blockHash=None),
        {},
        7,
    ],
)
def test_logs_that_were_not_asked_for_are_refused(item: object) -> None:
    with server(lambda request: result(request, [item])) as url, pytest.raises(NodeError):
        Node(url).logs(WANTED, 1, 9)


def test_a_node_that_limits_ranges_is_asked_for_less() -> None:
    def limited(request: Any) -> bytes:
        where = request["params"][0]
        first, last = int(where["fromBlock"], 16), int(where["toBlock"], 16)
        if last - first >= 10:
            return json.dumps({"id": request["id"], "error": {"message": "range too wide"}}).encode()
        return result(request, [log(block) for block in range(first, last + 1)])

    with server(limited) as url:
        found = Node(url).logs(WANTED, 0, 100)
    assert [one.block for one, _ in found] == list(range(101))


def test_a_node_that_refuses_every_range() -> None:
    with server(lambda request: json.dumps({"id": request["id"], "error": {}}).encode()) as url, pytest.raises(Refused):
        Node(url).logs(WANTED, 0, 100)


def test_a_silent_node_is_given_up() -> None:
    def silent(request: Any) -> bytes:
        raise TimeoutError

    with server(silent) as url, pytest.raises(NodeError, match="can't be reached"):
        Node(url, timeout=0.5).head()


@pytest.mark.parametrize("part", TRICKLES)
def test_a_node_that_trickles_is_given_up(part: str) -> None:
    with trickling(part) as url, pytest.raises(NodeError, match=r"did not answer within 0\.2 s"):
        Node(url, timeout=0.2).head()


@pytest.mark.parametrize("word", ["0" * 23 + "1" + "ab" * 20, "ff" * 32, "ab" * 20])
def test_what_is_no_address_is_refused(word: str) -> None:
    block = {"number": "0x9", "hash": "0x" + "33" * 32, "timestamp": "0x1"}

    def answer(request: Any) -> bytes:
        return result(request, block if request["method"] == "eth_getBlockByNumber" else "0x" + word)

    with server(answer) as url, pytest.raises(NodeError, match=r"no address|another contract"):
        export(Node(url), ADDRESS, 1, first=0, last=9)
