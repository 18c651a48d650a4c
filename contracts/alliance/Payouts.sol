// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Payouts: what a decided round pays and what it takes, in wei
/// @notice All round down: dust of rewards stays in the pool, dust of slashes with the client. Amounts are below 2^96, contributions
/// below 2^15, so no product overflows.
library Payouts {
    uint256 internal constant PPM = 1e6;
    /// @notice Contribution of an update without effect.
    uint256 internal constant NEUTRAL = 16_384;

    /// @notice What a decided round shares out.
    /// @dev Everybody's part is fixed at the draw: what the wrong, rejected and silent would have had is nobody else's, so that
    /// no coalition gains by what it decides about others.
    /// @param reward wei for all
    /// @param everybody stakes of all clients of the round, `right` of those on the right side, `proposers` of the proposers
    /// among these
    /// @param points sum of right proposers' points
    /// @param byPoints wei of the right proposers' part that goes by points, `byStake` the rest
    struct Shares {
        uint256 reward;
        uint256 everybody;
        uint256 right;
        uint256 proposers;
        uint256 points;
        uint256 byPoints;
        uint256 byStake;
    }

    /// @notice What a round has to give: an equal part of the pool for each round left.
    function rewardDown(uint256 pool, uint256 roundsLeft) internal pure returns (uint256) {
        return pool / roundsLeft;
    }

    /// @notice Splits the right proposers' part, once all sums are known.
    function splitDown(Shares memory shares, uint256 contributionShare) internal pure {
        uint256 part = stakeDown(shares, shares.proposers);
        shares.byPoints = shares.points == 0 ? 0 : part * contributionShare / PPM;
        shares.byStake = part - shares.byPoints;
    }

    /// @notice The part of a stake: what a right voter has, or all right proposers together.
    function stakeDown(Shares memory shares, uint256 stake) internal pure returns (uint256) {
        return shares.reward * stake / shares.everybody;
    }

    /// @notice What nobody earned, for the creator.
    function returnedDown(Shares memory shares) internal pure returns (uint256) {
        return stakeDown(shares, shares.everybody - shares.right);
    }

    function proposerDown(Shares memory shares, uint256 stake, uint256 points) internal pure returns (uint256 reward) {
        reward = shares.byStake * stake / shares.proposers;
        if (points != 0) reward += shares.byPoints * points / shares.points;
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
