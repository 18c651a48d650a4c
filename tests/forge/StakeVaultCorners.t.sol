// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";
import {StakeVault} from "../../contracts/custody/StakeVault.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";

/// @notice The vault at its limits, to the unit.
contract StakeVaultCornersTest is CustodyTest {
    /// @dev Shares at one wei in all: with `ROOM` wei more there are 2^112 - 1, the most that fit.
    uint96 private constant SHARES = 2 ** 56 + 1;
    uint96 private constant ROOM = 2 ** 56 - 2;

    address internal engine;
    address internal operator;
    address internal alice;
    address internal bob;

    function setUp() public override {
        super.setUp();
        (engine,) = account("engine");
        operator = operatorWith("operator", SHARES, engine);
        alice = rich("alice");
        bob = rich("bob");
    }

    function test_shortestAndLongestUnbonding() public {
        StakeVault shortest = new StakeVault(token, 15 minutes);
        vm.assertEq(shortest.unbonding(), 15 minutes);
        StakeVault longest = new StakeVault(token, 365 days);
        vm.assertEq(longest.unbonding(), 365 days);
    }

    function test_poolTakesAsManySharesAsFit() public {
        lockFor(engine, operator, 1, SHARES);
        slashFor(engine, operator, 1, SHARES - 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolDiluted.selector, operator, 2 ** 112 + 2 ** 56));
        vault.delegate(operator, ROOM + 1, 1);
        vm.assertEq(delegateTo(operator, alice, ROOM), uint256(ROOM) * SHARES);
    }

    function test_bucketTakesAsManySharesAsFit() public {
        lockFor(engine, operator, 1, SHARES);
        (uint24 epoch,) = exitAll(operator, operator);
        slashFor(engine, operator, 1, SHARES - 1);
        delegateTo(operator, alice, ROOM);
        exitAll(operator, alice);
        vm.assertEq(vault.exitingOf(operator, epoch), ROOM + 1);
        delegateTo(operator, bob, 1);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.BucketDiluted.selector, operator, epoch, 2 ** 112 + 2 ** 56));
        vault.requestExit(operator, 1);
    }

    function test_nobodyWithdrawsTwiceWhatOthersLeftThere() public {
        delegateTo(operator, alice, 5);
        delegateTo(operator, bob, 5);
        (uint24 epoch,) = exitAll(operator, alice);
        exitAll(operator, bob);
        skip(uint256(UNBONDING) + vault.epochLength());
        vm.startPrank(alice);
        vm.assertEq(vault.withdraw(operator, epoch), 5);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NothingToWithdraw.selector, operator, epoch, alice));
        vault.withdraw(operator, epoch);
        vm.stopPrank();
    }

    function test_unknownLockSettlesToNothing() public {
        vm.recordLogs();
        vm.prank(engine);
        vm.assertEq(vault.settleLock(operator, 77, 1), 0);
        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_expiredLockHoldsNothing() public {
        lockFor(engine, operator, 1, SHARES);
        skip(uint256(UNBONDING) + 1);
        vault.expire(engine, operator, 1);
        vm.assertEq(vault.lockOf(engine, operator, 1).amount, 0);
    }

    function test_smallestDelegationCounts() public {
        lockFor(engine, operator, 1, SHARES);
        vm.assertEq(vault.lockOf(engine, operator, 1).delegatedRatio, 0);
        address small = operatorWith("small", 1, engine);
        delegateTo(small, alice, 1);
        nextBlock();
        lockFor(engine, small, 1, 2);
        vm.assertEq(vault.lockOf(engine, small, 1).delegatedRatio, type(uint16).max / 2);
    }

    function test_activatedApprovalIsNoLongerPending() public {
        delegateTo(operator, alice, 1);
        (address other,) = account("other engine");
        vm.prank(operator);
        vault.approveEngine(other, 7);
        vm.assertEq(vault.approvalOf(operator, other).pendingCeiling, 7);
        skip(UNBONDING);
        vault.activateApproval(operator, other);
        vm.assertEq(vault.approvalOf(operator, other).ceiling, 7);
        vm.assertEq(vault.approvalOf(operator, other).pendingCeiling, 0);
    }
}
