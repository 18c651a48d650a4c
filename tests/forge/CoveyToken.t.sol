// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {CustodyTest} from "./CustodyTest.sol";

contract CoveyTokenTest is CustodyTest {
    function test_wholeSupplyGoesToTheRecipient() public view {
        vm.assertEq(token.totalSupply(), SUPPLY);
        vm.assertEq(token.balanceOf(address(this)), SUPPLY);
        vm.assertEq(uint256(token.decimals()), 18);
        vm.assertEq(token.symbol(), "COVEY");
    }

    function test_permitSetsTheAllowanceOnce() public {
        (address alice,) = account("alice");
        (uint8 v, bytes32 r, bytes32 s) = signPermit("alice", address(ledger), 5, 2e9);
        token.permit(alice, address(ledger), 5, 2e9, v, r, s);
        vm.assertEq(token.allowance(alice, address(ledger)), 5);
        vm.expectRevert();
        token.permit(alice, address(ledger), 5, 2e9, v, r, s);
    }
}
