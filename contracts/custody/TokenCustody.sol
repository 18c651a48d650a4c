// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICustody} from "../interfaces/ICustody.sol";

/// @title Exact movements of one immutable token
/// @dev Custody contracts change their books first and move tokens last, so a token that calls back finds the books
/// right. One that moves more or less than asked, or calls back into another deposit, fails the measured balances.
abstract contract TokenCustody is ICustody {
    using SafeERC20 for IERC20;

    /// @dev Tokens sent here are out of circulation, also for tokens that have no burn of their own.
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;

    /// @inheritdoc ICustody
    IERC20 public immutable token;

    constructor(IERC20 token_) {
        token = token_;
    }

    /// @dev Takes exactly `amount` from the caller.
    function _pull(uint96 amount) internal {
        uint256 balanceBefore = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - balanceBefore;
        require(received == amount, InexactTransfer(amount, received));
    }

    function _push(address to, uint96 amount) internal {
        token.safeTransfer(to, amount);
    }

    function _burn(uint96 amount) internal {
        token.safeTransfer(DEAD, amount);
    }

    /// @dev Anyone can use a permit that waits in the mempool; what counts is the allowance that it leaves behind.
    function _tryPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) internal {
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
    }
}
