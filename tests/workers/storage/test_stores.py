"""What every store promises, checked on each: a directory, a Kubo RPC and a trustless gateway."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.storage import (
    Altered,
    BadCid,
    BadStoreUri,
    Missing,
    Store,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    TooLarge,
    Truncated,
    cid_of,
    open_store,
)
from covey.storage.gateway import GatewayStore
from covey.storage.kubo import KuboStore
from covey.storage.local import LocalStore
from covey.storage.unixfs import CHUNK_SIZE
from tests.workers.chain.endpoints import TRICKLES, trickling
from tests.workers.storage.servers import BlockServer, GatewayHandler, KuboHandler, serve

# An argument of ipfshttpclient's that urllib3 has long ignored.
pytestmark = pytest.mark.filterwarnings("ignore:The 'strict' parameter:FutureWarning")

Edit = Callable[[bytes], bytes]
SMALL = b"covey" * 100
LARGE = random.Random(1).randbytes(2 * CHUNK_SIZE + 1000)
ABSENT = cid_of(b"never stored")


@dataclass
class Rig:
    """A store, a way to put something into it, and a way to damage what it holds from outside."""

    store: Store
    put: Callable[[bytes], str]
    damage: Callable[[str, Edit], None]


def local_rig(root: Path) -> Rig:
    store = LocalStore(root)

    def damage(cid: str, edit: Edit) -> None:
        (path,) = (root / cid[-2:] / cid).iterdir()
        path.write_bytes(edit(path.read_bytes()))

    return Rig(store, store.put, damage)


def server_rig(store: Store, server: BlockServer) -> Rig:
    def damage(cid: str, edit: Edit) -> None:
        """Damage the last leaf, which is the whole of a small content."""
        leaf = cid if cid.startswith("bafkrei") else cid_of(LARGE[2 * CHUNK_SIZE :])
        server.blocks[leaf] = edit(server.blocks[leaf])

    return Rig(store, server.add, damage)


@pytest.fixture
def gateway() -> Iterator[BlockServer]:
    with serve(GatewayHandler) as server:
        yield server


@pytest.fixture
def kubo() -> Iterator[BlockServer]:
    with serve(KuboHandler) as server:
        yield server


@pytest.fixture(params=["local", "kubo", "gateway"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Rig:
    if request.param == "local":
        return local_rig(tmp_path / "store")
    server: BlockServer = request.getfixturevalue(request.param)
    return server_rig(open_store(f"{request.param}:{server.url}"), server)


@pytest.mark.parametrize("content", [b"", b"\0", SMALL, LARGE], ids=["empty", "byte", "small", "large"])
def test_returns_what_was_put(rig: Rig, content: bytes) -> None:
    cid = rig.put(content)
    assert cid == cid_of(content)
    assert rig.store.has(cid)
    assert rig.store.get(cid, len(content)) == content


def test_missing(rig: Rig) -> None:
    assert not rig.store.has(ABSENT)
    with pytest.raises(Missing, match=ABSENT):
        rig.store.get(ABSENT, 100)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("limit", [0, 1, CHUNK_SIZE])
def test_too_large(rig: Rig, content: bytes, limit: int) -> None:
    limit = min(limit, len(content) - 1)
    cid = rig.put(content)
    with pytest.raises(TooLarge, match=str(limit)):
        rig.store.get(cid, limit)


def test_truncated(rig: Rig) -> None:
    cid = rig.put(LARGE)
    rig.damage(cid, lambda content: content[:-1])
    with pytest.raises(Truncated):
        rig.store.get(cid, len(LARGE))


@given(position=st.integers(0, 999), bit=st.integers(0, 7), content=st.sampled_from([SMALL, LARGE]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_altered_bit_is_found(rig: Rig, content: bytes, position: int, bit: int) -> None:
    cid = rig.put(content)

    def flip(stored: bytes) -> bytes:
        at = position % len(stored)
        return stored[:at] + bytes([stored[at] ^ 1 << bit]) + stored[at + 1 :]

    rig.damage(cid, flip)
    with pytest.raises(Altered):
        rig.store.get(cid, len(content))
    rig.damage(cid, flip)
    assert rig.store.get(cid, len(content)) == content


def test_extra_bytes_are_found(rig: Rig) -> None:
    cid = rig.put(SMALL)
    rig.damage(cid, lambda content: content + b"\0")
    with pytest.raises(Altered):
        rig.store.get(cid, 10_000)


@pytest.mark.parametrize("cid", ["", "../../etc/passwd", "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"])
def test_bad_cids_reach_no_backend(rig: Rig, cid: str) -> None:
    with pytest.raises(BadCid):
        rig.store.get(cid, 100)
    with pytest.raises(BadCid):
        rig.store.has(cid)


def test_a_put_file_reads_as_its_bytes(tmp_path: Path, kubo: BlockServer) -> None:
    file = tmp_path / "file"
    file.write_bytes(LARGE)
    for store in (LocalStore(tmp_path / "store"), KuboStore(kubo.url)):
        cid = store.put(file)
        assert cid == store.put(LARGE) == cid_of(LARGE)
        assert store.get(cid, len(LARGE)) == LARGE
        with pytest.raises(FileNotFoundError):
            store.put(tmp_path / "no such file")


@pytest.mark.parametrize("version", ["0.4.23", "0.7.0", "0.8.0", "0.29.0", "0.40.1-rc1/abc"])
def test_kubo_of_any_version(kubo: BlockServer, version: str) -> None:
    kubo.version = version
    store = KuboStore(kubo.url)
    assert store.version() == version
    assert store.get(store.put(SMALL), len(SMALL)) == SMALL


def test_kubo_that_cuts_files_otherwise(kubo: BlockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubo, "add", lambda _content: ABSENT)
    with pytest.raises(Altered, match="Import settings"):
        KuboStore(kubo.url).put(SMALL)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("write blocks/X: no space left on device", "StoreFull"),
        ("open blocks/X: read-only file system", "StoreReadOnly"),
        ("open blocks/X: permission denied", "StoreReadOnly"),
        ("context deadline exceeded", "Missing"),
        ("pin: lock is held", "StoreUnavailable"),
    ],
)
def test_kubo_errors(kubo: BlockServer, words: str, error: str) -> None:
    kubo.failure = (500, words)
    with pytest.raises(Exception, match=words) as caught:
        KuboStore(kubo.url).put(SMALL)
    assert type(caught.value).__name__ == error


@pytest.mark.parametrize("status", [302, 400, 429, 500, 504])
def test_gateway_errors(gateway: BlockServer, status: int) -> None:
    gateway.failure = (status, "no")
    store = GatewayStore(gateway.url)
    with pytest.raises(StoreUnavailable, match=str(status)):
        store.get(ABSENT, 100)
    with pytest.raises(StoreUnavailable, match=str(status)):
        store.has(ABSENT)


def test_gateway_says_gone(gateway: BlockServer) -> None:
    gateway.failure = (410, "blocked")
    with pytest.raises(Missing):
        GatewayStore(gateway.url).get(ABSENT, 100)


def test_gateway_only_reads(gateway: BlockServer) -> None:
    with pytest.raises(StoreReadOnly):
        GatewayStore(gateway.url).put(SMALL)


def remote_stores(gateway: BlockServer, kubo: BlockServer, **limits: float) -> list[tuple[Store, BlockServer]]:
    return [(GatewayStore(gateway.url, **limits), gateway), (KuboStore(kubo.url, **limits), kubo)]


def test_answers_that_break_off(gateway: BlockServer, kubo: BlockServer) -> None:
    for store, server in remote_stores(gateway, kubo):
        cid = server.add(SMALL)
        server.broken_off.add(cid)
        with pytest.raises(Truncated, match="broke off"):
            store.get(cid, len(SMALL))


def test_answers_that_do_not_come(gateway: BlockServer, kubo: BlockServer) -> None:
    for store, server in remote_stores(gateway, kubo, timeout_s=0.1):
        cid = server.add(SMALL)
        server.pause_s = 0.5
        with pytest.raises(StoreUnavailable):
            store.get(cid, len(SMALL))


def test_reads_that_take_too_long_in_all(gateway: BlockServer, kubo: BlockServer) -> None:
    for store, server in remote_stores(gateway, kubo, total_s=0.2):
        cid = server.add(LARGE)
        server.pause_s = 0.15
        with pytest.raises(StoreUnavailable, match=r"more than 0\.2 s"):
            store.get(cid, len(LARGE))


@pytest.mark.parametrize("part", TRICKLES)
def test_answers_that_trickle(part: str) -> None:
    with trickling(part) as url:
        for store in (GatewayStore(url, timeout_s=0.2), KuboStore(url, timeout_s=0.2)):
            with pytest.raises(StoreUnavailable):
                store.get(ABSENT, 100)


def test_garbage_answers(kubo: BlockServer) -> None:
    kubo.garbage = b"<html>not Kubo</html>"
    store = KuboStore(kubo.url)
    for call in (store.version, lambda: store.put(SMALL), lambda: store.has(ABSENT)):
        with pytest.raises(StoreUnavailable):
            call()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[" * 100_000, {}),
        (b"f" * 100 + b"\r\nx", {"Transfer-Encoding": "chunked"}),
        (b" " * (8 * CHUNK_SIZE), {}),
        (gzip.compress(bytes(2**26)), {"Content-Encoding": "gzip"}),
    ],
    ids=["deep", "impossible length", "endless", "inflating"],
)
def test_a_daemon_with_monstrous_answers(kubo: BlockServer, body: bytes, headers: dict[str, str]) -> None:
    kubo.garbage, kubo.headers = body, headers
    store = KuboStore(kubo.url, timeout_s=5)
    for call in (store.version, lambda: store.put(SMALL), lambda: store.get(ABSENT, 100), lambda: store.has(ABSENT)):
        with pytest.raises(StoreError):
            call()


def test_nobody_there(gateway: BlockServer, kubo: BlockServer) -> None:
    for server in (gateway, kubo):
        server.shutdown()  # else its thread still holds the port for a moment
        server.server_close()
    for store, _ in remote_stores(gateway, kubo):
        with pytest.raises(StoreUnavailable, match="reached"):
            store.get(ABSENT, 1)
        with pytest.raises(StoreUnavailable, match="reached"):
            store.has(ABSENT)
    with pytest.raises(StoreUnavailable):
        KuboStore(kubo.url).put(SMALL)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "dir:",
        "/some/path",
        "s3:bucket",
        "kubo:",
        "kubo:127.0.0.1:5001",
        "kubo:http://127.0.0.1:99999",
        "kubo:http://127.0.0.1:5001/api/v1",
        "kubo:http://[::1",
        "kubo:http://127.0.0.1:port",
        "dir:~nobody of that name/store",
        "gateway:ftp://example.org",
        "gateway:https://",
        "gateway:https://example.org/?a=b",
        "gateway:https://[::1",
        "gateway:https://[z]/",
    ],
)
def test_bad_store_uris(uri: str) -> None:
    with pytest.raises(BadStoreUri):
        open_store(uri)


def test_a_directory_by_uri(tmp_path: Path) -> None:
    cid = open_store(f"dir:{tmp_path}/store").put(SMALL)
    assert open_store(f"dir:{tmp_path}/store").get(cid, len(SMALL)) == SMALL
