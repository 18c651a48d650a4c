// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Lanes: sixteen 15-bit scores in a word
/// @notice A packed vector holds n scores in ⌈n/16⌉ words, lane 0 of a word in its most significant 16 bits, padding
/// zero. The top bit of a lane, its guard, is clear in a score, so that one subtraction compares sixteen pairs of scores
/// without a borrow crossing lanes.
/// @dev "Flags" are words with guard bits only; "marks" are the same bits shifted down to each lane's lowest bit.
library Lanes {
    uint256 internal constant PER_WORD = 16;
    /// @notice Largest score.
    uint256 internal constant TOP = 32_767;
    /// @notice The lowest bit of every lane: multiplying by it repeats a score in all lanes.
    uint256 internal constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    /// @notice The guard bit of every lane.
    uint256 internal constant GUARD = 0x8000800080008000800080008000800080008000800080008000800080008000;
    /// @dev Σ 2^(17·j): moves the mark of lane j to bit 240 + j; no two products meet, so nothing carries.
    uint256 private constant GATHER = 0x8000400020001000080004000200010000800040002000100008000400020001;

    /// @notice The vector is `length` bytes long where `expected` were due.
    error WrongLength(uint256 length, uint256 expected);
    /// @notice A lane of this word exceeds 32,767.
    error ScoreTooLarge(uint256 word);
    /// @notice A lane after the last score is not zero.
    error PaddingNotZero();
    error LaneOutOfRange(uint256 lane);

    /// @notice Words of a packed vector of `n` scores.
    function words(uint256 n) internal pure returns (uint256) {
        return (n + PER_WORD - 1) / PER_WORD;
    }

    /// @notice Bytes of a packed vector of `n` scores.
    function size(uint256 n) internal pure returns (uint256) {
        return words(n) * 32;
    }

    /// @notice Reverts unless `vector` packs exactly `n` scores.
    function validate(bytes calldata vector, uint256 n) internal pure {
        if (vector.length != size(n)) revert WrongLength(vector.length, size(n));
        uint256 count = words(n);
        for (uint256 i; i < count; ++i) {
            if (wordAt(vector, i) & GUARD != 0) revert ScoreTooLarge(i);
        }
        if (count != 0 && wordAt(vector, count - 1) & ~used(n, count - 1) != 0) revert PaddingNotZero();
    }

    /// @notice Score of lane `i`.
    function lane(bytes calldata vector, uint256 i) internal pure returns (uint256 score) {
        if (i >= vector.length / 2) revert LaneOutOfRange(i);
        assembly ("memory-safe") {
            score := shr(240, calldataload(add(vector.offset, shl(1, i))))
        }
    }

    /// @notice Word `i`; the caller knows that the vector has it.
    function wordAt(bytes calldata vector, uint256 i) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(vector.offset, shl(5, i)))
        }
    }

    /// @notice All bits of the lanes of word `i` that hold one of `n` scores.
    function used(uint256 n, uint256 i) internal pure returns (uint256) {
        uint256 left = n - i * PER_WORD;
        return left < PER_WORD ? ~(type(uint256).max >> (left * 16)) : type(uint256).max;
    }

    /// @notice `score` in every lane.
    function repeat(uint256 score) internal pure returns (uint256) {
        unchecked {
            return score * ONES;
        }
    }

    /// @notice Flags of the lanes where `a ≥ b`; no lane of `a` has its guard, no lane of `b` exceeds 2^15.
    function atLeast(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return ((a | GUARD) - b) & GUARD;
        }
    }

    /// @notice `a + b` per lane, at most 32,767.
    function addCapped(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 added = a + b;
            uint256 over = added & GUARD;
            return (added | (over - (over >> 15))) & ~GUARD;
        }
    }

    /// @notice `a − b` per lane, at least 0.
    function subFloored(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            uint256 difference = (a | GUARD) - b;
            uint256 kept = difference & GUARD;
            return difference & (kept - (kept >> 15));
        }
    }

    /// @notice `a` in flagged lanes; in the others 2^15, which no score reaches.
    function onlyWhere(uint256 flags, uint256 a) internal pure returns (uint256) {
        unchecked {
            return (a & (flags - (flags >> 15))) | (flags ^ GUARD);
        }
    }

    /// @notice Flags moved to each lane's lowest bit, where they can be added up.
    function marks(uint256 flags) internal pure returns (uint256) {
        return flags >> 15;
    }

    /// @notice Sum of all lanes; the sum must be below 2^16.
    function sum(uint256 lanes) internal pure returns (uint256) {
        unchecked {
            return (lanes * ONES) >> 240;
        }
    }

    /// @notice Flags as sixteen bits, bit j for lane j.
    function bitmap(uint256 flags) internal pure returns (uint256) {
        unchecked {
            return ((flags >> 15) * GATHER) >> 240;
        }
    }
}
