// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Keeps 1 % of every transfer.
contract FeeToken is ERC20("Fee", "FEE") {
    constructor(address recipient) {
        _mint(recipient, 1e27);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from != address(0)) super._update(from, address(this), value / 100);
        super._update(from, to, from == address(0) ? value : value - value / 100);
    }
}

/// @notice Returns nothing from `transfer`, `transferFrom` and `approve`, and knows no permit, like the first Tether.
contract NoReturnToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    constructor(address recipient) {
        balanceOf[recipient] = 1e27;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Answers false instead of reverting.
contract FalseToken is ERC20("False", "FALSE") {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @notice Calls sender and recipient back within a transfer, once it is done.
contract CallbackToken is ERC20("Callback", "CALL") {
    constructor(address recipient) {
        _mint(recipient, 1e27);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from.code.length != 0) try ITokenParty(from).tokensSent() {} catch {}
        if (to.code.length != 0) try ITokenParty(to).tokensReceived() {} catch {}
    }
}

interface ITokenParty {
    function tokensSent() external;
    function tokensReceived() external;
}
