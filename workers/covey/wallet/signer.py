"""The one place that holds a private key."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from coincurve import PrivateKey
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from covey.journal import Secret
from covey.wallet.errors import KeyMalformed

_WORKER_SECRET = b"covey/worker secret/1"


@dataclass(frozen=True)
class SignedTransaction:
    """The bytes that go to a node, and the hash that they will have on chain."""

    raw: bytes
    hash: bytes


class Signer:
    """An account that can sign. Its key shows neither in logs and tracebacks nor in pickles."""

    __slots__ = ("_key", "address", "public_key")

    address: ChecksumAddress
    public_key: bytes  # 64 bytes, x ‖ y

    def __init__(self, key: bytes) -> None:
        """Raises KeyMalformed unless `key` is 32 bytes in [1, n)."""
        if len(key) != 32 or not 0 < int.from_bytes(key) < SECPK1_N:
            raise KeyMalformed("the key given")
        self._key = Secret(key)
        self.public_key = PrivateKey(key).public_key.format(compressed=False)[1:]
        self.address = to_checksum_address(keccak(self.public_key)[12:])

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(PrivateKey().secret)

    @classmethod
    def from_hex(cls, text: str, where: str = "the key given") -> Self:
        """From 64 hexadecimal digits, with or without 0x. `where` names the source in the error, KeyMalformed."""
        try:
            return cls(bytes.fromhex(text.strip().removeprefix("0x")))
        except (ValueError, KeyMalformed):
            raise KeyMalformed(where) from None

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        """Signs a complete transaction (EIP-1559 or legacy), given in the fields of eth_sendTransaction."""
        signed = Account.sign_transaction(dict(transaction), self._key.reveal())
        return SignedTransaction(bytes(signed.raw_transaction), bytes(signed.hash))

    def sign_typed_data(self, message: Mapping[str, Any]) -> bytes:
        """EIP-712: 65 bytes r ‖ s ‖ v over `message`, which has types, domain, primaryType and message."""
        signed = Account.sign_message(encode_typed_data(full_message=dict(message)), self._key.reveal())
        return bytes(signed.signature)

    def sign_hash(self, digest: bytes) -> bytes:
        """65 bytes r ‖ s ‖ v (27 or 28) over a 32-byte digest as it is; s is in the lower half."""
        signature = PrivateKey(self._key.reveal()).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])

    def worker_secret(self) -> Secret:
        """What all of this worker's other secrets derive from: HMAC-SHA256(key, "covey/worker secret/1").

        It depends on the key alone, so whoever has the key can always rebuild every salt and handle.
        """
        return Secret(hmac.digest(self._key.reveal(), _WORKER_SECRET, "sha256"))

    def export(self) -> Secret:
        """The private key, for a keystore to encrypt or a ring signature to use."""
        return self._key

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Signer) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer can't be pickled")
