// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Division of trainers into rings
/// @notice n trainers make ⌈n/16⌉ rings, whose sizes differ by at most one, the larger ones first. Ring r takes consecutive
/// positions of a permutation of the trainers' indices that is keyed by a seed: a four-round Feistel network on pairs
/// (left < a, right < b) with a = ⌈√n⌉ and b = ⌈n/a⌉, repeated until its result is below n (Black and Rogaway, CT-RSA 2002).
/// Nothing is stored, and one ring costs the same among 4,096 trainers as among 16.
library Rings {
    /// @notice The largest ring
    uint256 internal constant MAX_SIZE = 16;

    /// @notice There are not so many rings
    error NoSuchRing();

    /// @notice How many rings n trainers make
    function count(uint256 n) internal pure returns (uint256) {
        return Math.ceilDiv(n, MAX_SIZE);
    }

    /// @notice The indices, below n, of the trainers of a ring, in the order in which a signature takes them
    /// @param seed fixed after the trainers' indices
    /// @param n number of trainers
    /// @param ring number of the ring, below `count(n)`
    function members(bytes32 seed, uint256 n, uint256 ring) internal pure returns (uint256[] memory indices) {
        uint256 rings = count(n);
        if (ring >= rings) revert NoSuchRing();
        uint256 larger = n % rings;
        uint256 size = n / rings;
        uint256 position = ring * size + Math.min(ring, larger);
        if (ring < larger) ++size;
        indices = new uint256[](size);
        uint256 a = Math.sqrt(n, Math.Rounding.Ceil);
        _permute(seed, n, a, Math.ceilDiv(n, a), position, indices);
    }

    /// @dev Fills `indices` with the permutation's values at `position` and after.
    function _permute(bytes32 seed, uint256 n, uint256 a, uint256 b, uint256 position, uint256[] memory indices)
        private
        pure
    {
        assembly ("memory-safe") {
            // A round's function is keccak(seed ‖ round·2^128 + half).
            mstore(0x00, seed)
            let slot := add(indices, 0x20)
            for { let end := add(slot, shl(5, mload(indices))) } lt(slot, end) { slot := add(slot, 0x20) } {
                let x := position
                for {} 1 {} {
                    let left := div(x, b)
                    let right := mod(x, b)
                    mstore(0x20, right)
                    left := addmod(left, keccak256(0x00, 0x40), a)
                    mstore(0x20, or(shl(128, 1), left))
                    right := addmod(right, keccak256(0x00, 0x40), b)
                    mstore(0x20, or(shl(128, 2), right))
                    left := addmod(left, keccak256(0x00, 0x40), a)
                    mstore(0x20, or(shl(128, 3), left))
                    right := addmod(right, keccak256(0x00, 0x40), b)
                    x := add(mul(left, b), right)
                    if lt(x, n) { break }
                }
                mstore(slot, x)
                position := add(position, 1)
            }
        }
    }
}
