"""CIDs and file layout, against Kubo itself and against published values."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.storage import BadCid, Cid, cid_of
from covey.storage.cid import DAG_PB, RAW
from covey.storage.unixfs import CHUNK_SIZE, MAX_LINKS, build
from tests.workers.storage import kubo_oracle

# From Kubo's own tests and documentation.
PUBLISHED = {
    b"": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    b"hello\n": "bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am",
    b"hello world": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
}


@pytest.mark.parametrize(("content", "cid"), PUBLISHED.items())
def test_published_cids(content: bytes, cid: str) -> None:
    assert cid_of(content) == cid


@pytest.mark.slow
@pytest.mark.skipif(not kubo_oracle.SUPPORTED, reason="the Kubo library is patched for Linux on x86-64")
def test_same_cid_as_kubo(tmp_path: Path) -> None:
    full_node = CHUNK_SIZE * MAX_LINKS
    sizes = [0, 1, 262_143, 262_144, 262_145, 524_288, full_node, full_node + 1, 50_000_000, 50 * 1024**2]
    sizes += random.Random(2).sample(range(5_000_000), 20)
    files = [tmp_path / str(size) for size in sizes]
    for file, size in zip(files, sizes, strict=True):
        file.write_bytes(random.Random(size).randbytes(size))
    expected = kubo_oracle.cids(files)
    assert [cid_of(file) for file in files] == expected
    assert [cid_of(file.read_bytes()) for file in files] == expected
    assert [cid[:7] for cid in expected[:5]] == ["bafkrei"] * 4 + ["bafybei"]


def test_blocks_come_leaves_first_and_hold_the_content() -> None:
    content = random.Random(0).randbytes(3 * CHUNK_SIZE + 5)
    blocks: list[tuple[Cid, bytes]] = []
    tree = build(io.BytesIO(content), lambda cid, block: blocks.append((cid, block)))
    assert b"".join(block for cid, block in blocks if cid.codec == RAW) == content
    assert blocks[-1][0] == tree.root
    assert tree.size == len(content)
    assert tree.encoded_size == sum(len(block) for _, block in blocks)
    assert all(cid.matches(block) for cid, block in blocks)


class CountingReader(io.BytesIO):
    """A stream of `left` zero bytes that never exist all at once."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left
        self.largest_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size >= 0
        self.largest_read = max(self.largest_read, size)
        taken = min(size, self.left)
        self.left -= taken
        return bytes(taken)


def test_large_files_are_read_a_chunk_at_a_time() -> None:
    reader = CountingReader(50_000_000)
    assert build(reader).root.codec == DAG_PB
    assert reader.left == 0
    assert reader.largest_read == CHUNK_SIZE


@given(st.sampled_from([RAW, DAG_PB]), st.binary(min_size=32, max_size=32))
def test_text_and_binary_forms_round_trip(codec: int, digest: bytes) -> None:
    cid = Cid(codec, digest)
    assert Cid.parse(str(cid)) == cid
    assert Cid.from_binary(cid.binary) == cid


GOOD = PUBLISHED[b"hello world"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        GOOD.upper(),
        GOOD[0] + GOOD[1:].upper(),
        GOOD[:-1],
        GOOD + "a",
        GOOD + "=",
        GOOD[:-1] + "f",  # the same digest, with a stray bit in the last character
        GOOD[:20] + "1" + GOOD[21:],
        " " + GOOD,
        GOOD[:-1] + "é",
        "z" + GOOD[1:],
        "../../../etc/passwd",
        "b" * 10_000,
        "bafkrgqbqt3gerhas23vuzrapkdeqf4vu2dwxp3srdj6hvg6nhsug2tgyn6mj3u23yx7utftq3i2ckw2fwdh5qmhid5qf3t35yvkc5e5ottlw6",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadCid):
        Cid.parse(text)
