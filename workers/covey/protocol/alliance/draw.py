"""Who proposes in a round (docs/alliance.md, section 3).

Weighted sampling without replacement (Efraimidis and Spirakis, 2006): with a key u^(1/w), u uniform, for each, the
largest keys win. For a whole weight w that is the largest of w uniform numbers, so nothing is rounded.
"""

import struct
from collections.abc import Mapping

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import MIN_VOTERS
from covey.protocol.hashing import keccak_words
from covey.protocol.params import PPM

_LANES = struct.Struct(">8I")


def proposer_count(share: int, clients: int, least: int) -> int:
    """How many of `clients` propose: ⌈share·clients⌉, at least `least`, and at most what leaves two voters.

    `share` is in parts per million, `clients` at least `least` + 2.
    """
    return min(max(-(-share * clients // PPM), least), clients - MIN_VOTERS)


def draw(seed: bytes, reputations: Mapping[int, int], count: int) -> int:
    """The `count` clients with the largest keys, as a bitmap; of equal keys, the later client's is the larger.

    `reputations`, from 1 to 8, are those of the clients that take part; the rest of them vote.
    """
    order = sorted(reputations, key=lambda client: (_key(seed, client, reputations[client]), client), reverse=True)
    return bitmaps.of(order[:count])


def _key(seed: bytes, client: int, weight: int) -> int:
    """The largest of the first `weight` lanes of 32 bits."""
    lanes: tuple[int, ...] = _LANES.unpack(keccak_words(seed, client))
    return max(lanes[:weight])
