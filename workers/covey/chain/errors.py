"""What can go wrong between a worker and the chain. Each message says what to do next."""

from collections.abc import Mapping
from typing import Any


class ChainError(Exception):
    """Any failure at the border to the chain."""


class RpcError(ChainError):
    """No endpoint gave a usable answer."""


class RpcUnavailable(RpcError):
    """Down, unreachable, too slow, or refusing connections."""


class RpcGarbage(RpcError):
    """Something answered, but not with what JSON-RPC and its method prescribe."""


class RpcTooLarge(RpcGarbage):
    """More was answered than is ever needed: less has to be asked for at once."""


class WrongChain(RpcError):
    """The endpoint serves another chain."""

    def __init__(self, endpoint: str, expected: int, found: int) -> None:
        super().__init__(
            f"{endpoint} serves chain {found}, this worker needs chain {expected}: correct the RPC address, or use the "
            "deployment file of that chain"
        )
        self.expected = expected
        self.found = found


class RpcRefused(ChainError):
    """A node understood the request and refused it."""

    def __init__(self, method: str, code: int, reason: str, data: bytes = b"") -> None:
        super().__init__(f"the node refused {method}: {reason} (code {code})")
        self.method = method
        self.code = code
        self.reason = reason
        self.data = data


class NoContract(ChainError):
    """There is no code at an address that should hold a contract."""

    def __init__(self, address: str, name: str = "a contract") -> None:
        super().__init__(
            f"there is no code at {address}, where {name} should be: check the deployment file, and that the RPC "
            "serves the chain it was made for and is in sync"
        )
        self.address = address


class BadArgument(ChainError):
    """A value doesn't fit the contract's interface: a fault of the caller."""


class ContractError(ChainError):
    """A contract refused a call, with its custom error decoded.

    `name` is the error's, "Error" for a plain reason text, "Panic" for a broken assertion, "Unknown" for anything that
    no known interface declares.
    """

    def __init__(self, name: str, args: Mapping[str, Any], hint: str = "") -> None:
        shown = ", ".join(f"{key}={_show(value)}" for key, value in args.items())
        super().__init__(f"{name}({shown})" + (f": {hint}" if hint else ""))
        self.name = name
        self.arguments = dict(args)
        self.hint = hint


class TransactionError(ChainError):
    """A transaction did not do what it was sent for."""


class TransactionReverted(TransactionError):
    """Mined, and reverted; its gas is spent, nothing else happened. `cause` is None if the node can't tell."""

    def __init__(self, hash_: bytes, cause: ContractError | None) -> None:
        reason = str(cause) if cause else "the node gives no reason"
        super().__init__(f"transaction 0x{hash_.hex()} was reverted: {reason}")
        self.hash = hash_
        self.cause = cause


class TransactionStuck(TransactionError):
    """Sent and not mined in time. It may still be: sending the same intent again goes on waiting for it."""

    def __init__(self, hash_: bytes, seconds: float, offers: int) -> None:
        super().__init__(
            f"transaction 0x{hash_.hex()} was not mined within {seconds:.0f} s, with {offers} fee offers: the chain "
            "may be congested or halted; start again to go on waiting, with a higher fee limit if fees have risen"
        )
        self.hash = hash_


class FeeTooHigh(TransactionError):
    """The chain asks for more than the limit that the user set."""

    def __init__(self, needed: int, limit: int) -> None:
        super().__init__(
            f"the chain asks for {needed / 1e9:.3f} gwei per gas, the limit is {limit / 1e9:.3f}: wait for lower fees, "
            "or raise the limit"
        )


class InsufficientFunds(TransactionError):
    """The account can't pay for gas and value."""

    def __init__(self, account: str, reason: str) -> None:
        super().__init__(
            f"{account} can't pay for the transaction ({reason}): send it the chain's coin, then start again"
        )
        self.account = account


class NonceContention(TransactionError):
    """Another program keeps using this account's nonces."""

    def __init__(self, account: str, tries: int) -> None:
        super().__init__(
            f"another program sent from {account} {tries} times just before this one: stop it, or give each its own key"
        )
        self.account = account


class ChainReset(ChainError):
    """The chain no longer has any of the blocks that this worker remembers."""

    def __init__(self, known: int) -> None:
        super().__init__(
            f"none of the {known} blocks this worker remembers is on the chain: it was reset, or the RPC serves "
            "another chain with the same id; use the right RPC, or start with a new journal"
        )


class DeploymentError(ChainError):
    """The deployment file, or what it points to, can't be used."""


def _show(value: Any) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    # A reason may hold bytes that are no text, which logs don't take.
    return str(value).encode(errors="backslashreplace").decode()
