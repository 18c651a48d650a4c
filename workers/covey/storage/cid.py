"""Content identifiers: CIDv1 with sha2-256, the only kind Covey writes or reads.

Source: https://github.com/multiformats/cid and the multicodec table.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from covey.storage.errors import BadCid

RAW: Final = 0x55
DAG_PB: Final = 0x70

_VERSION: Final = 0x01
_SHA2_256: Final = bytes((0x12, 0x20))
_BINARY_LENGTH: Final = 36
_BASE32_LOWER: Final = "b"


@dataclass(frozen=True, slots=True)
class Cid:
    """What a CID says: how the block is encoded (`RAW` or `DAG_PB`), and its 32-byte sha2-256 digest."""

    codec: int
    digest: bytes

    @classmethod
    def of_block(cls, codec: int, block: bytes) -> Cid:
        """The CID of one encoded block."""
        return cls(codec, hashlib.sha256(block).digest())

    @classmethod
    def from_binary(cls, binary: bytes) -> Cid:
        """Read the 36-byte form `01 | codec | 12 20 | digest`. Raises BadCid."""
        codec = binary[1] if len(binary) == _BINARY_LENGTH else None
        if codec not in (RAW, DAG_PB) or binary[0] != _VERSION or binary[2:4] != _SHA2_256:
            raise BadCid(f"0x{binary[:64].hex()} is not a CIDv1 of a raw or dag-pb block under sha2-256")
        return cls(codec, binary[4:])

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Read the base32 text form (`bafkrei…` raw, `bafybei…` dag-pb). Raises BadCid.

        One content has one text: upper case, padding and other bases are refused.
        """
        body = text[1:].upper()
        try:
            cid = cls.from_binary(base64.b32decode(body + "=" * (-len(body) % 8)))
        except ValueError as error:
            raise BadCid(f"{text[:80]!r} is not a base32 CIDv1 of a raw or dag-pb block under sha2-256") from error
        if str(cid) != text:
            raise BadCid(f"{text[:80]!r} is not in canonical form; use {cid}")
        return cid

    @property
    def binary(self) -> bytes:
        """The 36-byte form, as stored in dag-pb links."""
        return bytes((_VERSION, self.codec)) + _SHA2_256 + self.digest

    def matches(self, block: bytes) -> bool:
        """Whether `block` is the block this CID names."""
        return hashlib.sha256(block).digest() == self.digest

    def __str__(self) -> str:
        return _BASE32_LOWER + base64.b32encode(self.binary).decode("ascii").rstrip("=").lower()
