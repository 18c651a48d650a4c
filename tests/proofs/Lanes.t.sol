// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {Test} from "../forge/Vm.sol";

/// @notice Each word-parallel operation against the same operation on one lane, for a lane `i` of the solver's choice:
/// what holds for any lane of any word holds for all.
contract LanesProofs is Test {
    /// @notice `atLeast` flags exactly the lanes with a ≥ b. Bound: all words of scores a, all b with lanes up to 2^15.
    function check_I12_atLeastComparesEveryLane(uint256 a, uint256 b, uint8 i) public pure {
        a &= ~Lanes.GUARD;
        vm.assume(_lanesUpTo(b, 0x8000));
        uint256 flags = Lanes.atLeast(a, b);
        i &= 15;
        vm.assertEq(flags & ~Lanes.GUARD, 0);
        vm.assertEq(_lane(flags, i) != 0, _lane(a, i) >= _lane(b, i));
    }

    /// @notice `addCapped` is min(a + b, 32,767) in every lane. Bound: all words of scores.
    function check_I12_addCappedAddsEveryLane(uint256 a, uint256 b, uint8 i) public pure {
        a &= ~Lanes.GUARD;
        b &= ~Lanes.GUARD;
        i &= 15;
        uint256 plain = _lane(a, i) + _lane(b, i);
        uint256 lane = _lane(Lanes.addCapped(a, b), i);
        vm.assertTrue((plain <= Lanes.TOP && lane == plain) || (plain > Lanes.TOP && lane == Lanes.TOP));
    }

    /// @notice `subFloored` is max(a − b, 0) in every lane. Bound: all words of scores.
    function check_I12_subFlooredSubtractsEveryLane(uint256 a, uint256 b, uint8 i) public pure {
        a &= ~Lanes.GUARD;
        b &= ~Lanes.GUARD;
        i &= 15;
        (uint256 x, uint256 y) = (_lane(a, i), _lane(b, i));
        uint256 lane = _lane(Lanes.subFloored(a, b), i);
        vm.assertTrue((x >= y && lane + y == x) || (x < y && lane == 0));
    }

    /// @notice `onlyWhere` keeps flagged lanes and puts 2^15 into the others. Bound: all words of scores, all flags.
    function check_I12_onlyWhereKeepsFlaggedLanes(uint256 flags, uint256 a, uint8 i) public pure {
        flags &= Lanes.GUARD;
        a &= ~Lanes.GUARD;
        i &= 15;
        uint256 lane = _lane(Lanes.onlyWhere(flags, a), i);
        bool flagged = _lane(flags, i) != 0;
        vm.assertTrue((flagged && lane == _lane(a, i)) || (!flagged && lane == 0x8000));
    }

    /// @notice `repeat` puts the score into every lane. Bound: all scores.
    function check_I12_repeatFillsEveryLane(uint16 score, uint8 i) public pure {
        score &= 0x7fff;
        vm.assertEq(_lane(Lanes.repeat(score), i & 15), score);
    }

    /// @notice `marks` holds one in each flagged lane, zero in the others. Bound: all flags.
    function check_I12_marksAreOnesOfFlags(uint256 flags, uint8 i) public pure {
        flags &= Lanes.GUARD;
        i &= 15;
        vm.assertEq(_lane(Lanes.marks(flags), i), _lane(flags, i) >> 15);
    }

    /// @notice `sum` adds all sixteen lanes. Bound: all words of marks.
    function check_I12_sumAddsAllLanes(uint256 lanes) public pure {
        lanes &= Lanes.ONES;
        uint256 plain;
        unchecked {
            for (uint256 i; i < 16; ++i) {
                plain += _lane(lanes, i);
            }
        }
        vm.assertEq(Lanes.sum(lanes), plain);
    }

    /// @notice `bitmap` has bit j where lane j is flagged, and no other bit. Bound: all flags.
    function check_I12_bitmapGathersFlags(uint256 flags, uint8 i) public pure {
        flags &= Lanes.GUARD;
        i &= 15;
        uint256 bits = Lanes.bitmap(flags);
        vm.assertEq(bits >> 16, 0);
        vm.assertEq((bits >> i) & 1, _lane(flags, i) >> 15);
    }

    /// @notice `used` has all bits of the lanes below n − 16·word. Bound: n up to 4,096, all of its words.
    function check_I12_usedCoversTheLanesThatHoldScores(uint16 n, uint8 word, uint8 i) public pure {
        vm.assume(n <= 4096 && word < Lanes.words(n));
        i &= 15;
        vm.assertEq(_lane(Lanes.used(n, word), i), uint256(word) * 16 + i < n ? 0xffff : 0);
    }

    function _lane(uint256 word, uint256 i) private pure returns (uint256) {
        return (word >> (240 - 16 * i)) & 0xffff;
    }

    function _lanesUpTo(uint256 word, uint256 most) private pure returns (bool all) {
        all = true;
        for (uint256 i; i < 16; ++i) {
            bool lane = _lane(word, i) <= most;
            assembly ("memory-safe") {
                all := and(all, lane)
            }
        }
    }
}
