// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Roles: who proposes in a round
/// @notice Weighted sampling without replacement (Efraimidis and Spirakis, 2006): with a key u^(1/w), u uniform, for each, the
/// largest keys win. For a whole weight w that is the largest of w uniform numbers, so nothing is rounded.
library Roles {
    uint256 private constant PPM = 1e6;
    uint256 private constant LANE = 32;
    /// @notice Fewest voters: of one alone nothing could be compared.
    uint256 internal constant MIN_VOTERS = 2;
    /// @notice Largest weight: the lanes of a hash.
    uint256 internal constant MAX_WEIGHT = 8;

    /// @notice How many of `n` clients propose: ⌈share·n⌉, at least `least`, and at most what leaves two voters.
    /// @param n at least `least` + 2
    function proposersUp(uint256 share, uint256 n, uint256 least) internal pure returns (uint256) {
        return Math.min(Math.max(Math.ceilDiv(share * n, PPM), least), n - MIN_VOTERS);
    }

    /// @notice The `count` clients of `clients` with the largest keys; of equal keys, the later client's.
    /// @param weights from 1 to 8, by place in `clients`
    /// @return drawn their bitmap
    function draw(bytes32 seed, uint256[] memory clients, uint256[] memory weights, uint256 count)
        internal
        pure
        returns (uint256 drawn)
    {
        uint256[] memory keys = new uint256[](clients.length);
        for (uint256 i; i < clients.length; ++i) {
            keys[i] = (_key(seed, clients[i], weights[i]) << 8) | clients[i];
        }
        Arrays.sort(keys);
        for (uint256 i = keys.length - count; i < keys.length; ++i) {
            drawn |= 1 << (keys[i] & 0xff);
        }
    }

    /// @dev The largest of the first `weight` lanes of 32 bits.
    function _key(bytes32 seed, uint256 client, uint256 weight) private pure returns (uint256 key) {
        uint256 lanes = uint256(keccak256(abi.encode(seed, client)));
        for (uint256 i; i < weight; ++i) {
            key = Math.max(key, lanes >> (256 - LANE));
            lanes <<= LANE;
        }
    }
}
