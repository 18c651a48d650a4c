"""The Alliance's arithmetic, written from sections 2 to 7 of docs/alliance.md: integers, plain loops, nothing clever.

Amounts are wei, times seconds, rates parts per million, contributions 15-bit scores. `//` rounds down, as the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..abi import words
from ..keccak import keccak256
from ..rules import PPM
from .events import Params, Result, Update, Vote

NEUTRAL: Final = 16_384
MIN_VOTERS: Final = 2
SEED_BLOCKS: Final = 256

_MAX_CLIENTS: Final = 128
_MAX_TEXT: Final = 512
_MAX_CID: Final = 128
_LANE_BITS: Final = 32
_LANES_PER_WORD: Final = 16
_UPDATE_TAG: Final = keccak256(b"covey.alliance.update")
_VOTE_TAG: Final = keccak256(b"covey.alliance.vote")


# ── Section 2: parameters ────────────────────────────────────────────────────────────────────────────────────────────


def out_of_range(p: Params) -> list[str]:
    """Names of the parameters that are out of range. (Minimum lengths are the deployment's, and not known here.)"""
    holds = {
        "rounds": 1 <= p.rounds <= 255,
        "minClients": p.min_updates + MIN_VOTERS <= p.min_clients <= p.max_clients,
        "maxClients": p.max_clients <= _MAX_CLIENTS,
        "minUpdates": p.min_updates >= 1,
        "proposerShare": 1 <= p.proposer_share <= PPM,
        "maxSamples": p.max_samples >= 1,
        "epsilon": p.epsilon <= PPM,
        "slashSilent": 10_000 <= p.slash_silent <= 500_000,
        "slashWrong": p.slash_wrong <= p.slash_silent,
        "slashRejected": p.slash_rejected <= p.slash_silent,
        "burnShare": p.burn_share <= PPM,
        "contributionShare": p.contribution_share <= PPM,
        "harm": p.harm <= NEUTRAL,
        "initialReputation": 1 <= p.initial_reputation <= p.max_reputation,
        "maxReputation": p.max_reputation <= 8,
        "reputationThreshold": 1 <= p.reputation_threshold <= p.initial_reputation,
        "fractionBits": 1 <= p.fraction_bits <= 30,
        "minStake": p.min_stake >= 1,
        "keeperFee": keeper_acts(p) * p.keeper_fee <= p.pool // 10,
    }
    return [name for name, held in holds.items() if not held]


def keeper_acts(p: Params) -> int:
    """Acts of keepers that the reserve pays for: the first freeze, each round's draw and settling."""
    return 1 + 2 * p.rounds


def too_long(texts: Iterable[str]) -> list[str]:
    """Those of a task's texts that no task may have."""
    return [text for text in texts if len(_raw(text)) > _MAX_TEXT]


def cid_too_long(cid: str) -> bool:
    """Whether no update may have that CID."""
    return len(_raw(cid)) > _MAX_CID


# ── Section 3: draw ──────────────────────────────────────────────────────────────────────────────────────────────────


def members(bitmap: int) -> frozenset[int]:
    """The clients in a set."""
    return frozenset(i for i in range(bitmap.bit_length()) if bitmap >> i & 1)


def proposer_count(p: Params, n: int) -> int:
    """How many of n clients propose."""
    return min(max(-(-p.proposer_share * n // PPM), p.min_updates), n - MIN_VOTERS)


def draw(seed: bytes, reputations: Mapping[int, int], count: int) -> frozenset[int]:
    """The `count` clients with the largest keys; of equal ones the later client's is larger."""
    keys = []
    for client, reputation in reputations.items():
        lanes = int.from_bytes(keccak256(words(seed, client)))
        own = [lanes >> (256 - _LANE_BITS * (i + 1)) & (1 << _LANE_BITS) - 1 for i in range(reputation)]
        keys.append((max(own), client))
    return frozenset(client for _, client in sorted(keys)[len(keys) - count :])


# ── Section 4: hashes ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Context:
    """What every commitment is bound to."""

    chain_id: int
    alliance: str
    task: int

    def seed(self, block_hash: bytes, number: int) -> bytes:
        """What round `number`'s roles follow from."""
        return keccak256(words(block_hash, self.alliance, self.task, number))

    def update_commitment(self, number: int, hot_key: str, update: Update) -> bytes:
        """A proposer's commitment for round `number`."""
        return self._commitment(_UPDATE_TAG, number, hot_key, content_of(update), update.salt)

    def vote_commitment(self, number: int, hot_key: str, transcript: bytes, vote: Vote) -> bytes:
        """A voter's commitment for round `number`, on the updates of a transcript."""
        return self._commitment(_VOTE_TAG, number, hot_key, transcript, _ballot(vote), vote.salt)

    def _commitment(self, tag: bytes, *fields: int | str | bytes) -> bytes:
        return keccak256(words(tag, self.chain_id, self.alliance, self.task, *fields))


def content_of(update: Update) -> bytes:
    """An update in a word."""
    return keccak256(words(update.update_hash, update.samples, keccak256(_raw(update.cid))))


def next_transcript(transcript: bytes, client: int, update: Update) -> bytes:
    """The transcript after a publication."""
    return keccak256(words(transcript, client, content_of(update)))


def _result(result: Result) -> bytes:
    return keccak256(words(result.aggregate_hash, result.accepted))


def _ballot(vote: Vote) -> bytes:
    return keccak256(words(_result(vote.result), vote.in_favour, keccak256(vote.contributions)))


def pack(contributions: Sequence[int]) -> bytes:
    """Lanes of two bytes, sixteen to a word, the rest zero."""
    lanes = b"".join(one.to_bytes(2) for one in contributions)
    return lanes + bytes(-len(lanes) % (2 * _LANES_PER_WORD))


def _raw(text: str) -> bytes:
    """The bytes of a text, which may be any."""
    return text.encode(errors="surrogateescape")


# ── Section 6: money ─────────────────────────────────────────────────────────────────────────────────────────────────


def part(amount: int, rate: int) -> int:
    """`rate` of an amount."""
    return amount * rate // PPM


def points(stake: int, contribution: int) -> int:
    """What a right proposer's pay by contribution goes by."""
    return stake * max(0, contribution - NEUTRAL)


# ── Section 7: reputation ────────────────────────────────────────────────────────────────────────────────────────────


def lowered(reputation: int, threshold: int) -> int:
    """After wrong, rejected or missing work."""
    return reputation - 1 if reputation > threshold else 0
