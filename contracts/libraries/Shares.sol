// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Shares of a pool whose price only falls
/// @notice The first shares cost one wei each. Both directions round down, in favour of the pool, so a pool never has
/// fewer shares than tokens, and the last shares take all that is left.
library Shares {
    /// @notice Shares for `tokens` more, rounded down. At least `tokens`, since a share is never worth over one wei.
    function toSharesDown(uint256 tokens, uint256 poolTokens, uint256 poolShares) internal pure returns (uint256) {
        return poolShares == 0 ? tokens : tokens * poolShares / poolTokens;
    }

    /// @notice Worth of `shares` in tokens, rounded down.
    function toTokensDown(uint256 shares, uint256 poolTokens, uint256 poolShares) internal pure returns (uint256) {
        return poolShares == 0 ? 0 : shares * poolTokens / poolShares;
    }
}
