// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

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
        uint256 total = _sum(weights);
        tally.agreement = new uint256[](weights.length);
        tally.malformed = new uint256[]((rule.n + 255) / 256);

        // 2·W(s<m) < W is 2·W(s≥m) > W, and 2·W(s>m) ≤ W is 2·W(s≤m) ≥ W.
        uint256 needAtLeast = Lanes.repeat(total / 2 + 1);
        uint256 needAtMost = Lanes.repeat((total + 1) / 2);
        uint256 counted;
        uint256 top;
        uint256 last;
        for (uint256 word; word < size / 32; ++word) {
            uint256 m = Lanes.wordAt(medians, word);
            if (m & Lanes.GUARD != 0) revert NotMedian(word);
            uint256 low = Lanes.subFloored(m, Lanes.repeat(rule.epsilon));
            uint256 high = Lanes.addCapped(m, Lanes.repeat(rule.epsilon));
            uint256 marks = Lanes.marks(Lanes.atLeast(m, Lanes.repeat(rule.baseline + 1)));

            (uint256 weightAtLeast, uint256 weightAtMost) =
                _pass(vectors, word, size, weights, tally.agreement, m, low, high, marks);
            if (Lanes.atLeast(weightAtLeast, needAtLeast) & Lanes.atLeast(weightAtMost, needAtMost) != Lanes.GUARD) {
                revert NotMedian(word);
            }

            unchecked {
                counted += Lanes.sum(marks);
                top += Lanes.sum(Lanes.marks(Lanes.atLeast(high, Lanes.repeat(Lanes.TOP))) & marks);
                if (rule.guess != 0) {
                    uint256 guess = Lanes.repeat(rule.guess);
                    last += Lanes.sum(Lanes.marks(Lanes.atLeast(guess, low) & Lanes.atLeast(high, guess)) & marks);
                }
            }
            uint256 zero = ~Lanes.atLeast(m, Lanes.ONES) & Lanes.GUARD & Lanes.used(rule.n, word);
            if (zero != 0) tally.malformed[word / 16] |= Lanes.bitmap(zero) << ((word % 16) * 16);
        }
        tally.counted = counted;
        tally.guessed = top > last ? top : last;
        for (uint256 i; i < weights.length; ++i) {
            tally.agreement[i] = Lanes.sum(tally.agreement[i]);
        }
    }

    /// @dev One word of every vector: the weight at or above, and at or below, each lane's median; `agreement` gains one
    /// in each marked lane whose score is within [low, high]. Sums stay below 2^15 per lane, so no lane touches the next.
    function _pass(
        bytes calldata vectors,
        uint256 word,
        uint256 size,
        uint256[] memory weights,
        uint256[] memory agreement,
        uint256 m,
        uint256 low,
        uint256 high,
        uint256 marks
    ) private pure returns (uint256 weightAtLeast, uint256 weightAtMost) {
        uint256 ones = Lanes.ONES;
        uint256 guard = Lanes.GUARD;
        assembly ("memory-safe") {
            let source := add(vectors.offset, shl(5, word))
            let toAgreement := sub(agreement, weights)
            let slot := add(weights, 0x20)
            let end := add(slot, shl(5, mload(weights)))
            for {} lt(slot, end) {} {
                let s := calldataload(source)
                let guarded := or(s, guard)
                let weight := mload(slot)
                weightAtLeast := add(weightAtLeast, mul(weight, and(shr(15, sub(guarded, m)), ones)))
                weightAtMost := add(weightAtMost, mul(weight, and(shr(15, sub(or(m, guard), s)), ones)))
                let within := and(sub(guarded, low), sub(or(high, guard), s))
                let target := add(slot, toAgreement)
                mstore(target, add(mload(target), and(shr(15, within), marks)))
                source := add(source, size)
                slot := add(slot, 0x20)
            }
        }
    }

    function _sum(uint256[] memory weights) private pure returns (uint256 sum) {
        for (uint256 i; i < weights.length; ++i) {
            sum += weights[i];
        }
        if (sum == 0 || sum > Lanes.TOP) revert WeightsOutOfRange(sum);
    }
}
