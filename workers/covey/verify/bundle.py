"""The bundle: everything a verification needs, in one JSON file, readable without any node.

    format      "covey-settlement-bundle" of an Arena's task, "covey-alliance-bundle" of an Alliance's
    version     1
    chainId, task
    contracts   {arena, vault, ledger, token} or {alliance, ledger, token}: addresses
    vault       {genesis, epochLength, unbonding}: seconds that the vault was deployed with; of an Arena's task only
    span        {first, last}: blocks that were searched
    blocks      [{number, hash, timestamp}, ...] of all blocks that logs are from
    logs        [{address, topics, data, block, transaction, index}, ...] in the chain's order
    digest      SHA-256 of the rest in canonical JSON: shows accidents, proves nothing

Hashes and bytes are `0x` and lower-case hexadecimal, everything else is an integer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, TypeVar

from .strict import BundleError, address, hexadecimal, list_of, number, object_of, parse, to_hex

VERSION: Final = 1
MAX_BUNDLE_BYTES: Final = 256 * 2**20
MAX_TOPICS: Final = 4

_ARENA: Final = "covey-settlement-bundle"
_ALLIANCE: Final = "covey-alliance-bundle"
_HASH: Final = 32
_COMMON: Final = ("format", "version", "chainId", "task", "contracts", "span", "blocks", "logs", "digest")


@dataclass(frozen=True, slots=True)
class ArenaContracts:
    """Addresses, `0x…` in lower case."""

    arena: str
    vault: str
    ledger: str
    token: str


@dataclass(frozen=True, slots=True)
class AllianceContracts:
    """Addresses, `0x…` in lower case."""

    alliance: str
    ledger: str
    token: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that the vault counts its epochs with."""

    genesis: int
    epoch_length: int
    unbonding: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block that logs are from; `timestamp` in seconds."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """A log as a node gives it; `index` counts all logs of the block."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    transaction: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A task's chain data. `digest` is None until `seal` writes it."""

    chain_id: int
    task: int
    contracts: ArenaContracts | AllianceContracts
    first: int
    last: int
    blocks: tuple[Block, ...]
    logs: tuple[Log, ...]
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArenaBundle(Bundle):
    """Of an Arena's task."""

    contracts: ArenaContracts
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AllianceBundle(Bundle):
    """Of an Alliance's task."""

    contracts: AllianceContracts


TaskBundle = ArenaBundle | AllianceBundle

B = TypeVar("B", bound=Bundle)


def digest_of(bundle: Bundle) -> str:
    """The digest that the bundle ought to carry."""
    body = {name: value for name, value in _to_json(bundle).items() if name != "digest"}
    return "0x" + hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def seal(bundle: B) -> B:
    """The bundle with its digest."""
    return replace(bundle, digest=digest_of(bundle))


def write_bundle(bundle: Bundle) -> bytes:
    """The bundle as a file."""
    return json.dumps(_to_json(bundle), indent=1).encode() + b"\n"


def read_bundle(content: bytes) -> TaskBundle:
    """Read a file strictly: exactly the fields above, each in its range. Raises BundleError."""
    if len(content) > MAX_BUNDLE_BYTES:
        raise BundleError(f"the bundle has {len(content)} bytes; at most {MAX_BUNDLE_BYTES} are read")
    root = parse(content)
    if isinstance(root, dict) and root.get("format") == _ALLIANCE:
        fields = object_of(root, "bundle", _COMMON)
        return AllianceBundle(contracts=AllianceContracts(**_addresses(fields, AllianceContracts)), **_common(fields))
    fields = object_of(root, "bundle", (*_COMMON, "vault"))
    if fields["format"] != _ARENA:
        raise BundleError(f"the bundle is not of format {_ARENA!r} or {_ALLIANCE!r}")
    contracts = ArenaContracts(**_addresses(fields, ArenaContracts))
    return ArenaBundle(contracts=contracts, clock=_clock(fields["vault"]), **_common(fields))


