// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Reputation: a social norm with isolation and a way back
/// @notice Zhang and van der Schaar, INFOCOM 2012: under the threshold a client is isolated, and rises by one each round that
/// passes until it is back.
library Reputation {
    /// @notice After work that was accepted.
    function raised(uint256 reputation, uint256 max) internal pure returns (uint256) {
        return reputation < max ? reputation + 1 : max;
    }

    /// @notice After work that was rejected: one less, at the threshold nothing is left.
    function lowered(uint256 reputation, uint256 threshold) internal pure returns (uint256) {
        return reputation > threshold ? reputation - 1 : 0;
    }
}
