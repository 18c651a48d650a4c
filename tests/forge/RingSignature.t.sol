// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RingSignature} from "../../contracts/libraries/RingSignature.sol";
import {RingHarness} from "./RingHarness.sol";
import {Test} from "./Vm.sol";

/// @notice Signatures made by the Python signer; what tampering is refused for which reason is compared there, on a node.
contract RingSignatureTest is Test {
    uint256 private constant SIZES = 4;
    uint256 private constant LARGEST = 16;

    RingHarness private _harness = RingHarness(vm.deployCode("RingHarness.sol:RingHarness", ""));
    bytes[SIZES] private _arguments;
    bytes32[] private _tags;

    function setUp() public {
        string memory json = vm.readFile("tests/vectors/ring_signatures.json");
        _tags = vm.parseJsonBytes32Array(json, ".tags");
        for (uint256 i; i < SIZES; ++i) {
            _arguments[i] = vm.parseJsonBytes(json, string.concat(".arguments[", vm.toString(i), "]"));
        }
    }

    function test_I21_AcceptsSignaturesWithTheirTags() public view {
        for (uint256 i; i < SIZES; ++i) {
            (bool valid, bytes memory result) = _verify(_arguments[i]);
            vm.assertTrue(valid);
            vm.assertEq(abi.decode(result, (bytes32)), _tags[i]);
        }
    }

    function testFuzz_I21_AnyChangedWordIsRefused(uint256 vector, uint256 word, uint256 value) public view {
        bytes memory arguments = _arguments[vector % SIZES];
        word = bound(word, 0, arguments.length / 32 - 1);
        bytes memory changed = _changed(arguments, word, value);
        vm.assume(keccak256(changed) != keccak256(arguments));
        (bool valid,) = _verify(changed);
        vm.assertFalse(valid);
    }

    function testFuzz_I21_AnyFlippedBitIsRefused(uint256 vector, uint256 place) public view {
        bytes memory arguments = _arguments[vector % SIZES];
        place = bound(place, 0, arguments.length * 8 - 1);
        arguments[place / 8] ^= bytes1(uint8(1 << (place % 8)));
        (bool valid,) = _verify(arguments);
        vm.assertFalse(valid);
    }

    /// @dev Of the two members' signature, word by word; a number that is allowed, but wrong, is refused for its product.
    function test_I21_RefusalsSayWhy() public view {
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes memory wrongMultiple = abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 0);
        _assertRefused(4, 1, abi.encodeWithSelector(RingSignature.RingSizeMismatch.selector));
        _assertRefused(12, 1, abi.encodeWithSelector(RingSignature.RingSizeMismatch.selector));
        _assertRefused(7, 0, abi.encodeWithSelector(RingSignature.InvalidTag.selector));
        _assertRefused(7, n, abi.encodeWithSelector(RingSignature.InvalidTag.selector));
        _assertRefused(8, 1, abi.encodeWithSelector(RingSignature.InvalidTag.selector));
        _assertRefused(9, 0, abi.encodeWithSelector(RingSignature.ChallengeOutOfRange.selector));
        _assertRefused(9, n, abi.encodeWithSelector(RingSignature.ChallengeOutOfRange.selector));
        _assertRefused(9, n - 1, wrongMultiple);
        _assertRefused(9, 1, wrongMultiple);
        _assertRefused(10, 1, abi.encodeWithSelector(RingSignature.InverseMismatch.selector));
        _assertRefused(13, 1, abi.encodeWithSelector(RingSignature.KeyMismatch.selector, 0));
        _assertRefused(15, 0, abi.encodeWithSelector(RingSignature.ScalarOutOfRange.selector, 0));
        _assertRefused(15, n, abi.encodeWithSelector(RingSignature.ScalarOutOfRange.selector, 0));
        _assertRefused(15, n - 1, wrongMultiple);
        _assertRefused(15, 1, wrongMultiple);
        _assertRefused(17, 1, wrongMultiple);
        _assertRefused(19, 1, wrongMultiple);
        _assertRefused(20, 1, abi.encodeWithSelector(RingSignature.KeyMismatch.selector, 1));
        _assertRefused(22, 0, abi.encodeWithSelector(RingSignature.ScalarOutOfRange.selector, 1));
        _assertRefused(26, 1, abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 1));
        // Another message makes other challenges from the second member on.
        _assertRefused(0, 1, abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 1));
    }

    function test_I21_EveryBitOfAnAddressCounts() public view {
        bytes32 first;
        bytes memory arguments = _arguments[1];
        assembly ("memory-safe") {
            first := mload(add(arguments, 0xc0))
        }
        bytes memory mismatch = abi.encodeWithSelector(RingSignature.KeyMismatch.selector, 0);
        for (uint256 bit; bit < 160; ++bit) {
            _assertRefused(5, uint256(first) ^ (1 << bit), mismatch);
        }
    }

    /// @dev Points of the curve under coordinates that have others, too: else one key would have two tags.
    function test_I21_TagsHaveOneForm() public view {
        bytes memory invalid = abi.encodeWithSelector(RingSignature.InvalidTag.selector);
        // x is the group's order, as which ecrecover takes none.
        bytes memory arguments =
            _changed(_arguments[1], 7, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141);
        _assertRefused(arguments, 8, 0x98F66641CB0AE1776B463EBDEE3D77FE2658F021DB48E2C8AC7AB4C92F83621E, invalid);
        // y is the field's order and one.
        arguments = _changed(_arguments[1], 7, 0x1FE1E5EF3FCEB5C135AB7741333CE5A6E80D68167653F6B2B24BCBCFAAAFF507);
        _assertRefused(arguments, 8, 2 ** 256 - 2 ** 32 - 977 + 1, invalid);
    }

    function test_I21_MemoryMayHoldLeftovers() public view {
        (bool valid,) =
            address(_harness).staticcall(bytes.concat(RingHarness.verifyAmongLeftovers.selector, _arguments[SIZES - 1]));
        vm.assertTrue(valid);
    }

    function test_I21_WhatFollowsTheSignatureIsNotRead() public view {
        for (uint256 i; i < SIZES; ++i) {
            (bool valid, bytes memory result) = _verify(bytes.concat(_arguments[i], ~bytes32(0)));
            vm.assertTrue(valid);
            vm.assertEq(abi.decode(result, (bytes32)), _tags[i]);
        }
    }

    function test_I21_ARingOfOneIsRefusedForAnotherMessage() public view {
        (bool valid, bytes memory why) = _verify(_changed(_arguments[0], 0, 1));
        vm.assertFalse(valid);
        vm.assertEq(why, abi.encodeWithSelector(RingSignature.ChainNotClosed.selector));
    }

    /// @dev No point of the curve has 5 as its x coordinate; an address says nothing of that.
    function test_I21_AKeyOffTheCurveIsRefused() public view {
        bytes memory arguments = _changed(_changed(_arguments[1], 13, 5), 14, 1);
        (bool valid, bytes memory why) = _verify(_changed(arguments, 5, uint160(uint256(keccak256(abi.encode(5, 1))))));
        vm.assertFalse(valid);
        vm.assertEq(why, abi.encodeWithSelector(RingSignature.UndefinedCommitment.selector, 0));
    }

    /// @dev A call that runs out of gas in a precompile must not look like a point that is missing.
    function testFuzz_I21_ShortOfGasIsRefusedOrRight(uint256 gasLimit) public view {
        bytes memory arguments = _arguments[0];
        (bool valid, bytes memory result) = address(_harness).staticcall{gas: bound(gasLimit, 0, 40_000)}(
            bytes.concat(RingHarness.verify.selector, arguments)
        );
        if (valid) vm.assertEq(abi.decode(result, (bytes32)), _tags[0]);
    }

    function testFuzz_BaseIsOnTheCurveWithEvenY(bytes32 scope) public view {
        uint256 p = 2 ** 256 - 2 ** 32 - 977;
        (uint256 x, uint256 y) = _harness.hashToCurve(scope);
        vm.assertEq(mulmod(y, y, p), addmod(mulmod(mulmod(x, x, p), x, p), 7, p));
        vm.assertEq(y % 2, 0);
        vm.assertLt(y, p);
    }

    function test_GasPerMember() public view {
        bytes memory one = bytes.concat(RingHarness.verify.selector, _arguments[0]);
        bytes memory all = bytes.concat(RingHarness.verify.selector, _arguments[SIZES - 1]);
        vm.assertLe((_gas(all) - _gas(one)) / (LARGEST - 1), 11_500);
    }

    function _assertRefused(uint256 word, uint256 value, bytes memory why) private view {
        _assertRefused(_arguments[1], word, value, why);
    }

    function _assertRefused(bytes memory arguments, uint256 word, uint256 value, bytes memory why) private view {
        (bool valid, bytes memory result) = _verify(_changed(arguments, word, value));
        vm.assertFalse(valid);
        vm.assertEq(result, why);
    }

    function _changed(bytes memory arguments, uint256 word, uint256 value) private pure returns (bytes memory changed) {
        changed = bytes.concat(arguments);
        assembly ("memory-safe") {
            mstore(add(changed, shl(5, add(word, 1))), value)
        }
    }

    function _verify(bytes memory arguments) private view returns (bool valid, bytes memory result) {
        return address(_harness).staticcall(bytes.concat(RingHarness.verify.selector, arguments));
    }

    function _gas(bytes memory call) private view returns (uint256 used) {
        used = gasleft();
        (bool valid,) = address(_harness).staticcall(call);
        used -= gasleft();
        vm.assertTrue(valid);
    }
}
