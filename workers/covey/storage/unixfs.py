"""Files as IPFS blocks, exactly as Kubo's `add --cid-version=1` cuts them.

Chunks of 262,144 bytes are raw leaves; up to 174 links make a dag-pb node; nodes stack into a balanced tree, all leaves
at one depth. Sources: the UnixFS and dag-pb specifications (https://specs.ipfs.tech/unixfs/,
https://ipld.io/specs/codecs/dag-pb/) and Kubo itself, which the tests compare with.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from covey.storage.cid import DAG_PB, RAW, Cid
from covey.storage.errors import Altered, TooLarge, Truncated

CHUNK_SIZE: Final = 262_144
MAX_LINKS: Final = 174
MAX_NODE_SIZE: Final = 16_384
"""More than any dag-pb node of 174 links takes, in bytes."""

_VARINT: Final = 0
_BYTES: Final = 2
_UNIXFS_FILE: Final = 2

BlockSink = Callable[[Cid, bytes], None]
"""Receives every block of a file, leaves first, root last."""

BlockSource = Callable[[Cid, int], bytes]
"""Returns the block of a CID, cut off after `limit + 1` bytes. What it returns is not trusted."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A built tree: its root, the file bytes below it, and its blocks' bytes in all (dag-pb's Tsize)."""

    root: Cid
    size: int
    encoded_size: int


def cid_of(content: bytes | Path) -> str:
    """The CID of some bytes, or of a file, which is read one chunk at a time. Raises OSError."""
    if isinstance(content, bytes):
        return str(build(io.BytesIO(content)).root)
    with content.open("rb") as stream:
        return str(build(stream).root)


def build(stream: BinaryIO, sink: BlockSink = lambda _cid, _block: None) -> Tree:
    """Cut a stream into blocks, handing each to `sink`. Holds one chunk, and one `Tree` per chunk, in memory."""
    level = [_emit(RAW, chunk, (), sink) for chunk in chunks(stream)]
    while len(level) > 1:
        groups = (level[start : start + MAX_LINKS] for start in range(0, len(level), MAX_LINKS))
        level = [_emit(DAG_PB, _encode_node(group), group, sink) for group in groups]
    return level[0]


def read(root: Cid, source: BlockSource, max_bytes: int) -> bytes:
    """Fetch a file block by block, checking each against its CID before using it.

    Only the layout that `build` writes is accepted, so that every store gives the same answer about a CID; this also
    bounds the work by the file's size. Raises Truncated, Altered, TooLarge, and whatever `source` raises.
    """
    if root.codec == RAW:
        limit = min(max_bytes, CHUNK_SIZE)
        block = source(root, limit)
        if len(block) > max_bytes:
            raise TooLarge(f"{root} has more than the {max_bytes} bytes allowed here")
        return _verified(root, block)
    block = _verified(root, source(root, MAX_NODE_SIZE))
    size = _declared_size(root, block)
    if size > max_bytes:
        raise TooLarge(f"{root} has {size} bytes; {max_bytes} are allowed here")
    if size <= CHUNK_SIZE:
        raise _foreign_layout(root)
    leaves: list[bytes] = []
    _read_node(root, block, size, _depth_of(size), source, leaves)
    return b"".join(leaves)


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """A stream's chunks; an empty stream has one, of no bytes."""
    chunk = stream.read(CHUNK_SIZE)
    yield chunk
    while chunk := stream.read(CHUNK_SIZE):
        yield chunk


def _emit(codec: int, block: bytes, children: Sequence[Tree], sink: BlockSink) -> Tree:
    cid = Cid.of_block(codec, block)
    sink(cid, block)
    size = sum(child.size for child in children) if children else len(block)
    return Tree(cid, size, len(block) + sum(child.encoded_size for child in children))


def _depth_of(size: int) -> int:
    """Levels of nodes above the leaves in a tree of `size` bytes."""
    depth, capacity = 0, CHUNK_SIZE
    while capacity < size:
        depth, capacity = depth + 1, capacity * MAX_LINKS
    return depth


