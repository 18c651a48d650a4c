"""The draw of proposers: exactly what its definition says, and in proportion to reputation."""

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.draw import draw, proposer_count

seeds = st.binary(min_size=32, max_size=32)
reputations = st.dictionaries(st.integers(0, 127), st.integers(1, 8), min_size=3, max_size=40)


@given(st.sets(st.integers(0, 127)))
def test_bitmap_has_its_members(clients: set[int]) -> None:
    assert bitmaps.of(clients) == sum(2**client for client in clients)
    assert bitmaps.members(bitmaps.of(clients)) == tuple(sorted(clients))
    assert [client for client in range(130) if bitmaps.has(bitmaps.of(clients), client)] == sorted(clients)


@pytest.mark.parametrize(
    ("share", "clients", "least", "proposers"),
    [
        (500_000, 10, 1, 5),
        (500_000, 11, 1, 6),  # rounded up
        (500_001, 10, 1, 6),
        (1, 10, 1, 1),
        (1, 10, 3, 3),  # as many as a round needs
        (1_000_000, 10, 3, 8),  # two voters
        (800_000, 10, 3, 8),
        (800_001, 10, 3, 8),
        (1, 3, 1, 1),
    ],
)
def test_number_of_proposers(share: int, clients: int, least: int, proposers: int) -> None:
    assert proposer_count(share, clients, least) == proposers


@given(seeds, reputations, st.data())
def test_drawn_are_those_with_the_largest_keys(seed: bytes, weights: dict[int, int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(weights) - 2))

    def key(client: int) -> int:
        numbers = keccak(encode(["bytes32", "uint256"], [seed, client]))
        return max(int.from_bytes(numbers[4 * i : 4 * i + 4]) for i in range(weights[client]))

    drawn = draw(seed, weights, count)
    assert drawn.bit_count() == count
    assert drawn & ~bitmaps.of(weights) == 0
    inside, outside = bitmaps.members(drawn), bitmaps.members(bitmaps.of(weights) & ~drawn)
    assert min((key(c), c) for c in inside) > max((key(c), c) for c in outside)


@given(seeds, reputations)
def test_order_of_clients_does_not_matter(seed: bytes, weights: dict[int, int]) -> None:
    assert draw(seed, weights, 1) == draw(seed, dict(reversed(weights.items())), 1)


def test_chance_is_in_proportion_to_reputation() -> None:
    # One of four, with 8, 4, 2 and 2 of 16 numbers. 4,000 draws: within four standard errors.
    hits = [0] * 4
    for i in range(4000):
        hits[bitmaps.members(draw(i.to_bytes(32), {0: 8, 1: 4, 2: 2, 3: 2}, 1))[0]] += 1
    expected = [2000, 1000, 500, 500]
    assert all(abs(hit - mean) < 4 * mean**0.5 for hit, mean in zip(hits, expected, strict=True))
