// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";
import {ICustody} from "../../contracts/interfaces/ICustody.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";

contract LedgerTest is CustodyTest {
    address internal engine;
    address internal alice;
    address internal bob;

    function setUp() public override {
        super.setUp();
        (engine,) = account("engine");
        alice = rich("alice");
        bob = rich("bob");
    }

    /// @dev A bucket 7 of the engine with `amount` of alice.
    function fill(uint96 amount) private {
        vm.startPrank(alice);
        ledger.deposit(amount);
        ledger.approve(engine, amount);
        vm.stopPrank();
        vm.prank(engine);
        ledger.charge(alice, 7, amount);
    }

    function test_depositBecomesCredit() public {
        vm.expectEmit(address(ledger));
        emit ILedger.Deposited(alice, alice, 5e18);
        vm.prank(alice);
        ledger.deposit(5e18);
        vm.assertEq(ledger.creditOf(alice), 5e18);
        vm.assertEq(token.balanceOf(address(ledger)), 5e18);
    }

    function test_depositForAnotherTakesTheCallersTokens() public {
        vm.expectEmit(address(ledger));
        emit ILedger.Deposited(bob, alice, 5e18);
        vm.prank(alice);
        ledger.depositFor(bob, 5e18);
        vm.assertEq(ledger.creditOf(bob), 5e18);
        vm.assertEq(ledger.creditOf(alice), 0);
        vm.assertEq(token.balanceOf(alice), 1e24 - 5e18);
    }

    function test_depositWithPermitSurvivesItsFrontRun() public {
        vm.prank(alice);
        token.approve(address(ledger), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit("alice", address(ledger), 3e18, 2e9);
        token.permit(alice, address(ledger), 3e18, 2e9, v, r, s);
        vm.prank(alice);
        ledger.depositWithPermit(3e18, 2e9, v, r, s);
        (v, r, s) = signPermit("alice", address(ledger), 2e18, 2e9);
        vm.prank(alice);
        ledger.depositWithPermit(2e18, 2e9, v, r, s);
        vm.assertEq(ledger.creditOf(alice), 5e18);
    }

    function test_depositNeedsTokensAndAnAmount() public {
        vm.prank(alice);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        ledger.deposit(0);
        vm.prank(alice);
        vm.expectRevert();
        ledger.deposit(1e24 + 1);
    }

    function test_chargeUsesTheAllowanceUp() public {
        vm.startPrank(alice);
        ledger.deposit(10e18);
        vm.expectEmit(address(ledger));
        emit ILedger.ChargeApproved(alice, engine, 6e18);
        ledger.approve(engine, 6e18);
        vm.stopPrank();

        vm.startPrank(engine);
        vm.expectEmit(address(ledger));
        emit ILedger.Charged(engine, 7, alice, 4e18);
        ledger.charge(alice, 7, 4e18);
        vm.assertEq(ledger.bucketOf(engine, 7), 4e18);
        vm.assertEq(ledger.creditOf(alice), 6e18);
        vm.assertEq(ledger.allowanceOf(alice, engine), 2e18);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, alice, engine, 2e18, 2e18 + 1));
        ledger.charge(alice, 7, 2e18 + 1);
        ledger.charge(alice, 7, 2e18);
        vm.stopPrank();
        vm.assertEq(ledger.bucketOf(engine, 7), 6e18);
    }

    function test_unlimitedAllowanceIsNotUsedUp() public {
        vm.startPrank(alice);
        ledger.deposit(10e18);
        ledger.approve(engine, type(uint96).max);
        vm.stopPrank();
        vm.startPrank(engine);
        ledger.charge(alice, 7, 10e18);
        vm.assertEq(ledger.allowanceOf(alice, engine), type(uint96).max);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientCredit.selector, alice, 0, 1));
        ledger.charge(alice, 7, 1);
        vm.stopPrank();
    }

    function test_chargeNeedsAnAllowance() public {
        vm.prank(alice);
        ledger.deposit(10e18);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, alice, bob, 0, 1));
        ledger.charge(alice, 7, 1);
    }

    function test_payMovesTheEnginesOwnBucketOnly() public {
        fill(10e18);
        vm.expectEmit(address(ledger));
        emit ILedger.Paid(engine, 7, bob, 4e18);
        vm.prank(engine);
        ledger.pay(7, bob, 4e18);
        vm.assertEq(ledger.creditOf(bob), 4e18);
        vm.assertEq(ledger.bucketOf(engine, 7), 6e18);

        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBucket.selector, bob, 7, 0, 1));
        ledger.pay(7, bob, 1);
        vm.startPrank(engine);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBucket.selector, engine, 8, 0, 1));
        ledger.pay(8, bob, 1);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBucket.selector, engine, 7, 6e18, 6e18 + 1));
        ledger.pay(7, bob, 6e18 + 1);
        vm.stopPrank();
    }

    function test_burnTakesTokensOutOfCirculation() public {
        fill(10e18);
        vm.expectEmit(address(ledger));
        emit ILedger.Burnt(engine, 7, 4e18);
        vm.startPrank(engine);
        ledger.burn(7, 4e18);
        vm.assertEq(token.balanceOf(0x000000000000000000000000000000000000dEaD), 4e18);
        vm.assertEq(ledger.bucketOf(engine, 7), 6e18);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBucket.selector, engine, 7, 6e18, 6e18 + 1));
        ledger.burn(7, 6e18 + 1);
        vm.stopPrank();
    }

    function test_claimPartAndAll() public {
        vm.startPrank(alice);
        ledger.deposit(10e18);
        vm.expectEmit(address(ledger));
        emit ILedger.Claimed(alice, 4e18);
        ledger.claim(4e18);
        vm.assertEq(ledger.creditOf(alice), 6e18);
        vm.assertEq(ledger.claim(), 6e18);
        vm.assertEq(token.balanceOf(alice), 1e24);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        ledger.claim();
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientCredit.selector, alice, 0, 1));
        ledger.claim(1);
        vm.stopPrank();
    }

    function test_I18_engineCantHoldEarnedCredit() public {
        fill(10e18);
        vm.prank(engine);
        ledger.pay(7, bob, 10e18);
        vm.prank(engine);
        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, bob, engine, 0, 1));
        ledger.charge(bob, 7, 1);
        vm.prank(bob);
        vm.assertEq(ledger.claim(), 10e18);
    }
}
