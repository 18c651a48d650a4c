"""The values of Ethereum's JSON-RPC: typed, and checked, because an endpoint is not trusted to answer sensibly."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

T = TypeVar("T")

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class Malformed(ValueError):
    """Not the value that the method's definition prescribes."""


@dataclass(frozen=True)
class Head:
    """A block's header. `timestamp` in Unix seconds, `base_fee` in wei per gas (None before EIP-1559)."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    gas_limit: int
    base_fee: int | None


@dataclass(frozen=True)
class Log:
    """One event as the chain has it. `index` orders the logs of one block; `timestamp` is the block's in Unix seconds,
    None if the node doesn't tell."""

    address: ChecksumAddress
    topics: tuple[bytes, ...]
    data: bytes
    block: int
    block_hash: bytes
    transaction: bytes
    index: int
    timestamp: int | None = None


@dataclass(frozen=True)
class Receipt:
    """What a transaction did. `gas_price` is what it paid, in wei per gas; `contract` is what it deployed."""

    transaction: bytes
    block: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    gas_price: int
    contract: ChecksumAddress | None
    logs: tuple[Log, ...]


def quantity(value: object) -> int:
    return int(_text(value, _QUANTITY, "a quantity"), 16)


def data(value: object) -> bytes:
    return bytes.fromhex(_text(value, _DATA, "bytes")[2:])


def word(value: object) -> bytes:
    parsed = data(value)
    if len(parsed) != 32:
        raise Malformed(f"{len(parsed)} bytes in place of 32")
    return parsed


def address(value: object) -> ChecksumAddress:
    return _checksum(_text(value, _ADDRESS, "an address"))


def text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{_kind(value)} in place of a text")
    return value


def optional(parse: Callable[[object], T]) -> Callable[[object], T | None]:
    return lambda value: None if value is None else parse(value)


def list_of(parse: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    def parse_list(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise Malformed(f"{_kind(value)} in place of a list")
        return tuple(map(parse, value))

    return parse_list


def head(value: object) -> Head:
    block = _fields(value)
    return Head(
        number=quantity(block.get("number")),
        hash=word(block.get("hash")),
        parent=word(block.get("parentHash")),
        timestamp=quantity(block.get("timestamp")),
        gas_limit=quantity(block.get("gasLimit")),
        base_fee=optional(quantity)(block.get("baseFeePerGas")),
    )


def log(value: object) -> Log:
    fields = _fields(value)
    return Log(
        address=address(fields.get("address")),
        topics=list_of(word)(fields.get("topics")),
        data=data(fields.get("data")),
        block=quantity(fields.get("blockNumber")),
        block_hash=word(fields.get("blockHash")),
        transaction=word(fields.get("transactionHash")),
        index=quantity(fields.get("logIndex")),
        timestamp=optional(quantity)(fields.get("blockTimestamp")),
    )


def receipt(value: object) -> Receipt:
    fields = _fields(value)
    return Receipt(
        transaction=word(fields.get("transactionHash")),
        block=quantity(fields.get("blockNumber")),
        block_hash=word(fields.get("blockHash")),
        succeeded=quantity(fields.get("status")) == 1,
        gas_used=quantity(fields.get("gasUsed")),
        gas_price=quantity(fields.get("effectiveGasPrice")),
        contract=optional(address)(fields.get("contractAddress")),
        logs=list_of(log)(fields.get("logs")),
    )


def revert_data(value: object) -> bytes:
    """The bytes a contract reverted with, wherever in its error object the node puts them; empty if nowhere."""
    match value:
        case str() if _DATA.fullmatch(value):
            return bytes.fromhex(value[2:])
        case {"result": inner} | {"data": inner}:
            return revert_data(inner)
        case _:
            return b""


def _fields(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Malformed(f"{_kind(value)} in place of an object")
    return value


def _text(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{_kind(value)} in place of {what}")
    if not pattern.fullmatch(value):
        raise Malformed(f"{value[:80]!r} in place of {what}")
    return value


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


@lru_cache(maxsize=4096)
def _checksum(text: str) -> ChecksumAddress:
    return to_checksum_address(text)
