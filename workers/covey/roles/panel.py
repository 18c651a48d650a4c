"""How a validator judges the models of a round: fetched, opened and scored by rules that all validators share.

Whatever is wrong with the bytes that a handle committed to makes a model malformed for everybody alike; what can't be
had is unavailable. The split between the two depends on content that a CID or a hash names, never on who looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from covey.learning.data import Dataset, decode_shard
from covey.learning.errors import LearningError
from covey.learning.scoring import score_models
from covey.learning.task import TaskSpec
from covey.protocol import lanes
from covey.protocol.lanes import MALFORMED, UNAVAILABLE
from covey.roles.published import fetch_model, promised, rules_of
from covey.roles.task import Publication
from covey.sealing import (
    Audience,
    KeyPair,
    ManifestRules,
    SealError,
    ShardCommitment,
    Undecryptable,
    open_model,
    open_shard,
    recover_key,
)
from covey.sealing.errors import PlaintextMismatch
from covey.storage import BadCid, Store, StoreError, TooLarge


@dataclass(frozen=True)
class Seat:
    """One validator's place in a task: its index, its X25519 keys, and what all models of the round are held to."""

    index: int
    keys: KeyPair
    audience: Audience
    spec: TaskSpec

    @property
    def rules(self) -> ManifestRules:
        return rules_of(self.audience, self.spec)


@dataclass(frozen=True)
class Rejected:
    """A model that gets `score` unseen, MALFORMED or UNAVAILABLE, and why."""

    score: int
    reason: str


@dataclass(frozen=True)
class Verdict:
    """A model's score, and why."""

    score: int
    reason: str


def read_model(publication: Publication, seat: Seat, store: Store) -> bytes | Rejected:
    """The artefact that a handle published, or why it gets a score unseen."""
    try:
        manifest, ciphertext = fetch_model(publication, seat.rules, store.get)
        key = recover_key(manifest, promised(publication), seat.keys, seat.index, seat.audience)
        return open_model(ciphertext, key, manifest)
    except (SealError, BadCid, TooLarge) as error:
        return Rejected(MALFORMED, str(error))
    except StoreError as error:
        return Rejected(UNAVAILABLE, str(error))


def read_shard(ciphertext: bytes, key: bytes, commitment: ShardCommitment, spec: TaskSpec) -> Dataset | None:
    """A round's hidden data; None if the creator committed to something that is none of the task's.

    Raises BadKey or CiphertextMismatch when these are not the key and ciphertext that were committed to.
    """
    try:
        return decode_shard(open_shard(ciphertext, key, commitment), spec)
    except (Undecryptable, PlaintextMismatch, LearningError):
        return None


def judge(models: Sequence[bytes | Rejected], shard: Dataset, spec: TaskSpec, device: str) -> list[Verdict]:
    """Scores of a round's models, in the order of lanes, in one pass."""
    scores = iter(score_models([model for model in models if isinstance(model, bytes)], shard, spec, device))
    verdicts = []
    for model in models:
        if isinstance(model, bytes):
            score = next(scores)
            verdicts.append(Verdict(score.score, score.reason))
        else:
            verdicts.append(Verdict(model.score, model.reason))
    return verdicts


def vector_of(verdicts: Sequence[Verdict]) -> bytes:
    """The packed vector that a validator commits to."""
    return lanes.pack([verdict.score for verdict in verdicts])
