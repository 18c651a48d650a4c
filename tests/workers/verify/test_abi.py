"""Decoding agrees with eth_abi on what Solidity writes, and refuses every other encoding."""

from random import Random
from typing import Any

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from covey.verify.abi import AbiError, Tuple, decode, parse_type, words

TYPES = ["uint96", "(uint8,bytes32)", "bytes", "(uint16,address)[]", "string", "uint256[]", "bool"]
VALUES: list[Any] = [
    2**96 - 1,
    (7, b"\1" * 32),
    b"some bytes" * 5,
    [(1, "0x" + "ab" * 20), (2, "0x" + "00" * 20)],
    "text with ä",
    [],
    True,
]


def schema(*types: str) -> Tuple:
    return Tuple(tuple(parse_type(name) for name in types))


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, list | tuple) else value


def test_values_of_every_kind() -> None:
    assert decode(schema(*TYPES), encode(TYPES, VALUES)) == tuples(VALUES)


@given(st.lists(st.integers(0, 2**256 - 1), max_size=5), st.binary(max_size=70))
def test_any_array_and_bytes(numbers: list[int], content: bytes) -> None:
    data = encode(["uint256[]", "bytes"], [numbers, content])
    assert decode(schema("uint256[]", "bytes"), data) == (tuple(numbers), content)


def test_every_altered_byte_alters_the_values_or_is_refused() -> None:
    kinds, data = schema(*TYPES), encode(TYPES, VALUES)
    for place in range(len(data)):
        altered = data[:place] + bytes([data[place] ^ 0x81]) + data[place + 1 :]
        try:
            assert decode(kinds, altered) != tuples(VALUES)
        except AbiError:
            continue


def test_truncated_and_longer_data_are_refused() -> None:
    kinds, data = schema(*TYPES), encode(TYPES, VALUES)
    for length in range(len(data)):
        with pytest.raises(AbiError):
            decode(kinds, data[:length])
    with pytest.raises(AbiError):
        decode(kinds, data + bytes(32))


def test_garbage_is_refused_and_never_crashes() -> None:
    random, kinds = Random(1), schema("bytes", "uint256[]", "(bytes32,bytes32)[]")
    for _ in range(2_000):
        length = 32 * random.randint(0, 8)
        data = bytes(random.choice([0, 0, 0, 32, 96, 255]) for _ in range(length))
        try:
            decode(kinds, data)
        except AbiError:
            continue


def test_huge_lengths_are_refused_at_once() -> None:
    for kind in ("bytes", "uint256[]", "string"):
        with pytest.raises(AbiError):
            decode(schema(kind), words(32, 2**255))


@given(st.binary(max_size=70))
def test_text_that_is_no_utf8_is_still_read_and_loses_nothing(content: bytes) -> None:
    (text,) = decode(schema("string"), encode(["bytes"], [content]))
    assert isinstance(text, str)
    assert text.encode(errors="surrogateescape") == content


@pytest.mark.parametrize("name", ["int256", "uint7", "bytes31", "fixed", ""])
def test_unknown_types_are_refused(name: str) -> None:
    with pytest.raises(AbiError):
        parse_type(name)
