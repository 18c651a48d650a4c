"""What a decided round pays and what it takes, in wei (docs/alliance.md, section 6).

All divisions round down: dust of rewards stays in the pool, dust of slashes with the client.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.params import PPM


@dataclass(frozen=True)
class Shares:
    """What a decided round gives, in wei: `rewards` by client, and what is `returned` to the creator."""

    rewards: Mapping[int, int]
    returned: int


def round_reward(pool: int, rounds_left: int) -> int:
    """What a round has to give: an equal part of the pool for each of the rounds left, this one included."""
    return pool // rounds_left


def share(
    reward: int,
    contribution_share: int,
    stakes: Mapping[int, int],
    voters: int,
    proposers: int,
    contributions: Mapping[int, int],
) -> Shares:
    """Who gets which part of `reward`; `voters` and `proposers` are those on the right side, as sets.

    Everybody's part goes by its stake (wei) among `stakes` of all clients of the round, and is fixed at the draw: what
    the others would have had is returned, so that no coalition gains by what it decides about them. Of the right
    proposers' part, `contribution_share` goes by stake times how far the update helped, if any did.
    """
    everybody = sum(stakes.values())

    def part_of(clients: int) -> int:
        return reward * sum(stakes[client] for client in bitmaps.members(clients)) // everybody

    points = {i: stakes[i] * max(0, contributions[i] - NEUTRAL) for i in bitmaps.members(proposers)}
    proposing, all_points = sum(stakes[i] for i in points), sum(points.values())
    by_points = part_of(proposers) * contribution_share // PPM if all_points else 0
    by_stake = part_of(proposers) - by_points

    def proposer(client: int) -> int:
        helped = by_points * points[client] // all_points if all_points else 0
        return by_stake * stakes[client] // proposing + helped

    rewards = {client: part_of(1 << client) for client in bitmaps.members(voters)}
    rewards |= {client: proposer(client) for client in points}
    return Shares(rewards, returned=part_of(bitmaps.of(stakes) & ~(voters | proposers)))


def harms(contribution: int, tolerated: int) -> bool:
    """Whether an update did more harm than `tolerated`."""
    return contribution + tolerated < NEUTRAL


def part(amount: int, rate: int) -> int:
    """`rate`, in parts per million, of an amount."""
    return amount * rate // PPM
