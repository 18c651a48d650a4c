"""Boxes: whoever opens one can tell whether all are right."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.sealing import (
    BadBox,
    BadKey,
    BoxContext,
    KeyPair,
    make_boxes,
    make_creator_box,
    open_box,
    open_creator_box,
    verify_boxes,
    verify_creator_box_hash,
)
from covey.sealing.boxes import BOX_SIZE

CONTEXT = BoxContext(chain_id=31337, arena="0x" + "5a" * 20, task=7, round=1)
KEY = bytes(range(32))
PAIRS = [KeyPair.from_seed(bytes([seed]) * 32) for seed in range(5)]
RECIPIENTS = [pair.public for pair in PAIRS]
LOW_ORDER = bytes(32)

keys = st.binary(min_size=32, max_size=32)


def other_contexts() -> list[BoxContext]:
    return [
        dataclasses.replace(CONTEXT, chain_id=1),
        dataclasses.replace(CONTEXT, arena="0x" + "5b" * 20),
        dataclasses.replace(CONTEXT, task=8),
        dataclasses.replace(CONTEXT, round=2),
    ]


@given(key=keys, seeds=st.lists(keys, min_size=1, max_size=6))
@settings(deadline=None)
def test_every_recipient_opens_its_box_and_finds_all_right(key: bytes, seeds: list[bytes]) -> None:
    pairs = [KeyPair.from_seed(seed) for seed in seeds]
    recipients = [pair.public for pair in pairs]
    boxes = make_boxes(key, recipients, CONTEXT)
    assert boxes == make_boxes(key, recipients, CONTEXT)
    for index, pair in enumerate(pairs):
        assert open_box(boxes[index], pair, index, CONTEXT) == key
    verify_boxes(key, recipients, boxes, CONTEXT)


def test_a_known_box() -> None:
    """The format is fixed: all validators must agree on it."""
    assert make_boxes(KEY, RECIPIENTS[:1], CONTEXT)[0].hex() == (
        "bbbde5d48e89306934c240d614cfea47378f6caf7cc6f03acd940b2d94d994260ff9bd8b6e8c34d41ec276736986f5c30c90"
        "4a80ff68c5b2502078084deef57b030fd7c2dc0466b5e0656e3d910b1d11"
    )


@given(index=st.integers(0, 4), byte=st.integers(0, BOX_SIZE - 1), mask=st.integers(1, 255))
@settings(deadline=None)
def test_any_altered_byte_in_any_box_is_seen_by_all(index: int, byte: int, mask: int) -> None:
    boxes = list(make_boxes(KEY, RECIPIENTS, CONTEXT))
    box = boxes[index]
    boxes[index] = box[:byte] + bytes([box[byte] ^ mask]) + box[byte + 1 :]
    # The top bit of an X25519 key means nothing, so the victim still opens its box; nobody accepts it.
    for reader, pair in enumerate(PAIRS):
        if reader != index:
            assert open_box(boxes[reader], pair, reader, CONTEXT) == KEY
    with pytest.raises(BadBox, match=f"box {index}"):
        verify_boxes(KEY, RECIPIENTS, boxes, CONTEXT)
    if byte != 31:
        with pytest.raises(BadBox):
            open_box(boxes[index], PAIRS[index], index, CONTEXT)


def swapped(boxes: Sequence[bytes]) -> list[bytes]:
    return [boxes[1], boxes[0], *boxes[2:]]


def emptied(boxes: Sequence[bytes]) -> list[bytes]:
    return [*boxes[:-1], b""]


def shortened(boxes: Sequence[bytes]) -> list[bytes]:
    return [*boxes[:-1], boxes[-1][:-1]]


def one_less(boxes: Sequence[bytes]) -> list[bytes]:
    return list(boxes[:-1])


def one_more(boxes: Sequence[bytes]) -> list[bytes]:
    return [*boxes, boxes[0]]


@pytest.mark.parametrize("change", [swapped, emptied, shortened, one_less, one_more])
def test_other_sets_of_boxes_are_refused(change: Callable[[Sequence[bytes]], list[bytes]]) -> None:
    with pytest.raises(BadBox):
        verify_boxes(KEY, RECIPIENTS, change(make_boxes(KEY, RECIPIENTS, CONTEXT)), CONTEXT)


def test_a_box_that_holds_another_key_is_seen_by_all() -> None:
    """The trainer that wants one validator to fail gives it a sound box of another key."""
    boxes = list(make_boxes(KEY, RECIPIENTS, CONTEXT))
    boxes[2] = make_boxes(bytes(32), RECIPIENTS, CONTEXT)[2]
    for index, pair in enumerate(PAIRS):
        key = open_box(boxes[index], pair, index, CONTEXT)
        with pytest.raises(BadBox):
            verify_boxes(key, RECIPIENTS, boxes, CONTEXT)


@pytest.mark.parametrize("other", other_contexts())
def test_boxes_are_valid_in_one_round_only(other: BoxContext) -> None:
    boxes = make_boxes(KEY, RECIPIENTS, CONTEXT)
    with pytest.raises(BadBox):
        verify_boxes(KEY, RECIPIENTS, boxes, other)
    with pytest.raises(BadBox):
        open_box(boxes[0], PAIRS[0], 0, other)
    assert not set(boxes) & set(make_boxes(KEY, RECIPIENTS, other))


def test_one_recipient_twice_gets_two_boxes() -> None:
    first, second = make_boxes(KEY, [RECIPIENTS[0]] * 2, CONTEXT)
    assert first[:32] != second[:32]


def test_only_the_recipient_opens() -> None:
    box = make_boxes(KEY, RECIPIENTS, CONTEXT)[0]
    with pytest.raises(BadBox):
        open_box(box, PAIRS[1], 0, CONTEXT)


def test_low_order_recipients_are_skipped_by_rule() -> None:
    recipients = [RECIPIENTS[0], LOW_ORDER, RECIPIENTS[2]]
    boxes = make_boxes(KEY, recipients, CONTEXT)
    assert boxes[1] == b""
    verify_boxes(KEY, recipients, boxes, CONTEXT)
    assert open_box(boxes[2], PAIRS[2], 2, CONTEXT) == KEY
    with pytest.raises(BadBox):
        verify_boxes(KEY, recipients, [boxes[0], boxes[0], boxes[2]], CONTEXT)


@pytest.mark.parametrize("box", [b"", bytes(BOX_SIZE - 1), bytes(BOX_SIZE), bytes(BOX_SIZE + 1)])
def test_boxes_that_are_none(box: bytes) -> None:
    with pytest.raises(BadBox):
        open_box(box, PAIRS[0], 0, CONTEXT)


def test_the_creators_box() -> None:
    creator = PAIRS[4]
    box = make_creator_box(KEY, creator.public, CONTEXT)
    assert open_creator_box(box, creator, CONTEXT) == KEY
    verify_creator_box_hash(KEY, creator.public, keccak(box), CONTEXT)
    for wrong_key, wrong_hash in ((bytes(32), keccak(box)), (KEY, keccak(box + b"\0")), (KEY, b"")):
        with pytest.raises(BadBox):
            verify_creator_box_hash(wrong_key, creator.public, wrong_hash, CONTEXT)
    # A validator with the creator's key can't pass its own box off as the creator's.
    assert box not in make_boxes(KEY, [creator.public], CONTEXT)


@pytest.mark.parametrize("key", [b"", KEY[:-1], KEY + b"\0"])
def test_only_keys_of_32_bytes_are_boxed(key: bytes) -> None:
    with pytest.raises(BadKey):
        make_boxes(key, RECIPIENTS, CONTEXT)
    with pytest.raises(BadKey):
        make_boxes(KEY, [key], CONTEXT)
