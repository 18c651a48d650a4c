// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RewardCurve} from "../../contracts/libraries/RewardCurve.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Whole tasks, from posting to the last wei, each checked for conservation (I-3).
contract ArenaLifeTest is ArenaTest {
    uint256 private constant ACTS = 2 + 2 * 3 + 4 + 3;
    uint256 private constant PAID_OUT = 1000e18 - ACTS * 1e18;
    /// @dev By stakes: 1,000 of trainers, 600 of validators.
    uint256 private constant TRAINERS = PAID_OUT * 1000 / 1600;
    uint256 private constant VALIDATORS = PAID_OUT - TRAINERS;
    uint256 private constant EARLY = TRAINERS / 10 / 2;

    /// @dev What the trainer in `place` gets of `pool` when all four won, the last one first; dust aside.
    function _share(uint256 pool, uint256 place) private pure returns (uint256) {
        uint256[4] memory points = [uint256(614_125) * 100, 722_500 * 200, 850_000 * 300, 1_000_000 * 400];
        return pool * points[place] / (points[0] + points[1] + points[2] + points[3]);
    }

    // ── All goes well ──────────────────────────────────────────────────────────────────────────────────────────────

    function test_I3_ThreeRoundsPayOutToTheLastWei() public {
        begin(params());
        playAll();
        assertEnded(Cause.Completed);
        assertPhase(Phase.Open, 3, vm.getBlockTimestamp() + 100);
        wrapUp();
        assertConserved(0);

        uint256 quota = 20 * 1e16;
        uint256 messages = 12 * 1e16;
        for (uint256 i; i < 4; ++i) {
            uint256 pay = 2 * _share(EARLY, i) + _share(TRAINERS - 2 * EARLY, i);
            // The best trainer's dust: under a wei for each winner and round.
            vm.assertApproxEqAbs(credit(trainers[i]), DEPOSIT - messages + pay, i == 3 ? 12 : 0);
            vm.assertEq(locked(trainers[i]), 0);
            vm.assertEq(staked(trainers[i]), 100e18 * (i + 1));
        }
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(credit(validators[i]), DEPOSIT + 3 * (VALIDATORS / 9));
            vm.assertEq(locked(validators[i]), 0);
            vm.assertEq(staked(validators[i]), 200e18);
        }
        // Two steps, three settlements, three tallies.
        vm.assertEq(ledger.creditOf(keeper), 8e18);
        vm.assertEq(ledger.creditOf(relay), 4 * messages);
        vm.assertApproxEqAbs(ledger.creditOf(creator), DEPOSIT - PAID_OUT - 8e18, 9);
        vm.assertLt(messages, quota);
    }

    function test_I3_OneRoundPaysAll() public {
        Params memory p = params();
        p.rounds = 1;
        begin(p);
        play(0);
        wrapUp();
        assertConserved(0);
        uint256 trainersPool = (1000e18 - 11e18) * uint256(1000) / 1600;
        vm.assertApproxEqAbs(credit("dan"), DEPOSIT - 8e16 + _share(trainersPool, 3), 4);
    }

    function test_I3_WithoutFeesNothingIsChargedButTheBounty() public {
        Params memory p = params();
        (p.keeperFee, p.relayFee) = (0, 0);
        begin(p);
        playAll();
        wrapUp();
        assertConserved(0);
        vm.assertEq(ledger.creditOf(keeper), 0);
        vm.assertEq(ledger.creditOf(relay), 0);
    }

    /// @dev 17 trainers make two rings; the handles belong to them all the same. The last to publish is the last of 17
    /// winners.
    function test_I21_TwoRings() public {
        trainers = new string[](0);
        for (uint256 i; i < 17; ++i) {
            trainers.push(string.concat("trainer ", vm.toString(i)));
        }
        Params memory p = params();
        (p.rounds, p.maxTrainers, p.k1) = (1, 17, 17);
        begin(p);
        publishAll(0);
        postKey(0);
        bytes memory vector = scribe.pack(_ramp(17));
        commitAll(0, vector);
        revealAll(0, vector);
        vm.assertEq(arena.roundOf(task, 0).published, 17);
        settle(0);
        uint256 before = credit(trainers[0]);
        wrapUp();
        assertConserved(0);
        uint256 weight = RewardCurve.FIRST_RANK;
        uint256[17] memory points;
        uint256 all;
        for (uint256 i; i < 17; ++i) {
            points[i] = weight * 100 * (i + 1);
            all += points[i];
            weight = RewardCurve.nextRankDown(weight, p.q);
        }
        uint256 stakes = 100 * uint256(17 * 18) / 2;
        uint256 pool = (1000e18 - 24e18) * stakes / (stakes + 600);
        for (uint256 i; i < 17; ++i) {
            vm.assertApproxEqAbs(credit(trainers[i]), before + 12e16 + pool * points[i] / all, i == 0 ? 17 : 1);
        }
    }

    function _ramp(uint256 n) private pure returns (uint256[] memory scores) {
        scores = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            scores[i] = 20_000 - 500 * i;
        }
    }

    // ── Cancelled ──────────────────────────────────────────────────────────────────────────────────────────────────

    function _assertAllBack(uint256 keeperFees) private {
        assertPhase(Phase.Conclude);
        finish();
        assertConserved(0);
        for (uint256 i; i < trainers.length; ++i) {
            vm.assertEq(credit(trainers[i]), DEPOSIT);
            vm.assertEq(staked(trainers[i]), 100e18 * (i + 1));
            vm.assertEq(locked(trainers[i]), 0);
        }
        for (uint256 i; i < validators.length; ++i) {
            vm.assertEq(locked(validators[i]), 0);
            vm.assertEq(staked(validators[i]), 200e18);
        }
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - keeperFees);
        vm.assertEq(ledger.creditOf(keeper), keeperFees);
    }

    function test_I17_TooFewTrainersCancels() public {
        Params memory p = params();
        p.minTrainers = 5;
        create(p);
        enrolAll();
        skip(100);
        assertPhase(Phase.CloseEnrol);
        advance();
        assertEnded(Cause.TooFewMembers);
        _assertAllBack(1e18);
    }

    function test_I17_TooFewValidatorsCancels() public {
        Params memory p = params();
        p.minValidators = 4;
        create(p);
        enrolAll();
        skip(100);
        advance();
        assertEnded(Cause.TooFewMembers);
        _assertAllBack(1e18);
    }

    function test_I17_NobodyCameCancels() public {
        (trainers, validators) = (new string[](0), new string[](0));
        create(params());
        skip(100);
        advance();
        assertPhase(Phase.Finish);
        arena.finish(task);
        assertConserved(0);
    }

    function test_I17_LateSeedCancels() public {
        create(params());
        enrolAll();
        skip(100);
        advance();
        skip(50);
        advance();
        assertEnded(Cause.SeedNotDrawn);
        _assertAllBack(2e18);
    }

    function test_I17_LateCloseOfEnrolCancelsToo() public {
        create(params());
        enrolAll();
        skip(1000);
        advance();
        advance();
        assertEnded(Cause.SeedNotDrawn);
        _assertAllBack(2e18);
    }

    /// @dev A hash that is out of the EVM's reach is replaced by one of a block to come, for no fee.
    function test_SeedOutOfReachIsAwaitedAnew() public {
        create(params());
        enrolAll();
        skip(100);
        advance();
        vm.roll(vm.getBlockNumber() + 257);
        uint256 before = ledger.creditOf(keeper);
        vm.expectEmit(address(arena));
        emit DrawPostponed(task);
        advance();
        vm.assertEq(ledger.creditOf(keeper), before);
        assertPhase(Phase.DrawRings);
        nextBlock();
        advance();
        assertPhase(Phase.Mask);
    }

    // ── Rounds that fail ───────────────────────────────────────────────────────────────────────────────────────────

    function test_I3_AnEmptyRoundPaysNothingAndTheTaskGoesOn() public {
        begin(params());
        for (uint256 i; i < 4; ++i) {
            pass(i, 0);
        }
        assertPhase(Phase.Settle);
        advance();
        play(1);
        play(2);
        assertEnded(Cause.Completed);
        wrapUp();
        assertConserved(0);
        // The first round's pools are refunded, with seven unused fees... and a fee for one tally less.
        uint256 unpaid = EARLY + VALIDATORS / 3;
        vm.assertApproxEqAbs(ledger.creditOf(creator), DEPOSIT - PAID_OUT + unpaid - 7e18, 9);
    }

    function test_I17_NobodyEverMasks() public {
        create(params());
        enrolAll();
        drawRings();
        skip(100);
        for (uint256 round; round < 3; ++round) {
            assertPhase(Phase.Settle, round, 0);
            advance();
        }
        assertPhase(Phase.Conclude);
        finish();
        // Quotas that nobody used, and whole locks.
        assertConserved(4 * 20 * 1e16);
        vm.assertEq(staked("dan"), 0);
        vm.assertEq(staked("vera"), 200e18);
    }

    function test_I3_MissingKeyBurnsBondAndWhatIsNotEarned() public {
        begin(params());
        play(0);
        publishAll(1);
        vm.warp(_keyEnd(1) - 1);
        assertPhase(Phase.PostKey, 1, _keyEnd(1));
        skip(1);
        advance();
        assertEnded(Cause.KeyMissing);
        wrapUp();
        uint256 earned = EARLY + 3 * (VALIDATORS / 9);
        // Close, draw, settle, end, tally.
        assertConserved(1100e18 - 5e18 - earned);
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1100e18);
        vm.assertEq(credit("vera"), DEPOSIT + VALIDATORS / 9);
    }

    function test_I3_MissedQuorumRefundsAndSlashesAbsentees() public {
        begin(params());
        play(0);
        publishAll(1);
        postKey(1);
        commit(0, 1, fairScores(4));
        commit(1, 1, fairScores(4));
        vm.warp(_keyEnd(1) + 100);
        reveal(0, 1, fairScores(4));
        skip(100);
        advance();
        assertEnded(Cause.QuorumMissed);
        wrapUp();
        assertConserved(0);
        vm.assertEq(staked("vera"), 200e18);
        vm.assertEq(staked("walt"), 200e18 - 40e18, "no reveal");
        vm.assertEq(staked("xena"), 200e18 - 20e18, "no commit");
        // Vera's reveal earned nothing: the round was not settled.
        vm.assertEq(credit("vera"), DEPOSIT + VALIDATORS / 9);
    }

    function test_I3_RejectedDataBurnsBondAndWhatIsNotEarned() public {
        begin(params());
        publishAll(0);
        postKey(0);
        commit(0, 0, "");
        commit(1, 0, "");
        commit(2, 0, fairScores(4));
        reveal(0, 0, "");
        arena.revealKnownScores(task, 0, 1, scribe.scoreSalt("walt", 0), keccak256(""));
        reveal(2, 0, fairScores(4));
        advance();
        assertEnded(Cause.DatasetInvalid);
        assertPhase(Phase.Open, 0, vm.getBlockTimestamp() + 100);
        wrapUp();
        assertConserved(1100e18 - 3e18);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(staked(validators[i]), 200e18, "nobody is slashed for an opinion");
        }
    }

    /// @dev A third of the weight that calls the data invalid is outvoted, and earns nothing.
    function test_OutvotedRejectionOfData() public {
        begin(params());
        publishAll(0);
        postKey(0);
        commit(0, 0, "");
        commit(1, 0, fairScores(4));
        commit(2, 0, fairScores(4));
        reveal(0, 0, "");
        reveal(1, 0, fairScores(4));
        reveal(2, 0, fairScores(4));
        settle(0);
        play(1);
        play(2);
        wrapUp();
        assertConserved(0);
        vm.assertEq(credit("vera"), DEPOSIT + 2 * (VALIDATORS / 9));
        vm.assertEq(staked("vera"), 200e18);
    }

    function _keyEnd(uint256 round) private view returns (uint256) {
        return arena.scheduleOf(task).maskEnd + 500 * round + 300;
    }

    // ── Faults ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_I3_UnopenedHandleLosesLockAndQuota() public {
        begin(params());
        playAll();
        wrapUpWithoutDan();
        // Dan's eight units that nobody used.
        assertConserved(8 * 1e16);
        vm.assertEq(staked("dan"), 0);
        vm.assertEq(credit("dan"), DEPOSIT - 20 * 1e16);
        // Nobody moved up: shares of ranks two to four, over their sum.
        uint256[3] memory points = [uint256(614_125) * 100, 722_500 * 200, 850_000 * 300];
        uint256 sum = points[0] + points[1] + points[2];
        for (uint256 i; i < 3; ++i) {
            uint256 pay = 2 * (EARLY * points[i] / sum) + (TRAINERS - 2 * EARLY) * points[i] / sum;
            vm.assertApproxEqAbs(credit(trainers[i]), DEPOSIT - 12e16 + pay, i == 2 ? 9 : 0);
        }
    }

    function test_I3_NoneOpenedIsRefunded() public {
        begin(params());
        playAll();
        skip(100);
        for (uint256 round; round < 3; ++round) {
            tally(round);
        }
        finish();
        assertConserved(4 * 8 * 1e16);
        // This test concluded the four, so its fees are here.
        vm.assertApproxEqAbs(ledger.creditOf(creator), DEPOSIT - VALIDATORS - 8e18 - 4e18, 9);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(staked(trainers[i]), 0);
        }
    }

    function test_I3_UndeliveredModelsAreNotPaid() public {
        begin(params());
        playAll();
        openAll();
        uint256 end = vm.getBlockTimestamp() + 200;
        for (uint256 round; round < 3; ++round) {
            tally(round);
            for (uint256 i; i < 3; ++i) {
                deliver(i, round);
            }
        }
        deliver(3, 2);
        vm.expectRevert(abi.encodeWithSelector(AwaitingDelivery.selector, 0, end));
        arena.concludeTrainer(task, 3);
        vm.warp(end - 1);
        deliver(3, 1);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(WrongPhase.selector, task));
        arena.deliver(task, 0, 3, 0, 0, "");
        finish();
        assertConserved(0);
        uint256 pay = _share(EARLY, 3) + _share(TRAINERS - 2 * EARLY, 3);
        vm.assertApproxEqAbs(credit("dan"), DEPOSIT - 12e16 + pay, 8);
        vm.assertEq(staked("dan"), 400e18, "no fault");
    }

    /// @dev Cyd commits without publishing; dan's model is malformed by consensus, twice.
    function test_FaultsOfTrainersAddUp() public {
        begin(params());
        for (uint256 round; round < 2; ++round) {
            for (uint256 i; i < 4; ++i) {
                submit(i, round);
            }
            for (uint256 i; i < 4; ++i) {
                if (i != 2) publish(i, round);
            }
            vm.warp(arena.scheduleOf(task).maskEnd + 500 * round + 200);
            postKey(round);
            uint256[] memory scores = new uint256[](3);
            (scores[0], scores[1], scores[2]) = (20_000, 10_000, 0);
            commitAll(round, scribe.pack(scores));
            revealAll(round, scribe.pack(scores));
            settle(round);
        }
        play(2);
        wrapUp();
        assertConserved(0);
        vm.assertEq(staked("ada"), 100e18);
        vm.assertEq(staked("bob"), 200e18);
        vm.assertEq(staked("cyd"), 300e18 - 2 * 15e18, "unpublished");
        vm.assertEq(staked("dan"), 400e18 - 2 * 20e18, "malformed");
    }

    /// @dev Whoever misses a reveal is out of the waits and denominators of later rounds, and slashed once.
    function test_I16_AbsenteesAreBenchedAndSlashedOnce() public {
        begin(params());
        publishAll(0);
        postKey(0);
        commitAll(0, fairScores(4));
        reveal(0, 0, fairScores(4));
        reveal(1, 0, fairScores(4));
        assertPhase(Phase.Reveal);
        vm.warp(_keyEnd(0) + 200);
        settle(0);
        for (uint256 round = 1; round < 3; ++round) {
            publishAll(round);
            postKey(round);
            commit(0, round, fairScores(4));
            bytes32 commitment = scribe.scoreCommitment(task, round, "xena", fairScores(4));
            vm.expectRevert(abi.encodeWithSelector(Benched.selector, 2));
            vm.prank(addr("xena"));
            arena.commitScores(task, round, 2, commitment);
            commit(1, round, fairScores(4));
            assertPhase(Phase.Reveal);
            reveal(0, round, fairScores(4));
            reveal(1, round, fairScores(4));
            settle(round);
        }
        wrapUp();
        assertConserved(0);
        vm.assertEq(ledger.creditOf(keeper), 8e18 + 1e18, "a fee more, for the slash");
        vm.assertEq(staked("xena"), 200e18 - 40e18);
        vm.assertEq(credit("xena"), DEPOSIT);
        // The other two share each round's pay in halves.
        vm.assertApproxEqAbs(credit("vera"), DEPOSIT + VALIDATORS / 2, 3);
    }

    // ── Delegators and eviction ────────────────────────────────────────────────────────────────────────────────────

    function test_I8_DelegatorsArePaidByTheirSharesBeforeTheLock() public {
        address olga = rich("olga");
        address otto = rich("otto");
        address jim = rich("jim");
        member("vera", 100);
        delegateTo(addr("vera"), olga, 60e18);
        delegateTo(addr("vera"), otto, 40e18);
        nextBlock();
        create(params());
        // In the block of the lock, before and after it.
        delegateTo(addr("vera"), jim, 50e18);
        enrolValidator("vera", 200);
        delegateTo(addr("vera"), jim, 50e18);
        nextBlock();
        delegateTo(addr("vera"), jim, 100e18);
        enrolTrainers();
        enrolValidators(1);
        drawRings();
        maskAll();
        // Leaving after the lock changes nothing.
        exitAll(addr("vera"), otto);
        playAll();
        wrapUp();
        uint256 pay = 3 * (VALIDATORS / 9);
        Delegation memory d = arena.delegationOf(task, addr("vera"));
        // 60 % of what 100 delegated of 250 tokens at stake earned.
        vm.assertApproxEqAbs(d.amount, pay * 6 / 10 * 100 / 250, pay / 65_535);
        vm.assertEq(credit("vera"), DEPOSIT + pay - d.amount);

        uint256 before = bucket();
        vm.assertEq(before, d.amount, "waits, though the task is finished");
        vm.assertEq(arena.claimDelegation(task, addr("vera"), olga), uint256(d.amount) * 60 / 100);
        vm.assertEq(arena.claimDelegation(task, addr("vera"), otto), uint256(d.amount) * 40 / 100);
        vm.expectRevert(abi.encodeWithSelector(NothingDelegated.selector, jim));
        arena.claimDelegation(task, addr("vera"), jim);
        vm.expectRevert(AlreadyDone.selector);
        arena.claimDelegation(task, addr("vera"), olga);
        parties.push(olga);
        parties.push(otto);
        assertConserved(0);
    }

    function test_I3_WhatDelegatorsClaimBeforeTheEndWaitsForNobody() public {
        address olga = rich("olga");
        member("vera", 100);
        delegateTo(addr("vera"), olga, 100e18);
        nextBlock();
        begin(params());
        playAll();
        openAndTally();
        concludeAll();
        vm.assertGt(arena.claimDelegation(task, addr("vera"), olga), 0);
        arena.finish(task);
        arena.claimRelay(task, relay);
        parties.push(olga);
        assertConserved(0);
    }

    function test_ALargerLockEvictsTheSmallest() public {
        Params memory p = params();
        (p.maxTrainers, p.maxValidators) = (4, 3);
        create(p);
        enrolAll();
        member("eve", 500);
        vm.expectRevert(abi.encodeWithSelector(TaskFull.selector, 100 * TOKEN));
        this.enrolTrainerFor("eve", 109);
        vm.assertEq(enrolTrainer("eve", 110), 0);
        vm.assertEq(credit("ada"), DEPOSIT, "the quota is back");
        vm.assertEq(locked("ada"), 0);
        vm.assertEq(arena.trainerOf(task, 0).hotKey, addr("eve"));
        // Of three equal validators the latest leaves.
        member("fay", 500);
        vm.assertEq(enrolValidator("fay", 220), 2);
        vm.assertEq(locked("xena"), 0);
        vm.assertEq(arena.validatorOf(task, 2).handle, 0, "validators have none");
        // Who was evicted may come again with more.
        vm.prank(addr("xena"));
        vault.stake(20e18);
        vm.assertEq(enrolValidator("xena", 220), 1);
        (trainers[0], validators[1], validators[2]) = ("eve", "xena", "fay");
        drawRings();
        vm.assertEq(arena.progressOf(task).trainers, 4);
        maskAll();
        playAll();
        vm.assertEq(arena.panelOf(task, 0).weight, weightOf(0) + weightOf(1) + weightOf(2), "of those who stayed");
        wrapUp();
        assertConserved(0);
    }

    function enrolTrainerFor(string calldata name, uint256 tokens) external {
        enrolTrainer(name, tokens);
    }

    /// @dev Whoever sent a message earns its fee, whenever it asks.
    function test_I3_RelaysArePaidByMessage() public {
        begin(params());
        address other = rich("other relay");
        Submission memory m = scribe.submission(task, 0, 0, "ada");
        bytes memory signature = scribe.sign("ada", m);
        vm.prank(other);
        arena.submit(m, signature);
        vm.assertEq(arena.claimRelay(task, other), 1e16);
        vm.assertEq(arena.claimRelay(task, relay), 4 * 6 * 1e16);
        for (uint256 i = 1; i < 4; ++i) {
            submit(i, 0);
        }
        for (uint256 i; i < 4; ++i) {
            publish(i, 0);
        }
        postKey(0);
        commitAll(0, fairScores(4));
        revealAll(0, fairScores(4));
        settle(0);
        play(1);
        play(2);
        wrapUp();
        parties.push(other);
        assertConserved(0);
    }
}