def _common(fields: Mapping[str, object]) -> dict[str, Any]:
    """What all bundles have."""
    if fields["version"] != VERSION:
        raise BundleError(f"the bundle is not of version {VERSION}: use the verifier that wrote it")
    span = object_of(fields["span"], "span", ("first", "last"))
    return {
        "chain_id": number(fields["chainId"], "chainId", 256),
        "task": number(fields["task"], "task", 256),
        "first": number(span["first"], "span.first", 64),
        "last": number(span["last"], "span.last", 64),
        "blocks": tuple(_block(item, f"blocks[{i}]") for i, item in enumerate(list_of(fields["blocks"], "blocks"))),
        "logs": tuple(_log(item, f"logs[{i}]") for i, item in enumerate(list_of(fields["logs"], "logs"))),
        "digest": to_hex(hexadecimal(fields["digest"], "digest", _HASH)),
    }


def _addresses(fields: Mapping[str, object], contracts: type[ArenaContracts | AllianceContracts]) -> dict[str, str]:
    given = object_of(fields["contracts"], "contracts", contracts.__match_args__)
    found = {name: address(value, f"contracts.{name}") for name, value in given.items()}
    if len(set(found.values())) != len(found):
        raise BundleError("contracts: two have the same address")
    return found


def _clock(value: object) -> Clock:
    fields = object_of(value, "vault", ("genesis", "epochLength", "unbonding"))
    clock = Clock(
        genesis=number(fields["genesis"], "vault.genesis", 64),
        epoch_length=number(fields["epochLength"], "vault.epochLength", 64),
        unbonding=number(fields["unbonding"], "vault.unbonding", 64),
    )
    if not clock.epoch_length:
        raise BundleError("vault.epochLength is 0")
    return clock


def _to_json(bundle: Bundle) -> dict[str, object]:
    document: dict[str, object] = {
        "format": _ARENA if isinstance(bundle, ArenaBundle) else _ALLIANCE,
        "version": VERSION,
        "chainId": bundle.chain_id,
        "task": bundle.task,
        "contracts": asdict(bundle.contracts),
        "span": {"first": bundle.first, "last": bundle.last},
        "blocks": [
            {"number": block.number, "hash": to_hex(block.hash), "timestamp": block.timestamp}
            for block in bundle.blocks
        ],
        "logs": [
            {
                "address": log.address,
                "topics": [to_hex(topic) for topic in log.topics],
                "data": to_hex(log.data),
                "block": log.block,
                "transaction": to_hex(log.transaction),
                "index": log.index,
            }
            for log in bundle.logs
        ],
        "digest": bundle.digest,
    }
    if isinstance(bundle, ArenaBundle):
        clock = bundle.clock
        document["vault"] = {
            "genesis": clock.genesis,
            "epochLength": clock.epoch_length,
            "unbonding": clock.unbonding,
        }
    return document


def _block(value: object, where: str) -> Block:
    fields = object_of(value, where, ("number", "hash", "timestamp"))
    return Block(
        number=number(fields["number"], f"{where}.number", 64),
        hash=hexadecimal(fields["hash"], f"{where}.hash", _HASH),
        timestamp=number(fields["timestamp"], f"{where}.timestamp", 64),
    )


def _log(value: object, where: str) -> Log:
    fields = object_of(value, where, ("address", "topics", "data", "block", "transaction", "index"))
    topics = list_of(fields["topics"], f"{where}.topics")
    if len(topics) > MAX_TOPICS:
        raise BundleError(f"{where} has {len(topics)} topics; a log has at most {MAX_TOPICS}")
    return Log(
        address=address(fields["address"], f"{where}.address"),
        topics=tuple(hexadecimal(topic, f"{where}.topics", _HASH) for topic in topics),
        data=hexadecimal(fields["data"], f"{where}.data", None),
        block=number(fields["block"], f"{where}.block", 64),
        transaction=hexadecimal(fields["transaction"], f"{where}.transaction", _HASH),
        index=number(fields["index"], f"{where}.index", 64),
    )
