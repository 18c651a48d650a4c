// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ArenaScribe} from "./ArenaScribe.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice The Arena at its limits, to the wei, the rank, the byte and the message.
contract ArenaCornersTest is ArenaTest {
    /// @dev The rest of a round in which all four models get one score.
    function _scoreAlike(uint256 round) private {
        uint256[] memory scores = new uint256[](4);
        (scores[0], scores[1], scores[2], scores[3]) = (20_000, 20_000, 20_000, 20_000);
        bytes memory vector = scribe.pack(scores);
        postKey(round);
        commitAll(round, vector);
        revealAll(round, vector);
        settle(round);
    }

    // ── Wei ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Dan, who opens nothing, leaves one unit unused.
    function test_I3_FeesOfOneWeiArePaidAndBurnt() public {
        Params memory p = params();
        (p.keeperFee, p.relayFee, p.quota) = (1, 1, 13);
        begin(p);
        playAll();
        wrapUpWithoutDan();
        assertConserved(1);
        vm.assertEq(ledger.creditOf(keeper), 8 + 1, "steps, settlements and tallies, and dan's slash");
        vm.assertEq(ledger.creditOf(relay), 4 * 12);
    }

    /// @dev Five wei for trainers, three for validators. Of dan's four, half delegated, one wei is his delegator's.
    function test_I3_PayOfOneWeiIsPaid() public {
        address olga = rich("olga");
        member("dan", 200);
        delegateTo(addr("dan"), olga, 200e18);
        nextBlock();
        Params memory p = params();
        (p.rounds, p.bounty, p.keeperFee, p.relayFee) = (1, 8, 0, 0);
        begin(p);
        playAll();
        wrapUp();
        vm.assertEq(credit("vera"), DEPOSIT + 1);
        vm.assertEq(credit("cyd"), DEPOSIT + 1);
        vm.assertEq(credit("dan"), DEPOSIT + 3);
        vm.assertEq(arena.claimDelegation(task, addr("dan"), olga), 1);
        parties.push(olga);
        assertConserved(0);
    }

    /// @dev What the floors of three equal delegators leave goes to their operator, with the last claim.
    function test_I3_DustOfDelegatorsIsTheOperators() public {
        string[3] memory names = ["olga", "otto", "olaf"];
        member("vera", 50);
        for (uint256 i; i < 3; ++i) {
            delegateTo(addr("vera"), rich(names[i]), 50e18);
            parties.push(addr(names[i]));
        }
        nextBlock();
        Params memory p = params();
        // Of what vera earns, delegators get 60 %.
        (p.rounds, p.bounty, p.keeperFee) = (1, 1000e18 + 5, 0);
        begin(p);
        playAll();
        openAndTally();
        concludeAll();
        uint256 amount = arena.delegationOf(task, addr("vera")).amount;
        uint256 dust = amount - 3 * (amount / 3);
        vm.assertEq(dust, 1);
        uint256 own = credit("vera");
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(credit("vera"), own, "not before the last");
            uint256 left = i == 2 ? dust : 0;
            vm.expectEmit(address(arena));
            emit DelegationClaimed(task, addr("vera"), addr(names[i]), amount / 3, left);
            vm.assertEq(arena.claimDelegation(task, addr("vera"), addr(names[i])), amount / 3);
        }
        vm.assertEq(credit("vera"), own + dust);
        vm.assertEq(arena.delegationOf(task, addr("vera")).paid, amount);
        arena.finish(task);
        arena.claimRelay(task, relay);
        assertConserved(0);
    }

    /// @dev With the steepest curve the fifth rank has no points; those above open nothing.
    function test_I3_ARankWithoutPointsIsConcludedWithoutPay() public {
        trainers.push("eve");
        Params memory p = params();
        (p.rounds, p.k1, p.q) = (1, 5, 1);
        begin(p);
        playAll();
        uint256 before = credit("ada");
        open(0);
        skip(100);
        tally(0);
        deliver(0, 0);
        finish();
        uint256 unused = (20 - 8) * 1e16;
        vm.assertEq(credit("ada"), before + unused);
        assertConserved(4 * unused);
    }

    // ── Rounds ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_AsManyMembersAsAskedForAreEnough() public {
        Params memory p = params();
        (p.minTrainers, p.minValidators) = (4, 3);
        begin(p);
        assertPhase(Phase.Submit);
    }

    function test_CancellationIsTold() public {
        Params memory p = params();
        p.minTrainers = 5;
        create(p);
        enrolAll();
        skip(100);
        vm.expectEmit(address(arena));
        emit TaskEnded(task, 0, Cause.TooFewMembers);
        advance();
    }

    function test_ARoundWithASingleModelIsSettled() public {
        begin(params());
        submit(0, 0);
        for (uint256 i = 1; i < 4; ++i) {
            pass(i, 0);
        }
        publish(0, 0);
        postKey(0);
        commitAll(0, fairScores(1));
        revealAll(0, fairScores(1));
        settle(0);
        vm.assertEq(arena.resultOf(task, 0).winners, 1);
    }

    /// @dev Three of five are enough in the first round, and then two of these three.
    function test_I16_QuorumIsOfThoseWhoStayed() public {
        validators.push("yara");
        validators.push("zoe");
        begin(params());
        uint256 end = arena.scheduleOf(task).maskEnd;
        for (uint256 round; round < 2; ++round) {
            publishAll(round);
            postKey(round);
            for (uint256 i; i < 3; ++i) {
                commit(i, round, fairScores(4));
            }
            if (round == 0) vm.warp(end + 400);
            for (uint256 i; i < 3 - round; ++i) {
                reveal(i, round, fairScores(4));
            }
            if (round == 1) vm.warp(end + 500 * round + 500);
            settle(round);
        }
        vm.assertEq(arena.progressOf(task).settled, 2);
    }

    /// @dev A round without models is over before anybody says so, one with a single model is not.
    function test_TheNextRoundOpensAfterAnEmptyOne() public {
        begin(params());
        for (uint256 i; i < 4; ++i) {
            pass(i, 0);
        }
        submit(0, 1);
        for (uint256 i = 1; i < 4; ++i) {
            pass(i, 1);
        }
        advance();
        publish(0, 1);
        vm.assertEq(arena.roundOf(task, 1).published, 1);
        Submission memory early = scribe.submission(task, 0, 2, "ada");
        refused(relay, abi.encodeCall(IArena.submit, (early, scribe.sign("ada", early))), wrongPhase());
    }

    /// @dev Nobody could score in the empty round before.
    function test_I16_AbsenceAfterAnEmptyRoundIsSlashed() public {
        begin(params());
        for (uint256 i; i < 4; ++i) {
            pass(i, 0);
        }
        advance();
        publishAll(1);
        postKey(1);
        commit(0, 1, fairScores(4));
        commit(1, 1, fairScores(4));
        vm.warp(arena.scheduleOf(task).maskEnd + 500 + 400);
        reveal(0, 1, fairScores(4));
        reveal(1, 1, fairScores(4));
        settle(1);
        for (uint256 i; i < 4; ++i) {
            pass(i, 2);
        }
        advance();
        wrapUp();
        assertConserved(0);
        vm.assertEq(staked("xena"), 200e18 - 20e18);
        // Two steps of the beginning, two empty rounds, a settlement, its tally, and the slash.
        vm.assertEq(ledger.creditOf(keeper), 7e18);
    }

    // ── Handles ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A signature of nobody is not that of the address 0.
    function test_I21_NoHandleIsTheAddressZero() public {
        create(params());
        enrolAll();
        drawRings();
        bytes32 commitment = scribe.openCommitment("ada");
        ArenaScribe.Mask memory m = scribe.maskOf(task, trainers, 0, address(0), commitment, "");
        bytes memory call =
            abi.encodeCall(IArena.registerHandle, (task, m.ring, m.handle, m.openCommitment, m.consent, m.signature));
        refused(relay, call, abi.encodeWithSelector(WrongSignature.selector, address(0), address(0)));
    }

    // ── Messages ───────────────────────────────────────────────────────────────────────────────────────────────────

    function test_AModelIsPublishedOnceInLaterRounds() public {
        begin(params());
        play(0);
        for (uint256 i; i < 4; ++i) {
            submit(i, 1);
        }
        publish(0, 1);
        Publication memory again = scribe.publication(task, 0, 1, "ada");
        bytes memory call = abi.encodeCall(IArena.publish, (again, Earlier(0, 0), scribe.sign("ada", again)));
        refused(relay, call, abi.encodeWithSelector(AlreadyDone.selector));
    }

    /// @dev Of equal models that of the earlier round leads, whoever's it is and wherever it stands; lots decide between
    /// the others.
    function test_I15_AnEarlierModelLeadsAmongEquals() public {
        begin(params());
        publishAll(0);
        _scoreAlike(0);
        for (uint256 i; i < 4; ++i) {
            submit(i, 1);
        }
        for (uint256 i; i < 4; ++i) {
            if (i != 2) publish(i, 1);
        }
        Publication memory first = scribe.publication(task, 2, 0, "cyd");
        Publication memory m = scribe.publication(task, 2, 1, "cyd");
        (m.plaintextHash, m.firstRound) = (first.plaintextHash, 0);
        send(2, m, Earlier(first.creatorBoxHash, first.manifestHash));
        _scoreAlike(1);
        vm.assertEq(witness(1).winners[0], 3, "the last lane");
        publishAll(2);
        _scoreAlike(2);
        openAll();
        tally(1);
        vm.assertEq(arena.resultOf(task, 1).best, 2 + 1);
    }

    function test_BoxesHaveUpTo256Bytes() public {
        Params memory p = params();
        p.rounds = 1;
        begin(p);
        bytes memory box = new bytes(256);
        for (uint256 i; i < 4; ++i) {
            submit(i, 0);
        }
        for (uint256 i; i < 4; ++i) {
            Publication memory m = scribe.publication(task, i, 0, trainers[i]);
            if (i == 3) m.creatorBoxHash = keccak256(box);
            send(i, m, Earlier(0, 0));
        }
        postKey(0);
        commitAll(0, fairScores(4));
        revealAll(0, fairScores(4));
        settle(0);
        Publication memory dans = scribe.publication(task, 3, 0, "dan");
        arena.deliver(task, 0, 3, dans.plaintextHash, dans.manifestHash, box);
        vm.assertEq(arena.handleOf(task, 3).delivered, 1);
    }

    // ── Scores ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_NothingIsRevealedInASettledRoundOrAnEndedTask() public {
        begin(params());
        play(0);
        bytes memory vector = fairScores(4);
        bytes32 salt = scribe.scoreSalt("vera", 0);
        refused(keeper, abi.encodeCall(IArena.revealScores, (task, 0, 0, salt, vector)), wrongPhase());
        publishAll(1);
        postKey(1);
        commitAll(1, "");
        revealAll(1, "");
        advance();
        assertEnded(Cause.DatasetInvalid);
        salt = scribe.scoreSalt("vera", 1);
        refused(keeper, abi.encodeCall(IArena.revealScores, (task, 1, 0, salt, "")), wrongPhase());
    }

    function test_AKnownVectorsRevealIsTold() public {
        begin(params());
        publishAll(0);
        postKey(0);
        bytes memory vector = fairScores(4);
        commitAll(0, vector);
        reveal(0, 0, vector);
        bytes32 salt = scribe.scoreSalt("walt", 0);
        vm.expectEmit(address(arena));
        emit ScoresRevealed(task, 0, 1, keccak256(vector), salt, uint16(weightOf(1)));
        arena.revealKnownScores(task, 0, 1, salt, keccak256(vector));
    }
}
