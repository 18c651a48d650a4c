"""Sets of clients as the chain keeps them: bit i stands for client i (`contracts/libraries/Bitmaps.sol`)."""

from collections.abc import Iterable


def of(clients: Iterable[int]) -> int:
    """The set of these clients."""
    result = 0
    for client in clients:
        result |= 1 << client
    return result


def members(clients: int) -> tuple[int, ...]:
    """The clients in a set, ascending."""
    return tuple(client for client in range(clients.bit_length()) if has(clients, client))


def has(clients: int, client: int) -> bool:
    return bool(clients >> client & 1)
