"""Every secret of a worker, derived from one: nothing that a stake depends on can be lost with a disk.

    value = HMAC-SHA256(worker secret, "covey/derive/1" ‖ encode(part_0) ‖ encode(part_1) ‖ ...)

Each part is encoded as its type, the length of its body (4 bytes) and its body, so that no two lists of parts meet.
What is derived for one chain, contract, task, round, role or purpose tells nothing about any other.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

_DOMAIN = b"covey/derive/1"
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # secp256k1

Part = int | str | bytes | None


class Secret:
    """Bytes that show neither in logs and tracebacks nor in pickles."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        if len(value) < 32:
            raise ValueError("a secret needs at least 32 bytes")
        self._value = bytes(value)

    def reveal(self) -> bytes:
        return self._value

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(hashlib.sha256(self._value).digest())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")


class Purpose(StrEnum):
    """What a derived value is for."""

    SALT = "salt"  # of a commitment
    HANDLE_KEY = "handle key"
    OPEN_NONCE = "open nonce"  # binds a handle to its operator
    MODEL_KEY = "model key"  # encrypts one published model
    BOX_KEY = "box key"  # opens what is boxed to this worker


@dataclass(frozen=True)
class Scope:
    """Where derived values belong: one role in one task of one contract (checksum address) on one chain."""

    chain_id: int
    contract: str
    task: int
    role: str

    def derive(self, secret: Secret, purpose: Purpose, round_: int | None = None, extra: Part = None) -> bytes:
        """32 bytes for `purpose`; `extra` tells several values of one purpose and round apart."""
        return derive(secret, self.chain_id, self.contract.lower(), self.task, self.role, purpose, round_, extra)

    def signing_key(self, secret: Secret, purpose: Purpose) -> bytes:
        """A secp256k1 private key for `purpose`."""
        return signing_key(secret, self.chain_id, self.contract.lower(), self.task, self.role, purpose)


def derive(secret: Secret, *parts: Part) -> bytes:
    """32 bytes that only the secret's owner can compute, independent for every list of parts."""
    return hmac.digest(secret.reveal(), _DOMAIN + b"".join(map(_encode, parts)), "sha256")


def signing_key(secret: Secret, *parts: Part) -> bytes:
    """A secp256k1 private key, uniform in [1, n): of successive derivations the first in range."""
    counter = 0
    while True:
        key = derive(secret, *parts, counter)
        if 0 < int.from_bytes(key) < _CURVE_ORDER:
            return key
        counter += 1


def _encode(part: Part) -> bytes:
    match part:
        case None:
            kind, body = b"n", b""
        case bool():
            raise TypeError("a part is a number, a text, bytes or None")
        case int():
            kind, body = b"i", part.to_bytes((part.bit_length() + 7) // 8)
        case str():
            kind, body = b"s", part.encode()
        case bytes():
            kind, body = b"b", part
    return kind + len(body).to_bytes(4) + body
