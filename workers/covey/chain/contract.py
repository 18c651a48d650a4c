"""Contracts at their addresses, and calls of them."""

from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress

from covey.chain.abi import Element, Interface, decode_result, encode_arguments
from covey.chain.queries import Message


@dataclass(frozen=True)
class Call:
    """One call, encoded. `to` None deploys; `value` in wei."""

    to: ChecksumAddress | None
    data: bytes
    function: Element
    value: int = 0

    def message(self, sender: ChecksumAddress | None) -> Message:
        return Message(self.to, self.data, self.value, sender)

    def result(self, data: bytes) -> Any:
        """The decoded result. Raises Malformed."""
        return decode_result(self.function, data)


@dataclass(frozen=True)
class Contract:
    """One deployed contract.

    vault.call("delegate", operator, amount, version)
    """

    address: ChecksumAddress
    interface: Interface

    def call(self, function: str, *arguments: Any, value: int = 0) -> Call:
        """Overloads are told apart by their number of arguments. Raises BadArgument."""
        element = self.interface.function(function, len(arguments))
        return Call(self.address, element.digest[:4] + encode_arguments(element, arguments), element, value)


def deployment(interface: Interface, bytecode: bytes, *arguments: Any) -> Call:
    """The call that deploys `bytecode` (linked). Raises BadArgument."""
    return Call(None, bytecode + encode_arguments(interface.constructor, arguments), interface.constructor)
