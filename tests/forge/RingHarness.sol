// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RingSignature} from "../../contracts/libraries/RingSignature.sol";
import {Rings} from "../../contracts/libraries/Rings.sol";

/// @notice The ring libraries as calls.
contract RingHarness {
    function verify(bytes32 message, bytes32 scope, address[] memory ring, RingSignature.Signature calldata signature)
        external
        view
        returns (bytes32)
    {
        return RingSignature.verify(message, scope, ring, signature);
    }

    /// @notice The same where a caller used the memory before.
    function verifyAmongLeftovers(
        bytes32 message,
        bytes32 scope,
        address[] memory ring,
        RingSignature.Signature calldata signature
    ) external view returns (bytes32) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 0x2000) { i := add(i, 0x20) } { mstore(add(free, i), not(0)) }
        }
        return RingSignature.verify(message, scope, ring, signature);
    }

    function hashToCurve(bytes32 scope) external view returns (uint256 x, uint256 y) {
        return RingSignature.hashToCurve(scope);
    }

    function members(bytes32 seed, uint256 n, uint256 ring) external pure returns (uint256[] memory) {
        return Rings.members(seed, n, ring);
    }
}

/// @notice What registering a handle costs at least: it finds the ring, checks the handle's consent and the ring signature,
/// and opens two storage slots.
contract MaskGas {
    bytes32 private immutable SEED;
    uint256 private immutable TRAINERS;
    mapping(uint256 index => address) private _keys;
    mapping(bytes32 tag => bytes32) private _openings;
    mapping(address handle => bool) private _registered;

    error Refused();

    constructor(bytes32 seed, address[] memory keys) {
        SEED = seed;
        TRAINERS = keys.length;
        for (uint256 i; i < keys.length; ++i) {
            _keys[i] = keys[i];
        }
    }

    function mask(
        bytes32 scope,
        uint256 ring,
        bytes32 commitment,
        uint8 v,
        bytes32 r,
        bytes32 s,
        RingSignature.Signature calldata signature
    ) external {
        address handle = ecrecover(commitment, v, r, s);
        uint256[] memory indices = Rings.members(SEED, TRAINERS, ring);
        address[] memory keys = new address[](indices.length);
        for (uint256 i; i < indices.length; ++i) {
            keys[i] = _keys[indices[i]];
        }
        bytes32 tag = RingSignature.verify(keccak256(abi.encode(handle, commitment)), scope, keys, signature);
        if (_openings[tag] != 0 || _registered[handle]) revert Refused();
        _openings[tag] = commitment;
        _registered[handle] = true;
    }
}
