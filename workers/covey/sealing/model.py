"""A model on its way from a trainer to the validators of its round, and to the creator that paid for it."""

from __future__ import annotations

from dataclasses import dataclass

from eth_hash.auto import keccak

from covey.sealing.boxes import (
    BoxContext,
    make_boxes,
    make_creator_box,
    open_box,
    verify_boxes,
    verify_creator_box_hash,
)
from covey.sealing.cipher import seal, unseal
from covey.sealing.errors import BadManifest, PlaintextMismatch
from covey.sealing.manifest import Manifest, Published, SealedArtefact
from covey.sealing.x25519 import KeyPair
from covey.storage import cid_of


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may open the models of a round: X25519 keys of the validators, in enrolment order, and of the creator."""

    context: BoxContext
    validators: tuple[bytes, ...]
    creator: bytes


@dataclass(frozen=True, slots=True)
class SealedModel:
    """What a trainer stores (the ciphertext, the manifest's bytes) and keeps until it is paid (the creator's box)."""

    ciphertext: bytes
    manifest: Manifest
    creator_box: bytes

    @property
    def published(self) -> Published:
        """What the trainer says about it on chain."""
        return Published(self.manifest.hash(), self.manifest.artefact.plaintext_hash, keccak(self.creator_box))


def seal_model(artefact: bytes, key: bytes, family: str, audience: Audience) -> SealedModel:
    """Encrypt a model under `key`, 32 secret bytes of its own, for its audience. Raises BadKey."""
    ciphertext = seal(artefact, key)
    manifest = Manifest(
        task=audience.context.task,
        round=audience.context.round,
        family=family,
        artefact=SealedArtefact(cid=cid_of(ciphertext), size=len(ciphertext), plaintext_hash=keccak(artefact)),
        boxes=make_boxes(key, audience.validators, audience.context),
    )
    return SealedModel(ciphertext, manifest, make_creator_box(key, audience.creator, audience.context))


def recover_key(manifest: Manifest, published: Published, keys: KeyPair, index: int, audience: Audience) -> bytes:
    """The model's key from the box of the validator `index`, once every box, the creator's too, is found right.

    Raises BadBox: then the model is malformed for all validators alike.
    """
    key = open_box(manifest.boxes[index], keys, index, audience.context)
    verify_boxes(key, audience.validators, manifest.boxes, audience.context)
    verify_creator_box_hash(key, audience.creator, published.creator_box_hash, audience.context)
    return key


def open_model(ciphertext: bytes, key: bytes, manifest: Manifest) -> bytes:
    """The artefact, checked against its manifest. Raises BadManifest, Undecryptable, PlaintextMismatch."""
    if len(ciphertext) != manifest.artefact.size:
        raise BadManifest(f"the ciphertext has {len(ciphertext)} bytes, not {manifest.artefact.size}")
    artefact = unseal(ciphertext, key)
    if keccak(artefact) != manifest.artefact.plaintext_hash:
        raise PlaintextMismatch("the ciphertext opens to another model than the published one")
    return artefact
