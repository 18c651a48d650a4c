// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Weights: what a validator's stake counts for
/// @notice A stake s weighs ⌊min(s, cap)·32767/S⌋, where S sums all n stakes and cap = max(⌊15 % of S⌋, ⌈S/n⌉). All weights
/// together are at most 32,767, so that sums of them fit in a 15-bit lane.
/// @custom:invariant I-9, I-14
library Weights {
    uint256 internal constant ONE = 32_767;
    uint256 private constant CAP_PERCENT = 15;

    /// @notice Largest stake that counts in full.
    /// @param total sum of all stakes: at least 1
    /// @param n number of stakes: at least 1
    function cap(uint256 total, uint256 n) internal pure returns (uint256) {
        return Math.max(total * CAP_PERCENT / 100, Math.ceilDiv(total, n));
    }

    /// @notice Weight of one stake, rounded down.
    function weightDown(uint256 stake, uint256 largest, uint256 total) internal pure returns (uint256) {
        return Math.min(stake, largest) * ONE / total;
    }

    /// @notice More than half of the active and at least a third of all weight was revealed.
    function hasQuorum(uint256 revealed, uint256 active, uint256 all) internal pure returns (bool) {
        return 2 * revealed > active && 3 * revealed >= all;
    }

    /// @notice More than half of the revealed weight called the data set invalid.
    function rejectsData(uint256 invalid, uint256 revealed) internal pure returns (bool) {
        return 2 * invalid > revealed;
    }
}
