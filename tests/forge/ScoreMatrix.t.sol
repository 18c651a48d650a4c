// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {SettlementHarness} from "./SettlementHarness.sol";
import {Test} from "./Vm.sol";

/// @notice The word-parallel pass against a loop over single scores.
contract ScoreMatrixTest is Test {
    uint256 internal constant TOP = 32_767;

    SettlementHarness internal harness =
        SettlementHarness(vm.deployCode("SettlementHarness.sol:SettlementHarness", ""));

    struct Panel {
        uint256[][] scores;
        uint256[] weights;
        ScoreMatrix.Rule rule;
    }

    // ── Consensus and agreement ────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_I12_MatchesPlainLoop(uint256 seed, uint256 n, uint256 validators) public view {
        Panel memory panel = _panel(seed, bound(n, 1, 70), bound(validators, 1, 12));
        uint256[] memory medians = _medians(panel);
        (ScoreMatrix.Tally memory tally,) =
            harness.check(_concatenated(panel.scores), panel.weights, _packed(medians), panel.rule);

        (uint256 counted, uint256 guessed) = _measure(panel.rule, medians);
        vm.assertEq(tally.counted, counted, "counted");
        vm.assertEq(tally.guessed, guessed, "guessed");
        for (uint256 v; v < panel.scores.length; ++v) {
            vm.assertEq(tally.agreement[v], _agreement(panel.rule, medians, panel.scores[v]), "agreement");
        }
        vm.assertEq(tally.malformed.length, (panel.rule.n + 255) / 256, "words of the bitmap");
        for (uint256 i; i < tally.malformed.length * 256; ++i) {
            bool malformed = i < panel.rule.n && medians[i] == 0;
            vm.assertEq(tally.malformed[i / 256] >> (i % 256) & 1, malformed ? 1 : 0, "malformed");
        }
    }

    function testFuzz_I12_RejectsEveryOtherMedian(uint256 seed, uint256 n, uint256 lane, uint256 other) public {
        Panel memory panel = _panel(seed, bound(n, 1, 40), bound(seed >> 8, 1, 9));
        uint256[] memory medians = _medians(panel);
        lane = bound(lane, 0, panel.rule.n - 1);
        // Neighbours and scores that occur are the likeliest to slip through; guard bits would borrow across lanes.
        uint256 kind = other % 4;
        uint256 forged = kind == 0
            ? medians[lane] + 1
            : kind == 1
                ? panel.scores[other % panel.scores.length][lane]
                : kind == 2 ? 0x8000 | (other >> 240) : (medians[lane] + TOP) & 0xffff;
        vm.assume(forged != medians[lane]);
        medians[lane] = forged;
        bytes memory vectors = _concatenated(panel.scores);
        bytes memory witness = _packed(medians);
        vm.expectRevert(abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, lane / 16));
        harness.check(vectors, panel.weights, witness, panel.rule);
    }

    function testFuzz_I12_RejectsPadding(uint256 seed, uint256 n) public {
        Panel memory panel = _panel(seed, bound(n, 1, 15), 3);
        bytes memory witness = _packed(_medians(panel));
        witness[31] = 0x01;
        bytes memory vectors = _concatenated(panel.scores);
        vm.expectRevert(abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, 0));
        harness.check(vectors, panel.weights, witness, panel.rule);
    }

    /// @dev Half the weight on each side: the lower median is the only one.
    function test_I12_TakesTheLowerMedianOfEvenWeight() public {
        Panel memory panel = _panel(1, 1, 2);
        panel.weights[0] = panel.weights[1] = 500;
        panel.scores[0][0] = 100;
        panel.scores[1][0] = 200;
        bytes memory vectors = _concatenated(panel.scores);
        harness.check(vectors, panel.weights, "", panel.rule);
        uint256[] memory upper = new uint256[](1);
        upper[0] = 200;
        bytes memory witness = _packed(upper);
        vm.expectRevert(abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, 0));
        harness.check(vectors, panel.weights, witness, panel.rule);
    }

    function testFuzz_I13_OrderOfVectorsDoesNotMatter(uint256 seed, uint256 n, uint256 a, uint256 b) public view {
        Panel memory panel = _panel(seed, bound(n, 1, 40), bound(seed >> 8, 2, 9));
        bytes memory medians = _packed(_medians(panel));
        (ScoreMatrix.Tally memory tally,) =
            harness.check(_concatenated(panel.scores), panel.weights, medians, panel.rule);
        a = bound(a, 0, panel.weights.length - 1);
        b = bound(b, 0, panel.weights.length - 1);
        (panel.weights[a], panel.weights[b]) = (panel.weights[b], panel.weights[a]);
        (panel.scores[a], panel.scores[b]) = (panel.scores[b], panel.scores[a]);
        (ScoreMatrix.Tally memory swapped,) =
            harness.check(_concatenated(panel.scores), panel.weights, medians, panel.rule);
        vm.assertEq(swapped.counted, tally.counted);
        vm.assertEq(swapped.guessed, tally.guessed);
        vm.assertEq(swapped.agreement[a], tally.agreement[b]);
        vm.assertEq(swapped.agreement[b], tally.agreement[a]);
    }

    /// @dev Whoever holds under half the weight cannot move a median outside the others' scores.
    function testFuzz_I14_MinorityCannotLeaveHonestRange(uint256 seed, uint256 n) public pure {
        Panel memory panel = _panel(seed, bound(n, 1, 40), bound(seed >> 8, 2, 9));
        uint256 others;
        for (uint256 v = 1; v < panel.weights.length; ++v) {
            others += panel.weights[v];
        }
        vm.assume(others > 1);
        panel.weights[0] = others - 1;
        uint256[] memory medians = _medians(panel);
        for (uint256 i; i < panel.rule.n; ++i) {
            (uint256 lowest, uint256 highest) = (TOP, 0);
            for (uint256 v = 1; v < panel.weights.length; ++v) {
                if (panel.weights[v] == 0) continue;
                if (panel.scores[v][i] < lowest) lowest = panel.scores[v][i];
                if (panel.scores[v][i] > highest) highest = panel.scores[v][i];
            }
            vm.assertGe(medians[i], lowest, "below the honest");
            vm.assertLe(medians[i], highest, "above the honest");
        }
    }

    function test_RejectsWrongLengths() public {
        Panel memory panel = _panel(3, 17, 2);
        bytes memory vectors = _concatenated(panel.scores);
        bytes memory medians = _packed(_medians(panel));
        vm.expectRevert(abi.encodeWithSelector(Lanes.WrongLength.selector, 128, 192));
        harness.check(vectors, new uint256[](3), medians, panel.rule);
        vm.expectRevert(abi.encodeWithSelector(Lanes.WrongLength.selector, 128, 64));
        harness.check(vectors, panel.weights, vectors, panel.rule);
        panel.rule.n = 16;
        vm.expectRevert(abi.encodeWithSelector(Lanes.WrongLength.selector, 128, 64));
        harness.check(vectors, panel.weights, medians, panel.rule);
    }

    function test_RejectsWeightsOutOfRange() public {
        Panel memory panel = _panel(3, 17, 2);
        bytes memory vectors = _concatenated(panel.scores);
        (panel.weights[0], panel.weights[1]) = (TOP, 1);
        vm.expectRevert(abi.encodeWithSelector(ScoreMatrix.WeightsOutOfRange.selector, TOP + 1));
        harness.check(vectors, panel.weights, "", panel.rule);
        (panel.weights[0], panel.weights[1]) = (0, 0);
        vm.expectRevert(abi.encodeWithSelector(ScoreMatrix.WeightsOutOfRange.selector, 0));
        harness.check(vectors, panel.weights, "", panel.rule);
    }

    function test_CountsUpToTheLargestTask() public view {
        uint256 n = 4096;
        uint256[][] memory scores = new uint256[][](1);
        scores[0] = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            scores[0][i] = TOP;
        }
        uint256[] memory weights = new uint256[](1);
        weights[0] = TOP;
        (ScoreMatrix.Tally memory tally,) =
            harness.check(_packed(scores[0]), weights, "", ScoreMatrix.Rule(n, TOP - 1, 4096, TOP));
        vm.assertEq(tally.counted, n);
        vm.assertEq(tally.guessed, n);
        vm.assertEq(tally.agreement[0], n);
    }

    /// @dev Without a last winner there is no second guess: a zero, which would be near two of these models, is none.
    function test_TheBetterGuessCounts() public view {
        uint256[] memory scores = new uint256[](7);
        (scores[0], scores[1], scores[2], scores[3], scores[4]) = (20_010, 19_990, 20_011, 19_989, TOP);
        (scores[5], scores[6]) = (5, 6);
        uint256[] memory weights = new uint256[](1);
        weights[0] = 1;
        bytes memory vector = _packed(scores);
        (ScoreMatrix.Tally memory tally,) = harness.check(vector, weights, "", ScoreMatrix.Rule(7, 2, 10, 20_000));
        vm.assertEq(tally.guessed, 2, "as the last winner");
        (tally,) = harness.check(vector, weights, "", ScoreMatrix.Rule(7, 2, 10, 0));
        vm.assertEq(tally.guessed, 1, "all right");
    }

    function test_MarksMalformedModelsInEveryWordOfTheBitmap() public view {
        uint256[] memory scores = new uint256[](600);
        for (uint256 i; i < scores.length; ++i) {
            scores[i] = i % 7 == 0 ? 0 : TOP;
        }
        uint256[] memory weights = new uint256[](1);
        weights[0] = 1;
        (ScoreMatrix.Tally memory tally,) =
            harness.check(_packed(scores), weights, "", ScoreMatrix.Rule(scores.length, 2, 0, 0));
        vm.assertEq(tally.malformed.length, 3);
        for (uint256 i; i < 3 * 256; ++i) {
            uint256 expected = i < scores.length && scores[i] == 0 ? 1 : 0;
            vm.assertEq(tally.malformed[i / 256] >> (i % 256) & 1, expected);
        }
    }

    // ── Lanes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_ValidatesOwnPacking(uint256 seed, uint256 n) public view {
        uint256[] memory scores = _panel(seed, bound(n, 1, 300), 1).scores[0];
        bytes memory packed = _packed(scores);
        harness.validate(packed, scores.length);
        for (uint256 i; i < scores.length; ++i) {
            vm.assertEq(harness.lane(packed, i), scores[i]);
        }
    }

    function testFuzz_RejectsGuardBitAndPadding(uint256 seed, uint256 n, uint256 lane) public {
        uint256[] memory scores = _panel(seed, bound(n, 1, 60), 1).scores[0];
        bytes memory packed = _packed(scores);
        lane = bound(lane, 0, packed.length / 2 - 1);
        bool padding = lane >= scores.length;
        packed[2 * lane + (padding ? 1 : 0)] |= padding ? bytes1(0x01) : bytes1(0x80);
        vm.expectRevert(
            padding
                ? abi.encodeWithSelector(Lanes.PaddingNotZero.selector)
                : abi.encodeWithSelector(Lanes.ScoreTooLarge.selector, lane / 16)
        );
        harness.validate(packed, scores.length);
    }

    function test_WhatFollowsAVectorIsNotRead() public view {
        bytes memory call = abi.encodeCall(SettlementHarness.validate, (new bytes(32), 16));
        (bool valid,) = address(harness).staticcall(bytes.concat(call, bytes32(type(uint256).max)));
        vm.assertTrue(valid);
    }

    function test_RejectsVectorOfAnotherLength() public {
        vm.expectRevert(abi.encodeWithSelector(Lanes.WrongLength.selector, 0, 32));
        harness.validate("", 1);
        vm.expectRevert(abi.encodeWithSelector(Lanes.WrongLength.selector, 64, 32));
        harness.validate(new bytes(64), 16);
        vm.expectRevert(abi.encodeWithSelector(Lanes.LaneOutOfRange.selector, 16));
        harness.lane(new bytes(32), 16);
    }

    // ── Gas ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Calldata of a score of two non-zero bytes costs 32 gas, and 80 under the floor of EIP-7623: a pass under 48
    /// leaves a transaction at the floor. Measured: 15.3 per score of 50 vectors, 73 per score of one.
    function test_GasPerScoreStaysUnderTheCalldataFloor() public view {
        (uint256 validators, uint256 models) = (50, 1000);
        Panel memory panel;
        panel.rule = ScoreMatrix.Rule(models, 3277, 16, 20_000);
        panel.scores = new uint256[][](validators);
        panel.weights = new uint256[](validators);
        for (uint256 v; v < validators; ++v) {
            panel.weights[v] = TOP / validators;
            panel.scores[v] = new uint256[](models);
            for (uint256 i; i < models; ++i) {
                panel.scores[v][i] = 1000 + _random(1, i) % 30_000 + v;
            }
        }
        bytes memory median = _packed(panel.scores[(validators - 1) / 2]);
        (, uint256 different) = harness.check(_concatenated(panel.scores), panel.weights, median, panel.rule);
        vm.assertLe(different, 17 * validators * models, "all different");

        uint256[] memory weights = new uint256[](1);
        weights[0] = TOP;
        (, uint256 shared) = harness.check(median, weights, "", panel.rule);
        vm.assertLe(shared, 80_000, "all agreeing");
    }

    // ── Plain model ────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Scores crowd around a few values, extremes included, so that ties and equal halves are common.
    function _panel(uint256 seed, uint256 n, uint256 validators) private pure returns (Panel memory panel) {
        panel.scores = new uint256[][](validators);
        panel.weights = new uint256[](validators);
        panel.rule = ScoreMatrix.Rule(n, 2 + _random(seed, 1) % 20_000, 0, _random(seed, 2) % (TOP + 1));
        if (seed % 2 == 0) panel.rule.epsilon = _random(seed, 3) % 4097;
        if (seed % 8 == 1) panel.rule.guess = 0;
        for (uint256 v; v < validators; ++v) {
            panel.weights[v] = seed % 3 == 0 ? TOP / validators : _random(seed, 4 + v) % (TOP / validators) + 1;
            panel.scores[v] = new uint256[](n);
            for (uint256 i; i < n; ++i) {
                uint256 r = _random(seed ^ i, v + 1000);
                uint256 spread = uint256(1) << (r >> 16) % 16;
                uint256 centre = [0, 1, panel.rule.baseline, 16_000, 30_000, TOP][_random(seed, 2000 + i) % 6];
                uint256 score = centre + (r >> 32) % spread;
                panel.scores[v][i] = score > TOP ? TOP : score;
            }
        }
    }

    function _random(uint256 seed, uint256 index) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(0x20, index)
            value := keccak256(0, 0x40)
        }
    }

    function _medians(Panel memory panel) private pure returns (uint256[] memory medians) {
        medians = new uint256[](panel.rule.n);
        for (uint256 i; i < medians.length; ++i) {
            for (uint256 v; v < panel.scores.length; ++v) {
                if (_isMedian(panel, i, panel.scores[v][i])) medians[i] = panel.scores[v][i];
            }
        }
    }

    function _isMedian(Panel memory panel, uint256 lane, uint256 m) private pure returns (bool) {
        (uint256 below, uint256 above, uint256 total) = (0, 0, 0);
        for (uint256 v; v < panel.scores.length; ++v) {
            uint256 s = panel.scores[v][lane];
            total += panel.weights[v];
            if (s < m) below += panel.weights[v];
            if (s > m) above += panel.weights[v];
        }
        return 2 * below < total && 2 * above <= total;
    }

    function _measure(ScoreMatrix.Rule memory rule, uint256[] memory medians)
        private
        pure
        returns (uint256 counted, uint256 guessed)
    {
        uint256 last;
        for (uint256 i; i < medians.length; ++i) {
            if (medians[i] <= rule.baseline) continue;
            ++counted;
            if (_near(TOP, medians[i], rule.epsilon)) ++guessed;
            if (rule.guess != 0 && _near(rule.guess, medians[i], rule.epsilon)) ++last;
        }
        if (last > guessed) guessed = last;
    }

    function _agreement(ScoreMatrix.Rule memory rule, uint256[] memory medians, uint256[] memory scores)
        private
        pure
        returns (uint256 agreement)
    {
        for (uint256 i; i < medians.length; ++i) {
            if (medians[i] > rule.baseline && _near(scores[i], medians[i], rule.epsilon)) ++agreement;
        }
    }

    function _near(uint256 a, uint256 b, uint256 epsilon) private pure returns (bool) {
        return (a > b ? a - b : b - a) <= epsilon;
    }

    function _packed(uint256[] memory scores) private pure returns (bytes memory packed) {
        packed = new bytes((scores.length + 15) / 16 * 32);
        for (uint256 i; i < scores.length; ++i) {
            packed[2 * i] = bytes1(uint8(scores[i] >> 8));
            packed[2 * i + 1] = bytes1(uint8(scores[i]));
        }
    }

    function _concatenated(uint256[][] memory scores) private pure returns (bytes memory all) {
        bytes[] memory parts = new bytes[](scores.length);
        for (uint256 v; v < scores.length; ++v) {
            parts[v] = _packed(scores[v]);
        }
        uint256 size = parts[0].length;
        all = new bytes(size * parts.length);
        for (uint256 v; v < parts.length; ++v) {
            for (uint256 i; i < size; ++i) {
                all[v * size + i] = parts[v][i];
            }
        }
    }
}
