// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Lanes} from "./Lanes.sol";

/// @title Ranking: checks the order of a round's winners and vectors
/// @notice Counted models rank by ⌊consensus/μ⌋ descending; then by the first round in which their handle published these
/// bytes, ascending; then by consensus descending; then by keccak(shard key ‖ handle index) descending. The witness names
/// the winners; a word-parallel pass shows that nobody else ranks above the last of them.
/// @custom:invariant I-13, I-15
library Ranking {
    /// @param n models, i.e. lanes
    /// @param counted models with consensus above the baseline
    /// @param places most winners: k1, at least 1
    /// @param baseline a model counts if its consensus is above this score
    /// @param mu resolution of ranking, at least 1
    /// @param shardKey key of the round's shard, unknown while models were made
    struct Rule {
        uint256 n;
        uint256 counted;
        uint256 places;
        uint256 baseline;
        uint256 mu;
        bytes32 shardKey;
    }

    /// @notice `length` winners were named where `expected` are due.
    error WrongWinnerCount(uint256 length, uint256 expected);
    /// @notice The winner in this place is not counted, or does not rank below the one before it.
    error WinnerOutOfOrder(uint256 place);
    /// @notice `above` models rank above the last winner, not one less than the number of winners.
    error WinnerOmitted(uint256 above);
    /// @notice The vector in this place does not rank below the one before it.
    error VectorOutOfOrder(uint256 place);

    /// @notice Reverts unless `winners` are the best min(k1, counted) lanes, in order.
    /// @param entries per lane 32 bits, eight to a word, lane 0 lowest: handle index | first round << 16
    /// @param medians the round's packed consensus, as checked by ScoreMatrix
    /// @param winners witness: lanes, best first
    /// @return handles handle index of each winner
    /// @custom:invariant I-15
    function checkWinners(
        mapping(uint256 slot => uint256) storage entries,
        bytes calldata medians,
        uint256[] calldata winners,
        Rule memory rule
    ) internal view returns (uint256[] memory handles) {
        uint256 k = Math.min(rule.places, rule.counted);
        if (winners.length != k) revert WrongWinnerCount(winners.length, k);
        handles = new uint256[](k);
        uint256 last = type(uint256).max;
        for (uint256 i; i < k; ++i) {
            (uint256 standing, uint256 handle) = _standing(entries, medians, winners[i], rule.mu);
            bool below = i == 0 || _above(last, handles[i - 1], standing, handle, rule.shardKey);
            if (!below || _consensus(standing) <= rule.baseline) revert WinnerOutOfOrder(i);
            handles[i] = handle;
            last = standing;
        }
        // k distinct counted lanes out of k leave nobody to omit.
        if (k == rule.counted) return handles;
        uint256 above = _countAbove(entries, medians, last, handles[k - 1], rule);
        if (above != k - 1) revert WinnerOmitted(above);
    }

    /// @notice Reverts unless vectors stand in the order of pay: agreement descending, weight descending, first reveal
    /// ascending, strictly. All of these are below 2^16.
    function checkVectors(uint256[] memory agreement, uint256[] memory weights, uint256[] memory firstReveals)
        internal
        pure
    {
        uint256 last = type(uint256).max;
        for (uint256 i; i < agreement.length; ++i) {
            uint256 standing = agreement[i] << 32 | weights[i] << 16 | (0xffff - firstReveals[i]);
            if (standing >= last) revert VectorOutOfOrder(i);
            last = standing;
        }
    }

    /// @dev Number of counted lanes that rank above the last winner: those of higher buckets, counted sixteen at a time,
    /// and those of its own bucket, compared one by one.
    function _countAbove(
        mapping(uint256 slot => uint256) storage entries,
        bytes calldata medians,
        uint256 last,
        uint256 lastHandle,
        Rule memory rule
    ) private view returns (uint256 above) {
        uint256 floor = _consensus(last) / rule.mu * rule.mu;
        uint256 inBucket = Lanes.repeat(Math.max(floor, rule.baseline + 1));
        uint256 higher = Lanes.repeat(Math.min(floor + rule.mu, Lanes.TOP + 1));
        uint256 words = Lanes.words(rule.n);
        for (uint256 word; word < words; ++word) {
            uint256 m = Lanes.wordAt(medians, word);
            uint256 flags = Lanes.atLeast(m, higher);
            above += Lanes.sum(Lanes.marks(flags));
            flags ^= Lanes.atLeast(m, inBucket);
            if (flags == 0) continue;
            uint256 bits = Lanes.bitmap(flags);
            for (uint256 lane = word * Lanes.PER_WORD; bits != 0; ++lane) {
                if (bits & 1 != 0) {
                    (uint256 standing, uint256 handle) = _standing(entries, medians, lane, rule.mu);
                    if (_above(standing, handle, last, lastHandle, rule.shardKey)) ++above;
                }
                bits >>= 1;
            }
        }
    }

    /// @dev The first three criteria as one number, the larger the better: bucket, how early, consensus.
    function _standing(
        mapping(uint256 slot => uint256) storage entries,
        bytes calldata medians,
        uint256 lane,
        uint256 mu
    ) private view returns (uint256 standing, uint256 handle) {
        uint256 consensus = Lanes.lane(medians, lane);
        uint256 entry = entries[lane / 8] >> ((lane % 8) * 32);
        uint256 firstRound = (entry >> 16) & 0xffff;
        standing = (consensus / mu) << 32 | (0xffff - firstRound) << 16 | consensus;
        handle = entry & 0xffff;
    }

    function _consensus(uint256 standing) private pure returns (uint256) {
        return standing & 0xffff;
    }

    /// @dev Whether a ranks above b: by standing, among equals by a hash that nobody knew when models were made.
    function _above(uint256 a, uint256 handleA, uint256 b, uint256 handleB, bytes32 shardKey)
        private
        pure
        returns (bool)
    {
        if (a != b) return a > b;
        return
            Hashes.efficientKeccak256(shardKey, bytes32(handleA))
                > Hashes.efficientKeccak256(shardKey, bytes32(handleB));
    }
}
