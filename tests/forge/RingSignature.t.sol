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
        uint256 old;
        assembly ("memory-safe") {
            let place := add(arguments, shl(5, add(word, 1)))
            old := mload(place)
            mstore(place, value)
        }
        vm.assume(value != old);
        (bool valid,) = _verify(arguments);
        vm.assertFalse(valid);
    }

    function testFuzz_I21_AnyFlippedBitIsRefused(uint256 vector, uint256 place) public view {
        bytes memory arguments = _arguments[vector % SIZES];
        place = bound(place, 0, arguments.length * 8 - 1);
        arguments[place / 8] ^= bytes1(uint8(1 << (place % 8)));
        (bool valid,) = _verify(arguments);
        vm.assertFalse(valid);
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
