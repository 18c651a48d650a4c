// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ArenaTest} from "./ArenaTest.sol";
import {Vm} from "./Vm.sol";

/// @notice When phases open and close, and what is told of them.
contract ArenaPhasesTest is ArenaTest {
    uint256 private start;
    uint256 private maskEnd;

    function setUp() public override {
        super.setUp();
        start = vm.getBlockTimestamp();
        maskEnd = start + 200;
    }

    function _nothingDue() private {
        refused(keeper, abi.encodeCall(IArena.advance, (task)), abi.encodeWithSelector(NothingDue.selector, task));
    }

    function _assertRoundPhase(uint256 round, Phase expected, uint256 deadline) private view {
        (Phase phase, uint256 d) = arena.roundPhaseOf(task, round);
        vm.assertEq(uint256(phase), uint256(expected), "phase of the round");
        vm.assertEq(d, deadline, "deadline of the round");
    }

    // ── Early ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_EnrolAloneNeverClosesEarly() public {
        Params memory p = params();
        (p.maxTrainers, p.maxValidators) = (4, 3);
        create(p);
        enrolAll();
        assertPhase(Phase.Enrol, 0, start + 100);
        _nothingDue();
        skip(99);
        assertPhase(Phase.Enrol, 0, start + 100);
        _nothingDue();
        skip(1);
        assertPhase(Phase.CloseEnrol, 0, 0);
    }

    function test_SeedIsDrawnInALaterBlock() public {
        create(params());
        enrolAll();
        skip(100);
        advance();
        assertPhase(Phase.DrawRings, 0, start + 150);
        _nothingDue();
        nextBlock();
        advance();
        vm.assertNotEq(arena.seedOf(task), 0);
        assertPhase(Phase.Mask, 0, maskEnd);
        _nothingDue();
    }

    /// @dev All act at once, so that everything happens in the second in which Mask opened; deadlines stay where they were.
    function test_PhasesCloseWhenEverybodyActedAndDeadlinesStay() public {
        create(params());
        enrolAll();
        drawRings();
        for (uint256 i; i < 4; ++i) {
            assertPhase(Phase.Mask, 0, maskEnd);
            mask(i);
        }
        for (uint256 round; round < 3; ++round) {
            _playStepByStep(round, maskEnd + 500 * round);
        }
        for (uint256 i; i < 4; ++i) {
            assertPhase(Phase.Open, 3, start + 100 + 100);
            open(i);
        }
        for (uint256 round; round < 3; ++round) {
            assertPhase(Phase.Tally, 3, 0);
            tally(round);
            deliverAll(round);
        }
        assertPhase(Phase.Conclude, 3, 0);
        concludeAll();
        assertPhase(Phase.Finish, 3, 0);
        arena.finish(task);
        assertPhase(Phase.Finished, 3, 0);
        vm.assertEq(vm.getBlockTimestamp(), start + 100);
    }

    function _playStepByStep(uint256 round, uint256 base) private {
        for (uint256 i; i < 4; ++i) {
            assertPhase(Phase.Submit, round, base + 100);
            submit(i, round);
        }
        for (uint256 i; i < 4; ++i) {
            assertPhase(Phase.Publish, round, base + 200);
            publish(i, round);
        }
        assertPhase(Phase.PostKey, round, base + 300);
        _nothingDue();
        postKey(round);
        for (uint256 i; i < 3; ++i) {
            assertPhase(Phase.Score, round, base + 400);
            commit(i, round, fairScores(4));
        }
        for (uint256 i; i < 3; ++i) {
            assertPhase(Phase.Reveal, round, base + 500);
            reveal(i, round, fairScores(4));
        }
        assertPhase(Phase.Settle, round, 0);
        _nothingDue();
        settle(round);
    }

    // ── At the deadline ────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Somebody is missing in each phase, so each lasts until its deadline and not a second longer.
    function test_PhasesCloseAtTheirDeadlines() public {
        create(params());
        enrolAll();
        drawRings();
        for (uint256 i; i < 3; ++i) {
            mask(i);
        }
        vm.warp(maskEnd - 1);
        assertPhase(Phase.Mask, 0, maskEnd);
        skip(1);
        assertPhase(Phase.Submit, 0, maskEnd + 100);

        submit(0, 0);
        submit(1, 0);
        vm.warp(maskEnd + 99);
        assertPhase(Phase.Submit, 0, maskEnd + 100);
        skip(1);
        Submission memory late = scribe.submission(task, 2, 0, "cyd");
        refused(relay, abi.encodeCall(IArena.submit, (late, scribe.sign("cyd", late))), wrongPhase());

        publish(0, 0);
        vm.warp(maskEnd + 199);
        assertPhase(Phase.Publish, 0, maskEnd + 200);
        Shard[] memory shards = scribe.shards(3);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, scribe.shardKey(0), shards)), wrongPhase());
        Publication memory m = scribe.publication(task, 1, 0, "bob");
        bytes memory call = abi.encodeCall(IArena.publish, (m, Earlier(0, 0), scribe.sign("bob", m)));
        skip(1);
        refused(relay, call, wrongPhase());
        assertPhase(Phase.PostKey, 0, maskEnd + 300);

        vm.warp(maskEnd + 299);
        postKey(0);
        assertPhase(Phase.Score, 0, maskEnd + 400);
        commit(0, 0, fairScores(1));
        commit(1, 0, fairScores(1));
        vm.warp(maskEnd + 399);
        assertPhase(Phase.Score, 0, maskEnd + 400);
        skip(1);
        bytes32 commitment = scribe.scoreCommitment(task, 0, "xena", fairScores(1));
        refused(addr("xena"), abi.encodeCall(IArena.commitScores, (task, 0, 2, commitment)), wrongPhase());

        reveal(0, 0, fairScores(1));
        vm.warp(maskEnd + 499);
        assertPhase(Phase.Reveal, 0, maskEnd + 500);
        skip(1);
        bytes32 salt = scribe.scoreSalt("walt", 0);
        refused(keeper, abi.encodeCall(IArena.revealScores, (task, 0, 1, salt, fairScores(1))), wrongPhase());
        assertPhase(Phase.Settle, 0, 0);
        advance();
        assertEnded(Cause.QuorumMissed);

        uint256 end = vm.getBlockTimestamp();
        vm.warp(end + 99);
        assertPhase(Phase.Open, 0, end + 100);
        open(0);
        bytes32 tag = scribe.tagOf(task, "bob");
        bytes32 nonce = scribe.openNonce("bob");
        skip(1);
        refused(addr("bob"), abi.encodeCall(IArena.open, (task, 1, 1, tag, nonce)), wrongPhase());
        assertPhase(Phase.Conclude, 0, 0);
    }

    function test_NoRoundFollowsTheLast() public {
        begin(params());
        play(0);
        play(1);
        playToSettle(2);
        Submission memory m = scribe.submission(task, 0, 3, "ada");
        refused(relay, abi.encodeCall(IArena.submit, (m, scribe.sign("ada", m))), wrongPhase());
    }

    function test_KeyComesTooLateAtItsDeadline() public {
        begin(params());
        publishAll(0);
        vm.warp(maskEnd + 300);
        Shard[] memory shards = scribe.shards(3);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, scribe.shardKey(0), shards)), wrongPhase());
        assertPhase(Phase.Settle, 0, 0);
        advance();
        assertEnded(Cause.KeyMissing);
    }

    /// @dev A commitment is replaceable until it is final; a pass is final.
    function test_SubmitWaitsForFinalCommitments() public {
        begin(params());
        for (uint256 i; i < 3; ++i) {
            submit(i, 0);
        }
        Submission memory m = scribe.submission(task, 3, 0, "dan");
        (m.last, m.commitment) = (false, keccak256("draft"));
        send(3, m);
        assertPhase(Phase.Submit, 0, maskEnd + 100);
        vm.assertEq(arena.roundOf(task, 0).committed, 4);
        m = scribe.submission(task, 3, 0, "dan");
        m.last = false;
        send(3, m);
        vm.assertEq(arena.roundOf(task, 0).committed, 4);
        vm.assertEq(arena.handleOf(task, 3).committed, 1);
        pass(3, 0);
        vm.assertEq(arena.handleOf(task, 3).committed, 0, "nothing is owed");
        vm.assertEq(arena.roundOf(task, 0).committed, 3);
        assertPhase(Phase.Publish, 0, maskEnd + 200);
    }

    // ── Rounds that overlap ────────────────────────────────────────────────────────────────────────────────────────

    function test_SettlingRunsBesideTheNextRound() public {
        begin(params());
        publishAll(0);
        postKey(0);
        commitAll(0, fairScores(4));
        _assertRoundPhase(1, Phase.None, 0);
        revealAll(0, fairScores(4));
        _assertRoundPhase(0, Phase.Settle, 0);
        _assertRoundPhase(1, Phase.Submit, maskEnd + 600);
        _assertRoundPhase(2, Phase.None, 0);
        publishAll(1);
        _assertRoundPhase(1, Phase.PostKey, maskEnd + 800);
        postKey(1);
        _assertRoundPhase(1, Phase.Score, maskEnd + 900);
        // Who may score is known only when the round before is settled.
        bytes32 commitment = scribe.scoreCommitment(task, 1, "vera", fairScores(4));
        refused(addr("vera"), abi.encodeCall(IArena.commitScores, (task, 1, 0, commitment)), wrongPhase());
        settle(0);
        commitAll(1, fairScores(4));
        revealAll(1, fairScores(4));
        // Two more rounds settle, one of them late.
        publishAll(2);
        settle(1);
        postKey(2);
        commitAll(2, fairScores(4));
        revealAll(2, fairScores(4));
        skip(100_000);
        settle(2);
        assertPhase(Phase.Open, 3, vm.getBlockTimestamp() + 100);
        wrapUp();
        assertConserved(0);
    }

    /// @dev A round that ends the task takes what the next one began with it: no fault of that one counts.
    function test_WhatTheNextRoundBeganCountsForNothing() public {
        begin(params());
        publishAll(0);
        postKey(0);
        commitAll(0, "");
        revealAll(0, "");
        for (uint256 i; i < 4; ++i) {
            submit(i, 1);
        }
        publish(0, 1);
        skip(1000);
        advance();
        assertEnded(Cause.DatasetInvalid);
        wrapUp();
        vm.assertEq(staked("dan"), 400e18, "unpublished in a round that never ran");
        assertConserved(1100e18 - 3e18);
    }

    /// @dev Settling has no deadline. When it comes after the locks' last second nobody can be slashed, but all are paid.
    function test_I17_SettlingComesAsLateAsItLikes() public {
        begin(params());
        play(0);
        play(1);
        playToSettle(2);
        skip(30 days);
        settle(2);
        assertPhase(Phase.Open, 3, vm.getBlockTimestamp() + 100);
        wrapUpWithoutDan();
        assertConserved(8 * 1e16);
        vm.assertEq(staked("dan"), 400e18, "the lock had run out");
        vm.assertGt(credit("cyd"), DEPOSIT);
        vm.assertEq(locked("dan"), 0);
    }

    // ── What is told ───────────────────────────────────────────────────────────────────────────────────────────────

    mapping(bytes32 event_ => bool) private _told;

    /// @dev A life in which everything happens that an event tells of, but for failures.
    function test_EveryActIsTold() public {
        vm.recordLogs();
        address olga = rich("olga");
        member("vera", 100);
        delegateTo(addr("vera"), olga, 100e18);
        nextBlock();
        Params memory p = params();
        (p.maxTrainers, p.maxValidators) = (4, 3);
        create(p);
        enrolAll();
        member("eve", 110);
        enrolTrainer("eve", 110);
        trainers[0] = "eve";
        drawRings();
        maskAll();
        play(0);
        for (uint256 i; i < 4; ++i) {
            pass(i, 1);
        }
        advance();
        play(2);
        wrapUp();
        uint256 claimed = arena.claimDelegation(task, addr("vera"), olga);
        _listen();
        _assertMembersTold(p);
        _assertModelsTold();
        _assertScoresTold();
        _assertEndTold();
        _assertTold(DelegationClaimed.selector, abi.encode(addr("vera"), olga), abi.encode(claimed, 0));
    }

    function _listen() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == address(arena)) _told[keccak256(abi.encode(logs[i].topics, logs[i].data))] = true;
        }
    }

    /// @param indexed_ the event's topics after the task
    function _assertTold(bytes32 selector, bytes memory indexed_, bytes memory data) private view {
        bytes32[] memory topics = new bytes32[](2 + indexed_.length / 32);
        (topics[0], topics[1]) = (selector, bytes32(task));
        for (uint256 i = 2; i < topics.length; ++i) {
            assembly ("memory-safe") {
                mstore(add(topics, shl(5, add(i, 1))), mload(add(indexed_, shl(5, sub(i, 1)))))
            }
        }
        vm.assertTrue(_told[keccak256(abi.encode(topics, data))]);
    }

    function _assertMembersTold(Params memory p) private view {
        _assertTold(TaskCreated.selector, abi.encode(creator), abi.encode(p, scribe.shards(3), "bafkqaaa"));
        _assertTold(Evicted.selector, abi.encode(0, addr("ada")), abi.encode(true));
        (uint256 x, uint256 y) = scribe.publicKey("eve");
        bytes memory indexed_ = abi.encode(0, addr("eve"));
        _assertTold(TrainerEnrolled.selector, indexed_, abi.encode(addr("eve"), 110 * TOKEN, x, y));
        indexed_ = abi.encode(1, addr("walt"));
        bytes32 boxKey = keccak256("walt");
        _assertTold(ValidatorEnrolled.selector, indexed_, abi.encode(addr("walt"), 200 * TOKEN, boxKey));
        _assertTold(EnrolClosed.selector, "", abi.encode(4, 3, 3 * weightOf(0)));
        _assertTold(RingsDrawn.selector, "", abi.encode(arena.seedOf(task)));
        indexed_ = abi.encode(1, scribe.handleOf("bob"));
        bytes memory mask_ = abi.encode(scribe.tagOf(task, "bob"), scribe.openCommitment("bob"), 0, relay);
        _assertTold(HandleRegistered.selector, indexed_, mask_);
    }

    function _assertModelsTold() private view {
        bytes32 commitment = scribe.modelCommitment(task, 0, "bob");
        _assertTold(Submitted.selector, abi.encode(0, 1), abi.encode(commitment, true, relay));
        _assertTold(Submitted.selector, abi.encode(1, 1), abi.encode(0, true, relay));
        Publication memory m = scribe.publication(task, 1, 0, "bob");
        bytes memory published =
            abi.encode(1, m.manifestHash, m.plaintextHash, m.creatorBoxHash, m.salt, m.cid, m.firstRound, relay);
        _assertTold(Published.selector, abi.encode(0, 1), published);
        _assertTold(RoundEmpty.selector, abi.encode(1), "");
        _assertTold(Delivered.selector, abi.encode(0, 1), abi.encode(scribe.creatorBox("bob", 0)));
    }

    function _assertScoresTold() private view {
        bytes memory vector = fairScores(4);
        bytes32 commitment = scribe.scoreCommitment(task, 0, "walt", vector);
        _assertTold(KeyPosted.selector, abi.encode(0), abi.encode(scribe.shardKey(0)));
        _assertTold(ScoresCommitted.selector, abi.encode(0, 1), abi.encode(commitment));
        _assertTold(VectorRevealed.selector, abi.encode(0), abi.encode(0, keccak256(vector), vector));
        bytes memory revealed_ = abi.encode(keccak256(vector), scribe.scoreSalt("walt", 0), weightOf(1));
        _assertTold(ScoresRevealed.selector, abi.encode(0, 1), revealed_);

        // 15 acts at a token each; by stakes: 1,010 of trainers, 600 of validators.
        uint256 trainersPart = uint256(985e18) * 1010 / 1610;
        uint256 pool = (985e18 - trainersPart) / 3;
        uint256[] memory handles = new uint256[](4);
        (handles[0], handles[1], handles[2]) = (3, 2, 1);
        bytes memory settled = abi.encode(4, 2_000_000, trainersPart / 10 / 2, pool, handles);
        _assertTold(RoundSettled.selector, abi.encode(0), settled);
        _assertTold(VectorPaid.selector, abi.encode(0), abi.encode(0, pool));
    }

    function _assertEndTold() private view {
        _assertTold(TaskEnded.selector, "", abi.encode(3, Cause.Completed));
        bytes memory opened = abi.encode(addr("bob"), scribe.openNonce("bob"));
        _assertTold(HandleOpened.selector, abi.encode(1, 1), opened);
        Result memory result = arena.resultOf(task, 0);
        bytes memory tallied = abi.encode(result.denominator, result.best, result.dust);
        _assertTold(RoundTallied.selector, abi.encode(0), tallied);
        // A mask and five messages of a quota of twenty.
        uint256 returned = 9e16;
        uint256 paid = credit("bob") + 20e16 - returned - DEPOSIT;
        _assertTold(TrainerConcluded.selector, abi.encode(1, addr("bob")), abi.encode(paid, 0, 0, returned));
        uint256 delegated = arena.delegationOf(task, addr("vera")).amount;
        bytes memory concluded = abi.encode(credit("vera") - DEPOSIT, delegated, 0);
        _assertTold(ValidatorConcluded.selector, abi.encode(0, addr("vera")), concluded);
        _assertTold(RelayPaid.selector, abi.encode(relay), abi.encode(44, 44e16));
        _assertTold(KeeperPaid.selector, abi.encode(keeper), abi.encode(1e18));
        uint256 refunded = ledger.creditOf(creator) + 1100e18 - DEPOSIT;
        _assertTold(TaskFinished.selector, "", abi.encode(refunded, 0));
    }
}
