// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";
import {ICustody} from "../../contracts/interfaces/ICustody.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {StakeVault} from "../../contracts/custody/StakeVault.sol";

contract StakeVaultTest is CustodyTest {
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;

    address internal engine;
    address internal operator;
    address internal alice;
    address internal bob;

    function setUp() public override {
        super.setUp();
        (engine,) = account("engine");
        operator = operatorWith("operator", 100e18, engine);
        alice = rich("alice");
        bob = rich("bob");
    }

    // ── Construction ───────────────────────────────────────────────────────────────────────────────────────────────

    function test_unbondingIsBounded() public {
        uint48[2] memory wrong = [uint48(15 minutes) - 1, uint48(365 days) + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IStakeVault.InvalidUnbonding.selector, wrong[i], 15 minutes, 365 days)
            );
            new StakeVault(token, wrong[i]);
        }
        vm.assertEq(new StakeVault(token, 15 minutes).epochLength(), 60);
        vm.assertEq(new StakeVault(token, 365 days).unbonding(), 365 days);
    }

    function testFuzz_atMost16BucketsAreUnmatured(uint256 unbonding, uint256 age) public {
        StakeVault other = new StakeVault(token, uint48(bound(unbonding, 15 minutes, 365 days)));
        uint256 length = other.epochLength();
        age = bound(age, 0, 40 * length);
        skip(age);
        uint24 epoch = other.currentEpoch();
        vm.assertEq(epoch, 1 + age / length);
        vm.assertGe(other.maturityOf(epoch), vm.getBlockTimestamp() + other.unbonding());
        vm.assertLe(other.maturityOf(epoch), vm.getBlockTimestamp() + other.unbonding() + length);
        skip(15 * length);
        vm.assertLe(other.maturityOf(epoch), vm.getBlockTimestamp() + length - age % length);
    }

    // ── Hot keys ───────────────────────────────────────────────────────────────────────────────────────────────────

    function test_hotKeyConsentsBySignature() public {
        (address hot,) = account("hot");
        bytes memory signature = signHotKey("hot", operator);
        vm.expectEmit(address(vault));
        emit IStakeVault.HotKeyAuthorized(operator, hot);
        vm.prank(operator);
        vault.authorize(hot, signature);
        vm.assertEq(vault.operatorOf(hot), operator);
        vm.assertEq(vault.hotKeyOf(operator), hot);
    }

    function test_hotKeySignatureIsForOneOperator() public {
        (address hot,) = account("hot");
        bytes memory signature = signHotKey("hot", operator);
        vm.prank(alice);
        vm.expectRevert();
        vault.authorize(hot, signature);

        bytes memory empty = "";
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.InvalidHotKeySignature.selector, hot, address(0)));
        vault.authorize(hot, empty);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.InvalidHotKeySignature.selector, address(0), address(0)));
        vault.authorize(address(0), empty);
    }

    function test_hotKeySignatureIsForOneVaultAndChain() public {
        (address hot,) = account("hot");
        bytes memory signature = signHotKey("hot", operator);
        StakeVault other = new StakeVault(token, UNBONDING);
        vm.prank(operator);
        vm.expectRevert();
        other.authorize(hot, signature);
        vm.chainId(999);
        vm.prank(operator);
        vm.expectRevert();
        vault.authorize(hot, signature);
    }

    function test_hotKeyOfAnotherOperatorIsTaken() public {
        (address hot,) = account("hot");
        bytes memory signature = signHotKey("hot", operator);
        vm.prank(operator);
        vault.authorize(hot, signature);
        bytes memory second = signHotKey("hot", alice);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.HotKeyTaken.selector, hot, operator));
        vault.authorize(hot, second);
    }

    function test_oldHotKeyResolvesButNoLongerLocks() public {
        (address hot,) = account("hot");
        bytes memory signature = signHotKey("hot", operator);
        vm.prank(operator);
        vault.authorize(hot, signature);
        vm.assertEq(vault.operatorOf(operator), operator);

        uint48 until = uint48(vm.getBlockTimestamp()) + 1;
        vm.startPrank(engine);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NotHotKey.selector, operator));
        vault.lock(operator, 1, 1, until);
        vm.assertEq(vault.lock(hot, 1, 1, until), operator);
        vm.stopPrank();

        vm.prank(operator);
        vault.authorize(operator, "");
        vm.prank(engine);
        vm.assertEq(vault.lock(operator, 2, 1, until), operator);
        vm.prank(operator);
        vault.authorize(hot, "");
        vm.assertEq(vault.hotKeyOf(operator), hot);
    }

    function test_unboundKeysDontLock() public {
        uint48 until = uint48(vm.getBlockTimestamp()) + 1;
        address[2] memory keys = [address(0), bob];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(engine);
            vm.expectRevert(abi.encodeWithSelector(IStakeVault.NotHotKey.selector, keys[i]));
            vault.lock(keys[i], 1, 1, until);
        }
    }

    // ── Engine approvals ───────────────────────────────────────────────────────────────────────────────────────────

    function test_ceilingsMoveAtOnceWhileNobodyDelegates() public {
        vm.startPrank(operator);
        vm.expectEmit(address(vault));
        emit IStakeVault.EngineApproved(operator, bob, 7, 0, 2);
        vault.approveEngine(bob, 7);
        vault.approveEngine(bob, 9);
        vault.approveEngine(bob, 3);
        vm.stopPrank();
        vm.assertEq(vault.approvalOf(operator, bob).ceiling, 3);
        vm.assertEq(vault.approvalsVersion(operator), 4);
    }

    function test_raisedCeilingWaitsForDelegatorsToLeave() public {
        delegateTo(operator, alice, 1e18);
        uint48 activatesAt = uint48(vm.getBlockTimestamp()) + UNBONDING;
        vm.expectEmit(address(vault));
        emit IStakeVault.EngineApproved(operator, bob, 5e18, activatesAt, 2);
        vm.prank(operator);
        vault.approveEngine(bob, 5e18);
        vm.assertEq(vault.approvalOf(operator, bob).ceiling, 0);
        vm.assertEq(vault.approvalOf(operator, bob).pendingCeiling, 5e18);

        vm.warp(activatesAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ApprovalNotPending.selector, operator, bob, activatesAt));
        vault.activateApproval(operator, bob);
        vm.warp(activatesAt);
        vm.expectEmit(address(vault));
        emit IStakeVault.ApprovalActivated(operator, bob, 5e18);
        vault.activateApproval(operator, bob);
        vm.assertEq(vault.approvalOf(operator, bob).ceiling, 5e18);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ApprovalNotPending.selector, operator, bob, 0));
        vault.activateApproval(operator, bob);
    }

    function test_loweringWorksAtOnceAndDropsWhatIsPending() public {
        vm.startPrank(operator);
        vault.approveEngine(bob, 5);
        vm.stopPrank();
        delegateTo(operator, alice, 1e18);
        vm.startPrank(operator);
        vault.approveEngine(bob, 9);
        vault.approveEngine(bob, 5);
        vm.assertEq(vault.approvalOf(operator, bob).activatesAt, 0);
        vault.approveEngine(bob, 9);
        vault.approveEngine(bob, 4);
        vm.stopPrank();
        vm.assertEq(vault.approvalOf(operator, bob).ceiling, 4);
        vm.assertEq(vault.approvalOf(operator, bob).pendingCeiling, 0);
        skip(UNBONDING);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ApprovalNotPending.selector, operator, bob, 0));
        vault.activateApproval(operator, bob);
    }

    function test_ceilingBelowLocksKeepsThem() public {
        lockFor(engine, operator, 1, 10e18);
        vm.prank(operator);
        vault.approveEngine(engine, 0);
        vm.assertEq(vault.lockOf(engine, operator, 1).amount, 10e18);
        slashFor(engine, operator, 1, 1e18);
        vm.prank(engine);
        vault.release(operator, 1);
        vm.assertEq(vault.approvalOf(operator, engine).locked, 0);
    }

    function test_attack_lastDelegatorGoneThisEpochStillDelaysARaise() public {
        delegateTo(operator, alice, 10e18);
        exitAll(operator, alice);
        vm.startPrank(operator);
        vault.approveEngine(bob, 100e18);
        vm.assertEq(vault.approvalOf(operator, bob).ceiling, 0);
        skip(vault.epochLength());
        vault.approveEngine(bob, 100e18);
        vm.stopPrank();
        lockFor(bob, operator, 1, 100e18);
        slashFor(bob, operator, 1, 100e18);
        vm.assertEq(vault.exitsOf(operator, alice, 1, 99)[0].tokens, 10e18);
    }

    function test_delegationNamesTheApprovalsItExpects() public {
        vm.prank(operator);
        vault.approveEngine(bob, 1);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ApprovalsChanged.selector, operator, 2, 1));
        vault.delegate(operator, 1e18, 1);
    }

    // ── Stake and delegation ───────────────────────────────────────────────────────────────────────────────────────

    function test_stakeMintsAtParAndMovesTokens() public {
        vm.expectEmit(address(vault));
        emit IStakeVault.Staked(operator, operator, 5e18, 5e18, 0);
        vm.prank(operator);
        vm.assertEq(vault.stake(5e18), 5e18);
        vm.assertEq(token.balanceOf(address(vault)), 105e18);
        IStakeVault.Stake memory stake = vault.stakeOf(operator);
        vm.assertEq(stake.ownTokens, 105e18);
        vm.assertEq(stake.delegatedTokens, 0);
        vm.assertEq(stake.ownShares, 105e18);
        vm.assertEq(stake.hotKey, operator);
    }

    function test_stakeWithPermitNeedsNoAllowance() public {
        vm.prank(alice);
        token.approve(address(vault), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit("alice", address(vault), 3e18, 2e9);
        vm.prank(alice);
        vault.stakeWithPermit(3e18, 2e9, v, r, s);
        vm.assertEq(vault.stakeOf(alice).ownTokens, 3e18);
    }

    function test_attack_permitUsedFirstBySomebodyElse() public {
        vm.prank(alice);
        token.approve(address(vault), 0);
        (uint8 v, bytes32 r, bytes32 s) = signPermit("alice", address(vault), 3e18, 2e9);
        token.permit(alice, address(vault), 3e18, 2e9, v, r, s);
        vm.prank(alice);
        vault.stakeWithPermit(3e18, 2e9, v, r, s);
        vm.assertEq(vault.stakeOf(alice).ownTokens, 3e18);
    }

    function test_nothingIsRefused() public {
        vm.startPrank(alice);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        vault.stake(0);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        vault.delegate(operator, 0, 1);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        vault.requestExit(operator, 0);
        vm.stopPrank();
    }

    function test_operatorsDontDelegateToThemselves() public {
        vm.prank(operator);
        vm.expectRevert(IStakeVault.SelfDelegation.selector);
        vault.delegate(operator, 1e18, 1);
    }

    function test_delegatedSharesAreKeptByBlock() public {
        delegateTo(operator, alice, 10e18);
        delegateTo(operator, bob, 30e18);
        vm.roll(1010);
        delegateTo(operator, alice, 5e18);
        vm.roll(1020);
        exit(operator, bob, 12e18);

        vm.assertEq(vault.sharesAt(operator, 0, alice, 999), 0);
        vm.assertEq(vault.sharesAt(operator, 0, alice, 1009), 10e18);
        vm.assertEq(vault.sharesAt(operator, 0, alice, 1010), 15e18);
        vm.assertEq(vault.delegatedSharesAt(operator, 0, 1009), 40e18);
        vm.assertEq(vault.delegatedSharesAt(operator, 0, 1020), 33e18);
        vm.assertEq(vault.sharesAt(operator, 0, bob, 1019), 30e18);
        vm.assertEq(vault.sharesAt(operator, 0, operator, 1020), 0);
        IStakeVault.Stake memory stake = vault.stakeOf(operator);
        vm.assertEq(stake.ownTokens, 100e18);
        vm.assertEq(stake.delegatedTokens, 33e18);
        vm.assertEq(stake.delegatedShares, 33e18);
    }

    // ── Exits ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_exitMaturesAfterUnbonding() public {
        uint256 before = token.balanceOf(operator);
        vm.expectEmit(address(vault));
        emit IStakeVault.ExitRequested(operator, operator, 1, 40e18, 40e18);
        (uint24 epoch,) = exit(operator, operator, 40e18);
        uint48 maturesAt = vault.maturityOf(epoch);
        IStakeVault.Exit[] memory exits = vault.exitsOf(operator, operator, 1, type(uint24).max);
        vm.assertEq(exits.length, 1);
        vm.assertEq(exits[0].epoch, epoch);
        vm.assertEq(exits[0].tokens, 40e18);
        vm.assertEq(exits[0].maturesAt, maturesAt);

        vm.warp(maturesAt - 1);
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.ExitNotMature.selector, epoch, maturesAt));
        vault.withdraw(operator, epoch);
        vm.warp(maturesAt);
        vm.expectEmit(address(vault));
        emit IStakeVault.Withdrawn(operator, operator, epoch, 40e18);
        vault.withdraw(operator, epoch);
        vm.assertEq(token.balanceOf(operator), before + 40e18);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NothingToWithdraw.selector, operator, epoch, operator));
        vault.withdraw(operator, epoch);
        vm.stopPrank();
        vm.assertEq(vault.exitsOf(operator, operator, 1, type(uint24).max).length, 0);
    }

    function test_ownAndDelegatedExitsOfOneEpochAreApart() public {
        delegateTo(operator, alice, 10e18);
        delegateTo(operator, bob, 20e18);
        exit(operator, operator, 7e18);
        exit(operator, alice, 10e18);
        (uint24 epoch,) = exit(operator, bob, 5e18);
        skip(uint256(UNBONDING) + vault.epochLength());
        address[3] memory who = [alice, operator, bob];
        uint96[3] memory due = [uint96(10e18), 7e18, 5e18];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = token.balanceOf(who[i]);
            vm.prank(who[i]);
            vm.assertEq(vault.withdraw(operator, epoch), due[i]);
            vm.assertEq(token.balanceOf(who[i]), before + due[i]);
        }
        vm.assertEq(token.balanceOf(address(vault)), 108e18);
    }

    function test_nobodyExitsWithSharesOfOthers() public {
        delegateTo(operator, alice, 10e18);
        vm.prank(alice);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeVault.InsufficientShares.selector, operator, alice, 10e18, 10e18 + 1)
        );
        vault.requestExit(operator, 10e18 + 1);
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeVault.InsufficientShares.selector, operator, operator, 100e18, 100e18 + 1)
        );
        vault.requestExit(operator, 100e18 + 1);
        vm.prank(bob);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.InsufficientShares.selector, operator, bob, 0, 1));
        vault.requestExit(operator, 1);
    }

    function test_exitsDontWaitForLocks() public {
        lockFor(engine, operator, 1, 100e18);
        (uint24 epoch,) = exitAll(operator, operator);
        skip(uint256(UNBONDING) + vault.epochLength());
        vm.prank(operator);
        vm.assertEq(vault.withdraw(operator, epoch), 100e18);
    }

    // ── Locks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_lockRecordsItsMoment() public {
        delegateTo(operator, alice, 300e18);
        nextBlock();
        skip(3 * uint256(vault.epochLength()));
        uint48 until = uint48(vm.getBlockTimestamp()) + UNBONDING;
        vm.expectEmit(address(vault));
        emit IStakeVault.Locked(engine, operator, 42, 250e18, until);
        lockFor(engine, operator, 42, 250e18);
        IStakeVault.Lock memory hold = vault.lockOf(engine, operator, 42);
        vm.assertEq(hold.amount, 250e18);
        vm.assertEq(hold.until, until);
        vm.assertEq(hold.blockNumber, 1001);
        vm.assertEq(hold.generation, 0);
        vm.assertEq(hold.epoch, 4);
        vm.assertEq(hold.delegatedRatio, uint256(65_535) * 3 / 4);
        vm.assertEq(vault.stakeOf(operator).locked, 250e18);
        vm.assertEq(vault.approvalOf(operator, engine).locked, 250e18);
    }

    function test_I8_delegationInTheBlockOfTheLockEarnsNothing() public {
        delegateTo(operator, alice, 300e18);
        lockFor(engine, operator, 1, 100e18);
        vm.assertEq(vault.lockOf(engine, operator, 1).delegatedRatio, 0);
        vm.assertEq(vault.sharesAt(operator, 0, alice, 999), 0);
    }

    function test_I8_stakeAfterTheLockDoesNotChangeIt() public {
        delegateTo(operator, alice, 100e18);
        nextBlock();
        lockFor(engine, operator, 1, 50e18);
        bytes32 before = keccak256(abi.encode(vault.lockOf(engine, operator, 1)));
        nextBlock();
        delegateTo(operator, bob, 1000e18);
        vm.prank(operator);
        vault.stake(1000e18);
        vm.assertEq(keccak256(abi.encode(vault.lockOf(engine, operator, 1))), before);
        vm.assertEq(vault.sharesAt(operator, 0, bob, 1000), 0);
        vm.assertEq(vault.delegatedSharesAt(operator, 0, 1000), 100e18);
    }

    function test_I5_locksStayWithinActiveStakeAndCeiling() public {
        vm.prank(operator);
        vault.approveEngine(bob, 30e18);
        uint48 until = uint48(vm.getBlockTimestamp()) + 1;
        vm.prank(bob);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeVault.CeilingExceeded.selector, operator, bob, 30e18, 0, 30e18 + 1)
        );
        vault.lock(operator, 1, 30e18 + 1, until);
        lockFor(bob, operator, 1, 20e18);
        vm.prank(bob);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeVault.CeilingExceeded.selector, operator, bob, 30e18, 20e18, 11e18)
        );
        vault.lock(operator, 2, 11e18, until);
        vm.prank(engine);
        vm.expectRevert(
            abi.encodeWithSelector(IStakeVault.InsufficientActiveStake.selector, operator, 100e18, 20e18, 80e18 + 1)
        );
        vault.lock(operator, 1, 80e18 + 1, until);
        lockFor(engine, operator, 1, 80e18);
    }

    function test_unapprovedEngineLocksNothing() public {
        uint48 until = uint48(vm.getBlockTimestamp()) + 1;
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.CeilingExceeded.selector, operator, alice, 0, 0, 1));
        vault.lock(operator, 1, 1, until);
    }

    function test_lockArgumentsAreChecked() public {
        uint256 now_ = vm.getBlockTimestamp();
        uint48[2] memory wrong = [uint48(now_), uint48(now_) + UNBONDING + 1];
        vm.startPrank(engine);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IStakeVault.InvalidExpiry.selector, wrong[i], now_ + 1, now_ + UNBONDING)
            );
            vault.lock(operator, 1, 1, wrong[i]);
        }
        vm.expectRevert(ICustody.ZeroAmount.selector);
        vault.lock(operator, 1, 0, uint48(now_) + 1);
        vault.lock(operator, 1, 1, uint48(now_) + 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockExists.selector, engine, operator, 1));
        vault.lock(operator, 1, 1, uint48(now_) + 1);
        vm.stopPrank();
    }

    function test_releaseFreesAndIsIdempotent() public {
        lockFor(engine, operator, 1, 10e18);
        vm.expectEmit(address(vault));
        emit IStakeVault.Released(engine, operator, 1, 10e18);
        vm.startPrank(engine);
        vault.release(operator, 1);
        vm.assertEq(vault.stakeOf(operator).locked, 0);
        vm.assertEq(vault.approvalOf(operator, engine).locked, 0);
        vm.assertEq(vault.lockOf(engine, operator, 1).until, 0);
        vault.release(operator, 1);
        vm.stopPrank();
    }

    function test_enginesTouchOnlyTheirOwnLocks() public {
        vm.prank(operator);
        vault.approveEngine(bob, type(uint96).max);
        lockFor(engine, operator, 1, 10e18);
        vm.startPrank(bob);
        vault.release(operator, 1);
        vm.assertEq(vault.settleLock(operator, 1, 10e18), 0);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockUnknown.selector, bob, operator, 1));
        vault.slash(operator, 1, 1);
        vm.stopPrank();
        vm.assertEq(vault.lockOf(engine, operator, 1).amount, 10e18);
    }

    function test_slashBurnsAndShrinksTheLock() public {
        lockFor(engine, operator, 1, 10e18);
        vm.expectEmit(address(vault));
        emit IStakeVault.Slashed(engine, operator, 1, 4e18, 4e18);
        slashFor(engine, operator, 1, 4e18);
        vm.assertEq(token.balanceOf(DEAD), 4e18);
        vm.assertEq(vault.stakeOf(operator).ownTokens, 96e18);
        vm.assertEq(vault.stakeOf(operator).locked, 6e18);
        vm.assertEq(vault.approvalOf(operator, engine).locked, 6e18);
        vm.assertEq(vault.lockOf(engine, operator, 1).amount, 6e18);
    }

    function test_I7_slashNeverExceedsItsLock() public {
        lockFor(engine, operator, 1, 10e18);
        vm.startPrank(engine);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlashExceedsLock.selector, 10e18, 10e18 + 1));
        vault.slash(operator, 1, 10e18 + 1);
        vm.expectRevert(ICustody.ZeroAmount.selector);
        vault.slash(operator, 1, 0);
        vault.slash(operator, 1, 10e18);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.SlashExceedsLock.selector, 0, 1));
        vault.slash(operator, 1, 1);
        uint48 until = uint48(vm.getBlockTimestamp()) + 1;
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockExists.selector, engine, operator, 1));
        vault.lock(operator, 1, 1, until);
        vault.release(operator, 1);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(DEAD), 10e18);
    }

    function test_settleLockBurnsAndFrees() public {
        lockFor(engine, operator, 1, 10e18);
        lockFor(engine, operator, 2, 10e18);
        vm.startPrank(engine);
        vm.expectEmit(address(vault));
        emit IStakeVault.Released(engine, operator, 1, 7e18);
        vm.assertEq(vault.settleLock(operator, 1, 3e18), 3e18);
        vm.assertEq(vault.settleLock(operator, 2, 99e18), 10e18);
        vm.assertEq(vault.settleLock(operator, 2, 99e18), 0);
        vm.stopPrank();
        vm.assertEq(token.balanceOf(DEAD), 13e18);
        vm.assertEq(vault.stakeOf(operator).locked, 0);
        vm.assertEq(vault.approvalOf(operator, engine).locked, 0);
        vm.assertEq(vault.stakeOf(operator).ownTokens, 87e18);
    }

    function test_I17_timeFreesEveryLock() public {
        lockFor(engine, operator, 1, 10e18);
        lockFor(engine, operator, 2, 20e18);
        lockFor(engine, operator, 3, 30e18);
        uint48 until = vault.lockOf(engine, operator, 1).until;
        vm.warp(until);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockNotExpired.selector, until));
        vault.expire(engine, operator, 1);
        slashFor(engine, operator, 1, 1e18);
        vm.prank(engine);
        vm.assertEq(vault.settleLock(operator, 3, 1e18), 1e18);

        vm.warp(uint256(until) + 1);
        vm.startPrank(engine);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockExpired.selector, until));
        vault.slash(operator, 1, 1);
        vm.assertEq(vault.settleLock(operator, 2, 1e18), 0);
        vm.stopPrank();
        vm.expectEmit(address(vault));
        emit IStakeVault.Released(engine, operator, 1, 9e18);
        vault.expire(engine, operator, 1);
        vm.assertEq(vault.stakeOf(operator).locked, 0);
        vm.assertEq(active(operator), 98e18);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.LockUnknown.selector, engine, operator, 1));
        vault.expire(engine, operator, 1);
    }
}
