// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Weights} from "../../contracts/libraries/Weights.sol";
import {Test} from "./Vm.sol";

contract WeightsTest is Test {
    function testFuzz_SumFitsFifteenBits(uint64[] memory stakes) public pure {
        vm.assume(stakes.length != 0 && stakes.length <= 120);
        (uint256 total, uint256 sum) = (0, 0);
        for (uint256 i; i < stakes.length; ++i) {
            if (stakes[i] == 0) stakes[i] = 1;
            total += stakes[i];
        }
        uint256 largest = Weights.cap(total, stakes.length);
        for (uint256 i; i < stakes.length; ++i) {
            sum += Weights.weightDown(stakes[i], largest, total);
        }
        vm.assertLe(sum, Weights.ONE);
        vm.assertGt(sum, 0);
    }

    /// @dev Splitting a stake under the cap changes the sum of its weights by rounding alone: one per part.
    function testFuzz_I9_SplitChangesWeightByRounding(uint64 stake, uint64 part, uint64 others) public pure {
        part = uint64(bound(part, 0, stake));
        uint256 total = uint256(stake) + others;
        vm.assume(total != 0);
        uint256 largest = Weights.cap(total, 7);
        vm.assume(stake <= largest);
        uint256 whole = Weights.weightDown(stake, largest, total);
        uint256 split = Weights.weightDown(part, largest, total) + Weights.weightDown(stake - part, largest, total);
        vm.assertLe(split, whole);
        vm.assertLe(whole, split + 1);
    }

    function test_CapIsFifteenPercentOrAnEqualShare() public pure {
        vm.assertEq(Weights.cap(1000, 100), 150);
        vm.assertEq(Weights.cap(1000, 3), 334);
        vm.assertEq(Weights.weightDown(900, 334, 1000), 10_944);
        vm.assertEq(Weights.weightDown(334, 334, 1000), 10_944);
    }

    /// @dev n equal stakes all weigh the same, whatever n: the cap never bites below an equal share.
    function testFuzz_EqualStakesWeighFully(uint64 stake, uint256 n) public pure {
        n = bound(n, 1, 120);
        vm.assume(stake != 0);
        uint256 total = n * stake;
        vm.assertEq(Weights.weightDown(stake, Weights.cap(total, n), total), Weights.ONE / n);
    }

    function test_QuorumIsMoreThanHalfOfActiveAndAThirdOfAll() public pure {
        vm.assertTrue(Weights.hasQuorum(51, 100, 153));
        vm.assertFalse(Weights.hasQuorum(50, 100, 100));
        vm.assertFalse(Weights.hasQuorum(51, 100, 154));
        vm.assertFalse(Weights.hasQuorum(0, 0, 0));
    }

    function test_DataIsRejectedByMoreThanHalf() public pure {
        vm.assertTrue(Weights.rejectsData(51, 100));
        vm.assertFalse(Weights.rejectsData(50, 100));
        vm.assertFalse(Weights.rejectsData(0, 0));
    }
}
