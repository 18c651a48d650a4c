"""Keccak-256 over ABI words, the form of every hash in the protocol."""

from collections.abc import Iterable

from eth_hash.auto import keccak as keccak

Word = int | bool | bytes | str
"""An unsigned number, 32 bytes, or an address in hex."""


def encode_words(values: Iterable[Word]) -> bytes:
    """The values as 32-byte words. Raises ValueError for what does not fit one."""
    return b"".join(map(_encode, values))


def keccak_words(*values: Word) -> bytes:
    """keccak of the values' ABI encoding; 32 bytes."""
    return keccak(encode_words(values))


def tag(name: str) -> bytes:
    """The domain tag of a kind of hash."""
    return keccak(f"covey.arena.{name}".encode())


def _encode(value: Word) -> bytes:
    if isinstance(value, int):
        if not 0 <= value < 1 << 256:
            raise ValueError(f"{value} is not a number of 256 bits")
        return value.to_bytes(32)
    if isinstance(value, bytes):
        if len(value) != 32:
            raise ValueError(f"{len(value)} bytes in place of 32")
        return value
    address = bytes.fromhex(value.removeprefix("0x"))
    if len(address) != 20:
        raise ValueError(f"{value!r} is not an address")
    return address.rjust(32, b"\0")
