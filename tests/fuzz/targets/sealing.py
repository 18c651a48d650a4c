"""What is encrypted, and what says for whom."""

from __future__ import annotations

from contextlib import suppress

from eth_hash.auto import keccak

from covey.sealing import (
    Audience,
    BadBox,
    BoxContext,
    KeyPair,
    ManifestRules,
    PlaintextMismatch,
    Published,
    SealError,
    ShardCommitment,
    make_boxes,
    open_box,
    open_creator_box,
    open_model,
    open_shard,
    parse_manifest,
    recover_key,
    seal,
    seal_model,
    unseal,
)
from tests.fuzz import mutation
from tests.fuzz.target import Target

CONTEXT = BoxContext(chain_id=31337, arena="0x" + "5a" * 20, task=2**255, round=1)
PAIRS = tuple(KeyPair.from_seed(bytes([seed]) * 32) for seed in (1, 2))
CREATOR = KeyPair.from_seed(b"c" * 32)
AUDIENCE = Audience(CONTEXT, (*(pair.public for pair in PAIRS), bytes(32)), CREATOR.public)
KEY = b"k" * 32
MODEL = seal_model(b"a model", KEY, "tabular", AUDIENCE)

_RULES = ManifestRules(CONTEXT.task, 1, "tabular", len(AUDIENCE.validators), 10_000)


def published(manifest: bytes) -> Published:
    """What the author of a manifest says about it on chain."""
    return Published(keccak(manifest), MODEL.published.plaintext_hash, MODEL.published.creator_box_hash)


def _read_manifest(data: bytes) -> None:
    said = published(data)
    manifest = parse_manifest(data, said, _RULES)
    key = recover_key(manifest, said, PAIRS[0], 0, AUDIENCE)
    assert open_model(MODEL.ciphertext, key, manifest) == b"a model"


def _manifest_extremes() -> list[bytes]:
    return [
        b"[" * 65_536,
        b'{"boxes":[' + b"[]," * 21_000 + b"[]]}",
        b'{"boxes":[' + b'"",' * 21_000 + b'""]}',
        b'{"task":' + b"9" * 65_000 + b"}",
        b"{" + b",".join(b'"%d":0' % i for i in range(7_000)) + b"}",
        bytes(65_536),
        b'"' + b"\\u0000" * 10_000 + b'"',
    ]


def _read_box(data: bytes) -> None:
    """As the box that a trainer gave, and as the key that a validator enrolled with."""
    make_boxes(KEY, (data[:32].ljust(32, b"\0"),), CONTEXT)
    with suppress(BadBox):
        open_box(data, PAIRS[0], 0, CONTEXT)
    with suppress(BadBox):
        open_creator_box(data, CREATOR, CONTEXT)


def _read_ciphertext(data: bytes) -> None:
    commitment = ShardCommitment(keccak(data), keccak(b"plaintext"), keccak(KEY))
    with suppress(PlaintextMismatch):
        open_shard(data, KEY, commitment)
    assert seal(unseal(data, KEY), KEY) == data, "a second ciphertext of one plaintext"


TARGETS = (
    Target(
        "manifest",
        _read_manifest,
        lambda: [MODEL.manifest.encode()],
        (SealError,),
        _manifest_extremes,
        mutation.either(mutation.alter_json, mutation.alter_bytes),
    ),
    Target("box", _read_box, lambda: [*MODEL.manifest.boxes[:2], MODEL.creator_box, bytes(80), b"\xff" * 80]),
    Target(
        "ciphertext",
        _read_ciphertext,
        lambda: [seal(b"plaintext", KEY), seal(b"", KEY)],
        (SealError,),
        lambda: [bytes(2**24)],
    ),
)
