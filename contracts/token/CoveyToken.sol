// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title CoveyToken: the token of local networks and tests
/// @notice ERC-20 with ERC-2612 permits and 18 decimals. The whole supply exists from the start; nobody can mint.
contract CoveyToken is ERC20, ERC20Permit {
    /// @param recipient receives the whole supply
    /// @param supply wei; custody counts in `uint96`, so no more than that can exist
    constructor(address recipient, uint96 supply) ERC20("Covey", "COVEY") ERC20Permit("Covey") {
        _mint(recipient, supply);
    }
}
