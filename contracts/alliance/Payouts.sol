// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Payouts: what a decided round pays and what it takes, in wei
/// @notice All round down: dust of rewards stays in the pool, dust of slashes with the client. Amounts are below 2^96, contributions
/// below 2^15, so no product overflows.
library Payouts {
    uint256 internal constant PPM = 1e6;
    /// @notice Contribution of an update without effect.
    uint256 internal constant NEUTRAL = 16_384;

    /// @notice The right side of a round.
    /// @param reward wei for all
    /// @param voters, proposers sums of their stakes
    /// @param points sum of proposers' points
    /// @param byPoints wei of the proposers' part that goes by points, `byStake` the rest
    struct Side {
        uint256 reward;
        uint256 voters;
        uint256 proposers;
        uint256 points;
        uint256 byPoints;
        uint256 byStake;
    }

    /// @notice What a round has to give: an equal part of the pool for each round left.
    function rewardDown(uint256 pool, uint256 roundsLeft) internal pure returns (uint256) {
        return pool / roundsLeft;
    }

    /// @notice Splits the proposers' part, once all sums are known.
    function splitDown(Side memory side, uint256 contributionShare) internal pure {
        if (side.proposers == 0) return;
        uint256 part = side.reward * side.proposers / (side.voters + side.proposers);
        side.byPoints = side.points == 0 ? 0 : part * contributionShare / PPM;
        side.byStake = part - side.byPoints;
    }

    function voterDown(Side memory side, uint256 stake) internal pure returns (uint256) {
        return side.reward * stake / (side.voters + side.proposers);
    }

    function proposerDown(Side memory side, uint256 stake, uint256 points) internal pure returns (uint256 reward) {
        reward = side.byStake * stake / side.proposers;
        if (points != 0) reward += side.byPoints * points / side.points;
    }

    /// @notice A proposer's points: its stake times how far its update helped.
    function pointsOf(uint256 stake, uint256 contribution) internal pure returns (uint256) {
        return contribution > NEUTRAL ? stake * (contribution - NEUTRAL) : 0;
    }

    /// @notice Whether an update did more harm than `tolerated`.
    function harms(uint256 contribution, uint256 tolerated) internal pure returns (bool) {
        return contribution + tolerated < NEUTRAL;
    }

    /// @notice `rate` of an amount.
    function partDown(uint256 amount, uint256 rate) internal pure returns (uint256) {
        return amount * rate / PPM;
    }
}
