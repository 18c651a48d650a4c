// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ILedger} from "../interfaces/ILedger.sol";
import {TokenCustody} from "./TokenCustody.sol";

/// @title Ledger: task money in buckets, earned money in credits
contract Ledger is ILedger, TokenCustody {
    /// @inheritdoc ILedger
    mapping(address account => uint96) public creditOf;
    /// @inheritdoc ILedger
    mapping(address engine => mapping(uint256 id => uint96)) public bucketOf;
    /// @inheritdoc ILedger
    mapping(address account => mapping(address engine => uint96)) public allowanceOf;

    constructor(IERC20 token_) TokenCustody(token_) {}

    /// @inheritdoc ILedger
    function deposit(uint96 amount) external {
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc ILedger
    function depositWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        _tryPermit(amount, deadline, v, r, s);
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc ILedger
    function depositFor(address account, uint96 amount) external {
        _deposit(account, amount);
    }

    /// @inheritdoc ILedger
    function approve(address engine, uint96 ceiling) external {
        allowanceOf[msg.sender][engine] = ceiling;
        emit ChargeApproved(msg.sender, engine, ceiling);
    }

    /// @inheritdoc ILedger
    function charge(address payer, uint256 id, uint96 amount) external {
        uint96 allowance = allowanceOf[payer][msg.sender];
        require(allowance >= amount, InsufficientAllowance(payer, msg.sender, allowance, amount));
        if (allowance != type(uint96).max) allowanceOf[payer][msg.sender] = allowance - amount;
        _debit(payer, amount);
        bucketOf[msg.sender][id] += amount;
        emit Charged(msg.sender, id, payer, amount);
    }

    /// @inheritdoc ILedger
    function pay(uint256 id, address account, uint96 amount) external {
        _drain(id, amount);
        creditOf[account] += amount;
        emit Paid(msg.sender, id, account, amount);
    }

    /// @inheritdoc ILedger
    function burn(uint256 id, uint96 amount) external {
        _drain(id, amount);
        emit Burnt(msg.sender, id, amount);
        _burn(amount);
    }

    /// @inheritdoc ILedger
    function claim() external returns (uint96 amount) {
        amount = creditOf[msg.sender];
        claim(amount);
    }

    /// @inheritdoc ILedger
    function claim(uint96 amount) public {
        require(amount != 0, ZeroAmount());
        _debit(msg.sender, amount);
        emit Claimed(msg.sender, amount);
        _push(msg.sender, amount);
    }

    function _deposit(address account, uint96 amount) private {
        require(amount != 0, ZeroAmount());
        creditOf[account] += amount;
        emit Deposited(account, msg.sender, amount);
        _pull(amount);
    }

    function _debit(address account, uint96 amount) private {
        uint96 credit = creditOf[account];
        require(credit >= amount, InsufficientCredit(account, credit, amount));
        unchecked {
            creditOf[account] = credit - amount;
        }
    }

    /// @dev Takes `amount` out of a bucket of the calling engine.
    function _drain(uint256 id, uint96 amount) private {
        uint96 held = bucketOf[msg.sender][id];
        require(held >= amount, InsufficientBucket(msg.sender, id, held, amount));
        unchecked {
            bucketOf[msg.sender][id] = held - amount;
        }
    }
}
