"""Ciphertexts, shards and keys: what is honest opens, what is altered is named."""

from __future__ import annotations

import dataclasses

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_scalarmult

from covey.sealing import (
    SEAL_OVERHEAD,
    BadKey,
    CiphertextMismatch,
    KeyPair,
    PlaintextMismatch,
    ShardCommitment,
    Undecryptable,
    check_ciphertext,
    is_low_order,
    open_shard,
    seal,
    seal_shard,
    unseal,
)
from covey.sealing.cipher import NONCE_SIZE, derive
from covey.sealing.x25519 import shared_secret

KEY = bytes(range(32))
keys = st.binary(min_size=32, max_size=32)


def flip(data: bytes, bit: int) -> bytes:
    """The data with one bit changed."""
    at, mask = bit // 8 % len(data), 1 << bit % 8
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


@given(st.binary(max_size=2000), keys)
def test_seal_opens_is_deterministic_and_hides(plaintext: bytes, key: bytes) -> None:
    ciphertext = seal(plaintext, key)
    assert unseal(ciphertext, key) == plaintext
    assert seal(plaintext, key) == ciphertext
    assert len(ciphertext) == len(plaintext) + SEAL_OVERHEAD
    if len(plaintext) >= 8:
        assert plaintext not in ciphertext


def test_a_known_ciphertext() -> None:
    """The format is fixed: shards and models sealed today must open tomorrow."""
    assert seal(b"covey", KEY).hex() == (
        "c7c03961381f0d7f2cc442a5269c5e8adfd8b292f16541211f713143ac15dd0d3b5f47d0b8887a24af213e492b"
    )


@given(plaintext=st.binary(max_size=100), bit=st.integers(0, 10_000))
def test_every_altered_bit_is_found(plaintext: bytes, bit: int) -> None:
    with pytest.raises(Undecryptable):
        unseal(flip(seal(plaintext, KEY), bit), KEY)


@given(plaintext=st.binary(max_size=100), bit=st.integers(0, 255))
def test_every_other_key_is_refused(plaintext: bytes, bit: int) -> None:
    with pytest.raises(Undecryptable):
        unseal(seal(plaintext, KEY), flip(KEY, bit))


@given(st.binary(max_size=100), st.integers(1, 200))
def test_cut_ciphertexts_are_refused(plaintext: bytes, cut: int) -> None:
    with pytest.raises(Undecryptable):
        unseal(seal(plaintext, KEY)[:-cut], KEY)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_one_key_for_two_plaintexts_uses_two_nonces(first: bytes, second: bytes) -> None:
    nonces = {seal(plaintext, KEY)[:NONCE_SIZE] for plaintext in (first, second)}
    assert len(nonces) == len({first, second})


def test_purposes_give_unrelated_keys() -> None:
    derived = {derive(KEY, purpose, context) for purpose in ("cipher", "nonce", "box") for context in (b"", b"a")}
    assert len(derived) == 6
    assert KEY not in derived


@pytest.mark.parametrize("key", [b"", KEY[:31], KEY + b"\0"])
def test_keys_have_32_bytes(key: bytes) -> None:
    for call in (lambda: seal(b"x", key), lambda: unseal(bytes(100), key), lambda: KeyPair.from_seed(key)):
        with pytest.raises(BadKey, match="32 bytes"):
            call()


# Shards


@given(st.binary(max_size=500), keys)
def test_a_shard_opens(plaintext: bytes, key: bytes) -> None:
    shard = seal_shard(plaintext, key)
    assert shard == seal_shard(plaintext, key)
    assert shard.commitment == ShardCommitment(keccak(shard.ciphertext), keccak(plaintext), keccak(key))
    check_ciphertext(shard.ciphertext, shard.commitment)
    assert open_shard(shard.ciphertext, key, shard.commitment) == plaintext


def test_each_fault_of_a_shard_has_its_own_error() -> None:
    shard = seal_shard(b"images and labels", KEY)
    with pytest.raises(BadKey):
        open_shard(shard.ciphertext, flip(KEY, 3), shard.commitment)
    with pytest.raises(CiphertextMismatch):
        open_shard(flip(shard.ciphertext, 3), KEY, shard.commitment)
    with pytest.raises(CiphertextMismatch):
        check_ciphertext(b"", shard.commitment)
    with pytest.raises(PlaintextMismatch):
        open_shard(shard.ciphertext, KEY, dataclasses.replace(shard.commitment, plaintext_hash=keccak(b"other")))


def test_a_creator_that_commits_to_an_unopenable_ciphertext() -> None:
    honest = seal_shard(b"images and labels", KEY)
    junk = bytes(200)
    with pytest.raises(Undecryptable):
        open_shard(junk, KEY, dataclasses.replace(honest.commitment, ciphertext_hash=keccak(junk)))


# X25519


def test_rfc_7748_vectors() -> None:
    bob = KeyPair.from_seed(bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
    alice = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    assert bob.public.hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert shared_secret(bob, alice).hex() == "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"


def test_the_secret_is_not_shown() -> None:
    pair = KeyPair.from_seed(KEY)
    assert KEY.hex() not in repr(pair)
    assert repr(KEY) not in repr(pair)
    assert str(KEY) not in str(pair)


PRIME = 2**255 - 19
ORDER_8 = [
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
]
LOW_ORDER = [u.to_bytes(32, "little") for u in (0, 1, PRIME - 1, PRIME, PRIME + 1)] + [
    bytes.fromhex(encoding) for encoding in ORDER_8
]


def with_top_bit(key: bytes) -> bytes:
    return key[:31] + bytes([key[31] | 0x80])


@pytest.mark.parametrize("key", LOW_ORDER + [with_top_bit(key) for key in LOW_ORDER], ids=bytes.hex)
def test_low_order_keys_in_every_encoding(key: bytes) -> None:
    assert is_low_order(key)
    with pytest.raises(RuntimeError):
        crypto_scalarmult(KEY, key)


@given(st.one_of(keys, st.integers(PRIME - 30, 2**255 - 1).map(lambda u: u.to_bytes(32, "little"))))
def test_the_library_refuses_exactly_the_low_order_keys(key: bytes) -> None:
    try:
        crypto_scalarmult(KEY, key)
    except RuntimeError:
        assert is_low_order(key)
    else:
        assert not is_low_order(key)
