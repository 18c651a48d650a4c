"""A model's way from trainer to validators and creator, and every way to spoil it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.sealing import (
    MAX_MANIFEST_SIZE,
    SEAL_OVERHEAD,
    Audience,
    BadBox,
    BadManifest,
    BoxContext,
    KeyPair,
    Manifest,
    ManifestRules,
    PlaintextMismatch,
    Published,
    Undecryptable,
    open_creator_box,
    open_model,
    parse_manifest,
    recover_key,
    seal,
    seal_model,
)
from covey.storage import cid_of

CONTEXT = BoxContext(chain_id=31337, arena="0x" + "5a" * 20, task=2**255, round=1)
PAIRS = [KeyPair.from_seed(bytes([seed]) * 32) for seed in range(4)]
CREATOR = KeyPair.from_seed(b"c" * 32)
AUDIENCE = Audience(CONTEXT, tuple(pair.public for pair in PAIRS), CREATOR.public)
KEY = b"k" * 32
ARTEFACT = b"safetensors" * 50
RULES = ManifestRules(
    task=CONTEXT.task, round=1, family="image-classification", box_count=4, max_ciphertext_size=10_000
)
MODEL = seal_model(ARTEFACT, KEY, "image-classification", AUDIENCE)
DATA = MODEL.manifest.encode()


def parse_as_published(data: bytes, rules: ManifestRules = RULES) -> Manifest:
    """Parse a manifest whose own hash is the published one: its author is its publisher."""
    return parse_manifest(data, dataclasses.replace(MODEL.published, manifest_hash=keccak(data)), rules)


@given(artefact=st.binary(max_size=3000), key=st.binary(min_size=32, max_size=32), reader=st.integers(0, 3))
@settings(deadline=None, max_examples=30)
def test_honest_models_reach_everybody(artefact: bytes, key: bytes, reader: int) -> None:
    model = seal_model(artefact, key, "image-classification", AUDIENCE)
    assert model == seal_model(artefact, key, "image-classification", AUDIENCE)
    manifest = parse_manifest(model.manifest.encode(), model.published, RULES)
    assert manifest == model.manifest
    assert manifest.artefact.cid == cid_of(model.ciphertext)
    assert manifest.artefact.size == len(model.ciphertext) == len(artefact) + SEAL_OVERHEAD
    recovered = recover_key(manifest, model.published, PAIRS[reader], reader, AUDIENCE)
    assert open_model(model.ciphertext, recovered, manifest) == artefact
    assert keccak(model.creator_box) == model.published.creator_box_hash
    assert open_model(model.ciphertext, open_creator_box(model.creator_box, CREATOR, CONTEXT), manifest) == artefact


def test_a_manifest_has_one_form() -> None:
    decoded = json.loads(DATA)
    assert json.dumps(decoded, sort_keys=True, separators=(",", ":")).encode() == DATA
    assert list(decoded) == ["artefact", "boxes", "family", "round", "task", "version"]
    assert MODEL.published.manifest_hash == keccak(DATA) == MODEL.manifest.hash()


def test_nothing_in_a_manifest_depends_on_who_trained() -> None:
    """Two trainers with one model, key and audience publish the same bytes: there is no room for a name."""
    assert seal_model(ARTEFACT, KEY, "image-classification", AUDIENCE).manifest.encode() == DATA


@given(byte=st.integers(0, len(DATA) - 1), mask=st.integers(1, 255))
def test_any_altered_byte_of_a_manifest_is_found(byte: int, mask: int) -> None:
    altered = DATA[:byte] + bytes([DATA[byte] ^ mask]) + DATA[byte + 1 :]
    with pytest.raises(BadManifest, match="not the one that was published"):
        parse_manifest(altered, MODEL.published, RULES)


@given(byte=st.integers(0, len(DATA) - 1), mask=st.integers(1, 255))
@settings(deadline=None)
def test_a_trainer_that_publishes_an_altered_manifest_gains_nothing(byte: int, mask: int) -> None:
    """Whatever byte its author changes, either the manifest or its boxes or its ciphertext is found wrong by all."""
    altered = DATA[:byte] + bytes([DATA[byte] ^ mask]) + DATA[byte + 1 :]
    verdicts = set()
    for index, pair in enumerate(PAIRS):
        try:
            manifest = parse_as_published(altered)
            key = recover_key(manifest, MODEL.published, pair, index, AUDIENCE)
            assert manifest.artefact.cid != MODEL.manifest.artefact.cid or manifest.artefact.size != len(
                MODEL.ciphertext
            )
            open_model(MODEL.ciphertext, key, manifest)
            verdicts.add("another ciphertext")
        except (BadManifest, BadBox):
            verdicts.add("malformed")
    assert len(verdicts) == 1


def edited(**changes: Any) -> bytes:
    decoded = json.loads(DATA)
    for path, value in changes.items():
        *parents, name = path.split("__")
        target = decoded
        for parent in parents:
            target = target[parent]
        target[name] = value
    return json.dumps(decoded, sort_keys=True, separators=(",", ":")).encode()


BOX = json.loads(DATA)["boxes"][0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "manifest"),
        (b"{}", "Field required"),
        (b"[]", "manifest"),
        (b"null", "manifest"),
        (b"\x80\x04\x95", "manifest"),
        (b"[" * 60_000, "manifest"),
        (DATA[:-1], "manifest"),
        (DATA + b"\n", "canonical"),
        (json.dumps(json.loads(DATA), sort_keys=True).encode(), "canonical"),
        (json.dumps(dict(reversed(json.loads(DATA).items())), separators=(",", ":")).encode(), "canonical"),
        (DATA.replace(b'"version":1', b'"version":2,"version":1'), "canonical"),
        (DATA.replace(b'"round":1', b'"round":1.0'), "round"),
        (DATA.replace(b"image", b"im\\u0061ge"), "canonical"),
        (b" " * (MAX_MANIFEST_SIZE + 1), "allowed"),
        (edited(trainer="me"), "trainer: Extra"),
        (edited(artefact__trainer="me"), r"artefact\.trainer: Extra"),
        (edited(version=2), "version"),
        (edited(version=True), "canonical"),
        (edited(task=1), "task is 1"),
        (edited(task=-1), "task"),
        (edited(task=2**256), "task"),
        (edited(task="1"), "task"),
        (edited(round=0), "round is 0"),
        (edited(round=256), "round"),
        (edited(family="causal-lm"), "family is causal-lm"),
        (edited(family="../../etc"), "family"),
        (edited(family="a" * 65), "family"),
        (edited(family="a\n"), "family"),
        (edited(artefact__cid="Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"), r"artefact\.cid"),
        (edited(artefact__cid=MODEL.manifest.artefact.cid.upper()), r"artefact\.cid"),
        (edited(artefact__size=0), r"artefact\.size"),
        (edited(artefact__size=10_001), "10001 bytes; 10000 are allowed"),
        (edited(artefact__size=10**30), "allowed"),
        (edited(artefact__size=1.5), r"artefact\.size"),
        (edited(artefact__plaintext_hash="0x" + "00" * 32), "plaintext hash"),
        (edited(artefact__plaintext_hash="0x" + "00" * 31), r"artefact\.plaintext_hash"),
        (edited(artefact__plaintext_hash="00" * 32), "hex"),
        (edited(boxes=[]), "number of boxes is 0, not 4"),
        (edited(boxes=[BOX] * 3), "number of boxes is 3, not 4"),
        (edited(boxes=[BOX] * 5), "number of boxes is 5, not 4"),
        (edited(boxes=[BOX.upper()] * 4), "hex"),
        (edited(boxes=[BOX[:-1]] * 4), "hex"),
        (edited(boxes=[BOX[:-2]] * 4), "80 bytes"),
        (edited(boxes=[BOX + "00"] * 4), "80 bytes"),
        (edited(boxes=[None] * 4), "boxes"),
        (edited(boxes={"0": BOX}), "boxes"),
    ],
)
def test_bad_manifests(data: bytes, words: str) -> None:
    with pytest.raises(BadManifest, match=words):
        parse_as_published(data)


def test_the_largest_task_fits() -> None:
    audience = dataclasses.replace(AUDIENCE, validators=AUDIENCE.validators * 30)
    model = seal_model(ARTEFACT, KEY, "image-classification", audience)
    rules = dataclasses.replace(RULES, box_count=120)
    assert parse_manifest(model.manifest.encode(), model.published, rules) == model.manifest


def check_all_find(error: type[Exception], manifest: Manifest, published: Published) -> None:
    for index, pair in enumerate(PAIRS):
        with pytest.raises(error):
            recover_key(manifest, published, pair, index, AUDIENCE)


def without_box(manifest: Manifest) -> Manifest:
    return manifest.model_copy(update={"boxes": (b"", *manifest.boxes[1:])})


def with_swapped_boxes(manifest: Manifest) -> Manifest:
    first, second, *rest = manifest.boxes
    return manifest.model_copy(update={"boxes": (second, first, *rest)})


@pytest.mark.parametrize("spoil", [without_box, with_swapped_boxes])
def test_no_validator_can_be_singled_out(spoil: Callable[[Manifest], Manifest]) -> None:
    check_all_find(BadBox, spoil(MODEL.manifest), MODEL.published)


def test_the_creator_can_not_be_cheated_unseen() -> None:
    check_all_find(BadBox, MODEL.manifest, dataclasses.replace(MODEL.published, creator_box_hash=keccak(b"")))


def test_a_manifest_of_an_earlier_round_is_worth_nothing() -> None:
    later = dataclasses.replace(AUDIENCE, context=dataclasses.replace(CONTEXT, round=2))
    relabelled = MODEL.manifest.model_copy(update={"round": 2})
    for index, pair in enumerate(PAIRS):
        with pytest.raises(BadBox):
            recover_key(relabelled, MODEL.published, pair, index, later)


@given(byte=st.integers(0, len(MODEL.ciphertext) - 1), mask=st.integers(1, 255))
def test_any_altered_byte_of_a_ciphertext_is_found(byte: int, mask: int) -> None:
    altered = bytearray(MODEL.ciphertext)
    altered[byte] ^= mask
    with pytest.raises(Undecryptable):
        open_model(bytes(altered), KEY, MODEL.manifest)


def test_another_model_or_size_is_found() -> None:
    with pytest.raises(PlaintextMismatch):
        open_model(seal(b"x" * len(ARTEFACT), KEY), KEY, MODEL.manifest)
    with pytest.raises(BadManifest, match="bytes"):
        open_model(MODEL.ciphertext + b"\0", KEY, MODEL.manifest)
