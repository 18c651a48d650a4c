"""Score vectors as the chain packs them: sixteen 15-bit scores to a word (docs/protocol.md, section 4).

Lane 0 of a word is in its most significant 16 bits; a vector of n scores has ⌈n/16⌉ words, padding zero.
"""

import struct
from collections.abc import Sequence

from covey.protocol.errors import BadVector

PER_WORD = 16
TOP = 32_767
"""The largest score."""

MALFORMED = 0
UNAVAILABLE = 1
"""Scores from 2 on belong to models that could be scored."""


def words(n: int) -> int:
    """Words of a packed vector of `n` scores."""
    return -(-n // PER_WORD)


def size(n: int) -> int:
    """Bytes of a packed vector of `n` scores."""
    return 32 * words(n)


def pack(scores: Sequence[int]) -> bytes:
    """The packed vector. Raises BadVector for a score outside 0 … 32,767."""
    for lane, score in enumerate(scores):
        if not 0 <= score <= TOP:
            raise BadVector(f"the score of lane {lane} is {score}: scores go from 0 to {TOP:,}")
    return struct.pack(f">{len(scores)}H", *scores).ljust(size(len(scores)), b"\0")


def unpack(vector: bytes, n: int) -> tuple[int, ...]:
    """The `n` scores of a packed vector. Raises BadVector for what the chain would refuse at reveal."""
    if len(vector) != size(n):
        raise BadVector(f"a vector of {n} scores has {size(n)} bytes, not {len(vector)}: use another vector")
    lanes: tuple[int, ...] = struct.unpack(f">{len(vector) // 2}H", vector)
    for lane, score in enumerate(lanes[:n]):
        if score > TOP:
            raise BadVector(f"lane {lane} has its guard bit set: use another vector")
    if any(lanes[n:]):
        raise BadVector("the padding after the last score is not zero: use another vector")
    return lanes[:n]
