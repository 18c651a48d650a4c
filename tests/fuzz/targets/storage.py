"""Names of contents, and contents as other people's stores give them."""

from __future__ import annotations

import io
from typing import Final

from covey.storage import BadCid, Cid, StoreError, open_store
from covey.storage.cid import DAG_PB
from covey.storage.store import Content
from covey.storage.unixfs import CHUNK_SIZE, build, cid_of, read
from tests.fuzz.target import Target

_FILE: Final = bytes(CHUNK_SIZE * 2 + 5)
_LIMIT: Final = 2**20


class Blocks:
    """A `Store` in memory, which hands out whatever it was told to hold."""

    def __init__(self) -> None:
        self.blocks: dict[str, bytes] = {}

    def put(self, content: Content) -> str:
        assert isinstance(content, bytes)
        return str(build(io.BytesIO(content), lambda cid, block: self.blocks.update({str(cid): block})).root)

    def get(self, cid: str, max_bytes: int) -> bytes:
        return read(Cid.parse(cid), lambda block, limit: self.blocks.get(str(block), b"")[: limit + 1], max_bytes)

    def has(self, cid: str) -> bool:
        return cid in self.blocks


def _read_cid(data: bytes) -> None:
    try:
        assert Cid.from_binary(data).binary == data
    except BadCid:
        text = data.decode(errors="surrogateescape")
        assert str(Cid.parse(text)) == text


def _tree() -> tuple[Blocks, bytes]:
    store = Blocks()
    return store, store.blocks[store.put(_FILE)]


_LEAVES, _NODE = _tree()


def _read_tree(data: bytes) -> None:
    """A file whose root is some bytes; it names what leaves it likes, and all that it names are served."""
    root = Cid.of_block(DAG_PB, data)
    served = {**_LEAVES.blocks, str(root): data}
    content = read(root, lambda cid, limit: served.get(str(cid), data)[: limit + 1], _LIMIT)
    assert cid_of(content) == str(root), "a second layout of one file"


def _read_store(data: bytes) -> None:
    open_store(data.decode(errors="surrogateescape"))


TARGETS = (
    Target(
        "cid",
        _read_cid,
        lambda: [cid_of(b"x").encode(), cid_of(_FILE).encode(), Cid.parse(cid_of(b"x")).binary],
        (BadCid,),
        max_size=256,
    ),
    Target(
        "file-tree",
        _read_tree,
        lambda: [_NODE],
        (StoreError,),
        lambda: [bytes(16_384), b"\x12\x00" * 8_192, b"\xff" * 16_384],
    ),
    Target(
        "store-address",
        _read_store,
        lambda: [b"dir:/a/b", b"dir:~/a", b"kubo:http://127.0.0.1:5001", b"gateway:https://[::1]:80/x"],
        (StoreError,),
        max_size=256,
    ),
)
