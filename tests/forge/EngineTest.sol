// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";

/// @notice Calls of the contract under test, which moves what custody holds.
abstract contract EngineTest is CustodyTest {
    /// @dev EIP-7825.
    uint256 private constant MAX_GAS = 2 ** 24;
    /// @dev What nodes relay, less a transaction's own fields and signature.
    uint256 private constant MAX_CALLDATA = 131_072 - 256;

    function engine() internal view virtual returns (address);

    /// @dev The call reverts with exactly this error. (What reverts changes nothing: the EVM sees to that.)
    function refused(address sender, bytes memory call, bytes memory expected) internal {
        refused(sender, call, expected, engine());
    }

    function refused(address sender, bytes memory call, bytes memory expected, address target) internal {
        vm.prank(sender);
        (bool accepted, bytes memory reason) = target.call(call);
        vm.assertFalse(accepted, "accepted");
        vm.assertEq(reason, expected);
    }

    /// @dev Sends a call, which has to fit a transaction (I-19), by gas as by the calldata floor of EIP-7623.
    function fits(address sender, bytes memory call) internal {
        vm.assertLe(call.length, MAX_CALLDATA, "calldata");
        vm.prank(sender);
        (bool ok,) = engine().call(call);
        vm.assertTrue(ok);
        vm.assertLe(vm.lastCallGas().gasTotalUsed, MAX_GAS, "gas");
        uint256 tokens;
        for (uint256 i; i < call.length; ++i) {
            tokens += call[i] == 0 ? 1 : 4;
        }
        vm.assertLe(21_000 + 10 * tokens, MAX_GAS, "floor");
    }
}