def _read_tree(cid: Cid, size: int, depth: int, source: BlockSource, leaves: list[bytes]) -> Tree:
    """Read the subtree `cid` of `size` bytes and `depth` levels of nodes, appending its leaves."""
    if cid.codec != (DAG_PB if depth else RAW):
        raise _foreign_layout(cid)
    if depth:
        return _read_node(cid, _verified(cid, source(cid, MAX_NODE_SIZE)), size, depth, source, leaves)
    leaf = _verified(cid, source(cid, size), size)
    if len(leaf) != size:
        raise _foreign_layout(cid)
    leaves.append(leaf)
    return Tree(cid, size, size)


def _read_node(cid: Cid, node: bytes, size: int, depth: int, source: BlockSource, leaves: list[bytes]) -> Tree:
    """Read what is below a node whose bytes are verified."""
    child_size = CHUNK_SIZE * MAX_LINKS ** (depth - 1)
    child_cids = _link_cids(cid, node)
    if len(child_cids) != -(-size // child_size):
        raise _foreign_layout(cid)
    children = [
        _read_tree(child, min(child_size, size - index * child_size), depth - 1, source, leaves)
        for index, child in enumerate(child_cids)
    ]
    # The same bytes that `build` would have written: kinds, sizes, order and encoding are all as they must be.
    if _encode_node(children) != node:
        raise _foreign_layout(cid)
    return Tree(cid, size, len(node) + sum(child.encoded_size for child in children))


def _verified(cid: Cid, block: bytes, size: int | None = None) -> bytes:
    """The block, once it is known to be the one that `cid` names, of `size` bytes if that is known."""
    if not cid.matches(block):
        if size is not None and len(block) < size:
            raise Truncated(f"block {cid} came with {len(block)} of its {size} bytes; fetch it from another store")
        raise Altered(f"block {cid} came with other bytes than it names; fetch it from another store")
    return block


def _foreign_layout(cid: Cid) -> Altered:
    return Altered(f"node {cid} is not laid out as `ipfs add --cid-version=1` does; publish the content again with it")


# Protobuf, as far as dag-pb and UnixFS need it.


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _string(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def _encode_node(children: Sequence[Tree]) -> bytes:
    """A dag-pb node with nameless links to `children`, holding the UnixFS header of a file."""
    links = (
        _string(2, _string(1, child.root.binary) + _string(2, b"") + _number(3, child.encoded_size))
        for child in children
    )
    header = _number(1, _UNIXFS_FILE) + _number(3, sum(child.size for child in children))
    header += b"".join(_number(4, child.size) for child in children)
    return b"".join(links) + _string(1, header)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """A message's fields in order. Raises ValueError for a malformed one."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while shift < 64 and position < len(message):
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise ValueError("varint cut off or too long")

    while position < len(message):
        key = varint()
        if key & 7 == _VARINT:
            yield key >> 3, varint()
        elif key & 7 == _BYTES:
            length = varint()
            if length > len(message) - position:
                raise ValueError("field cut off")
            yield key >> 3, message[position : position + length]
            position += length
        else:
            raise ValueError(f"wire type {key & 7}")


def _nested(message: bytes, field: int) -> list[bytes]:
    return [value for number, value in _fields(message) if number == field and isinstance(value, bytes)]


def _link_cids(cid: Cid, node: bytes) -> list[Cid]:
    try:
        return [Cid.from_binary(_nested(link, 1)[0]) for link in _nested(node, 2)]
    except (ValueError, IndexError) as error:
        raise _foreign_layout(cid) from error


def _declared_size(cid: Cid, node: bytes) -> int:
    try:
        header = dict(_fields(_nested(node, 1)[0]))
    except (ValueError, IndexError) as error:
        raise _foreign_layout(cid) from error
    size = header.get(3)
    if not isinstance(size, int):
        raise _foreign_layout(cid)
    return size
