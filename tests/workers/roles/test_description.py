"""A task's public description: one form in bytes, and nothing believed beyond its bounds."""

import json
from pathlib import Path
from typing import Any

import pytest

from covey.learning.task import TaskSpec
from covey.roles.description import MAX_SIZE, Content, Description, fetch_description, put_description
from covey.roles.errors import BadDescription
from covey.storage import Missing, Store, cid_of, open_store

CID = cid_of(b"content")
DESCRIPTION = Description(
    title="digits",
    task=TaskSpec("image-classification", (1, 8, 8), 10),
    training=Content(cid=CID, size=7),
    shards=(Content(cid=CID, size=7), Content(cid=CID, size=7)),
    creator_key=b"k" * 32,
    nonce=b"n" * 32,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"dir:{tmp_path}")


def test_what_was_put_comes_back(store: Store) -> None:
    assert fetch_description(put_description(DESCRIPTION, store), 2, store) == DESCRIPTION


def altered(**changes: Any) -> bytes:
    document = json.loads(DESCRIPTION.encode()) | changes
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "description"),
        (b"[]", "description"),
        (b"\xff", "description"),
        (altered(version=2), "version"),
        (altered(extra=1), "extra"),
        (altered(shards=[]), "shards"),
        (altered(training={"cid": "nonsense", "size": 7}), "cid"),
        (altered(training={"cid": CID, "size": 0}), "size"),
        (altered(training={"cid": CID, "size": 2**40}), "size"),
        (altered(training={"cid": CID, "size": "7"}), "size"),
        (altered(creator_key="0x" + "AB" * 32), "creator_key"),
        (altered(nonce="0x00"), "nonce"),
        (altered(task={"family": "x", "input_shape": [0], "classes": 1}), "task"),
        (altered(title="x" * 3000), "title"),
        (DESCRIPTION.encode() + b"\n", "canonical"),
        (b" " * (MAX_SIZE + 1), "allowed"),
    ],
)
def test_what_breaks_the_format_is_refused(store: Store, data: bytes, message: str) -> None:
    with pytest.raises(BadDescription, match=message):
        fetch_description("ipfs://" + store.put(data), 2, store)


def test_the_number_of_shards_must_be_that_of_the_rounds(store: Store) -> None:
    with pytest.raises(BadDescription, match="2 shards for 3 rounds"):
        fetch_description(put_description(DESCRIPTION, store), 3, store)


@pytest.mark.parametrize("uri", ["", "https://example.com/x", "ipfs://", "ipfs://nonsense"])
def test_an_address_that_is_none_is_refused(store: Store, uri: str) -> None:
    with pytest.raises(BadDescription):
        fetch_description(uri, 2, store)


def test_what_is_not_there_yet_may_come(store: Store) -> None:
    with pytest.raises(Missing):
        fetch_description("ipfs://" + cid_of(DESCRIPTION.encode()), 2, store)
