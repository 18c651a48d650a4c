"""Files that are no bundles are refused with a message that says why."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from covey.verify.bundle import (
    MAX_BUNDLE_BYTES,
    ArenaBundle,
    read_bundle,
    write_bundle,
)
from covey.verify.strict import MAX_LOG_BYTES, MAX_LOGS, BundleError

BundleOf = Callable[[str], ArenaBundle]


@pytest.fixture
def fields(bundle_of: BundleOf) -> Any:
    return json.loads(write_bundle(bundle_of("too_few")))


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"format": 1, "format": 2}',
        b"\x80\x04N.",
        b"PK\x03\x04",
        b'{"task": NaN}',
        b"\xff\xfe",
    ],
)
def test_garbage(content: bytes) -> None:
    with pytest.raises(BundleError):
        read_bundle(content)


def change(path: str, value: object) -> Callable[[Any], None]:
    def apply(fields: Any) -> None:
        *parents, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
        for parent in parents:
            fields = fields[parent]
        fields[last] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("format", "another", "format"),
        ("version", 2, "version"),
        ("chainId", "1", "chainId"),
        ("chainId", True, "chainId"),
        ("chainId", -1, "chainId"),
        ("task", 2**256, "task"),
        ("task", 1.0, "task"),
        ("contracts.arena", "0x12", "contracts.arena"),
        ("contracts.arena", "0x" + "AB" * 20, "lower-case"),
        ("contracts.more", "0x" + "ab" * 20, "contracts has to be an object of exactly"),
        ("vault.epochLength", 0, "epochLength"),
        ("span.first", None, "span.first"),
        ("blocks", {}, "blocks has to be a list"),
        ("blocks.0.hash", "0x", "hash"),
        ("blocks.0.timestamp", 2**64, "timestamp"),
        ("logs.0.topics", ["0x" + "00" * 32] * 5, "topics"),
        ("logs.0.data", "0x123", "hexadecimal"),
        ("logs.0.data", "0x" + "00" * (MAX_LOG_BYTES + 1), "at most"),
        ("logs.0.index", 10**30, "index"),
        ("logs.0", [], "logs"),
        ("digest", "0x00", "digest"),
    ],
)
def test_a_field_out_of_its_range_is_named(fields: Any, path: str, value: object, problem: str) -> None:
    change(path, value)(fields)
    with pytest.raises(BundleError, match=problem):
        read_bundle(json.dumps(fields).encode())


def test_two_contracts_at_one_address(fields: Any) -> None:
    fields["contracts"]["token"] = fields["contracts"]["vault"]
    with pytest.raises(BundleError, match="same address"):
        read_bundle(json.dumps(fields).encode())


def test_too_large_a_file_is_not_parsed() -> None:
    with pytest.raises(BundleError, match="at most"):
        read_bundle(bytes(MAX_BUNDLE_BYTES + 1))


def test_a_file_of_many_values_is_not_parsed() -> None:
    with pytest.raises(BundleError, match="more values"):
        read_bundle(b"[" + b"[]," * 8 * MAX_LOGS + b"[]]")


def test_altered_bytes_are_refused_or_read_otherwise(bundle_of: BundleOf) -> None:
    bundle, random = bundle_of("too_few"), Random(3)
    content = write_bundle(bundle)
    for _ in range(500):
        place = random.randrange(len(content))
        altered = content[:place] + random.randbytes(1) + content[place + 1 :]
        try:
            assert altered == content or read_bundle(altered) != bundle or altered.split() == content.split()
        except BundleError:
            continue
