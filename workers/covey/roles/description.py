"""A task's public description: what its `uri` on chain points to.

Canonical JSON (sorted names, no spaces, ASCII) in the content store, named by its CID: one description has one form in
bytes. Whoever reads it trusts the CID for its bytes and this module for its bounds, and nothing else.
"""

from __future__ import annotations

import json
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from covey.documents import first_fault
from covey.learning.task import Limits, TaskSpec
from covey.roles.errors import BadDescription
from covey.sealing.fields import CidText, Word
from covey.storage import BadCid, Store, TooLarge

MAX_SIZE: Final = 65_536
"""Bytes."""

_SCHEME: Final = "ipfs://"
Title = Annotated[str, Field(max_length=2000)]
_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


class Content(BaseModel):
    """Something in the store: its CID and its size in bytes."""

    model_config = _STRICT

    cid: CidText
    size: Annotated[int, Field(gt=0, le=2**31)]


class Document(BaseModel):
    """A task's description, whatever kind of task."""

    model_config = _STRICT

    def encode(self) -> bytes:
        """The canonical bytes."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":")).encode("ascii")


D = TypeVar("D", bound=Document)


class Description(Document):
    """Everything about an Arena task that its parameters on chain don't say.

    `training` is the public training set, `shards` the ciphertexts of the hidden sets in the order of the rounds;
    `creator_key` is the X25519 key that models are boxed to. From `nonce`, which is public, and a secret of its own the
    creator derives the shards' keys.
    """

    version: Literal[1] = 1
    title: Title
    task: TaskSpec
    training: Content
    shards: Annotated[tuple[Content, ...], Field(min_length=1, max_length=8)]
    creator_key: Word
    nonce: Word

    @property
    def limits(self) -> Limits:
        return self.task.limits


def put_description(description: Document, store: Store) -> str:
    """Stores it; returns the URI for the chain. Raises StoreError."""
    return _SCHEME + store.put(description.encode())


def fetch_description(uri: str, rounds: int, store: Store) -> Description:
    """The description of an Arena task of `rounds` rounds. Raises as `fetch_document`."""
    description = fetch_document(Description, uri, store)
    if len(description.shards) != rounds:
        raise BadDescription(f"it names {len(description.shards)} shards for {rounds} rounds")
    return description


def fetch_document(kind: type[D], uri: str, store: Store) -> D:
    """The description at `uri`.

    Raises BadDescription for what no retry will mend, other subclasses of StoreError for what one may.
    """
    if not uri.startswith(_SCHEME):
        raise BadDescription(f"the task's address {uri[:80]!r} is not {_SCHEME} and a CID")
    try:
        data = store.get(uri.removeprefix(_SCHEME), MAX_SIZE)
    except (BadCid, TooLarge) as error:
        raise BadDescription(str(error)) from error
    try:
        description = kind.model_validate_json(data)
    except ValidationError as error:
        raise BadDescription(first_fault(error, "description")) from error
    if description.encode() != data:
        raise BadDescription("it is not in canonical form")
    return description
