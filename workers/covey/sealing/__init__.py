"""Encryption of models and hidden data: who may read what, and proof that everybody was given the same."""

from covey.sealing.boxes import (
    BoxContext,
    make_boxes,
    make_creator_box,
    open_box,
    open_creator_box,
    verify_boxes,
    verify_creator_box_hash,
)
from covey.sealing.cipher import KEY_SIZE, SEAL_OVERHEAD, seal, unseal
from covey.sealing.errors import (
    BadBox,
    BadKey,
    BadManifest,
    CiphertextMismatch,
    PlaintextMismatch,
    SealError,
    Undecryptable,
)
from covey.sealing.manifest import (
    MAX_MANIFEST_SIZE,
    Manifest,
    ManifestRules,
    Published,
    SealedArtefact,
    parse_manifest,
)
from covey.sealing.model import Audience, SealedModel, open_model, recover_key, seal_model
from covey.sealing.shards import SealedShard, ShardCommitment, check_ciphertext, open_shard, seal_shard
from covey.sealing.x25519 import KeyPair, is_low_order

__all__ = [
    "KEY_SIZE",
    "MAX_MANIFEST_SIZE",
    "SEAL_OVERHEAD",
    "Audience",
    "BadBox",
    "BadKey",
    "BadManifest",
    "BoxContext",
    "CiphertextMismatch",
    "KeyPair",
    "Manifest",
    "ManifestRules",
    "PlaintextMismatch",
    "Published",
    "SealError",
    "SealedArtefact",
    "SealedModel",
    "SealedShard",
    "ShardCommitment",
    "Undecryptable",
    "check_ciphertext",
    "is_low_order",
    "make_boxes",
    "make_creator_box",
    "open_box",
    "open_creator_box",
    "open_model",
    "open_shard",
    "parse_manifest",
    "recover_key",
    "seal",
    "seal_model",
    "seal_shard",
    "unseal",
    "verify_boxes",
    "verify_creator_box_hash",
]
