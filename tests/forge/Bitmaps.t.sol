// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bitmaps} from "../../contracts/libraries/Bitmaps.sol";
import {Test} from "./Vm.sol";

contract BitmapsTest is Test {
    using Bitmaps for uint256;

    function testFuzz_MembersAreTheBitsThatAreSet(uint128 set) public pure {
        _check(set);
    }

    function test_EmptyAndFullSets() public pure {
        _check(0);
        _check(type(uint128).max);
        for (uint256 i; i < 128; ++i) {
            _check(uint128(1 << i));
        }
    }

    function _check(uint128 bits) private pure {
        uint256 set = bits;
        uint256[] memory list = set.members();
        vm.assertEq(set.count(), list.length);
        uint256 next;
        for (uint256 i; i < 128; ++i) {
            bool isSet = bits & (uint128(1) << uint128(i)) != 0;
            vm.assertEq(set.has(i), isSet);
            if (!isSet) continue;
            vm.assertEq(list[next++], i);
            if (next == 1) vm.assertEq(set.lowest(), i);
        }
        vm.assertEq(next, list.length);
    }
}
