// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {StakeVault} from "../../contracts/custody/StakeVault.sol";
import {CoveyToken} from "../../contracts/token/CoveyToken.sol";
import {Proof} from "./Halmos.sol";

/// @notice What a slash and an exit leave of a pool, from any books at all. arithmetic.smt2 ("order") concludes that
/// they commute within 1 wei: what one of them changes, the other's formula does not depend on but for the active stake.
/// @dev An exit is the operator's own; a delegator's takes its shares elsewhere and is the same else. Calls that revert change
/// nothing and are left out.
contract StakeVaultProofs is Proof {
    uint48 private constant UNBONDING = 7 days;
    /// @dev Slot of the vault's mapping from operators to pools.
    uint256 private constant POOLS = 4;

    StakeVault internal vault;
    CoveyToken internal token;

    struct Pool {
        uint256 active;
        uint256 shares;
        uint256 lastExit;
    }

    function setUp() public {
        vm.warp(1_750_000_000);
        token = new CoveyToken(address(this), type(uint96).max);
        vault = new StakeVault(token, UNBONDING);
        svm.enableSymbolicStorage(address(token));
        svm.enableSymbolicStorage(address(vault));
    }

    /// @notice A slash of s out of n = active stake + exits since the lock leaves a − ⌊s·a / n⌋ of the active stake a, the
    /// same shares unless nothing is left, and n − s in all. Bound: slashes in the epoch of the lock; all books
    /// whose locks are covered (s ≤ n).
    function check_I7_slashTakesItsPart(address engine, address operator, uint256 caseId, uint96 amount) public {
        uint24 epoch = vault.currentEpoch();
        Pool memory before = _pool(operator);
        vm.assume(before.lastExit <= epoch);
        vm.assume(vault.lockOf(engine, operator, caseId).epoch == epoch);
        uint256 exiting = before.lastExit == epoch ? vault.exitingOf(operator, epoch) : 0;
        uint256 base = before.active + exiting;
        vm.assume(base != 0);
        vm.assume(amount <= base); // as the active stake covered the lock
        uint256 taken = uint256(amount) * before.active / base;
        vm.assume(taken <= before.active && taken <= amount); // arithmetic.smt2: monotone and whole
        vm.assume(uint256(amount) * base / base == amount); // arithmetic.smt2: whole
        vm.prank(engine);
        (bool done,) = address(vault).call(abi.encodeCall(vault.slash, (operator, caseId, amount)));
        if (!done) return;
        Pool memory pool = _pool(operator);
        vm.assertEq(pool.active, before.active - taken);
        vm.assertEq(pool.shares, taken != 0 && pool.active == 0 ? 0 : before.shares);
        if (before.lastExit == epoch) vm.assertEq(pool.active + vault.exitingOf(operator, epoch), base - amount);
    }

    /// @notice An exit of h out of p shares leaves a − ⌊h·a / p⌋ of the active stake a, p − h shares, and as much as before
    /// in active stake and exits together. Bound: all operators, shares and books.
    function check_I7_exitTakesItsPart(address operator, uint112 shares) public {
        uint24 epoch = vault.currentEpoch();
        Pool memory before = _pool(operator);
        uint256 all = before.active + vault.exitingOf(operator, epoch);
        vm.prank(operator);
        (bool done,) = address(vault).call(abi.encodeCall(vault.requestExit, (operator, shares)));
        if (!done) return;
        Pool memory pool = _pool(operator);
        vm.assertEq(pool.active, before.active - uint256(shares) * before.active / before.shares);
        vm.assertEq(pool.shares, before.shares - shares);
        vm.assertEq(pool.lastExit, epoch);
        vm.assertEq(pool.active + vault.exitingOf(operator, epoch), all);
    }

    function _pool(address operator) private view returns (Pool memory) {
        uint256 packed = uint256(vm.load(address(vault), keccak256(abi.encode(operator, POOLS))));
        return Pool({active: uint96(packed), shares: uint112(packed >> 96), lastExit: packed >> 232});
    }
}
