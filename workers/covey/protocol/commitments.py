"""Hashes and signed messages of the Arena (docs/protocol.md, section 4).

Hashes, salts and keys are 32 bytes; addresses are hex texts of 20 bytes. Typed data are the dicts that EIP-712 signers
take (types, domain, primaryType, message).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from covey.protocol.hashing import encode_words, keccak, keccak_words, tag

DATASET_INVALID = b""
"""The reserved vector of a validator whose shard does not match its hash or can't be scored."""

NO_LANES = bytes(32)
"""lanesHash before anything is published."""

PASS = bytes(32)
"""The commitment of a handle that submits nothing in a round."""

_COMMITMENT = tag("commitment")
_SCORES = tag("scores")
_RING = tag("ring")
_MASK = tag("mask")

_DOMAIN_FIELDS = "string name,string version,uint256 chainId,address verifyingContract"
_MASK_FIELDS = "uint256 task,bytes32 openCommitment"
_SUBMIT_FIELDS = "uint256 task,uint256 index,uint256 round,bytes32 commitment,bool last,uint256 nonce,uint256 expiry"
_PUBLISH_FIELDS = (
    "uint256 task,uint256 index,uint256 round,bytes32 manifestHash,bytes32 plaintextHash,bytes32 creatorBoxHash,"
    "bytes32 salt,string cid,uint256 firstRound,uint256 nonce,uint256 expiry"
)

TypedData = dict[str, Any]


@dataclass(frozen=True)
class Shard:
    """Hashes of one round's hidden data: of its ciphertext, its plaintext and its key."""

    ciphertext_hash: bytes
    plaintext_hash: bytes
    key_hash: bytes


@dataclass(frozen=True)
class Submission:
    """A handle's commitment for a round (PASS: it submits nothing); `last` makes it final. `expiry` in Unix seconds."""

    task: int
    index: int
    round: int
    commitment: bytes
    last: bool
    nonce: int
    expiry: int


@dataclass(frozen=True)
class Publication:
    """A handle's opening of its commitment. `first_round`: the earliest in which it published this plaintext hash."""

    task: int
    index: int
    round: int
    manifest_hash: bytes
    plaintext_hash: bytes
    creator_box_hash: bytes
    salt: bytes
    cid: str
    first_round: int
    nonce: int
    expiry: int


@dataclass(frozen=True)
class Domain:
    """One Arena on one chain: nothing that is hashed or signed for it is valid for another."""

    chain_id: int
    arena: str

    def commitment(self, task: int, round: int, handle: str, manifest_hash: bytes, salt: bytes) -> bytes:
        """A trainer's commitment to a model."""
        return keccak_words(_COMMITMENT, self.chain_id, self.arena, task, round, handle, manifest_hash, salt)

    def score_commitment(
        self, task: int, round: int, hot_key: str, lanes_hash: bytes, vector_hash: bytes, salt: bytes
    ) -> bytes:
        """A validator's commitment to its vector; `hot_key` is the one that enrolled."""
        return keccak_words(_SCORES, self.chain_id, self.arena, task, round, hot_key, lanes_hash, vector_hash, salt)

    def ring_scope(self, task: int) -> bytes:
        """What the tags of a task's ring signatures are bound to."""
        return keccak_words(_RING, self.chain_id, self.arena, task)

    def ring_message(self, task: int, handle: str, open_commitment: bytes) -> bytes:
        """What a trainer's ring signature signs."""
        return keccak_words(_MASK, self.chain_id, self.arena, task, handle, open_commitment)

    def mask(self, task: int, open_commitment: bytes) -> TypedData:
        """The handle's consent to being registered."""
        return self._typed("Mask", _MASK_FIELDS, {"task": task, "openCommitment": open_commitment})

    def submit(self, submission: Submission) -> TypedData:
        return self._typed("Submit", _SUBMIT_FIELDS, _camel(asdict(submission)))

    def publish(self, publication: Publication) -> TypedData:
        return self._typed("Publish", _PUBLISH_FIELDS, _camel(asdict(publication)))

    def _typed(self, name: str, fields: str, message: dict[str, Any]) -> TypedData:
        return {
            "types": {"EIP712Domain": _fields(_DOMAIN_FIELDS), name: _fields(fields)},
            "primaryType": name,
            "domain": {
                "name": "Covey Arena",
                "version": "1",
                "chainId": self.chain_id,
                "verifyingContract": self.arena,
            },
            "message": message,
        }


def open_commitment(operator: str, nonce: bytes) -> bytes:
    """Binds a handle to the operator that will open it."""
    return keccak_words(operator, nonce)


def publication_hash(plaintext_hash: bytes, creator_box_hash: bytes, manifest_hash: bytes) -> bytes:
    """What the chain keeps of a publication."""
    return keccak_words(plaintext_hash, creator_box_hash, manifest_hash)


def extend_lanes(lanes_hash: bytes, handle: str, plaintext_hash: bytes, manifest_hash: bytes) -> bytes:
    """lanesHash after one more publication."""
    return keccak_words(lanes_hash, handle, plaintext_hash, manifest_hash)


def lanes_hash(publications: Iterable[tuple[str, bytes, bytes]]) -> bytes:
    """lanesHash of a round: (handle, plaintext hash, manifest hash) in order of publication."""
    result = NO_LANES
    for handle, plaintext_hash, manifest_hash in publications:
        result = extend_lanes(result, handle, plaintext_hash, manifest_hash)
    return result


def vector_hash(vector: bytes) -> bytes:
    """Hash of a packed vector, or of DATASET_INVALID."""
    return keccak(vector)


def key_hash(key: bytes) -> bytes:
    """Hash of a shard's key."""
    return keccak_words(key)


def shards_hash(shards: Sequence[Shard]) -> bytes:
    """What the chain keeps of a task's shards: keccak of their ABI encoding as a dynamic array."""
    words: list[int | bytes] = [32, len(shards)]
    for shard in shards:
        words += [shard.ciphertext_hash, shard.plaintext_hash, shard.key_hash]
    return keccak(encode_words(words))


def _fields(signature: str) -> list[dict[str, str]]:
    pairs = (field.split(" ") for field in signature.split(","))
    return [{"name": name, "type": kind} for kind, name in pairs]


def _camel(fields: dict[str, Any]) -> dict[str, Any]:
    def rename(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(map(str.capitalize, rest))

    return {rename(name): value for name, value in fields.items()}
