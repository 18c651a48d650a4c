"""Hashes of the Alliance (docs/alliance.md, section 4). Hashes, salts and seeds are 32 bytes, addresses hex texts."""

from collections.abc import Iterable
from dataclasses import dataclass

from covey.protocol import lanes
from covey.protocol.alliance.votes import Result, Vote
from covey.protocol.hashing import keccak, keccak_words

_UPDATE = keccak(b"covey.alliance.update")
_VOTE = keccak(b"covey.alliance.vote")


@dataclass(frozen=True)
class Update:
    """A proposer's work: `update_hash` of the update's integers, `samples` it was trained on, `cid` where it is."""

    update_hash: bytes
    samples: int
    cid: str


@dataclass(frozen=True)
class Domain:
    """One Alliance on one chain: no commitment for it is valid for another."""

    chain_id: int
    alliance: str

    def update_commitment(self, task: int, round: int, hot_key: str, update: Update, salt: bytes) -> bytes:
        """A proposer's commitment; `hot_key` is the one that joined."""
        return keccak_words(_UPDATE, self.chain_id, self.alliance, task, round, hot_key, content_hash(update), salt)

    def vote_commitment(self, task: int, round: int, hot_key: str, transcript: bytes, vote: Vote, salt: bytes) -> bytes:
        """A voter's commitment to what it finds about the updates of `transcript`; `hot_key` is the one that joined."""
        return keccak_words(
            _VOTE, self.chain_id, self.alliance, task, round, hot_key, transcript, ballot_hash(vote), salt
        )

    def seed(self, entropy: bytes, task: int, round: int) -> bytes:
        """What a round's roles follow from; `entropy` is the hash of the block in which its clients were frozen."""
        return keccak_words(entropy, self.alliance, task, round)


def content_hash(update: Update) -> bytes:
    """An update in a word; bytes of the CID that are no text stand in it as surrogates."""
    cid = update.cid.encode(errors="surrogateescape")
    return keccak_words(update.update_hash, update.samples, keccak(cid))


def extend_transcript(transcript: bytes, client: int, update: Update) -> bytes:
    """The transcript after one more publication."""
    return keccak_words(transcript, client, content_hash(update))


def transcript(seed: bytes, publications: Iterable[tuple[int, Update]]) -> bytes:
    """The transcript of a round: each publication's client and update, in order of publication."""
    result = seed
    for client, update in publications:
        result = extend_transcript(result, client, update)
    return result


def result_hash(result: Result) -> bytes:
    """By which results are told apart and put in order."""
    return keccak_words(result.aggregate_hash, result.accepted)


def ballot_hash(vote: Vote) -> bytes:
    """All that a voter finds, in a word."""
    return keccak_words(result_hash(vote.result), vote.in_favour, keccak(lanes.pack(vote.contributions)))
