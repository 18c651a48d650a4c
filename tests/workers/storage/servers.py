"""Local HTTP servers that hold blocks: a trustless gateway, and the part of Kubo's RPC that Covey uses."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from covey.storage import Cid
from covey.storage.unixfs import build


class BlockServer(ThreadingHTTPServer):
    """Blocks by CID, the requests seen, and what to do wrong."""

    daemon_threads = True

    def __init__(self, handler: type[BlockHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.blocks: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.version = "0.29.0"
        self.broken_off: set[str] = set()
        self.failure: tuple[int, str] | None = None
        self.pause_s = 0.0
        self.garbage: bytes | None = None
        self.headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, content: bytes) -> str:
        return str(build(io.BytesIO(content), self.keep).root)

    def keep(self, cid: Cid, block: bytes) -> None:
        self.blocks[str(cid)] = block


class BlockHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BlockServer

    def log_message(self, *_args: object) -> None:
        """Keep the tests' output clean."""

    def answer(self, status: int, body: bytes, promised: int | None = None) -> None:
        time.sleep(self.server.pause_s)
        if self.server.garbage is not None:
            body = self.server.garbage
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if promised is not None:
            self.close_connection = True

    def answer_block(self, cid: str) -> None:
        block = self.server.blocks[cid]
        if cid in self.server.broken_off:
            self.answer(200, block[: len(block) // 2], promised=len(block))
        else:
            self.answer(200, block)


class GatewayHandler(BlockHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        cid = parts.path.removeprefix("/ipfs/")
        self.server.requests.append(cid)
        if self.server.failure:
            self.answer(self.server.failure[0], self.server.failure[1].encode())
        elif parts.query != "format=raw" or self.headers["Accept"] != "application/vnd.ipld.raw":
            self.answer(406, b"only raw blocks here")
        elif cid in self.server.blocks:
            self.answer_block(cid)
        else:
            self.answer(404, b"no such block")

    def do_HEAD(self) -> None:
        self.do_GET()


class KuboHandler(BlockHandler):
    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        command = parts.path.removeprefix("/api/v0/")
        self.server.requests.append(command)
        body = self.read_body()
        if self.server.failure and command != "version":
            self.fail(self.server.failure[1])
        elif command == "version":
            self.answer_json({"Version": self.server.version, "Commit": "", "Repo": "16", "System": "", "Golang": ""})
        elif command == "add":
            self.add(options, body)
        elif (cid := options.get("arg", "")) not in self.server.blocks:
            self.fail(f"block was not found locally (offline): ipld: could not find {cid}")
        elif command == "block/stat":
            self.answer_json({"Key": cid, "Size": len(self.server.blocks[cid])})
        elif command == "block/get":
            self.answer_block(cid)

    def add(self, options: dict[str, str], body: bytes) -> None:
        if (options.get("cid-version"), options.get("raw-leaves")) != ("1", "True"):
            self.fail("these tests want CIDv1 with raw leaves")
            return
        content = body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]
        self.answer_json({"Name": "", "Hash": self.server.add(content), "Size": str(len(content))})

    def read_body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while self.headers.get("Transfer-Encoding") == "chunked" and (size := int(self.rfile.readline(), 16)):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def answer_json(self, value: object) -> None:
        self.answer(200, json.dumps(value).encode() + b"\n")

    def fail(self, message: str) -> None:
        self.answer(500, json.dumps({"Message": message, "Code": 0, "Type": "error"}).encode())


@contextmanager
def serve(handler: type[BlockHandler]) -> Iterator[BlockServer]:
    with BlockServer(handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
