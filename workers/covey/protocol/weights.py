"""What validators' stakes count for (docs/protocol.md, section 5)."""

from collections.abc import Sequence

ONE = 32_767
"""All weights together are at most this, so that their sums fit in a 15-bit lane."""

_CAP_PERCENT = 15


def cap(total: int, n: int) -> int:
    """The largest of `n` stakes summing to `total` (gwei) that counts in full: max(⌊15 %⌋, ⌈total/n⌉)."""
    return max(total * _CAP_PERCENT // 100, -(-total // n))


def weight(stake: int, largest: int, total: int) -> int:
    """Weight of a stake (gwei), rounded down; `largest` is `cap` of `total`."""
    return min(stake, largest) * ONE // total


def weights(stakes: Sequence[int]) -> tuple[int, ...]:
    """Weights of all enrolled validators' stakes (gwei)."""
    total = sum(stakes)
    largest = cap(total, len(stakes)) if stakes else 0
    return tuple(weight(stake, largest, total) for stake in stakes)


def has_quorum(revealed: int, active: int, enrolled: int) -> bool:
    """Whether more than half of the active and at least a third of the enrolled weight was revealed."""
    return 2 * revealed > active and 3 * revealed >= enrolled


def rejects_data(invalid: int, revealed: int) -> bool:
    """Whether more than half of the revealed weight voted DATASET_INVALID."""
    return 2 * invalid > revealed
