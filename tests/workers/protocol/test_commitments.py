"""Hashes and signed messages against independent encoders."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from covey.protocol import commitments
from covey.protocol.commitments import Domain, Publication, Shard, Submission
from covey.protocol.hashing import encode_words, keccak_words

ARENA, HANDLE, OPERATOR = ("0x" + byte * 20 for byte in ("a1", "b2", "c3"))
DOMAIN = Domain(31337, ARENA)
A, B, C, D = (bytes([byte]) * 32 for byte in (1, 2, 3, 4))


def abi_hash(types: str, *values: object) -> bytes:
    return keccak(encode(types.split(","), values))


def test_commitments_bind_chain_arena_task_round_and_account() -> None:
    assert DOMAIN.commitment(5, 1, HANDLE, A, B) == abi_hash(
        "bytes32,uint256,address,uint256,uint256,address,bytes32,bytes32",
        *(keccak(b"covey.arena.commitment"), 31337, ARENA, 5, 1, HANDLE, A, B),
    )
    assert DOMAIN.score_commitment(5, 1, OPERATOR, A, B, C) == abi_hash(
        "bytes32,uint256,address,uint256,uint256,address,bytes32,bytes32,bytes32",
        *(keccak(b"covey.arena.scores"), 31337, ARENA, 5, 1, OPERATOR, A, B, C),
    )
    assert DOMAIN.ring_scope(5) == abi_hash(
        "bytes32,uint256,address,uint256", keccak(b"covey.arena.ring"), 31337, ARENA, 5
    )
    assert DOMAIN.ring_message(5, HANDLE, A) == abi_hash(
        "bytes32,uint256,address,uint256,address,bytes32", keccak(b"covey.arena.mask"), 31337, ARENA, 5, HANDLE, A
    )


def test_i11_commitments_differ_everywhere_else() -> None:
    places = [
        DOMAIN.commitment(5, 1, HANDLE, A, B),
        Domain(1, ARENA).commitment(5, 1, HANDLE, A, B),
        Domain(31337, HANDLE).commitment(5, 1, HANDLE, A, B),
        DOMAIN.commitment(6, 1, HANDLE, A, B),
        DOMAIN.commitment(5, 2, HANDLE, A, B),
        DOMAIN.commitment(5, 1, OPERATOR, A, B),
        DOMAIN.commitment(5, 1, HANDLE, C, B),
        DOMAIN.commitment(5, 1, HANDLE, A, C),
    ]
    assert len(set(places)) == len(places)


def test_hashes_kept_by_the_chain() -> None:
    assert commitments.open_commitment(OPERATOR, A) == abi_hash("address,bytes32", OPERATOR, A)
    assert commitments.publication_hash(A, B, C) == abi_hash("bytes32,bytes32,bytes32", A, B, C)
    assert commitments.key_hash(A) == abi_hash("bytes32", A)
    assert commitments.vector_hash(commitments.DATASET_INVALID) == keccak(b"")
    first = abi_hash("bytes32,address,bytes32,bytes32", bytes(32), HANDLE, A, B)
    second = abi_hash("bytes32,address,bytes32,bytes32", first, OPERATOR, C, D)
    assert commitments.lanes_hash([(HANDLE, A, B), (OPERATOR, C, D)]) == second
    assert commitments.lanes_hash([]) == bytes(32)
    assert commitments.PASS == commitments.NO_LANES == bytes(32)


def test_hash_of_shards_is_that_of_their_abi_encoding() -> None:
    shards = [Shard(A, B, C), Shard(B, C, D)]
    expected = keccak(encode(["(bytes32,bytes32,bytes32)[]"], [[(A, B, C), (B, C, D)]]))
    assert commitments.shards_hash(shards) == expected
    assert commitments.shards_hash(shards[:1]) != expected


def digest(type_text: str, domain: Domain, types: str, *values: object) -> bytes:
    """EIP-712 by hand."""
    separator = abi_hash(
        "bytes32,bytes32,bytes32,uint256,address",
        keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
        keccak(b"Covey Arena"),
        keccak(b"1"),
        domain.chain_id,
        domain.arena,
    )
    return keccak(b"\x19\x01" + separator + abi_hash("bytes32," + types, keccak(type_text.encode()), *values))


def signed_digest(typed: commitments.TypedData) -> bytes:
    assert set(typed["types"]) == {"EIP712Domain", typed["primaryType"]}
    message = encode_typed_data(full_message=typed)
    return keccak(b"\x19" + message.version + message.header + message.body)


def test_typed_data_have_the_digests_of_the_specification() -> None:
    mask = "Mask(uint256 task,bytes32 openCommitment)"
    assert signed_digest(DOMAIN.mask(5, A)) == digest(mask, DOMAIN, "uint256,bytes32", 5, A)

    submit = (
        "Submit(uint256 task,uint256 index,uint256 round,bytes32 commitment,bool last,uint256 nonce,uint256 expiry)"
    )
    submission = Submission(5, 2, 1, A, True, 7, 999)
    expected = digest(submit, DOMAIN, "uint256,uint256,uint256,bytes32,bool,uint256,uint256", 5, 2, 1, A, True, 7, 999)
    assert signed_digest(DOMAIN.submit(submission)) == expected
    assert signed_digest(DOMAIN.submit(replace(submission, nonce=8))) != expected
    assert signed_digest(Domain(1, ARENA).submit(submission)) != expected

    publish = (
        "Publish(uint256 task,uint256 index,uint256 round,bytes32 manifestHash,bytes32 plaintextHash,"
        "bytes32 creatorBoxHash,bytes32 salt,string cid,uint256 firstRound,uint256 nonce,uint256 expiry)"
    )
    publication = Publication(5, 2, 1, A, B, C, D, "bafy", 0, 8, 999)
    types = "uint256,uint256,uint256,bytes32,bytes32,bytes32,bytes32,bytes32,uint256,uint256,uint256"
    assert signed_digest(DOMAIN.publish(publication)) == digest(
        publish, DOMAIN, types, 5, 2, 1, A, B, C, D, keccak(b"bafy"), 0, 8, 999
    )


@given(number=st.integers(0, 2**256 - 1), word=st.binary(min_size=32, max_size=32), flag=st.booleans())
def test_words_are_abi_words(number: int, word: bytes, flag: bool) -> None:
    expected = encode(["uint256", "bytes32", "bool", "address"], [number, word, flag, OPERATOR])
    assert encode_words([number, word, flag, OPERATOR]) == expected
    assert keccak_words(number, word) == keccak(expected[:64])


@pytest.mark.parametrize("value", [-1, 2**256, b"short", "0x1234", "not hex"])
def test_what_fits_no_word_is_refused(value: int | bytes | str) -> None:
    with pytest.raises(ValueError, match=r"256 bits|in place of 32|not an address|hexadecimal"):
        encode_words([value])
