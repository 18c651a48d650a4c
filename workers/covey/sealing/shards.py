"""Hidden data: a shard is encrypted before its task is posted; its key is posted in clear once models are frozen."""

from __future__ import annotations

from dataclasses import dataclass

from eth_hash.auto import keccak

from covey.sealing.cipher import seal, unseal
from covey.sealing.errors import BadKey, CiphertextMismatch, PlaintextMismatch


@dataclass(frozen=True, slots=True)
class ShardCommitment:
    """What a task says on chain about one shard: three keccak256 hashes of 32 bytes, in the contract's order."""

    ciphertext_hash: bytes
    plaintext_hash: bytes
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class SealedShard:
    """A shard as its creator publishes it."""

    ciphertext: bytes
    commitment: ShardCommitment


def seal_shard(plaintext: bytes, key: bytes) -> SealedShard:
    """Encrypt a shard under its own 32-byte key. Raises BadKey."""
    ciphertext = seal(plaintext, key)
    return SealedShard(ciphertext, ShardCommitment(keccak(ciphertext), keccak(plaintext), keccak(key)))


def check_ciphertext(ciphertext: bytes, commitment: ShardCommitment) -> None:
    """What a validator attests to when it enrols. Raises CiphertextMismatch."""
    if keccak(ciphertext) != commitment.ciphertext_hash:
        raise CiphertextMismatch("this is not the shard's ciphertext; fetch it again")


def open_shard(ciphertext: bytes, key: bytes, commitment: ShardCommitment) -> bytes:
    """The shard, checked against all that its task committed to.

    Raises BadKey, CiphertextMismatch (both mean: look for the right one), or Undecryptable, PlaintextMismatch (both
    mean: the creator published an invalid data set).
    """
    if keccak(key) != commitment.key_hash:
        raise BadKey("this is not the shard's key")
    check_ciphertext(ciphertext, commitment)
    plaintext = unseal(ciphertext, key)
    if keccak(plaintext) != commitment.plaintext_hash:
        raise PlaintextMismatch("the shard's ciphertext opens to other data than the task committed to")
    return plaintext
