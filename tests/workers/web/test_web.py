"""Which server is spoken to, as whom and through which proxy. Its users' tests tell that answers end in time."""

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from urllib3.exceptions import HTTPError

from covey.web import Server


@dataclass
class Seen:
    """A server's port, and of each request its target and what authorises it."""

    port: int = 0
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)


@pytest.fixture
def seen() -> Iterator[Seen]:
    found = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.requests.append(
                (self.path, self.headers["Authorization"], self.headers["Proxy-Authorization"]),
            )
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def get(url: str, path: str = "") -> int:
    server = Server(url, timeout=10)
    with server.ask("GET", path) as response:
        status = response.status
    server.close()
    return status


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def test_the_url_is_kept_as_it_is(seen: Seen) -> None:
    assert get(f"http://127.0.0.1:{seen.port}/v3/key?token=x") == 200
    assert get(f"http://127.0.0.1:{seen.port}/ipfs", "/cid?format=raw") == 200
    assert [target for target, *_ in seen.requests] == ["/v3/key?token=x", "/ipfs/cid?format=raw"]


def test_user_and_password_come_from_the_url(seen: Seen) -> None:
    get(f"http://me:p%40ss@127.0.0.1:{seen.port}/")
    assert seen.requests == [("/", basic("me:p@ss"), None)]


def test_redirects_are_not_followed(seen: Seen) -> None:
    assert get(f"http://127.0.0.1:{seen.port}/moved") == 302
    assert len(seen.requests) == 1


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_the_environment_s_proxy_is_used(seen: Seen, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{seen.port}")
    assert get("http://node.example/rpc") == 200
    assert seen.requests == [("http://node.example/rpc", None, basic("me:secret"))]


def test_a_proxy_without_a_scheme(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{seen.port}")
    assert get("http://node.example/rpc") == 200


def test_no_proxy_for_this_machine_or_where_none_is_wanted(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert get(f"http://127.0.0.1:{seen.port}/") == 200
    assert get(f"http://localhost:{seen.port}/") == 200
    monkeypatch.setenv("no_proxy", "127.0.0.2")
    with pytest.raises(HTTPError):
        get("http://node.example/")
    assert len(seen.requests) == 2


@pytest.mark.parametrize("url", ["http://", "http://host:port", "http://[::1"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(HTTPError):
        get(url)


def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1080")
    with pytest.raises(HTTPError):
        Server("http://node.example", timeout=1)
