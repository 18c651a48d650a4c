// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Sets of at most 128 members, as bitmaps
library Bitmaps {
    /// @notice Number of members (Warren, Hacker's Delight, 5-1).
    function count(uint256 set) internal pure returns (uint256) {
        unchecked {
            set -= (set >> 1) & 0x55555555555555555555555555555555;
            set = (set & 0x33333333333333333333333333333333) + ((set >> 2) & 0x33333333333333333333333333333333);
            set = (set + (set >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            return ((set * 0x01010101010101010101010101010101) >> 120) & 0xff;
        }
    }

    /// @notice Whether `i` is a member.
    function has(uint256 set, uint256 i) internal pure returns (bool) {
        return (set >> i) & 1 == 1;
    }

    /// @notice The smallest member of a set that has any.
    function lowest(uint256 set) internal pure returns (uint256 i) {
        while (!has(set, i)) ++i;
    }

    /// @notice The members of a set, ascending.
    function members(uint256 set) internal pure returns (uint256[] memory list) {
        list = new uint256[](count(set));
        uint256 next;
        for (uint256 i; set >> i != 0; ++i) {
            if (has(set, i)) list[next++] = i;
        }
    }
}
