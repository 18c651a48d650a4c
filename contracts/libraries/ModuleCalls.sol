// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Code of one contract in several places
/// @notice For contracts whose rules are more code than one may have: modules share its storage layout and are fixed at
/// its deployment.
library ModuleCalls {
    /// @dev Runs this very call in a module, on this contract's storage, and returns or reverts with what it did.
    function runIn(address module) internal {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let ok := delegatecall(gas(), module, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(ok) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
