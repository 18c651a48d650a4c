// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {Test} from "../forge/Vm.sol";
import {agrees, both, laneOf, when} from "./Plain.sol";

/// @notice The word-parallel check of a round's consensus against a plain one, for every lane at once.
/// @dev A solver drowns in sixteen lanes of four weighted sums. So lemmas, proven for all words, say what the sums and
/// flags of a word mean lane by lane; `_sums` and `_marks` write down the words that `ScoreMatrix.check` should reach. The
/// proofs take the lemmas at those words (`vm.assume`), compute everything again plainly, score by score, and find
/// that the library's verdict is the plain one. Were its words others, nothing would connect the two.
contract ScoreMatrixProofs is Test {
    /// @dev Weight at or above the medians and above them, lane by lane.
    struct Sums {
        uint256 atLeast;
        uint256 above;
        uint256 total;
    }

    /// @dev Flags of the lanes that are counted, that the two guesses agree with, and that are malformed.
    struct Marks {
        uint256 counted;
        uint256 low;
        uint256 high;
        uint256 top;
        uint256 last;
        uint256 malformed;
    }

    // ── Lemmas ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One more vector adds its weight to the sums of exactly those lanes where its score is at least, or above,
    /// the median. Bound: all sums up to a total, total and weight together up to 32,767; all scores and medians. From
    /// sums of zero it follows, vector by vector, that the sums of any number of vectors are right, that no lane exceeds
    /// the total, and that a lane's weight below its median is what it lacks to the total.
    function check_I12_lemma_sumsGrowByTheWeight(
        uint256 atLeast,
        uint256 above,
        uint16 total,
        uint256 scores,
        uint16 weight,
        uint256 m
    ) public pure {
        vm.assume(uint256(total) + weight <= Lanes.TOP);
        scores &= ~Lanes.GUARD;
        m &= ~Lanes.GUARD;
        for (uint256 i; i < 16; ++i) {
            vm.assume(laneOf(atLeast, i) <= total);
            vm.assume(laneOf(above, i) <= total);
        }
        Sums memory sums = Sums({atLeast: atLeast, above: above, total: total});
        _addTo(sums, scores, weight, m);
        bool right = true;
        unchecked {
            for (uint256 i; i < 16; ++i) {
                (uint256 score, uint256 median) = (laneOf(scores, i), laneOf(m, i));
                right = both(right, laneOf(sums.atLeast, i) == laneOf(atLeast, i) + when(score >= median, weight));
                right = both(right, laneOf(sums.above, i) == laneOf(above, i) + when(score > median, weight));
            }
        }
        vm.assertTrue(right);
    }

    /// @notice Comparing the sums with ⌊W/2⌋ + 1 tells both conditions of the lower median. Bound: all totals W up to
    /// 32,767 and all sums up to the total.
    function check_I12_lemma_flagsAreTheConditions(uint256 atLeast, uint256 above, uint16 total, uint8 i) public pure {
        vm.assume(total <= Lanes.TOP);
        atLeast &= ~Lanes.GUARD;
        above &= ~Lanes.GUARD;
        i &= 15;
        vm.assume(laneOf(atLeast, i) <= total);
        (uint256 enough, uint256 tooMuch) = _flags(Sums({atLeast: atLeast, above: above, total: total}));
        unchecked {
            uint256 below = total - laneOf(atLeast, i);
            vm.assertEq(laneOf(enough, i) != 0, 2 * below < total);
            vm.assertEq(laneOf(tooMuch, i) == 0, 2 * laneOf(above, i) <= total);
        }
    }

    /// @notice Flags mean, lane by lane: the median is above the baseline; the score, the top score or the last winner's
    /// is within ε of a counted median; the median is zero. Bound: all scores and medians, every rule.
    function check_I12_lemma_marksAreWhatTheySay(
        uint256 scores,
        uint256 m,
        uint16 baseline,
        uint16 epsilon,
        uint16 guess,
        uint8 i
    ) public pure {
        scores &= ~Lanes.GUARD;
        m &= ~Lanes.GUARD;
        i &= 15;
        ScoreMatrix.Rule memory rule = _rule(baseline, epsilon, guess);
        Marks memory marks = _marks(m, rule);
        uint256 median = laneOf(m, i);
        bool counts = median > baseline;
        vm.assertEq(laneOf(marks.counted, i) != 0, counts);
        vm.assertEq(laneOf(_within(scores, marks), i) != 0, both(counts, agrees(laneOf(scores, i), median, epsilon)));
        vm.assertEq(laneOf(marks.top, i) != 0, both(counts, agrees(Lanes.TOP, median, epsilon)));
        vm.assertEq(laneOf(marks.last, i) != 0, both(counts, agrees(guess, median, epsilon)));
        vm.assertEq(laneOf(marks.malformed, i) != 0, median == 0);
    }

    // ── Consensus ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice A witness is accepted exactly if in every lane 2·W(s<m) < W and 2·W(s>m) ≤ W. Bound: one word of sixteen
    /// models, one vector, all scores, all witnesses without guard bits, all weights up to W = 32,767.
    function check_I12_acceptsExactlyTheMedians_1(uint256[4] memory words, uint16[4] memory weights, uint256 m)
        public
        view
    {
        _checkMedians(1, words, weights, m);
    }

    /// @notice As for one. Bound: two vectors, else as for one.
    function check_I12_acceptsExactlyTheMedians_2(uint256[4] memory words, uint16[4] memory weights, uint256 m)
        public
        view
    {
        _checkMedians(2, words, weights, m);
    }

    /// @notice As for one. Bound: three vectors, else as for one.
    function check_I12_acceptsExactlyTheMedians_3(uint256[4] memory words, uint16[4] memory weights, uint256 m)
        public
        view
    {
        _checkMedians(3, words, weights, m);
    }

    /// @notice As for one. Bound: four vectors, else as for one.
    function check_I12_acceptsExactlyTheMedians_4(uint256[4] memory words, uint16[4] memory weights, uint256 m)
        public
        view
    {
        _checkMedians(4, words, weights, m);
    }

    /// @notice No witness with a guard bit, and no weights that sum to zero or to more than 32,767, are accepted. Bound: one
    /// word of sixteen models, four vectors, everything else at will.
    function check_I12_refusesWhatWouldCarry(uint256[4] memory words, uint16[4] memory weights, uint256 m) public view {
        uint256 total = uint256(weights[0]) + weights[1] + weights[2] + weights[3];
        if (!_accepts(_first(4, words), _weights(4, weights), m)) return;
        vm.assertEq(m & Lanes.GUARD, 0);
        vm.assertTrue(total != 0);
        vm.assertTrue(total <= Lanes.TOP);
    }

    // ── Tally ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Counted models, agreement of each vector, agreement of the better guess and malformed models are what
    /// counting score by score gives. Bound: one word of sixteen models, two vectors, all scores, all accepted medians,
    /// every rule.
    function check_I12_tallyIsCountedRight(
        uint256[2] memory words,
        uint16[2] memory weights,
        uint256 m,
        uint16 baseline,
        uint16 epsilon,
        uint16 guess
    ) public view {
        uint256[] memory vectors = new uint256[](2);
        uint256[] memory vectorWeights = new uint256[](2);
        for (uint256 v; v < 2; ++v) {
            vectors[v] = words[v] & ~Lanes.GUARD;
            vectorWeights[v] = weights[v] & Lanes.TOP;
        }
        m &= ~Lanes.GUARD;
        ScoreMatrix.Rule memory rule = _rule(baseline, epsilon, guess);
        ScoreMatrix.Tally memory tally;
        try this.check(abi.encodePacked(vectors), vectorWeights, abi.encodePacked(m), rule) returns (
            ScoreMatrix.Tally memory result
        ) {
            tally = result;
        } catch {
            return;
        }
        _checkCounts(tally, vectors, m, rule);
    }

    function check(
        bytes calldata vectors,
        uint256[] calldata weights,
        bytes calldata medians,
        ScoreMatrix.Rule calldata rule
    ) external pure returns (ScoreMatrix.Tally memory) {
        return ScoreMatrix.check(vectors, weights, medians, rule);
    }

    // ── Parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _checkMedians(uint256 k, uint256[4] memory words, uint16[4] memory weights4, uint256 m) private view {
        uint256[] memory vectors = _first(k, words);
        uint256[] memory weights = _weights(k, weights4);
        m &= ~Lanes.GUARD;
        Sums memory sums;
        for (uint256 v; v < k; ++v) {
            _addTo(sums, vectors[v], weights[v], m);
        }
        vm.assume(sums.total != 0);
        vm.assume(sums.total <= Lanes.TOP);
        (uint256 enough, uint256 tooMuch) = _flags(sums);
        bool right = true;
        unchecked {
            for (uint256 i; i < 16; ++i) {
                uint256 below;
                uint256 above;
                for (uint256 v; v < k; ++v) {
                    uint256 score = laneOf(vectors[v], i);
                    below += when(score < laneOf(m, i), weights[v]);
                    above += when(score > laneOf(m, i), weights[v]);
                }
                right = both(right, both(2 * below < sums.total, 2 * above <= sums.total));
                vm.assume((laneOf(enough, i) != 0) == (2 * below < sums.total));
                vm.assume((laneOf(tooMuch, i) == 0) == (2 * above <= sums.total));
            }
        }
        vm.assertEq(_accepts(vectors, weights, m), right);
    }

    function _checkCounts(
        ScoreMatrix.Tally memory tally,
        uint256[] memory vectors,
        uint256 m,
        ScoreMatrix.Rule memory rule
    ) private pure {
        Marks memory marks = _marks(m, rule);
        uint256 top = _counted(marks.top, m, rule, _repeated(Lanes.TOP));
        uint256 last = _counted(marks.last, m, rule, _repeated(rule.guess));
        vm.assertEq(tally.counted, _counted(marks.counted, m, rule, m));
        vm.assertEq(tally.guessed, rule.guess != 0 && last > top ? last : top);
        for (uint256 v; v < vectors.length; ++v) {
            vm.assertEq(tally.agreement[v], _counted(_within(vectors[v], marks), m, rule, vectors[v]));
        }
        uint256 bits = Lanes.bitmap(marks.malformed);
        vm.assertEq(tally.malformed.length, 1);
        for (uint256 i; i < 16; ++i) {
            vm.assume((bits >> i) & 1 == laneOf(marks.malformed, i) >> 15); // Lanes: bitmap
            vm.assume((laneOf(marks.malformed, i) != 0) == (laneOf(m, i) == 0));
            vm.assertEq((tally.malformed[0] >> i) & 1 == 1, laneOf(m, i) == 0);
        }
    }

    /// @dev Counted models within ε of the scores, one by one; takes the lemmas on flags and on their sum for `flags`.
    function _counted(uint256 flags, uint256 m, ScoreMatrix.Rule memory rule, uint256 scores)
        private
        pure
        returns (uint256 count)
    {
        unchecked {
            uint256 flagged;
            for (uint256 i; i < 16; ++i) {
                uint256 median = laneOf(m, i);
                bool agreed = both(median > rule.baseline, agrees(laneOf(scores, i), median, rule.epsilon));
                count += when(agreed, 1);
                flagged += laneOf(flags, i) >> 15;
                vm.assume((laneOf(flags, i) != 0) == agreed);
            }
            vm.assume(Lanes.sum(Lanes.marks(flags)) == flagged);
        }
    }

    function _addTo(Sums memory sums, uint256 scores, uint256 weight, uint256 m) private pure {
        unchecked {
            uint256 difference = (scores | Lanes.GUARD) - m;
            sums.atLeast += weight * Lanes.marks(difference & Lanes.GUARD);
            sums.above += weight * Lanes.marks((difference - Lanes.ONES) & Lanes.GUARD);
            sums.total += weight;
        }
    }

    function _flags(Sums memory sums) private pure returns (uint256 enough, uint256 tooMuch) {
        uint256 half = _repeated(sums.total / 2 + 1);
        return (Lanes.atLeast(sums.atLeast, half), Lanes.atLeast(sums.above, half));
    }

    function _marks(uint256 m, ScoreMatrix.Rule memory rule) private pure returns (Marks memory marks) {
        uint256 epsilon = _repeated(rule.epsilon);
        uint256 guess = _repeated(rule.guess);
        marks.counted = Lanes.atLeast(m, _repeated(rule.baseline + 1));
        marks.low = Lanes.onlyWhere(marks.counted, Lanes.subFloored(m, epsilon));
        marks.high = Lanes.addCapped(m, epsilon);
        marks.top = Lanes.atLeast(marks.high, _repeated(Lanes.TOP)) & marks.counted;
        marks.last = Lanes.atLeast(guess, marks.low) & Lanes.atLeast(marks.high, guess);
        marks.malformed = ~Lanes.atLeast(m, Lanes.ONES) & Lanes.GUARD;
    }

    function _within(uint256 scores, Marks memory marks) private pure returns (uint256) {
        unchecked {
            uint256 s = scores | Lanes.GUARD;
            return (s - marks.low) & ~(s - (marks.high + Lanes.ONES)) & Lanes.GUARD;
        }
    }

    function _repeated(uint256 score) private pure returns (uint256) {
        return Lanes.repeat(score);
    }

    function _rule(uint16 baseline, uint16 epsilon, uint16 guess) private pure returns (ScoreMatrix.Rule memory) {
        vm.assume(baseline < Lanes.TOP && epsilon <= 4096 && guess <= Lanes.TOP);
        return ScoreMatrix.Rule({n: 16, baseline: baseline, epsilon: epsilon, guess: guess});
    }

    function _accepts(uint256[] memory vectors, uint256[] memory weights, uint256 m) private view returns (bool) {
        ScoreMatrix.Rule memory rule = ScoreMatrix.Rule({n: 16, baseline: 2, epsilon: 0, guess: 0});
        try this.check(abi.encodePacked(vectors), weights, abi.encodePacked(m), rule) {
            return true;
        } catch {
            return false;
        }
    }

    /// @dev The first `k` words as vectors that passed `Lanes.validate`.
    function _first(uint256 k, uint256[4] memory words) private pure returns (uint256[] memory vectors) {
        vectors = new uint256[](k);
        for (uint256 v; v < k; ++v) {
            vectors[v] = words[v] & ~Lanes.GUARD;
        }
    }

    function _weights(uint256 k, uint16[4] memory weights4) private pure returns (uint256[] memory weights) {
        weights = new uint256[](k);
        for (uint256 v; v < k; ++v) {
            weights[v] = weights4[v];
        }
    }
}
