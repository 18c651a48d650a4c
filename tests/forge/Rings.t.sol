// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Rings} from "../../contracts/libraries/Rings.sol";
import {RingHarness} from "./RingHarness.sol";
import {Test} from "./Vm.sol";

contract RingsTest is Test {
    uint256 private constant MOST = 4096;

    RingHarness private _harness = RingHarness(vm.deployCode("RingHarness.sol:RingHarness", ""));

    /// @dev n = a·b fills the network's domain, and each n up to 4,096 uses the domain of one of these: if its
    /// permutation of that is one, so is what walking its cycles makes of it, for every n.
    function test_I21_EveryDomainIsPermuted() public pure {
        for (uint256 a = 1; a * a <= MOST; ++a) {
            _checkDivision(keccak256(abi.encode(a)), a * a);
            if (a > 1) _checkDivision(keccak256(abi.encode(a)), a * (a - 1));
        }
    }

    function testFuzz_I21_EveryTrainerIsInExactlyOneRing(bytes32 seed, uint256 n) public pure {
        _checkDivision(seed, bound(n, 1, 600));
    }

    /// @dev As the Python side divides them.
    function test_DivisionIsPinned() public view {
        _assertRing(33, 2, [27, 30, 12, 16, 3, 8, 29, 1, 20, 24, 4]);
        _assertRing(34, 1, [7, 6, 22, 11, 18, 14, 0, 26, 25, 5, 27]);
        _assertRing(22, 1, [8, 9, 10, 16, 4, 13, 19, 5, 11, 20, 18]);
        _assertRing(11, 0, [6, 3, 7, 8, 2, 1, 10, 9, 4, 5, 0]);
    }

    function testFuzz_RefusesRingsThatDoNotExist(bytes32 seed, uint256 n, uint256 ring) public {
        n = bound(n, 0, MOST);
        ring = bound(ring, Rings.count(n), type(uint256).max);
        vm.expectRevert(Rings.NoSuchRing.selector);
        _harness.members(seed, n, ring);
    }

    /// @dev Means over the rings; how often the permutation leaves [0, n), and must go on, differs.
    function test_GasPerMember() public view {
        uint256[5] memory sizes = [uint256(1), 16, 17, 1000, MOST];
        for (uint256 i; i < sizes.length; ++i) {
            uint256 n = sizes[i];
            uint256 used = gasleft();
            for (uint256 ring; ring < Rings.count(n); ++ring) {
                Rings.members(keccak256("gas"), n, ring);
            }
            used -= gasleft();
            vm.assertLe(used, 1000 * n + 2000 * Rings.count(n));
        }
    }

    function _assertRing(uint256 n, uint256 ring, uint8[11] memory expected) private view {
        uint256[] memory indices = _harness.members(keccak256("seed"), n, ring);
        vm.assertEq(indices.length, expected.length);
        for (uint256 i; i < indices.length; ++i) {
            vm.assertEq(indices[i], expected[i]);
        }
    }

    function _checkDivision(bytes32 seed, uint256 n) private pure {
        uint256 rings = Rings.count(n);
        bool[] memory seen = new bool[](n);
        uint256 total;
        for (uint256 ring; ring < rings; ++ring) {
            uint256[] memory indices = Rings.members(seed, n, ring);
            vm.assertLe(indices.length, Rings.MAX_SIZE);
            vm.assertEq(indices.length, n / rings + (ring < n % rings ? 1 : 0));
            for (uint256 j; j < indices.length; ++j) {
                vm.assertFalse(seen[indices[j]]);
                seen[indices[j]] = true;
            }
            total += indices.length;
        }
        vm.assertEq(total, n);
    }
}
