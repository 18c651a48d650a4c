// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {Ranking} from "../../contracts/libraries/Ranking.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Keys, score commitments, reveals and settlements that are refused, and who gets what where scores differ.
contract ArenaScoresTest is ArenaTest {
    // ── Keys ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_KeyRefused() public {
        begin(params());
        publishAll(0);
        Shard[] memory shards = scribe.shards(3);
        bytes32 key = scribe.shardKey(0);
        bytes memory wrongKey = abi.encodeWithSelector(WrongKey.selector, 0);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, ~key, shards)), wrongKey);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, scribe.shardKey(1), shards)), wrongKey);
        bytes memory wrongShards = abi.encodeWithSelector(WrongShards.selector, task);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, key, scribe.shards(2))), wrongShards);
        shards[0].keyHash = keccak256(abi.encode(~key));
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, ~key, shards)), wrongShards);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 1, key, scribe.shards(3))), wrongPhase());
        // Anybody who has it may post it.
        vm.prank(relay);
        arena.postKey(task, 0, key, scribe.shards(3));
        bytes memory done = abi.encodeWithSelector(AlreadyDone.selector);
        refused(creator, abi.encodeCall(IArena.postKey, (task, 0, key, scribe.shards(3))), done);
    }

    // ── Commit and reveal ──────────────────────────────────────────────────────────────────────────────────────────

    function _toScore() private {
        begin(params());
        publishAll(0);
        postKey(0);
    }

    function _commit(uint256 place, bytes32 commitment) private {
        vm.prank(addr(validators[place]));
        arena.commitScores(task, 0, place, commitment);
    }

    function _reveal(uint256 place, string memory salted, bytes memory vector) private view returns (bytes memory) {
        return abi.encodeCall(IArena.revealScores, (task, 0, place, scribe.scoreSalt(salted, 0), vector));
    }

    function test_CommitRefused() public {
        _toScore();
        bytes memory call = abi.encodeCall(IArena.commitScores, (task, 0, 0, "commitment"));
        address walt = addr("walt");
        refused(walt, call, abi.encodeWithSelector(NotAuthorized.selector, walt));
        refused(addr("ada"), call, abi.encodeWithSelector(NotAuthorized.selector, addr("ada")));
        call = abi.encodeCall(IArena.commitScores, (task, 0, 99, "commitment"));
        refused(walt, call, abi.encodeWithSelector(NotAuthorized.selector, walt));
        refused(addr("vera"), abi.encodeCall(IArena.commitScores, (task, 1, 0, "commitment")), wrongPhase());
        commit(0, 0, fairScores(4));
        call = abi.encodeCall(IArena.commitScores, (task, 0, 0, "other"));
        refused(addr("vera"), call, abi.encodeWithSelector(AlreadyDone.selector));
    }

    function test_I10_RevealHasToMatchItsCommitmentAndCountsOnce() public {
        _toScore();
        bytes memory vector = fairScores(4);
        commitAll(0, vector);
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        bytes memory other = scribe.pack(_scores(1, 2, 3, 4));
        refused(keeper, _reveal(0, "vera", other), wrong);
        refused(keeper, _reveal(0, "vera", ""), wrong);
        refused(keeper, _reveal(0, "walt", vector), wrong);
        refused(keeper, _reveal(1, "vera", vector), wrong);
        refused(keeper, _reveal(99, "vera", vector), wrong);
        bytes memory call =
            abi.encodeCall(IArena.revealKnownScores, (task, 0, 0, scribe.scoreSalt("vera", 0), keccak256(vector)));
        refused(keeper, call, abi.encodeWithSelector(UnknownVector.selector, keccak256(vector)));
        call = abi.encodeCall(IArena.revealScores, (task, 1, 0, scribe.scoreSalt("vera", 0), vector));
        refused(keeper, call, wrongPhase());
        reveal(0, 0, vector);
        refused(keeper, _reveal(0, "vera", vector), abi.encodeWithSelector(AlreadyDone.selector));
        vm.assertEq(arena.panelOf(task, 0).weight, weightOf(0));
        vm.assertEq(arena.panelOf(task, 0).vectors, 1);
    }

    function test_I10_WithoutACommitmentThereIsNothingToReveal() public {
        _toScore();
        commit(0, 0, fairScores(4));
        commit(1, 0, fairScores(4));
        vm.warp(arena.scheduleOf(task).maskEnd + 400);
        refused(keeper, _reveal(2, "xena", fairScores(4)), abi.encodeWithSelector(WrongOpening.selector));
        // The box key stands where the commitment would.
        bytes memory call = abi.encodeCall(IArena.revealScores, (task, 0, 2, keccak256("xena"), ""));
        refused(keeper, call, abi.encodeWithSelector(WrongOpening.selector));
    }

    /// @dev Every part of a commitment that was made for elsewhere.
    function test_I11_ScoresOfElsewhereCantBeRevealed() public {
        _toScore();
        bytes memory vector = fairScores(4);
        bytes32 lanes = arena.lanesHashOf(task, 0);
        bytes32[6] memory replayed = [
            scribe.scoreCommitmentAt(2, address(arena), task, 0, "vera", lanes, vector),
            scribe.scoreCommitmentAt(block.chainid, address(ledger), task, 0, "vera", lanes, vector),
            scribe.scoreCommitmentAt(block.chainid, address(arena), task + 1, 0, "vera", lanes, vector),
            scribe.scoreCommitmentAt(block.chainid, address(arena), task, 1, "vera", lanes, vector),
            scribe.scoreCommitmentAt(block.chainid, address(arena), task, 0, "vera", ~lanes, vector),
            // A copy of what walt committed, with the salt that he will reveal.
            scribe.scoreCommitment(task, 0, "walt", vector)
        ];
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 6; ++i) {
            _commit(0, replayed[i]);
            commit(1, 0, vector);
            commit(2, 0, vector);
            refused(keeper, _reveal(0, i == 5 ? "walt" : "vera", vector), abi.encodeWithSelector(WrongOpening.selector));
            vm.revertToState(state);
        }
    }

    function test_MalformedVectorsAreRefused() public {
        _toScore();
        bytes[4] memory vectors = [
            scribe.pack(_scores(20_000, 32_768, 20_000, 20_000)),
            abi.encodePacked(uint256(bytes32(fairScores(4))) | 1),
            bytes.concat(fairScores(4), bytes32(0)),
            abi.encodePacked(bytes8(bytes32(fairScores(4))))
        ];
        bytes[4] memory reasons = [
            abi.encodeWithSelector(Lanes.ScoreTooLarge.selector, 0),
            abi.encodeWithSelector(Lanes.PaddingNotZero.selector),
            abi.encodeWithSelector(Lanes.WrongLength.selector, 64, 32),
            abi.encodeWithSelector(Lanes.WrongLength.selector, 8, 32)
        ];
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 4; ++i) {
            commitAll(0, vectors[i]);
            refused(keeper, _reveal(0, "vera", vectors[i]), reasons[i]);
            vm.revertToState(state);
        }
    }

    // ── Settle ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _scores(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256[] memory scores) {
        scores = new uint256[](4);
        (scores[0], scores[1], scores[2], scores[3]) = (a, b, c, d);
    }

    /// @dev Three vectors of one weight: medians are 20,000, 24,000, 24,500, 30,000; only three models can win.
    function _toSettle() private returns (Witness memory) {
        Params memory p = params();
        p.k1 = 3;
        begin(p);
        publishAll(0);
        postKey(0);
        bytes[3] memory vectors = [
            scribe.pack(_scores(20_000, 24_000, 24_500, 30_000)),
            scribe.pack(_scores(20_000, 24_000, 24_600, 31_000)),
            scribe.pack(_scores(19_000, 25_000, 24_400, 30_000))
        ];
        for (uint256 i; i < 3; ++i) {
            commit(i, 0, vectors[i]);
        }
        for (uint256 i; i < 3; ++i) {
            reveal(i, 0, vectors[i]);
        }
        return witness(0);
    }

    function _refuse(Witness memory w, bytes memory reason) private {
        refused(keeper, abi.encodeCall(IArena.settle, (task, w)), reason);
    }

    function _swapVectors(bytes memory vectors, uint256 a, uint256 b) private pure {
        for (uint256 i; i < 32; ++i) {
            (vectors[32 * a + i], vectors[32 * b + i]) = (vectors[32 * b + i], vectors[32 * a + i]);
        }
    }

    function test_I12_AlteredVectorsOfTheWitness() public {
        Witness memory w = _toSettle();
        bytes memory good = w.vectors;
        bytes memory wrong = abi.encodeWithSelector(WrongVectors.selector);
        w.vectors = bytes.concat(good);
        _swapVectors(w.vectors, 0, 1);
        _refuse(w, abi.encodeWithSelector(Ranking.VectorOutOfOrder.selector, 1));
        w.vectors = bytes.concat(good);
        _swapVectors(w.vectors, 1, 2);
        _refuse(w, abi.encodeWithSelector(Ranking.VectorOutOfOrder.selector, 2));
        w.vectors = bytes.concat(good);
        w.vectors[33] ^= 0x01;
        _refuse(w, wrong);
        w.vectors = bytes.concat(good);
        assembly ("memory-safe") {
            mstore(mload(w), 64)
        }
        _refuse(w, wrong);
        w.vectors = bytes.concat(good, bytes32(good));
        _refuse(w, wrong);
        w.vectors = "";
        _refuse(w, wrong);
        // The first one twice instead of the third.
        w.vectors = bytes.concat(good);
        for (uint256 i; i < 32; ++i) {
            w.vectors[64 + i] = good[i];
        }
        vm.prank(keeper);
        (bool accepted,) = address(arena).call(abi.encodeCall(IArena.settle, (task, w)));
        vm.assertFalse(accepted);
        w.vectors = good;
        arena.settle(task, w);
    }

    function test_I12_AlteredMediansOfTheWitness() public {
        Witness memory w = _toSettle();
        bytes memory good = w.medians;
        bytes memory notMedian = abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, 0);
        for (uint256 i; i < 32; ++i) {
            w.medians = bytes.concat(good);
            w.medians[i] ^= 0x01;
            _refuse(w, notMedian);
        }
        w.medians = bytes.concat(good, good);
        _refuse(w, abi.encodeWithSelector(Lanes.WrongLength.selector, 64, 32));
        // Empty medians stand for the first vector, which here is the consensus.
        w.medians = "";
        arena.settle(task, w);
    }

    /// @dev A validator whose stake is next to nothing agrees most.
    function test_AVectorOfNoWeightKeepsNobodyFromPay() public {
        Params memory p = params();
        p.minValidatorStake = TOKEN;
        create(p);
        enrolTrainers();
        for (uint256 i; i < 3; ++i) {
            uint256 stake = i == 0 ? 10 : 900_000;
            member(validators[i], stake);
            enrolValidator(validators[i], stake);
        }
        drawRings();
        maskAll();
        publishAll(0);
        postKey(0);
        vm.assertEq(weightOf(0), 0);
        // The medians are fair: vera alone agrees with all of them.
        for (uint256 i; i < 3; ++i) {
            commit(i, 0, _vectors(i));
        }
        for (uint256 i; i < 3; ++i) {
            reveal(i, 0, _vectors(i));
        }
        settle(0);
        vm.assertEq(arena.resultOf(task, 0).paidVectors, 2);
    }

    function _vectors(uint256 validator) private view returns (bytes memory) {
        uint256[] memory scores = new uint256[](4);
        for (uint256 i; i < 4; ++i) {
            scores[i] = 20_000 + 1000 * i + (i + 1 == validator ? 500 : 0);
        }
        return scribe.pack(scores);
    }

    /// @dev What nobody has to score to report it again.
    function test_GuessIsTheFirstWinnersConsensus() public {
        Params memory p = params();
        p.k1 = 1;
        begin(p);
        play(0);
        vm.assertEq(arena.progressOf(task).guess, 23_000);
    }

    function test_I15_AlteredWinnersOfTheWitness() public {
        Witness memory w = _toSettle();
        w.winners = _lanes(3, 1, 2);
        _refuse(w, abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, 2));
        w.winners = _lanes(2, 3, 1);
        _refuse(w, abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, 1));
        w.winners = _lanes(3, 3, 2);
        _refuse(w, abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, 1));
        w.winners = _lanes(3, 2, 0);
        _refuse(w, abi.encodeWithSelector(Ranking.WinnerOmitted.selector, 3));
        w.winners = _lanes(3, 2, 16);
        _refuse(w, abi.encodeWithSelector(Lanes.LaneOutOfRange.selector, 16));
        w.winners = _lanes(3, 2, 4);
        _refuse(w, abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, 2));
        w.winners = new uint256[](0);
        _refuse(w, abi.encodeWithSelector(Ranking.WrongWinnerCount.selector, 0, 3));
        w.winners = new uint256[](4);
        _refuse(w, abi.encodeWithSelector(Ranking.WrongWinnerCount.selector, 4, 3));
        w.winners = _lanes(3, 2, 1);
        arena.settle(task, w);
        refused(keeper, abi.encodeCall(IArena.settle, (task, w)), wrongPhase());
        vm.assertEq(arena.resultOf(task, 0).winners, 3);
    }

    function _lanes(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory lanes) {
        lanes = new uint256[](3);
        (lanes[0], lanes[1], lanes[2]) = (a, b, c);
    }

    function test_NothingToSettleWithoutQuorumOrData() public {
        _toScore();
        commitAll(0, fairScores(4));
        reveal(0, 0, fairScores(4));
        vm.warp(arena.scheduleOf(task).maskEnd + 500);
        _refuse(witness(0), abi.encodeWithSelector(NotSettleable.selector, 0));
        assertPhase(Phase.Settle);
    }

    /// @dev Whoever settles, and in whatever order vectors were revealed, the result is the same.
    function test_I13_NeitherSettlerNorOrderOfRevealsMatters() public {
        _toScore();
        bytes memory fair = fairScores(4);
        bytes memory odd = scribe.pack(_scores(20_000, 21_000, 22_000, 9000));
        commit(0, 0, fair);
        commit(1, 0, odd);
        commit(2, 0, fair);
        uint256 state = vm.snapshotState();
        bytes32 first;
        for (uint256 i; i < 6; ++i) {
            uint256 a = i % 3;
            uint256 b = (a + 1 + i / 3) % 3;
            reveal(a, 0, a == 1 ? odd : fair);
            reveal(b, 0, b == 1 ? odd : fair);
            reveal(3 - a - b, 0, a + b == 2 ? odd : fair);
            vm.prank(addr(trainers[i % 4]));
            arena.settle(task, witness(0));
            Vector memory v = arena.paidVectorOf(task, 0, 0);
            bytes32 result = keccak256(
                abi.encode(arena.resultOf(task, 0), v.weight, v.members, v.pay, arena.paidVectorOf(task, 0, 1).pay)
            );
            if (i == 0) first = result;
            vm.assertEq(result, first);
            vm.revertToState(state);
        }
    }

    /// @dev Agreement on three of four models and a pass mark of a half: a claim half as large for its weight.
    function test_VectorsAreClaimedByAgreement() public {
        _toScore();
        bytes memory fair = fairScores(4);
        bytes memory odd = scribe.pack(_scores(20_000, 21_000, 22_000, 9000));
        commit(0, 0, fair);
        commit(1, 0, odd);
        commit(2, 0, fair);
        reveal(1, 0, odd);
        reveal(0, 0, fair);
        reveal(2, 0, fair);
        settle(0);
        uint256 pool = uint256(arena.paidVectorOf(task, 0, 0).pay) + arena.paidVectorOf(task, 0, 1).pay;
        // Two validators claim 2 of 4 each, one claims 1 of 4.
        vm.assertEq(arena.paidVectorOf(task, 0, 0).pay, pool * 4 / 5);
        vm.assertEq(arena.resultOf(task, 0).paidVectors, 2);
    }

    /// @dev Zero-effort scores earn nothing: the top score, last round's winner, and scores of the round before.
    function test_GuessesEarnNothing() public {
        begin(params());
        play(0);
        publishAll(1);
        postKey(1);
        bytes memory fair = scribe.pack(_scores(23_000, 21_500, 22_500, 23_500));
        bytes memory lastWinner = scribe.pack(_scores(23_000, 23_000, 23_000, 23_000));
        commit(0, 1, fair);
        commit(1, 1, fair);
        commit(2, 1, lastWinner);
        reveal(0, 1, fair);
        reveal(1, 1, fair);
        reveal(2, 1, lastWinner);
        settle(1);
        vm.assertEq(arena.resultOf(task, 1).paidVectors, 1);
        publishAll(2);
        postKey(2);
        bytes memory copied = fair;
        fair = scribe.pack(_scores(23_100, 21_600, 22_600, 23_600));
        commit(0, 2, fair);
        commit(1, 2, fair);
        commit(2, 2, copied);
        reveal(0, 2, fair);
        reveal(1, 2, fair);
        reveal(2, 2, copied);
        settle(2);
        vm.assertEq(arena.resultOf(task, 2).paidVectors, 1);
        wrapUp();
        assertConserved(0);
        // Her part of the first round, which she scored.
        vm.assertApproxEqAbs(credit("xena"), DEPOSIT + _validatorsPool() / 9, 2);
    }

    function _validatorsPool() private pure returns (uint256) {
        uint256 paidOut = 1000e18 - 15e18;
        return paidOut - paidOut * 1000 / 1600;
    }
}
