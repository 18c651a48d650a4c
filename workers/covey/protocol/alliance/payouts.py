"""What a decided round pays and what it takes, in wei (docs/alliance.md, section 6).

All divisions round down: dust of rewards stays in the pool, dust of slashes with the client.
"""

from collections.abc import Mapping

from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.params import PPM


def round_reward(pool: int, rounds_left: int) -> int:
    """What a round has to give: an equal part of the pool for each of the rounds left, this one included."""
    return pool // rounds_left


def rewards(
    reward: int,
    contribution_share: int,
    voters: Mapping[int, int],
    proposers: Mapping[int, int],
    contributions: Mapping[int, int],
) -> dict[int, int]:
    """What each on the right side earns of `reward`, by client.

    By stake (wei) of `voters` and `proposers`; of the proposers' part, `contribution_share` goes by stake times how far
    the update helped, if any did. Somebody has to be right.
    """
    sides, proposing = sum(voters.values()) + sum(proposers.values()), sum(proposers.values())
    points = {client: stake * max(0, contributions[client] - NEUTRAL) for client, stake in proposers.items()}
    all_points = sum(points.values())
    part = reward * proposing // sides
    by_points = part * contribution_share // PPM if all_points else 0

    def proposer(client: int, stake: int) -> int:
        helped = by_points * points[client] // all_points if all_points else 0
        return (part - by_points) * stake // proposing + helped

    paid = {client: reward * stake // sides for client, stake in voters.items()}
    return paid | {client: proposer(client, stake) for client, stake in proposers.items()}


def harms(contribution: int, tolerated: int) -> bool:
    """Whether an update did more harm than `tolerated`."""
    return contribution + tolerated < NEUTRAL


def part(amount: int, rate: int) -> int:
    """`rate`, in parts per million, of an amount."""
    return amount * rate // PPM
