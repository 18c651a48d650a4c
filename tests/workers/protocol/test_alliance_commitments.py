"""Hashes of the Alliance against an independent encoder."""

from dataclasses import replace

from eth_abi.abi import encode
from eth_hash.auto import keccak

from covey.protocol.alliance import commitments
from covey.protocol.alliance.commitments import Domain, Update
from covey.protocol.alliance.votes import Result, Vote

ALLIANCE, HOT_KEY, OTHER = ("0x" + byte * 20 for byte in ("a1", "b2", "c3"))
DOMAIN = Domain(31337, ALLIANCE)
A, B, C = (bytes([byte]) * 32 for byte in (1, 2, 3))
UPDATE = Update(A, 450, "bafkqaaa")
VOTE = Vote(Result(B, 0b101), in_favour=True, contributions=(16_384, 7))


def abi_hash(types: str, *values: object) -> bytes:
    return keccak(encode(types.split(","), values))


def test_update_in_a_word() -> None:
    expected = abi_hash("bytes32,uint32,bytes32", A, 450, keccak(b"bafkqaaa"))
    assert commitments.content_hash(UPDATE) == expected


def test_a_cid_that_is_no_text_counts_by_its_bytes() -> None:
    """Else its proposer would keep honest voters from opening what they committed to: all hash the transcript."""
    content = b"\xff\xfebafk"
    update = replace(UPDATE, cid=content.decode(errors="surrogateescape"))
    assert commitments.content_hash(update) == abi_hash("bytes32,uint32,bytes32", A, 450, keccak(content))


def test_vote_in_a_word() -> None:
    result = abi_hash("bytes32,uint128", B, 0b101)
    assert commitments.result_hash(VOTE.result) == result
    vector = keccak(bytes.fromhex("40000007") + bytes(28))
    assert commitments.ballot_hash(VOTE) == abi_hash("bytes32,bool,bytes32", result, True, vector)
    against = replace(VOTE, in_favour=False)
    assert commitments.ballot_hash(against) == abi_hash("bytes32,bool,bytes32", result, False, vector)


def test_commitments_bind_chain_alliance_task_round_and_client() -> None:
    assert DOMAIN.update_commitment(5, 1, HOT_KEY, UPDATE, C) == abi_hash(
        "bytes32,uint256,address,uint256,uint256,address,bytes32,bytes32",
        *(keccak(b"covey.alliance.update"), 31337, ALLIANCE, 5, 1, HOT_KEY, commitments.content_hash(UPDATE), C),
    )
    assert DOMAIN.vote_commitment(5, 1, HOT_KEY, A, VOTE, C) == abi_hash(
        "bytes32,uint256,address,uint256,uint256,address,bytes32,bytes32,bytes32",
        *(keccak(b"covey.alliance.vote"), 31337, ALLIANCE, 5, 1, HOT_KEY, A, commitments.ballot_hash(VOTE), C),
    )


def test_i11_commitments_differ_everywhere_else() -> None:
    updates = [
        DOMAIN.update_commitment(5, 1, HOT_KEY, UPDATE, C),
        Domain(1, ALLIANCE).update_commitment(5, 1, HOT_KEY, UPDATE, C),
        Domain(31337, OTHER).update_commitment(5, 1, HOT_KEY, UPDATE, C),
        DOMAIN.update_commitment(6, 1, HOT_KEY, UPDATE, C),
        DOMAIN.update_commitment(5, 2, HOT_KEY, UPDATE, C),
        DOMAIN.update_commitment(5, 1, OTHER, UPDATE, C),
        DOMAIN.update_commitment(5, 1, HOT_KEY, replace(UPDATE, samples=451), C),
        DOMAIN.update_commitment(5, 1, HOT_KEY, UPDATE, A),
    ]
    votes = [
        DOMAIN.vote_commitment(5, 1, HOT_KEY, A, VOTE, C),
        DOMAIN.vote_commitment(5, 1, HOT_KEY, B, VOTE, C),
        DOMAIN.vote_commitment(5, 1, OTHER, A, VOTE, C),
        DOMAIN.vote_commitment(5, 1, HOT_KEY, A, replace(VOTE, in_favour=False), C),
    ]
    assert len({*updates, *votes}) == len(updates) + len(votes)


def test_seed_binds_alliance_task_and_round() -> None:
    assert DOMAIN.seed(A, 5, 1) == abi_hash("bytes32,address,uint256,uint256", A, ALLIANCE, 5, 1)


def test_transcript_is_of_all_updates_in_order() -> None:
    second = replace(UPDATE, update_hash=B)
    first_word = abi_hash("bytes32,uint256,bytes32", C, 4, commitments.content_hash(UPDATE))
    assert commitments.transcript(C, []) == C
    assert commitments.transcript(C, [(4, UPDATE)]) == first_word == commitments.extend_transcript(C, 4, UPDATE)
    assert commitments.transcript(C, [(4, UPDATE), (2, second)]) == abi_hash(
        "bytes32,uint256,bytes32", first_word, 2, commitments.content_hash(second)
    )
