"""Division of n trainers into rings of at most 16: the Python side of `contracts/libraries/Rings.sol`.

There are ⌈n/16⌉ rings, their sizes differ by at most one, the larger ones first. Ring r takes consecutive positions of
a permutation of the trainers' indices keyed by the seed: a four-round Feistel network on pairs (left < a, right < b)
with a = ⌈√n⌉ and b = ⌈n/a⌉ (Black and Rogaway, CT-RSA 2002), repeated until its result is below n.
"""

from math import isqrt

from covey.protocol.hashing import keccak

MAX_SIZE = 16


def count(n: int) -> int:
    """How many rings n trainers make."""
    return -(-n // MAX_SIZE)


def members(seed: bytes, n: int, ring: int) -> tuple[int, ...]:
    """The trainers' indices (0 … n-1) of ring `ring`, in the order in which a signature takes them.

    :raises ValueError: there is no such ring
    """
    if not 0 <= ring < count(n):
        raise ValueError(f"{n} trainers have no ring {ring}: take one below {count(n)}")
    size, larger = divmod(n, count(n))
    first = ring * size + min(ring, larger)
    return tuple(_trainer_at(seed, n, first + i) for i in range(size + (ring < larger)))


def ring_of(seed: bytes, n: int, trainer: int) -> int:
    """The ring that trainer index `trainer` is in.

    :raises ValueError: there is no such trainer
    """
    if not 0 <= trainer < n:
        raise ValueError(f"{n} trainers have no index {trainer}: take one below {n}")
    position = _position_of(seed, n, trainer)
    size, larger = divmod(n, count(n))
    in_larger = larger * (size + 1)
    return position // (size + 1) if position < in_larger else larger + (position - in_larger) // size


def _sides(n: int) -> tuple[int, int]:
    a = isqrt(n - 1) + 1
    return a, -(-n // a)


def _trainer_at(seed: bytes, n: int, position: int) -> int:
    a, b = _sides(n)
    x = position
    while True:
        left, right = divmod(x, b)
        left = (left + _round(seed, 0, right)) % a
        right = (right + _round(seed, 1, left)) % b
        left = (left + _round(seed, 2, right)) % a
        right = (right + _round(seed, 3, left)) % b
        x = left * b + right
        if x < n:
            return x


def _position_of(seed: bytes, n: int, trainer: int) -> int:
    a, b = _sides(n)
    x = trainer
    while True:
        left, right = divmod(x, b)
        right = (right - _round(seed, 3, left)) % b
        left = (left - _round(seed, 2, right)) % a
        right = (right - _round(seed, 1, left)) % b
        left = (left - _round(seed, 0, right)) % a
        x = left * b + right
        if x < n:
            return x


def _round(seed: bytes, number: int, half: int) -> int:
    return int.from_bytes(keccak(seed + number.to_bytes(16) + half.to_bytes(16)))
