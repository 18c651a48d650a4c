"""Order of models and of vectors (docs/protocol.md, section 7). Every order here is strict and total."""

from collections.abc import Sequence
from dataclasses import dataclass

from covey.protocol.hashing import keccak_words


@dataclass(frozen=True)
class Lane:
    """Whose model a lane holds: the handle's index, and the first round in which it published these bytes."""

    handle: int
    first_round: int


def rank_models(
    medians: Sequence[int], lanes: Sequence[Lane], baseline: int, mu: int, shard_key: bytes
) -> tuple[int, ...]:
    """The counted lanes, best first.

    By ⌊m/μ⌋ descending; first round ascending; m descending; keccak(shard key ‖ handle index) descending.
    """

    def standing(lane: int) -> tuple[int, int, int, bytes]:
        entry = lanes[lane]
        return (
            medians[lane] // mu,
            -entry.first_round,
            medians[lane],
            keccak_words(shard_key, entry.handle),
        )

    counted = (lane for lane, m in enumerate(medians) if m > baseline)
    return tuple(sorted(counted, key=standing, reverse=True))


def rank_vectors(agreement: Sequence[int], weights: Sequence[int], first_reveals: Sequence[int]) -> tuple[int, ...]:
    """The vectors' indices in the order of pay: agreement descending, weight descending, first reveal ascending."""
    return tuple(sorted(range(len(agreement)), key=lambda v: (-agreement[v], -weights[v], first_reveals[v])))
