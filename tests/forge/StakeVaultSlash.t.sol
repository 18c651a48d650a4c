// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";

/// @notice What slashes do to pools, exits and new stake.
contract StakeVaultSlashTest is CustodyTest {
    /// @dev Slot of the vault's mapping from operators to pools, whose bits 208 to 231 are the generation.
    uint256 private constant POOLS_SLOT = 4;

    address internal engine;
    address internal operator;
    address internal alice;
    address internal bob;

    function setUp() public override {
        super.setUp();
        (engine,) = account("engine");
        operator = operatorWith("operator", 0, engine);
        alice = rich("alice");
        bob = rich("bob");
    }

    function stake(uint96 amount) private {
        vm.prank(operator);
        vault.stake(amount);
    }

    function exitWorth(address who) private view returns (uint96 tokens) {
        IStakeVault.Exit[] memory exits = vault.exitsOf(operator, who, 1, type(uint24).max);
        for (uint256 i = 0; i < exits.length; ++i) {
            tokens += exits[i].tokens;
        }
    }

    // ── Who bears a slash ──────────────────────────────────────────────────────────────────────────────────────────

    function test_slashFallsOnOwnAndDelegatedAlike() public {
        stake(60e18);
        delegateTo(operator, alice, 30e18);
        delegateTo(operator, bob, 10e18);
        lockFor(engine, operator, 1, 50e18);
        slashFor(engine, operator, 1, 50e18);
        vm.assertEq(worth(operator, operator), 30e18);
        vm.assertEq(worth(operator, alice), 15e18);
        vm.assertEq(worth(operator, bob), 5e18);
        vm.assertEq(vault.delegatedSharesAt(operator, 0, 1000), 40e18);
    }

    function test_attack_exitAfterTheLockDoesNotEscape() public {
        stake(60e18);
        delegateTo(operator, alice, 40e18);
        lockFor(engine, operator, 1, 50e18);
        exitAll(operator, operator);
        skip(vault.epochLength());
        exitAll(operator, alice);
        slashFor(engine, operator, 1, 50e18);
        vm.assertEq(exitWorth(operator), 30e18);
        vm.assertEq(exitWorth(alice), 20e18);
    }

    function test_exitBeforeTheLocksEpochIsOutOfReach() public {
        stake(60e18);
        delegateTo(operator, alice, 40e18);
        exitAll(operator, alice);
        skip(vault.epochLength());
        lockFor(engine, operator, 1, 60e18);
        slashFor(engine, operator, 1, 60e18);
        vm.assertEq(exitWorth(alice), 40e18);
        vm.assertEq(active(operator), 0);
    }

    function test_stakeAfterTheLockSharesItsSlash() public {
        stake(50e18);
        lockFor(engine, operator, 1, 50e18);
        delegateTo(operator, alice, 50e18);
        slashFor(engine, operator, 1, 50e18);
        vm.assertEq(worth(operator, alice), 25e18);
    }

    function test_exitAtTheLastSecondOfTheLockIsStillReached() public {
        stake(50e18);
        lockFor(engine, operator, 1, 50e18);
        (uint24 epoch,) = exitAll(operator, operator);
        vm.warp(vault.lockOf(engine, operator, 1).until);
        vm.assertGe(vault.maturityOf(epoch), vm.getBlockTimestamp() + 1);
        slashFor(engine, operator, 1, 50e18);
        vm.assertEq(exitWorth(operator), 0);
    }

    // ── Slashed to zero ────────────────────────────────────────────────────────────────────────────────────────────

    function test_emptyPoolStartsNewShares() public {
        stake(60e18);
        delegateTo(operator, alice, 40e18);
        lockFor(engine, operator, 1, 100e18);
        vm.expectEmit(address(vault));
        emit IStakeVault.PoolEmptied(operator, 0);
        slashFor(engine, operator, 1, 100e18);

        IStakeVault.Stake memory state = vault.stakeOf(operator);
        vm.assertEq(state.generation, 1);
        vm.assertEq(uint256(state.ownShares) + state.delegatedShares, 0);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.InsufficientShares.selector, operator, alice, 0, 1));
        vault.requestExit(operator, 1);
        vm.assertEq(vault.sharesAt(operator, 0, alice, 1000), 40e18);

        stake(5e18);
        delegateTo(operator, bob, 5e18);
        vm.assertEq(worth(operator, operator), 5e18);
        vm.assertEq(worth(operator, bob), 5e18);
        vm.assertEq(worth(operator, alice), 0);
        nextBlock();
        lockFor(engine, operator, 2, 1e18);
        vm.assertEq(vault.lockOf(engine, operator, 2).generation, 1);
        vm.assertEq(vault.lockOf(engine, operator, 2).delegatedRatio, 32_767);
    }

    function test_emptyBucketStartsNewShares() public {
        stake(60e18);
        delegateTo(operator, alice, 40e18);
        lockFor(engine, operator, 1, 100e18);
        exitAll(operator, operator);
        (uint24 epoch,) = exitAll(operator, alice);
        vm.expectEmit(address(vault));
        emit IStakeVault.BucketEmptied(operator, epoch);
        slashFor(engine, operator, 1, 100e18);

        delegateTo(operator, bob, 3e18);
        exitAll(operator, bob);
        skip(uint256(UNBONDING) + vault.epochLength());
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NothingToWithdraw.selector, operator, epoch, alice));
        vault.withdraw(operator, epoch);
        vm.prank(bob);
        vm.assertEq(vault.withdraw(operator, epoch), 3e18);
    }

    function test_dilutedPoolTakesNoMoreButLetsOut() public {
        stake(1e24);
        lockFor(engine, operator, 1, 1e24);
        slashFor(engine, operator, 1, 1e24 - 1);
        uint256 shares = 1e24 + uint256(1e24) * 1e24;
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolDiluted.selector, operator, shares));
        vault.delegate(operator, 1e24, 1);
        (, uint96 tokens) = exitAll(operator, operator);
        vm.assertEq(tokens, 1);
        delegateTo(operator, alice, 1e24);
    }

    function test_dilutedBucketOnlyDelaysToTheNextEpoch() public {
        stake(1e24);
        delegateTo(operator, alice, 1);
        lockFor(engine, operator, 1, 1e24);
        exitAll(operator, operator);
        slashFor(engine, operator, 1, 1e24 - 1);
        delegateTo(operator, bob, 1e24);
        (uint112 held,) = vault.positionOf(operator, bob);
        vm.prank(bob);
        vm.expectRevert();
        vault.requestExit(operator, held);
        skip(vault.epochLength());
        exitAll(operator, bob);
        vm.assertGe(exitWorth(bob), 1e24 - 1);
    }

    function test_retiredPoolTakesNoMore() public {
        // Reaching it by slashes takes 2^24 - 1 of them, so the last is brought about in storage.
        bytes32 slot = keccak256(abi.encode(operator, POOLS_SLOT));
        stake(1e18);
        uint256 pool = uint256(vm.load(address(vault), slot));
        vm.assertEq(uint96(pool), 1e18);
        vm.store(address(vault), slot, bytes32((pool & ~(uint256(0xffffff) << 208)) | uint256(0xfffffe) << 208));
        lockFor(engine, operator, 1, 1e18);
        slashFor(engine, operator, 1, 1e18);
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.PoolRetired.selector, operator));
        vault.stake(1);
    }

    // ── Order and rounding ─────────────────────────────────────────────────────────────────────────────────────────

    /// Slash-then-exit gives what exit-then-slash gives, within 1 wei, for any history of the pool's price.
    function testFuzz_I7_slashAndExitCommute(
        uint96 own,
        uint96 delegated,
        uint96 firstSlash,
        uint96 slashed,
        uint112 out
    ) public {
        own = uint96(bound(own, 1, 1e24));
        delegated = uint96(bound(delegated, 1, 1e24));
        stake(own);
        delegateTo(operator, alice, delegated);
        firstSlash = uint96(bound(firstSlash, 0, (uint256(own) + delegated) / 2));
        if (firstSlash != 0) {
            lockFor(engine, operator, 1, firstSlash);
            slashFor(engine, operator, 1, firstSlash);
        }
        (uint112 shares,) = vault.positionOf(operator, alice);
        out = uint112(bound(out, 1, shares));
        slashed = uint96(bound(slashed, 1, active(operator)));
        lockFor(engine, operator, 2, slashed);

        uint256 snapshot = vm.snapshotState();
        uint96 exitFirst = exitOrNothing(out);
        slashFor(engine, operator, 2, slashed);
        if (exitFirst != 0) exitFirst = exitWorth(alice);
        vm.revertToState(snapshot);
        slashFor(engine, operator, 2, slashed);
        uint96 slashFirst = exitOrNothing(out);
        vm.assertApproxEqAbs(exitFirst, slashFirst, 1);
    }

    /// @dev Exits `out` shares of alice; shares worth less than 1 wei stay.
    function exitOrNothing(uint112 out) private returns (uint96 tokens) {
        vm.prank(alice);
        try vault.requestExit(operator, out) returns (uint24, uint96 worth_) {
            return worth_;
        } catch {
            return 0;
        }
    }

    /// A slash takes exactly its amount, from each part its proportion within 1 wei, whatever the exits.
    function testFuzz_I7_slashIsExactAndProportional(uint256 seed, uint256 slashed) public {
        stake(1e24);
        lockFor(engine, operator, 1, 1e24);
        uint96[16] memory parts;
        uint256 total = 1e24;
        for (uint256 i = 0; i < 15; ++i) {
            parts[i] = uint96(bound(uint256(keccak256(abi.encode(seed, i))), 1, i % 3 == 0 ? 10 : 6e22));
            exit(operator, operator, parts[i]);
            skip(vault.epochLength());
        }
        parts[15] = active(operator);
        slashed = bound(slashed, 1, total);
        slashFor(engine, operator, 1, uint96(slashed));

        uint256 left = active(operator);
        vm.assertApproxEqAbs(left, parts[15] - uint256(parts[15]) * slashed / total, 1);
        for (uint24 e = 1; e <= 15; ++e) {
            IStakeVault.Exit[] memory exits = vault.exitsOf(operator, operator, e, e);
            uint256 tokens = exits.length == 0 ? 0 : exits[0].tokens;
            vm.assertApproxEqAbs(tokens, parts[e - 1] - uint256(parts[e - 1]) * slashed / total, 1);
            left += tokens;
        }
        vm.assertEq(left, total - slashed);
        vm.assertEq(token.balanceOf(address(vault)), left);
    }

    /// Nobody gains by going in and out of a slashed pool.
    function testFuzz_I4_inAndOutGainsNothing(uint96 own, uint96 slashed, uint96 amount) public {
        own = uint96(bound(own, 2, 1e24));
        slashed = uint96(bound(slashed, 1, own - 1));
        amount = uint96(bound(amount, 1, 1e24));
        stake(own);
        lockFor(engine, operator, 1, slashed);
        slashFor(engine, operator, 1, slashed);
        uint256 shares = uint256(amount) * own / (own - slashed);
        vm.assume(shares + own <= type(uint112).max);
        delegateTo(operator, alice, amount);
        (uint112 held, uint96 tokens) = vault.positionOf(operator, alice);
        vm.assertEq(held, shares);
        vm.assertLe(tokens, amount);
        vm.assertGe(tokens + 1, amount);
        vm.assertGe(worth(operator, operator), own - slashed);
    }
}
