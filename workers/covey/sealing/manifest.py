"""The manifest of a model: where its ciphertext is, and a box of its key for each validator.

Canonical JSON (sorted names, no spaces, ASCII): a manifest has exactly one form in bytes, whose keccak256 is its hash.
It says nothing about who trained the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from eth_hash.auto import keccak
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from covey.documents import first_fault
from covey.sealing.boxes import BOX_SIZE
from covey.sealing.errors import BadManifest
from covey.sealing.fields import CidText, HexBytes, Word

MAX_MANIFEST_SIZE: Final = 65_536
"""Bytes. The most validators of a task (120) fit three times over, and one block of the store holds it."""


def _check_box(value: bytes) -> bytes:
    if len(value) not in (0, BOX_SIZE):
        raise ValueError(f"a box has {BOX_SIZE} bytes, or none")
    return value


_Box = Annotated[HexBytes, AfterValidator(_check_box)]
_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


class SealedArtefact(BaseModel):
    """The encrypted model: its CID in the store, its size in bytes, and the keccak256 of what it opens to."""

    model_config = _STRICT

    cid: CidText
    size: Annotated[int, Field(gt=0)]
    plaintext_hash: Word


class Manifest(BaseModel):
    """What a handle publishes in a round. `boxes` are in the validators' order of enrolment."""

    model_config = _STRICT

    version: Literal[1] = 1
    task: Annotated[int, Field(ge=0, lt=2**256)]
    round: Annotated[int, Field(ge=0, lt=2**8)]
    family: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    artefact: SealedArtefact
    boxes: tuple[_Box, ...]

    def encode(self) -> bytes:
        """The canonical bytes."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode("ascii")

    def hash(self) -> bytes:
        """The manifest hash that a commitment covers: keccak256 of the canonical bytes."""
        return keccak(self.encode())


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication says on chain about a model, 32 bytes each."""

    manifest_hash: bytes
    plaintext_hash: bytes
    creator_box_hash: bytes


@dataclass(frozen=True, slots=True)
class ManifestRules:
    """What every manifest of a round must say, and the most bytes that its ciphertext may have."""

    task: int
    round: int
    family: str
    box_count: int
    max_ciphertext_size: int


def parse_manifest(data: bytes, published: Published, rules: ManifestRules) -> Manifest:
    """Read a manifest that was fetched for a publication. Raises BadManifest; each of its messages names one fault."""
    if len(data) > MAX_MANIFEST_SIZE:
        raise BadManifest(f"the manifest has {len(data)} bytes; {MAX_MANIFEST_SIZE} are allowed")
    if keccak(data) != published.manifest_hash:
        raise BadManifest("the manifest is not the one that was published")
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise BadManifest(first_fault(error, "manifest")) from error
    if manifest.encode() != data:
        raise BadManifest("the manifest is not in canonical form")
    _check_rules(manifest, published, rules)
    return manifest


def _check_rules(manifest: Manifest, published: Published, rules: ManifestRules) -> None:
    expected: tuple[tuple[str, object, object], ...] = (
        ("task", manifest.task, rules.task),
        ("round", manifest.round, rules.round),
        ("family", manifest.family, rules.family),
        ("number of boxes", len(manifest.boxes), rules.box_count),
        ("plaintext hash", manifest.artefact.plaintext_hash.hex(), published.plaintext_hash.hex()),
    )
    for name, value, wanted in expected:
        if value != wanted:
            raise BadManifest(f"the manifest's {name} is {value}, not {wanted}")
    if manifest.artefact.size > rules.max_ciphertext_size:
        raise BadManifest(f"the ciphertext has {manifest.artefact.size} bytes; {rules.max_ciphertext_size} are allowed")
