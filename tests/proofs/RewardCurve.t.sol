// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RewardCurve} from "../../contracts/libraries/RewardCurve.sol";
import {Proof} from "./Halmos.sol";

/// @notice Sums of the reward curve: what goes into a pool comes out of it, to the wei. A step that reverts pays nobody.
contract RewardCurveProofs is Proof {
    /// @notice Both sides of a task get together what it distributes. Bound: none, all words.
    function check_I3_sidesSumToTheWhole(uint256 distributed, uint256 gamma, uint256 trainers, uint256 validators)
        public
        pure
    {
        (uint256 left, uint256 right) = RewardCurve.split(distributed, gamma, trainers, validators);
        vm.assertLe(left, distributed);
        vm.assertEq(left + right, distributed);
    }

    /// @notice The trainers' pools of all rounds sum to their side. Bound: one to eight rounds.
    function check_I3_trainerPoolsSumToTheirSide(uint256 side, uint256 delta) public pure {
        for (uint256 rounds = 1; rounds <= 8; ++rounds) {
            uint256 sum;
            for (uint256 round; round < rounds; ++round) {
                sum += RewardCurve.trainerPool(side, delta, rounds, round);
            }
            vm.assertEq(sum, side);
        }
    }

    /// @notice The validators' pools of all rounds sum to their side. Bound: one to eight rounds.
    function check_I3_validatorPoolsSumToTheirSide(uint256 side) public pure {
        for (uint256 rounds = 1; rounds <= 8; ++rounds) {
            uint256 sum;
            for (uint256 round; round < rounds; ++round) {
                sum += RewardCurve.validatorPool(side, rounds, round);
            }
            vm.assertEq(sum, side);
        }
    }

    /// @notice What the vectors earn sums to the pool, or to nothing if no vector has a claim. Bound: one vector; any
    /// agreement, weight, pass mark and number of places in 16, 16, 32 and 8 bits.
    function check_I3_paysSumToThePool_1(
        uint96 pool,
        uint16[4] memory agreement,
        uint16[4] memory weights,
        uint32 mark,
        uint8 places
    ) public pure {
        uint256 claims = _claims(1, agreement, weights, mark, places);
        _checkPays(1, pool, agreement, weights, mark, places, claims);
    }

    /// @notice As for one. Bound: two vectors, else as for one.
    function check_I3_paysSumToThePool_2(
        uint96 pool,
        uint16[4] memory agreement,
        uint16[4] memory weights,
        uint32 mark,
        uint8 places
    ) public pure {
        uint256 claims = _claims(2, agreement, weights, mark, places);
        _checkPays(2, pool, agreement, weights, mark, places, claims);
    }

    /// @notice As for one. Bound: four vectors that all have a claim and a place, else as for one.
    function check_I3_paysSumToThePool_4(uint96 pool, uint16[4] memory agreement, uint16[4] memory weights, uint32 mark)
        public
        pure
    {
        for (uint256 i; i < 4; ++i) {
            vm.assume(RewardCurve.PPM * agreement[i] > mark);
            vm.assume(weights[i] != 0);
        }
        _checkPays(4, pool, agreement, weights, mark, 4, _claims(4, agreement, weights, mark, 4));
    }

    /// @dev Sum of the claims that have a place.
    function _claims(uint256 count, uint16[4] memory agreement, uint16[4] memory weights, uint256 mark, uint256 places)
        private
        pure
        returns (uint256 total)
    {
        for (uint256 i; i < count; ++i) {
            uint256 points = RewardCurve.PPM * agreement[i];
            if (points <= mark || weights[i] == 0 || places == 0) continue;
            total += weights[i] * (points - mark);
            --places;
        }
    }

    function _checkPays(
        uint256 count,
        uint256 pool,
        uint16[4] memory agreement4,
        uint16[4] memory weights4,
        uint256 mark,
        uint256 places,
        uint256 claims
    ) private pure {
        (uint256[] memory agreement, uint256[] memory weights) = (new uint256[](count), new uint256[](count));
        for (uint256 i; i < count; ++i) {
            (agreement[i], weights[i]) = (agreement4[i], weights4[i]);
        }
        uint256[] memory pays = RewardCurve.vectorPays(pool, agreement, weights, mark, places);
        uint256 sum;
        for (uint256 i; i < count; ++i) {
            sum += pays[i];
        }
        if (claims != 0) vm.assume(RewardCurve.trainerPayDown(pool, claims, claims) == pool); // arithmetic.smt2: whole
        vm.assertEq(sum, claims == 0 ? 0 : pool);
    }
}
