// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Lanes} from "./Lanes.sol";

/// @title ScoreMatrix: checks a round's consensus against the revealed score vectors
/// @notice The consensus of a model is the weighted lower median m of its scores: 2·W(s<m) < W and 2·W(s>m) ≤ W. Exactly
/// one m satisfies both, so a witness is checked, never trusted. One pass over the distinct vectors checks sixteen
/// medians at once, without sorting or storage.
/// @custom:invariant I-12, I-13, I-14
library ScoreMatrix {
    /// @notice What a round is measured by.
    /// @param n models, i.e. lanes of a vector
    /// @param baseline a model counts if its consensus is above this score
    /// @param epsilon a score within this distance of consensus agrees with it
    /// @param guess consensus of the last winner, 0 if there is none yet
    struct Rule {
        uint256 n;
        uint256 baseline;
        uint256 epsilon;
        uint256 guess;
    }

    /// @param counted models whose consensus is above the baseline: C
    /// @param guessed counted models that the better of the two guesses anybody can make agrees with: b
    /// @param agreement per vector: counted models on which it agrees with consensus: a_v
    /// @param malformed bitmap of the models with consensus 0: bit i % 256 of word i / 256 for lane i
    struct Tally {
        uint256 counted;
        uint256 guessed;
        uint256[] agreement;
        uint256[] malformed;
    }

    /// @dev The rule with its numbers repeated in all lanes; and lane by lane, what was counted so far.
    struct Grid {
        uint256 step;
        uint256 half;
        uint256 lowest;
        uint256 epsilon;
        uint256 guess;
        uint256 counted;
        uint256 top;
        uint256 last;
    }

    /// @notice A median of this word (sixteen lanes) is not the weighted lower median.
    error NotMedian(uint256 word);
    /// @notice The weights sum to zero or to more than 32,767.
    error WeightsOutOfRange(uint256 sum);

    /// @notice The round's medians: the witness, or the first vector where the witness is empty.
    function consensus(bytes calldata vectors, bytes calldata medians, uint256 n)
        internal
        pure
        returns (bytes calldata)
    {
        return medians.length == 0 ? vectorAt(vectors, 0, n) : medians;
    }

    /// @notice Vector `index` of those concatenated in `vectors`.
    function vectorAt(bytes calldata vectors, uint256 index, uint256 n) internal pure returns (bytes calldata) {
        uint256 size = Lanes.size(n);
        return vectors[index * size:(index + 1) * size];
    }

    /// @notice Checks the medians of all lanes and measures the vectors against them.
    /// @param vectors the distinct revealed vectors, concatenated; each must have passed `Lanes.validate`
    /// @param weights weight revealed for each vector; together at most 32,767
    /// @param medians witness: the packed consensus
    /// @custom:invariant I-12
    function check(bytes calldata vectors, uint256[] memory weights, bytes calldata medians, Rule memory rule)
        internal
        pure
        returns (Tally memory tally)
    {
        uint256 size = Lanes.size(rule.n);
        if (vectors.length != weights.length * size) revert Lanes.WrongLength(vectors.length, weights.length * size);
        if (medians.length != size) revert Lanes.WrongLength(medians.length, size);
        (uint256[] memory rows, uint256 total) = _rows(weights);
        Grid memory grid = _grid(rule, total);
        tally.malformed = new uint256[]((rule.n + 255) / 256);
        for (uint256 word; word < size / 32; ++word) {
            uint256 m = Lanes.wordAt(medians, word);
            if (!_checkWord(vectors, word, m, rows, grid)) revert NotMedian(word);
            uint256 zero = ~Lanes.atLeast(m, Lanes.ONES) & Lanes.GUARD;
            if (zero == 0) continue;
            tally.malformed[word / 16] |= Lanes.bitmap(zero & Lanes.used(rule.n, word)) << ((word % 16) * 16);
        }
        tally.counted = Lanes.sum(grid.counted);
        tally.guessed = Math.max(Lanes.sum(grid.top), Lanes.sum(grid.last));
        tally.agreement = _agreement(rows);
    }

    /// @dev Whether the sixteen medians `m` are right; counts them and their agreement.
    function _checkWord(bytes calldata vectors, uint256 word, uint256 m, uint256[] memory rows, Grid memory grid)
        private
        pure
        returns (bool)
    {
        if (m & Lanes.GUARD != 0) return false;
        uint256 counted = Lanes.atLeast(m, grid.lowest);
        uint256 low = Lanes.onlyWhere(counted, Lanes.subFloored(m, grid.epsilon));
        uint256 high = Lanes.addCapped(m, grid.epsilon);
        uint256 guess = grid.guess;
        unchecked {
            grid.counted += Lanes.marks(counted);
            grid.top += Lanes.marks(Lanes.atLeast(high, Lanes.repeat(Lanes.TOP)) & counted);
            if (guess != 0) grid.last += Lanes.marks(Lanes.atLeast(guess, low) & Lanes.atLeast(high, guess));
        }
        (uint256 atLeast, uint256 above) = _pass(vectors, word, grid.step, rows, m, low, high);
        // 2·W(s<m) < W means 2·W(s≥m) > W; 2·W(s>m) ≤ W means W(s>m) < ⌊W/2⌋ + 1.
        return Lanes.atLeast(atLeast, grid.half) & ~Lanes.atLeast(above, grid.half) == Lanes.GUARD;
    }

    /// @dev One word of every vector: the weight at or above, and the weight above, each lane's median; a vector's row
    /// gains one in each lane whose score is within [low, high]. No sum reaches 2^15, so no lane touches the next.
    function _pass(
        bytes calldata vectors,
        uint256 word,
        uint256 size,
        uint256[] memory rows,
        uint256 m,
        uint256 low,
        uint256 high
    ) private pure returns (uint256 atLeast, uint256 above) {
        uint256 ones = Lanes.ONES;
        uint256 guard = Lanes.GUARD;
        assembly ("memory-safe") {
            // A function with `leave` is not inlined; inside its caller the loop would run out of stack and recompute
            // its invariants.
            function pass(source, step, row, end, median, least, beyond, one, top) -> weightAtLeast, weightAbove {
                for {} 1 {} {
                    if eq(row, end) { leave }
                    let s := or(calldataload(source), top)
                    let weight := mload(row)
                    // A lane is 2^15 + s - m: its guard is set if s ≥ m, and after taking one away if s > m.
                    let difference := sub(s, median)
                    weightAtLeast := add(weightAtLeast, mul(weight, and(shr(15, difference), one)))
                    weightAbove := add(weightAbove, mul(weight, and(shr(15, sub(difference, one)), one)))
                    row := add(row, 0x20)
                    mstore(row, add(mload(row), and(shr(15, and(sub(s, least), not(sub(s, beyond)))), one)))
                    row := add(row, 0x20)
                    source := add(source, step)
                }
            }
            let first := add(rows, 0x20)
            atLeast, above :=
                pass(
                add(vectors.offset, shl(5, word)),
                size,
                first,
                add(first, shl(5, mload(rows))),
                m,
                low,
                add(high, ones),
                ones,
                guard
            )
        }
    }

    function _grid(Rule memory rule, uint256 total) private pure returns (Grid memory grid) {
        grid.step = Lanes.size(rule.n);
        grid.half = Lanes.repeat(total / 2 + 1);
        grid.lowest = Lanes.repeat(rule.baseline + 1);
        grid.epsilon = Lanes.repeat(rule.epsilon);
        grid.guess = Lanes.repeat(rule.guess);
    }

    /// @dev Two words per vector, side by side for the pass: its weight, and its agreement so far, lane by lane.
    function _rows(uint256[] memory weights) private pure returns (uint256[] memory rows, uint256 total) {
        rows = new uint256[](2 * weights.length);
        for (uint256 i; i < weights.length; ++i) {
            uint256 weight = weights[i];
            rows[2 * i] = weight;
            total += weight;
        }
        if (total == 0 || total > Lanes.TOP) revert WeightsOutOfRange(total);
    }

    function _agreement(uint256[] memory rows) private pure returns (uint256[] memory agreement) {
        agreement = new uint256[](rows.length / 2);
        for (uint256 i; i < agreement.length; ++i) {
            agreement[i] = Lanes.sum(rows[2 * i + 1]);
        }
    }
}
