// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ledger} from "../../contracts/custody/Ledger.sol";
import {CoveyToken} from "../../contracts/token/CoveyToken.sol";
import {Proof} from "./Halmos.sol";

/// @notice Conservation in the Ledger: every call, from any books at all, changes the token balance by exactly what it
/// changes credits and buckets by, and it touches one credit and one bucket at most. By induction over calls the sums
/// stay equal, whatever the number of accounts, engines and buckets.
/// @dev Storage of both contracts is symbolic: all balances, credits, buckets and allowances are arbitrary. Of the token it
/// is taken that all balances together are below 2^96. Calls that revert change nothing and are left out.
contract LedgerProofs is Proof {
    Ledger internal ledger;
    CoveyToken internal token;

    /// @dev What a call may touch, and some other credit and bucket.
    struct View {
        address account;
        address engine;
        uint256 id;
        address otherAccount;
        address otherEngine;
        uint256 otherId;
    }

    function setUp() public {
        token = new CoveyToken(address(this), type(uint96).max);
        ledger = new Ledger(token);
        svm.enableSymbolicStorage(address(token));
        svm.enableSymbolicStorage(address(ledger));
    }

    /// @notice Bound: all callers, amounts and books.
    function check_I2_deposit(address caller, uint96 amount, View memory v) public {
        v.account = caller;
        _check(caller, abi.encodeCall(ledger.deposit, (amount)), v);
    }

    /// @notice Bound: all callers, amounts, books and permits, valid or not.
    function check_I2_depositWithPermit(
        address caller,
        uint96 amount,
        uint256 deadline,
        uint8 v_,
        bytes32 r,
        bytes32 s,
        View memory v
    ) public {
        v.account = caller;
        _check(caller, abi.encodeCall(ledger.depositWithPermit, (amount, deadline, v_, r, s)), v);
    }

    /// @notice Bound: all callers, accounts, amounts and books.
    function check_I2_depositFor(address caller, uint96 amount, View memory v) public {
        _check(caller, abi.encodeCall(ledger.depositFor, (v.account, amount)), v);
    }

    /// @notice Bound: all callers, engines, ceilings and books.
    function check_I2_approve(address caller, address engine, uint96 ceiling, View memory v) public {
        _check(caller, abi.encodeCall(ledger.approve, (engine, ceiling)), v);
    }

    /// @notice Bound: all callers, payers, buckets, amounts and books.
    function check_I2_charge(uint96 amount, View memory v) public {
        _check(v.engine, abi.encodeCall(ledger.charge, (v.account, v.id, amount)), v);
    }

    /// @notice Bound: all callers, accounts, buckets, amounts and books.
    function check_I2_pay(uint96 amount, View memory v) public {
        _check(v.engine, abi.encodeCall(ledger.pay, (v.id, v.account, amount)), v);
    }

    /// @notice Bound: all callers, buckets, amounts and books.
    function check_I2_burn(uint96 amount, View memory v) public {
        _check(v.engine, abi.encodeCall(ledger.burn, (v.id, amount)), v);
    }

    /// @notice Bound: all callers and books.
    function check_I2_claimAll(address caller, View memory v) public {
        v.account = caller;
        _check(caller, abi.encodeWithSignature("claim()"), v);
    }

    /// @notice Bound: all callers, amounts and books.
    function check_I2_claim(address caller, uint96 amount, View memory v) public {
        v.account = caller;
        _check(caller, abi.encodeWithSignature("claim(uint96)", amount), v);
    }

    function _check(address caller, bytes memory call, View memory v) private {
        vm.assume(caller != address(ledger)); // which calls nobody but the token
        vm.assume(v.otherAccount != v.account);
        vm.assume(v.otherEngine != v.engine || v.otherId != v.id);
        uint256 held = token.balanceOf(address(ledger));
        uint256 owned = token.balanceOf(caller);
        vm.assume(held <= type(uint96).max && owned <= type(uint96).max - held);
        uint256 claims = _claims(v.account, v.engine, v.id);
        uint256 otherCredit = ledger.creditOf(v.otherAccount);
        uint256 otherBucket = ledger.bucketOf(v.otherEngine, v.otherId);
        vm.prank(caller);
        (bool done,) = address(ledger).call(call);
        if (!done) return;
        vm.assertEq(token.balanceOf(address(ledger)) + claims, held + _claims(v.account, v.engine, v.id));
        vm.assertEq(ledger.creditOf(v.otherAccount), otherCredit);
        vm.assertEq(ledger.bucketOf(v.otherEngine, v.otherId), otherBucket);
    }

    function _claims(address account, address engine, uint256 id) private view returns (uint256) {
        return uint256(ledger.creditOf(account)) + ledger.bucketOf(engine, id);
    }
}
