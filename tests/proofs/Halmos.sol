// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../forge/Vm.sol";

/// @notice The cheatcodes of halmos that the proofs use, besides forge's (https://github.com/a16z/halmos-cheatcodes).
interface Svm {
    /// @notice Gives every slot of the contract an arbitrary value.
    function enableSymbolicStorage(address account) external;
}

/// @notice Base of the proofs about contracts with state.
abstract contract Proof is Test {
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
}
