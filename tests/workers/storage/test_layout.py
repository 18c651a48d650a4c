"""Trees that a stranger built: only the one layout is read, and reading never takes more blocks than the file has."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.storage import Altered, Cid, StoreError, TooLarge
from covey.storage.cid import DAG_PB, RAW
from covey.storage.unixfs import CHUNK_SIZE, MAX_LINKS, Tree, build, read

CONTENT = random.Random(3).randbytes(2 * CHUNK_SIZE + 10)
LIMIT = 10 * CHUNK_SIZE


class Blocks(dict[Cid, bytes]):
    """Blocks by CID, and how many were asked for."""

    asked = 0

    def keep(self, cid: Cid, block: bytes) -> None:
        self[cid] = block

    def source(self, cid: Cid, limit: int) -> bytes:
        self.asked += 1
        return self[cid][: limit + 1]

    def raw(self, block: bytes) -> Tree:
        cid = Cid.of_block(RAW, block)
        self[cid] = block
        return Tree(cid, len(block), len(block))

    def node(self, children: list[Tree], *, header: bytes | None = None, sizes: list[int] | None = None) -> Tree:
        """A node over `children`, as the specification has it, or with a header or sizes of one's own."""
        sizes = [child.size for child in children] if sizes is None else sizes
        if header is None:
            header = b"\x08\x02\x18" + varint(sum(sizes)) + b"".join(b"\x20" + varint(size) for size in sizes)
        links = [
            field(1, child.root.binary) + field(2, b"") + b"\x18" + varint(child.encoded_size) for child in children
        ]
        block = b"".join(field(2, link) for link in links) + field(1, header)
        cid = Cid.of_block(DAG_PB, block)
        self[cid] = block
        return Tree(cid, sum(sizes), len(block) + sum(child.encoded_size for child in children))


def varint(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(value)) + value


def leaves(blocks: Blocks, content: bytes = CONTENT, size: int = CHUNK_SIZE) -> list[Tree]:
    return [blocks.raw(content[start : start + size]) for start in range(0, len(content), size)]


def test_the_specified_layout_is_the_one_that_is_read() -> None:
    blocks = Blocks()
    root = blocks.node(leaves(blocks)).root
    assert root == build(io.BytesIO(CONTENT)).root
    assert read(root, blocks.source, LIMIT) == CONTENT


def other_chunk_size(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks, size=CHUNK_SIZE // 2))


def large_chunks(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks, size=2 * CHUNK_SIZE))


def uneven_chunks(blocks: Blocks) -> Tree:
    return blocks.node([blocks.raw(CONTENT[:-CHUNK_SIZE]), blocks.raw(CONTENT[-CHUNK_SIZE:]), blocks.raw(b"")])


def one_leaf_under_a_node(blocks: Blocks) -> Tree:
    return blocks.node([blocks.raw(b"small")])


def no_leaf(blocks: Blocks) -> Tree:
    return blocks.node([])


def deeper_than_needed(blocks: Blocks) -> Tree:
    return blocks.node([blocks.node(leaves(blocks))])


def leaf_said_to_be_a_node(blocks: Blocks) -> Tree:
    first, *rest = leaves(blocks)
    disguised = Cid(DAG_PB, first.root.digest)
    blocks[disguised] = blocks[first.root]
    return blocks.node([Tree(disguised, first.size, first.encoded_size), *rest])


def wrong_sizes(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks), sizes=[CHUNK_SIZE, CHUNK_SIZE - 1, 11])


def size_too_small(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks), sizes=[CHUNK_SIZE, 1, 1])


def wrong_link_size(blocks: Blocks) -> Tree:
    first, *rest = leaves(blocks)
    return blocks.node([Tree(first.root, first.size, first.encoded_size + 1), *rest])


def directory(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks), header=b"\x08\x01")


def directory_with_size(blocks: Blocks) -> Tree:
    return blocks.node(leaves(blocks), header=b"\x08\x01\x18" + varint(len(CONTENT)))


def inline_data(blocks: Blocks) -> Tree:
    return blocks.node([], header=b"\x08\x02" + field(2, b"hello") + b"\x18\x05")


@pytest.mark.parametrize(
    "stranger",
    [
        other_chunk_size,
        large_chunks,
        uneven_chunks,
        one_leaf_under_a_node,
        no_leaf,
        deeper_than_needed,
        leaf_said_to_be_a_node,
        wrong_sizes,
        size_too_small,
        wrong_link_size,
        directory,
        directory_with_size,
        inline_data,
    ],
)
def test_other_layouts_are_refused(stranger: Callable[[Blocks], Tree]) -> None:
    blocks = Blocks()
    with pytest.raises(Altered):
        read(stranger(blocks).root, blocks.source, LIMIT)
    assert blocks.asked <= 4


@pytest.mark.parametrize("size", [LIMIT + 1, 2**40, 2**63])
def test_a_huge_declared_size_costs_one_block(size: int) -> None:
    blocks = Blocks()
    root = blocks.node(leaves(blocks), header=b"\x08\x02\x18" + varint(size)).root
    with pytest.raises(TooLarge):
        read(root, blocks.source, LIMIT)
    assert blocks.asked == 1


def test_a_tree_that_repeats_itself_is_refused_at_its_size() -> None:
    """A few small blocks can stand for any size; the size is checked before they are followed."""
    blocks = Blocks()
    tree = blocks.raw(bytes(CHUNK_SIZE))
    for _ in range(3):
        tree = blocks.node([tree] * MAX_LINKS)
    with pytest.raises(TooLarge):
        read(tree.root, blocks.source, 10**9)
    assert blocks.asked == 1


@given(st.binary(max_size=400))
@settings(max_examples=500)
def test_any_bytes_for_a_node_give_a_clear_error(block: bytes) -> None:
    root = Cid.of_block(DAG_PB, block)
    with pytest.raises(StoreError):
        read(root, lambda _cid, limit: block[: limit + 1], LIMIT)


@given(size=st.integers(0, 4 * CHUNK_SIZE), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_every_size_reads_back(size: int, seed: int) -> None:
    content = random.Random(seed).randbytes(size)
    blocks = Blocks()
    root = build(io.BytesIO(content), blocks.keep).root
    assert read(root, blocks.source, size) == content
    if size:
        with pytest.raises(TooLarge):
            read(root, blocks.source, size - 1)


def test_three_levels_read_back() -> None:
    size = CHUNK_SIZE * MAX_LINKS + 1
    blocks = Blocks()
    root = build(io.BytesIO(bytes(size)), blocks.keep).root
    assert read(root, blocks.source, size) == bytes(size)
