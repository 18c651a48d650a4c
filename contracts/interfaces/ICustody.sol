// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title What every contract that holds tokens shares
/// @notice Amounts are in wei of one immutable token, of which less than 2^96 wei exist. Tokens sent without a call are not
/// accounted for.
interface ICustody {
    /// @notice An amount of zero does nothing, so it is refused.
    error ZeroAmount();
    /// @notice The token moved `received` where exactly `expected` was due (fee-on-transfer or rebasing token).
    error InexactTransfer(uint256 expected, uint256 received);

    /// @notice The only token held here.
    function token() external view returns (IERC20);
}
