"""The bundle: everything a verification needs, in one JSON file, readable without any node.

    format      "covey-settlement-bundle"
    version     1
    chainId, task
    contracts   {arena, vault, ledger, token}: addresses
    vault       {genesis, epochLength, unbonding}: seconds that the vault was deployed with
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
from typing import Final, NoReturn

FORMAT: Final = "covey-settlement-bundle"
VERSION: Final = 1
MAX_BUNDLE_BYTES: Final = 256 * 2**20
MAX_LOGS: Final = 200_000
MAX_LOG_BYTES: Final = 128 * 2**10
MAX_TOPICS: Final = 4

_MAX_VALUES: Final = 16 * MAX_LOGS
"""More than that many logs and their blocks have. Three bytes of JSON can take a hundred of memory."""

_HASH: Final = 32
_ADDRESS: Final = 20


class BundleError(ValueError):
    """Not a bundle. The message says what is wrong where."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """Addresses, `0x…` in lower case."""

    arena: str
    vault: str
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


@dataclass(frozen=True, slots=True)
class Bundle:
    """A task's chain data. `digest` is None until `seal` writes it."""

    chain_id: int
    task: int
    contracts: Contracts
    clock: Clock
    first: int
    last: int
    blocks: tuple[Block, ...]
    logs: tuple[Log, ...]
    digest: str | None = None


def digest_of(bundle: Bundle) -> str:
    """The digest that the bundle ought to carry."""
    body = {name: value for name, value in _to_json(bundle).items() if name != "digest"}
    return "0x" + hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def seal(bundle: Bundle) -> Bundle:
    """The bundle with its digest."""
    return replace(bundle, digest=digest_of(bundle))


def write_bundle(bundle: Bundle) -> bytes:
    """The bundle as a file."""
    return json.dumps(_to_json(bundle), indent=1).encode() + b"\n"


def read_bundle(content: bytes) -> Bundle:
    """Read a file strictly: exactly the fields above, each in its range. Raises BundleError."""
    if len(content) > MAX_BUNDLE_BYTES:
        raise BundleError(f"the bundle has {len(content)} bytes; at most {MAX_BUNDLE_BYTES} are read")
    if sum(map(content.count, b",[{")) > _MAX_VALUES:
        raise BundleError(f"the bundle has more values than {MAX_LOGS} logs and their blocks can have")
    try:
        root = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"the bundle is not JSON: {error}") from error
    names = ("format", "version", "chainId", "task", "contracts", "vault", "span", "blocks", "logs", "digest")
    fields = _object(root, "bundle", names)
    if fields["format"] != FORMAT or fields["version"] != VERSION:
        raise BundleError(f"the bundle is not of format {FORMAT!r}, version {VERSION}: use the verifier that wrote it")
    addresses = _object(fields["contracts"], "contracts", ("arena", "vault", "ledger", "token"))
    contracts = Contracts(**{name: _address(value, f"contracts.{name}") for name, value in addresses.items()})
    if len(set(addresses.values())) != len(addresses):
        raise BundleError("contracts: two have the same address")
    clock = _object(fields["vault"], "vault", ("genesis", "epochLength", "unbonding"))
    span = _object(fields["span"], "span", ("first", "last"))
    return Bundle(
        chain_id=_number(fields["chainId"], "chainId", 256),
        task=_number(fields["task"], "task", 256),
        contracts=contracts,
        clock=Clock(
            genesis=_number(clock["genesis"], "vault.genesis", 64),
            epoch_length=_number(clock["epochLength"], "vault.epochLength", 64) or _refuse("vault.epochLength is 0"),
            unbonding=_number(clock["unbonding"], "vault.unbonding", 64),
        ),
        first=_number(span["first"], "span.first", 64),
        last=_number(span["last"], "span.last", 64),
        blocks=tuple(_block(item, f"blocks[{i}]") for i, item in enumerate(_list(fields["blocks"], "blocks"))),
        logs=tuple(_log(item, f"logs[{i}]") for i, item in enumerate(_list(fields["logs"], "logs"))),
        digest="0x" + _bytes(fields["digest"], "digest", _HASH).hex(),
    )


def _to_json(bundle: Bundle) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "chainId": bundle.chain_id,
        "task": bundle.task,
        "contracts": asdict(bundle.contracts),
        "vault": {
            "genesis": bundle.clock.genesis,
            "epochLength": bundle.clock.epoch_length,
            "unbonding": bundle.clock.unbonding,
        },
        "span": {"first": bundle.first, "last": bundle.last},
        "blocks": [
            {"number": block.number, "hash": _hex(block.hash), "timestamp": block.timestamp} for block in bundle.blocks
        ],
        "logs": [
            {
                "address": log.address,
                "topics": [_hex(topic) for topic in log.topics],
                "data": _hex(log.data),
                "block": log.block,
                "transaction": _hex(log.transaction),
                "index": log.index,
            }
            for log in bundle.logs
        ],
        "digest": bundle.digest,
    }


def _block(value: object, where: str) -> Block:
    fields = _object(value, where, ("number", "hash", "timestamp"))
    return Block(
        number=_number(fields["number"], f"{where}.number", 64),
        hash=_bytes(fields["hash"], f"{where}.hash", _HASH),
        timestamp=_number(fields["timestamp"], f"{where}.timestamp", 64),
    )


def _log(value: object, where: str) -> Log:
    fields = _object(value, where, ("address", "topics", "data", "block", "transaction", "index"))
    topics = _list(fields["topics"], f"{where}.topics")
    if len(topics) > MAX_TOPICS:
        raise BundleError(f"{where} has {len(topics)} topics; a log has at most {MAX_TOPICS}")
    return Log(
        address=_address(fields["address"], f"{where}.address"),
        topics=tuple(_bytes(topic, f"{where}.topics", _HASH) for topic in topics),
        data=_bytes(fields["data"], f"{where}.data", None),
        block=_number(fields["block"], f"{where}.block", 64),
        transaction=_bytes(fields["transaction"], f"{where}.transaction", _HASH),
        index=_number(fields["index"], f"{where}.index", 64),
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("an object names a field twice")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _refuse(message: str) -> NoReturn:
    raise BundleError(message)


def _object(value: object, where: str, names: tuple[str, ...]) -> Mapping[str, object]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise BundleError(f"{where} has to be an object of exactly {', '.join(names)}")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise BundleError(f"{where} has to be a list")
    if len(value) > MAX_LOGS:
        raise BundleError(f"{where} has {len(value)} items; at most {MAX_LOGS} are read")
    return value


def _number(value: object, where: str, bits: int) -> int:
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise BundleError(f"{where} has to be an integer of at most {bits} bits")
    return value


def _bytes(value: object, where: str, length: int | None) -> bytes:
    """Bytes of a given length, or of at most what a log may hold."""
    most = MAX_LOG_BYTES if length is None else length
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 2 + 2 * most:
        raise BundleError(f"{where} has to be 0x and the hexadecimal digits of at most {most} bytes")
    try:
        content = bytes.fromhex(value[2:])
    except ValueError as error:
        raise BundleError(f"{where} is not hexadecimal") from error
    if _hex(content) != value or length not in (None, len(content)):
        raise BundleError(f"{where} has to be 0x and {length or 'whole'} bytes in lower-case hexadecimal digits")
    return content


def _address(value: object, where: str) -> str:
    return _hex(_bytes(value, where, _ADDRESS))
