"""Boxes: one key, encrypted to each of many recipients, so that none can be singled out.

A box depends on nothing but the key, its recipient and its place: whoever opens one has the key, makes all the others
again and compares. So a set with one bad box is bad for everybody who looks.

    box       = public key of e (32 bytes) ‖ XChaCha20-Poly1305(k, key) with its 16-byte tag
    e         = derive(key, "ephemeral", place ‖ recipient), as an X25519 secret
    k         = derive(X25519(e, recipient), "box", place ‖ public key of e ‖ recipient)
    place     = role (1 byte: 0 validator, 1 creator) ‖ index (32) ‖ chain id (32) ‖ arena (20) ‖ task (32) ‖ round (32)

k serves once, so the cipher's nonce is zero. A recipient with a low-order key gets an empty box, by rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from eth_hash.auto import keccak
from eth_utils.address import to_canonical_address
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt
from nacl.exceptions import CryptoError

from covey.sealing.cipher import KEY_SIZE, NONCE_SIZE, TAG_SIZE, check_key, derive
from covey.sealing.errors import BadBox
from covey.sealing.x25519 import KeyPair, is_low_order, shared_secret

BOX_SIZE: Final = KEY_SIZE + KEY_SIZE + TAG_SIZE
_NONCE: Final = bytes(NONCE_SIZE)


class _Role(IntEnum):
    VALIDATOR = 0
    CREATOR = 1


@dataclass(frozen=True, slots=True)
class BoxContext:
    """The round that boxes are made for; they are valid in no other. `arena` is the contract's address, as hex."""

    chain_id: int
    arena: str
    task: int
    round: int

    def _place(self, role: _Role, index: int) -> bytes:
        return b"".join(
            (
                bytes((role,)),
                index.to_bytes(32, "big"),
                self.chain_id.to_bytes(32, "big"),
                to_canonical_address(self.arena),
                self.task.to_bytes(32, "big"),
                self.round.to_bytes(32, "big"),
            )
        )

    def validator(self, index: int) -> bytes:
        """The place of the box of the validator with this enrolment index."""
        return self._place(_Role.VALIDATOR, index)

    def creator(self) -> bytes:
        """The place of the creator's box."""
        return self._place(_Role.CREATOR, 0)


def make_boxes(key: bytes, recipients: Sequence[bytes], context: BoxContext) -> tuple[bytes, ...]:
    """A box of `key` for each validator's X25519 key, in enrolment order. Raises BadKey."""
    return tuple(_make_box(key, recipient, context.validator(i)) for i, recipient in enumerate(recipients))


def verify_boxes(key: bytes, recipients: Sequence[bytes], boxes: Sequence[bytes], context: BoxContext) -> None:
    """Raises BadBox unless `boxes` are the ones that `key` gives."""
    if len(boxes) != len(recipients):
        raise BadBox(f"there are {len(boxes)} boxes for {len(recipients)} recipients")
    for index, (box, expected) in enumerate(zip(boxes, make_boxes(key, recipients, context), strict=True)):
        if box != expected:
            raise BadBox(f"box {index} is not the one that the key and its recipient give")


def open_box(box: bytes, recipient: KeyPair, index: int, context: BoxContext) -> bytes:
    """The key in a validator's own box. It is worth nothing before `verify_boxes`. Raises BadBox."""
    return _open_box(box, recipient, context.validator(index))


def make_creator_box(key: bytes, creator: bytes, context: BoxContext) -> bytes:
    """The box of `key` for the task's creator. Raises BadKey."""
    return _make_box(key, creator, context.creator())


def verify_creator_box_hash(key: bytes, creator: bytes, box_hash: bytes, context: BoxContext) -> None:
    """Raises BadBox unless the hash committed to on chain is that of the creator's box of `key`."""
    if keccak(make_creator_box(key, creator, context)) != box_hash:
        raise BadBox("the committed hash is not that of the creator's box")


def open_creator_box(box: bytes, creator: KeyPair, context: BoxContext) -> bytes:
    """The key in the creator's box, once it was delivered. Raises BadBox."""
    return _open_box(box, creator, context.creator())


def _make_box(key: bytes, recipient: bytes, place: bytes) -> bytes:
    check_key(key)
    if is_low_order(recipient):
        return b""
    ephemeral = KeyPair.from_seed(derive(key, "ephemeral", place + recipient))
    box_key = derive(shared_secret(ephemeral, recipient), "box", place + ephemeral.public + recipient)
    return ephemeral.public + crypto_aead_xchacha20poly1305_ietf_encrypt(key, None, _NONCE, box_key)


def _open_box(box: bytes, recipient: KeyPair, place: bytes) -> bytes:
    if len(box) != BOX_SIZE:
        raise BadBox(f"a box has {BOX_SIZE} bytes, not {len(box)}")
    ephemeral, sealed = box[:KEY_SIZE], box[KEY_SIZE:]
    if is_low_order(ephemeral):
        raise BadBox("the box carries a low-order key")
    box_key = derive(shared_secret(recipient, ephemeral), "box", place + ephemeral + recipient.public)
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, None, _NONCE, box_key)
    except CryptoError as error:
        raise BadBox("the box does not open with this key, in this place") from error
