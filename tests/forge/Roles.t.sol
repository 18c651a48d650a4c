// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bitmaps} from "../../contracts/libraries/Bitmaps.sol";
import {Reputation} from "../../contracts/libraries/Reputation.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {Test} from "./Vm.sol";

contract RolesTest is Test {
    uint256 private constant DRAWS = 8192;

    function _list(uint256 a, uint256 b, uint256 c, uint256 d) private pure returns (uint256[] memory list) {
        list = new uint256[](4);
        (list[0], list[1], list[2], list[3]) = (a, b, c, d);
    }

    /// Sampling without replacement: i is the first with w_i/W, the second after j with w_i/(W - w_j). Each share of 8,192 draws is
    /// within four standard errors of it.
    function test_DrawsByWeight() public {
        vm.pauseGasMetering();
        uint256[] memory clients = _list(3, 5, 80, 127);
        uint256[] memory weights = _list(1, 2, 3, 8);
        uint256[4][3] memory drawn;
        for (uint256 seed; seed < DRAWS; ++seed) {
            for (uint256 count = 1; count < 3; ++count) {
                uint256 set = Roles.draw(bytes32(seed), clients, weights, count);
                vm.assertEq(Bitmaps.count(set), count);
                for (uint256 i; i < 4; ++i) {
                    drawn[count][i] += (set >> clients[i]) & 1;
                }
            }
        }
        for (uint256 i; i < 4; ++i) {
            uint256 first = 1e18 * weights[i] / 14;
            uint256 either = first;
            for (uint256 j; j < 4; ++j) {
                if (j != i) either += 1e18 * weights[j] * weights[i] / (14 * (14 - weights[j]));
            }
            _assertShare(drawn[1][i], first);
            _assertShare(drawn[2][i], either);
        }
    }

    /// @dev 4·√(p(1−p)/n) is at most 2/√n: 0.0221.
    function _assertShare(uint256 hits, uint256 p) private pure {
        vm.assertApproxEqAbs(1e18 * hits / DRAWS, p, 0.0221e18);
    }

    function testFuzz_DrawTakesTheLargestKeys(bytes32 seed, uint256 count) public pure {
        uint256[] memory clients = new uint256[](128);
        uint256[] memory weights = new uint256[](128);
        for (uint256 i; i < 128; ++i) {
            (clients[i], weights[i]) = (i, 1 + uint256(keccak256(abi.encode(seed))) % 8);
        }
        count = bound(count, 1, 126);
        uint256 set = Roles.draw(seed, clients, weights, count);
        vm.assertEq(Bitmaps.count(set), count);
        (uint256 least, uint256 most) = (type(uint256).max, 0);
        for (uint256 i; i < 128; ++i) {
            uint256 lanes = uint256(keccak256(abi.encode(seed, i)));
            uint256 key;
            for (uint256 j; j < weights[i]; ++j) {
                uint256 lane = uint32(lanes >> (224 - 32 * j));
                if (lane > key) key = lane;
            }
            key = key * 256 + i;
            if (Bitmaps.has(set, i)) least = key < least ? key : least;
            else most = key > most ? key : most;
        }
        vm.assertGt(least, most);
    }

    function test_ProposersAreAShareWithinBounds() public pure {
        vm.assertEq(Roles.proposersUp(400_000, 5, 1), 2);
        vm.assertEq(Roles.proposersUp(400_001, 5, 1), 3, "up");
        vm.assertEq(Roles.proposersUp(555_556, 9, 1), 6, "up by the least");
        vm.assertEq(Roles.proposersUp(1, 128, 3), 3, "enough updates");
        vm.assertEq(Roles.proposersUp(1_000_000, 128, 3), 126, "two vote");
        vm.assertEq(Roles.proposersUp(1, 3, 1), 1);
    }

    function test_ReputationRisesFallsAndIsolates() public pure {
        vm.assertEq(Reputation.raised(3, 5), 4);
        vm.assertEq(Reputation.raised(5, 5), 5);
        vm.assertEq(Reputation.lowered(4, 2), 3);
        vm.assertEq(Reputation.lowered(3, 2), 2);
        vm.assertEq(Reputation.lowered(2, 2), 0);
        vm.assertEq(Reputation.lowered(1, 1), 0);
    }

    function testFuzz_BitmapsListTheirMembers(uint128 set) public pure {
        uint256[] memory list = Bitmaps.members(set);
        uint256 again;
        for (uint256 i; i < list.length; ++i) {
            if (i != 0) vm.assertGt(list[i], list[i - 1]);
            again |= 1 << list[i];
        }
        vm.assertEq(again, set);
        if (set != 0) vm.assertEq(Bitmaps.lowest(set), list[0]);
    }
}
