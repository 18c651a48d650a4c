// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICustody} from "./ICustody.sol";

/// @title Ledger: task money in buckets, earned money in credits
/// @notice A bucket belongs to one engine (the contract that called `charge`) and one id of that engine's choice.
/// Credits belong to accounts, which pull them. No party can stop a claim.
/// @custom:invariant I-2 accounted balance = sum of buckets + sum of credits
/// @custom:invariant I-4 claims on the ledger grow only by what flows in
/// @custom:invariant I-18 no party can block `claim`
interface ILedger is ICustody {
    /// @notice `account` has only `credit` of the `asked` amount.
    error InsufficientCredit(address account, uint96 credit, uint96 asked);
    /// @notice `payer` lets `engine` charge only `allowance` of the `asked` amount.
    error InsufficientAllowance(address payer, address engine, uint96 allowance, uint96 asked);
    /// @notice The bucket (`engine`, `id`) holds only `held` of the `asked` amount.
    error InsufficientBucket(address engine, uint256 id, uint96 held, uint96 asked);

    /// @notice `from` paid `amount` in for `account`.
    event Deposited(address indexed account, address indexed from, uint96 amount);
    /// @notice `engine` may charge `account` up to `ceiling` from now on.
    event ChargeApproved(address indexed account, address indexed engine, uint96 ceiling);
    /// @notice `amount` went from the credit of `payer` to the bucket (`engine`, `id`).
    event Charged(address indexed engine, uint256 indexed id, address indexed payer, uint96 amount);
    /// @notice `amount` went from the bucket (`engine`, `id`) to the credit of `account`.
    event Paid(address indexed engine, uint256 indexed id, address indexed account, uint96 amount);
    /// @notice `amount` of the bucket (`engine`, `id`) was burnt.
    event Burnt(address indexed engine, uint256 indexed id, uint96 amount);
    /// @notice `account` took `amount` of its credit out.
    event Claimed(address indexed account, uint96 amount);

    /// @notice Pays `amount` into the caller's credit; needs the token's allowance.
    function deposit(uint96 amount) external;

    /// @notice As `deposit`, with an ERC-2612 permit. A permit that somebody used first does no harm.
    function depositWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pays `amount` of the caller's tokens into the credit of `account`.
    function depositFor(address account, uint96 amount) external;

    /// @notice Sets what `engine` may still charge from the caller's credit; `type(uint96).max` is never used up.
    function approve(address engine, uint96 ceiling) external;

    /// @notice Engine (caller): moves `amount` from the credit of `payer` to the engine's bucket `id`, within the
    /// allowance.
    function charge(address payer, uint256 id, uint96 amount) external;

    /// @notice Engine (caller): moves `amount` from its bucket `id` to the credit of `account`.
    function pay(uint256 id, address account, uint96 amount) external;

    /// @notice Engine (caller): burns `amount` of its bucket `id`.
    function burn(uint256 id, uint96 amount) external;

    /// @notice Sends the caller all its credit.
    /// @return amount wei sent
    function claim() external returns (uint96 amount);

    /// @notice Sends the caller `amount` of its credit.
    function claim(uint96 amount) external;

    /// @notice What `account` can claim, in wei.
    function creditOf(address account) external view returns (uint96);

    /// @notice What the bucket (`engine`, `id`) holds, in wei.
    function bucketOf(address engine, uint256 id) external view returns (uint96);

    /// @notice What `engine` may still charge from the credit of `account`, in wei.
    function allowanceOf(address account, address engine) external view returns (uint96);
}
