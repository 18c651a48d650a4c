"""X25519 keys (RFC 7748)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base

from covey.sealing.cipher import check_key

_PRIME: Final = 2**255 - 19
_ORDER_8: Final = (
    325606250916557431795983626356110631294008115727848805560023387167927233504,
    39382357235489614581723060781553021112529911719440698176882885853963445705823,
)
_LOW_ORDER: Final = frozenset({0, 1, _PRIME - 1, *_ORDER_8})
"""u-coordinates of all points of order 1, 2, 4 or 8 on Curve25519 and its twist: with one, any secret gives zero."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A secret scalar and its public point, 32 bytes each. The secret never shows in a repr."""

    secret: bytes = field(repr=False)
    public: bytes

    @classmethod
    def from_seed(cls, seed: bytes) -> KeyPair:
        """The pair whose secret is these 32 uniformly random bytes. Raises BadKey."""
        check_key(seed)
        return cls(seed, crypto_scalarmult_base(seed))


def is_low_order(public: bytes) -> bool:
    """Whether nothing can be kept secret with this public key, in whichever encoding. Raises BadKey.

    The top bit is ignored and the rest reduced, as RFC 7748 reads a point.
    """
    check_key(public)
    return (int.from_bytes(public, "little") & (2**255 - 1)) % _PRIME in _LOW_ORDER


def shared_secret(keys: KeyPair, public: bytes) -> bytes:
    """The 32-byte Diffie-Hellman secret with a key that is not of low order. Not uniform: derive keys from it."""
    return crypto_scalarmult(keys.secret, public)
