"""What the roles read from one another: descriptions of tasks, publications, relayed messages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from covey.chain import artefacts
from covey.chain.contract import Contract
from covey.chain.wire import Malformed
from covey.learning.task import TaskSpec
from covey.protocol import ring
from covey.roles.description import Content, Description, fetch_description
from covey.roles.errors import BadDescription
from covey.roles.panel import Rejected, Seat, read_model
from covey.roles.relay import read_message
from covey.roles.task import Publication
from covey.storage import StoreError, cid_of
from covey.wallet import Signer
from tests.fuzz import mutation
from tests.fuzz.target import Target
from tests.fuzz.targets.chain import ADDRESS, sample
from tests.fuzz.targets.sealing import AUDIENCE, MODEL, PAIRS, published
from tests.fuzz.targets.storage import Blocks

_ROUNDS: Final = 2
_SPEC: Final = TaskSpec("tabular", (3,), 2)
_SIZE: Final = 4
"""Bytes of a length, before each part of a publication."""


def _read_description(data: bytes) -> None:
    """As the bytes of a description, and as the address of one."""
    store = Blocks()
    try:
        fetch_description(data.decode(errors="surrogateescape"), _ROUNDS, store)
    except (BadDescription, StoreError):
        fetch_description("ipfs://" + store.put(data), _ROUNDS, store)


def _descriptions() -> list[bytes]:
    content = Content(cid=cid_of(b"content"), size=7)
    written = Description(
        title="digits",
        task=_SPEC,
        training=content,
        shards=(content,) * _ROUNDS,
        creator_key=bytes(32),
        nonce=bytes(32),
    )
    return [written.encode(), b"ipfs://" + cid_of(b"content").encode()]


def _read_publication(data: bytes) -> None:
    """A CID as it stands on chain, and the manifest and ciphertext behind it: any validator has a verdict on it."""
    parts = _split(data)
    if parts is None:
        return
    cid, manifest, ciphertext = parts
    store = Blocks()
    store.blocks[str(cid_of(manifest))] = manifest
    store.blocks[str(cid_of(ciphertext))] = ciphertext
    said = published(manifest)
    publication = Publication(
        handle=0,
        lane=0,
        manifest_hash=said.manifest_hash,
        plaintext_hash=said.plaintext_hash,
        creator_box_hash=said.creator_box_hash,
        cid=cid.decode(errors="backslashreplace") or cid_of(manifest),
        first_round=0,
    )
    assert isinstance(read_model(publication, Seat(0, PAIRS[0], AUDIENCE, _SPEC), store), bytes | Rejected)


def _split(data: bytes) -> Sequence[bytes] | None:
    parts, at = [], 0
    for _ in range(3):
        length = int.from_bytes(data[at : at + _SIZE])
        if length > len(data):
            return None
        parts.append(data[at + _SIZE : at + _SIZE + length])
        at += _SIZE + length
    return parts


def _join(parts: Sequence[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(_SIZE) + part for part in parts)


@cache
def _arena() -> Contract:
    return Contract(ADDRESS, artefacts.load("Arena").interface)


def _read_message(data: bytes) -> None:
    assert read_message(_arena(), data).key


def _messages() -> list[bytes]:
    keys = [Signer(bytes([number]) * 32).public_key for number in (1, 2)]
    signature = ring.sign(b"\1" * 32, keys, bytes(32), bytes(32)).to_abi()
    mask = _arena().call("registerHandle", 1, 0, ADDRESS, bytes(32), b"c" * 65, signature)
    return [mask.data, *(_sample_call(name) for name in ("submit", "publish"))]


def _sample_call(name: str) -> bytes:
    (element,) = _arena().interface.functions[name]
    values: list[Any] = [sample(parameter) for parameter in element.inputs]
    return _arena().call(name, *values).data


TARGETS = (
    Target(
        "description",
        _read_description,
        _descriptions,
        (BadDescription, StoreError),
        lambda: [b"[" * 65_536, b'{"shards":[' + b"{}," * 21_000 + b"{}]}", b'{"title":"' + b"x" * 65_000 + b'"}'],
        mutation.either(mutation.alter_json, mutation.alter_bytes),
    ),
    Target(
        "publication",
        _read_publication,
        lambda: [_join((b"", MODEL.manifest.encode(), MODEL.ciphertext))],
        mutate=mutation.either(mutation.alter_part(_split, _join), mutation.alter_bytes),
    ),
    Target(
        "relayed-message",
        _read_message,
        _messages,
        (Malformed,),
        lambda: [one[:4] + (32).to_bytes(32) * 4_000 for one in _messages()],
        mutation.either(mutation.alter_words, mutation.alter_words, mutation.alter_bytes),
    ),
)
