// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

// The plain counterparts of word-parallel code. No function branches, so that one query of the solver covers all cases;
// wraps where the callers' bounds keep sums small.

/// @notice Lane `i` of a word; lane 0 is the most significant.
function laneOf(uint256 word, uint256 i) pure returns (uint256) {
    unchecked {
        return (word >> (240 - 16 * i)) & 0xffff;
    }
}

function both(bool a, bool b) pure returns (bool c) {
    assembly ("memory-safe") {
        c := and(a, b)
    }
}

/// @notice `x` if the condition holds, else 0.
function when(bool condition, uint256 x) pure returns (uint256 y) {
    assembly ("memory-safe") {
        y := and(x, sub(0, condition))
    }
}

/// @notice Whether scores `a` and `b` are at most `epsilon` apart.
function agrees(uint256 a, uint256 b, uint256 epsilon) pure returns (bool) {
    unchecked {
        return both(a <= b + epsilon, b <= a + epsilon);
    }
}
