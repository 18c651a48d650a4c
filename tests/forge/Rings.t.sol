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
