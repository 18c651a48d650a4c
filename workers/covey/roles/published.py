"""Models as handles published them: fetched by rules that all share, and opened with the box that the creator got."""

from __future__ import annotations

from collections.abc import Callable

from covey.learning.task import TaskSpec
from covey.roles.task import Publication
from covey.sealing import (
    MAX_MANIFEST_SIZE,
    SEAL_OVERHEAD,
    Audience,
    KeyPair,
    Manifest,
    ManifestRules,
    Published,
    open_creator_box,
    open_model,
    parse_manifest,
)

Read = Callable[[str, int], bytes]
"""As `Store.get`."""


def rules_of(audience: Audience, spec: TaskSpec) -> ManifestRules:
    """What all models of a round are held to."""
    return ManifestRules(
        task=audience.context.task,
        round=audience.context.round,
        family=spec.family,
        box_count=len(audience.validators),
        max_ciphertext_size=spec.limits.max_artefact_bytes + SEAL_OVERHEAD,
    )


def promised(publication: Publication) -> Published:
    """What the chain says about a model."""
    return Published(publication.manifest_hash, publication.plaintext_hash, publication.creator_box_hash)


def fetch_model(publication: Publication, rules: ManifestRules, read: Read) -> tuple[Manifest, bytes]:
    """Manifest and ciphertext of a publication.

    Raises SealError, BadCid or TooLarge for a malformed model, any other StoreError for one that is not to be had
    (yet).
    """
    manifest = parse_manifest(read(publication.cid, MAX_MANIFEST_SIZE), promised(publication), rules)
    return manifest, read(manifest.artefact.cid, rules.max_ciphertext_size)


def open_delivered(
    publication: Publication, box: bytes, keys: KeyPair, audience: Audience, spec: TaskSpec, read: Read
) -> bytes:
    """The artefact of a model whose box was delivered to the creator, who has `keys`. Raises SealError, StoreError."""
    manifest, ciphertext = fetch_model(publication, rules_of(audience, spec), read)
    return open_model(ciphertext, open_creator_box(box, keys, audience.context), manifest)
