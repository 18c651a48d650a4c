"""Authenticated encryption under a 32-byte key: XChaCha20-Poly1305, deterministic, and bound to one plaintext.

The nonce derives from the key and the plaintext (as in SIV modes), so that a ciphertext is a function of both, and a
key used twice by mistake still keeps its secrets. `unseal` derives it again, so that under one key exactly one
ciphertext opens to a plaintext.

    ciphertext = nonce (24 bytes) ‖ XChaCha20-Poly1305(derive(key, "cipher"), nonce, plaintext) with its 16-byte tag
    nonce      = the first 24 bytes of derive(key, "nonce", keccak256(plaintext))
"""

from __future__ import annotations

import hashlib
from typing import Final

from eth_hash.auto import keccak
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_ABYTES,
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
)
from nacl.exceptions import CryptoError

from covey.sealing.errors import BadKey, Undecryptable

KEY_SIZE: Final = 32
TAG_SIZE: Final = crypto_aead_xchacha20poly1305_ietf_ABYTES
NONCE_SIZE: Final = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
SEAL_OVERHEAD: Final = NONCE_SIZE + TAG_SIZE
"""Bytes that a ciphertext has more than its plaintext."""


def derive(key: bytes, purpose: str, context: bytes = b"") -> bytes:
    """A 32-byte subkey for one purpose (at most 10 letters): keyed BLAKE2b, personalised `covey.<purpose>`."""
    check_key(key)
    return hashlib.blake2b(context, key=key, person=f"covey.{purpose}".encode(), digest_size=KEY_SIZE).digest()


def check_key(key: bytes) -> None:
    """Raises BadKey unless `key` has 32 bytes."""
    if len(key) != KEY_SIZE:
        raise BadKey(f"a key has {KEY_SIZE} bytes, not {len(key)}")


def seal(plaintext: bytes, key: bytes) -> bytes:
    """Encrypt under a 32-byte key. Raises BadKey."""
    nonce = _nonce(plaintext, key)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, None, nonce, derive(key, "cipher"))


def unseal(ciphertext: bytes, key: bytes) -> bytes:
    """Decrypt what `seal` made. Raises BadKey, Undecryptable."""
    nonce, body = ciphertext[:NONCE_SIZE], ciphertext[NONCE_SIZE:]
    subkey = derive(key, "cipher")
    if len(body) < TAG_SIZE:
        raise Undecryptable(f"{len(ciphertext)} bytes are too few for a ciphertext")
    try:
        plaintext = crypto_aead_xchacha20poly1305_ietf_decrypt(body, None, nonce, subkey)
    except CryptoError as error:
        raise Undecryptable("the key does not open this ciphertext, or it was altered") from error
    if nonce != _nonce(plaintext, key):
        raise Undecryptable("the ciphertext was not made by the rule that all ciphertexts follow")
    return plaintext


def _nonce(plaintext: bytes, key: bytes) -> bytes:
    return derive(key, "nonce", keccak(plaintext))[:NONCE_SIZE]
