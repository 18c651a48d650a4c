"""The JSON-RPC methods that Covey uses, each with the type of its answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from eth_typing import ChecksumAddress

from covey.chain import wire
from covey.chain.wire import Head, Log, Receipt

T = TypeVar("T", covariant=True)

Tag = int | str
"""A block: its number, or "latest", "pending", ..."""


@dataclass(frozen=True)
class Query(Generic[T]):
    """One call. `parse` turns the raw answer into T, or raises wire.Malformed."""

    method: str
    parameters: tuple[object, ...]
    parse: Callable[[object], T]


@dataclass(frozen=True)
class Message:
    """What eth_call and eth_estimateGas run. `to` None deploys."""

    to: ChecksumAddress | None
    data: bytes
    value: int = 0
    sender: ChecksumAddress | None = None

    def encoded(self) -> dict[str, str]:
        fields = {"data": _hex(self.data)}
        if self.to is not None:
            fields["to"] = self.to
        if self.sender is not None:
            fields["from"] = self.sender
        if self.value:
            fields["value"] = hex(self.value)
        return fields


def chain_id() -> Query[int]:
    return Query("eth_chainId", (), wire.quantity)


def block(tag: Tag = "latest") -> Query[Head | None]:
    return Query("eth_getBlockByNumber", (_tag(tag), False), wire.optional(wire.head))


def code(address: ChecksumAddress) -> Query[bytes]:
    return Query("eth_getCode", (address, "latest"), wire.data)


def balance(address: ChecksumAddress) -> Query[int]:
    return Query("eth_getBalance", (address, "latest"), wire.quantity)


def nonce(address: ChecksumAddress, tag: Tag) -> Query[int]:
    return Query("eth_getTransactionCount", (address, _tag(tag)), wire.quantity)


def call(message: Message, tag: Tag = "latest") -> Query[bytes]:
    return Query("eth_call", (message.encoded(), _tag(tag)), wire.data)


def estimate_gas(message: Message) -> Query[int]:
    return Query("eth_estimateGas", (message.encoded(),), wire.quantity)


def priority_fee() -> Query[int]:
    return Query("eth_maxPriorityFeePerGas", (), wire.quantity)


def gas_price() -> Query[int]:
    return Query("eth_gasPrice", (), wire.quantity)


def send(raw: bytes) -> Query[bytes]:
    return Query("eth_sendRawTransaction", (_hex(raw),), wire.word)


def receipt(transaction: bytes) -> Query[Receipt | None]:
    return Query("eth_getTransactionReceipt", (_hex(transaction),), wire.optional(wire.receipt))


def logs(
    first: int, last: int, addresses: Sequence[ChecksumAddress], topics: Sequence[Sequence[bytes] | None] = ()
) -> Query[tuple[Log, ...]]:
    """Logs of blocks `first` to `last`, both included. `topics`: per position the accepted values, or None for any."""
    criteria = {
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "address": list(addresses),
        "topics": [None if accepted is None else [_hex(topic) for topic in accepted] for accepted in topics],
    }
    return Query("eth_getLogs", (criteria,), wire.list_of(wire.log))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _tag(tag: Tag) -> str:
    return hex(tag) if isinstance(tag, int) else tag
