// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RewardCurve} from "../../contracts/libraries/RewardCurve.sol";
import {SettlementHarness} from "./SettlementHarness.sol";
import {Test} from "./Vm.sol";

contract RewardCurveTest is Test {
    uint256 internal constant PPM = 1_000_000;

    SettlementHarness internal harness =
        SettlementHarness(vm.deployCode("SettlementHarness.sol:SettlementHarness", ""));

    // ── Pools ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_I3_PoolsSumToWhatIsDistributed(
        uint96 distributed,
        uint256 gamma,
        uint256 delta,
        uint72 trainerStake,
        uint72 validatorStake,
        uint256 rounds
    ) public pure {
        gamma = bound(gamma, 0, PPM / 2);
        delta = bound(delta, 0, PPM);
        rounds = bound(rounds, 1, 8);
        vm.assume(uint256(trainerStake) + validatorStake != 0);
        (uint256 trainers, uint256 validators) = RewardCurve.split(distributed, gamma, trainerStake, validatorStake);
        vm.assertEq(trainers + validators, distributed);
        uint256 sum;
        for (uint256 r; r < rounds; ++r) {
            sum += RewardCurve.trainerPool(trainers, delta, rounds, r);
            sum += RewardCurve.validatorPool(validators, rounds, r);
        }
        vm.assertEq(sum, distributed);
    }

    function test_SplitFollowsStakesAndGamma() public pure {
        (uint256 trainers,) = RewardCurve.split(1000, 0, 65, 120);
        vm.assertEq(trainers, 351);
        (trainers,) = RewardCurve.split(1000, 100_000, 0, 1);
        vm.assertEq(trainers, 100);
        (trainers,) = RewardCurve.split(1000, 500_000, 9, 1);
        vm.assertEq(trainers, 500);
        (trainers,) = RewardCurve.split(1000, 100_000, 65, 120);
        vm.assertEq(trainers, 381);
    }

    function test_LastRoundPaysTrainersWhatTheOthersLeave() public pure {
        vm.assertEq(RewardCurve.trainerPool(1001, 100_000, 3, 0), 50);
        vm.assertEq(RewardCurve.trainerPool(1001, 100_000, 3, 2), 901);
        vm.assertEq(RewardCurve.trainerPool(1001, 100_000, 1, 0), 1001);
        vm.assertEq(RewardCurve.validatorPool(1001, 3, 1), 333);
        vm.assertEq(RewardCurve.validatorPool(1001, 3, 2), 335);
    }

    // ── Validators ─────────────────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_I3_VectorsShareThePoolExactly(
        uint96 pool,
        uint16[8] memory agreements,
        uint16[8] memory vectorWeights,
        uint256 k2,
        uint256 tau
    ) public view {
        (uint256[] memory agreement, uint256[] memory weights) = (new uint256[](8), new uint256[](8));
        for (uint256 i; i < 8; ++i) {
            agreement[i] = agreements[i] % 4097;
            weights[i] = vectorWeights[i] % 4096;
        }
        k2 = bound(k2, 1, 120);
        uint256 mark = RewardCurve.passMark(bound(tau, 0, PPM), 4096, 100);
        uint256[] memory pays = harness.vectorPays(pool, agreement, weights, mark, k2);
        (uint256 sum, uint256 paid, bool claims) = (0, 0, false);
        for (uint256 i; i < 8; ++i) {
            bool claim = weights[i] != 0 && PPM * agreement[i] > mark;
            claims = claims || claim;
            if (!claim) vm.assertEq(pays[i], 0, "pay without a claim");
            if (pays[i] != 0) ++paid;
            sum += pays[i];
        }
        vm.assertEq(sum, claims ? pool : 0);
        vm.assertLe(paid, k2);
    }

    function test_OnlyTheFirstVectorsWithAClaimArePaid() public view {
        uint256[] memory agreement = new uint256[](4);
        uint256[] memory weights = new uint256[](4);
        (agreement[0], agreement[1], agreement[2], agreement[3]) = (10, 10, 8, 7);
        (weights[0], weights[1], weights[2], weights[3]) = (100, 0, 50, 900);
        uint256[] memory pays = harness.vectorPays(1000, agreement, weights, 6 * PPM, 2);
        // Claims 400 and 100; the vector of no weight takes no place.
        vm.assertEq(pays[0], 800);
        vm.assertEq(pays[1], 0);
        vm.assertEq(pays[2], 200);
        vm.assertEq(pays[3], 0);
    }

    function test_PassMarkIsTheLargerOfTauAndTheGuess() public pure {
        vm.assertEq(RewardCurve.passMark(PPM / 2, 100, 49), 50 * PPM);
        vm.assertEq(RewardCurve.passMark(PPM / 2, 100, 51), 51 * PPM);
        vm.assertEq(RewardCurve.passMark(PPM / 2, 0, 0), 0);
    }

    /// @dev A vector's members never get more than its pay, and all but a wei each of it.
    function testFuzz_I9_SharesOfAVectorSumToItsPay(uint96 pay, uint16[6] memory members) public pure {
        (uint256 total, uint256 sum) = (0, 0);
        for (uint256 i; i < 6; ++i) {
            total += members[i];
        }
        vm.assume(total != 0);
        for (uint256 i; i < 6; ++i) {
            sum += RewardCurve.shareOfVectorDown(pay, members[i], total);
        }
        vm.assertLe(sum, pay);
        vm.assertGt(sum + 6, pay);
    }

    // ── Trainers, delegators, slashes ──────────────────────────────────────────────────────────────────────────────

    function testFuzz_I3_TrainersNeverGetMoreThanThePool(uint96 pool, uint64[5] memory stakes, uint256 q) public pure {
        q = bound(q, 1, PPM);
        uint256[5] memory points;
        uint256 all;
        uint256 rank = RewardCurve.FIRST_RANK;
        for (uint256 i; i < 5; ++i) {
            points[i] = rank * (uint256(stakes[i]) + 1);
            all += points[i];
            rank = RewardCurve.nextRankDown(rank, q);
        }
        uint256 sum;
        for (uint256 i; i < 5; ++i) {
            sum += RewardCurve.trainerPayDown(pool, points[i], all);
        }
        vm.assertLe(sum, pool);
        vm.assertGt(sum + 5, pool);
    }

    function test_RanksWeighLessByQ() public pure {
        uint256 second = RewardCurve.nextRankDown(1e18, 600_000);
        vm.assertEq(second, 0.6e18);
        vm.assertEq(RewardCurve.nextRankDown(second, 600_000), 0.36e18);
        vm.assertEq(RewardCurve.nextRankDown(5, 500_000), 2);
    }

    function test_PartsAreRoundedDown() public pure {
        vm.assertEq(RewardCurve.trainerPayDown(11, 2, 3), 7);
        vm.assertEq(RewardCurve.shareOfVectorDown(11, 2, 3), 7);
        vm.assertEq(RewardCurve.delegatorPayDown(11, 2, 3), 7);
        vm.assertEq(RewardCurve.delegatorsPartDown(1000, 100_000, 65_535), 900);
        vm.assertEq(RewardCurve.delegatorsPartDown(1000, 100_000, 32_767), 449);
        vm.assertEq(RewardCurve.slashDown(11, 500_000), 5);
    }

    function testFuzz_DelegatorsGetNoMoreThanTheirPart(uint96 pay, uint256 sigma, uint16 delegated) public pure {
        sigma = bound(sigma, 0, PPM);
        uint256 part = RewardCurve.delegatorsPartDown(pay, sigma, delegated);
        vm.assertLe(part, uint256(pay) * (PPM - sigma) / PPM);
        if (sigma == 0 && delegated == type(uint16).max) vm.assertEq(part, pay);
    }

    function testFuzz_SlashIsExactForWholeGwei(uint64 lock, uint256 rate) public pure {
        rate = bound(rate, 0, PPM / 2);
        uint256 amount = uint256(lock) * 1e9;
        vm.assertEq(RewardCurve.slashDown(amount, rate) * PPM, amount * rate);
    }

    /// @dev The bounds stated in the library: no product overflows at their edge.
    function test_LargestAmountsDoNotOverflow() public pure {
        uint256 most = type(uint96).max;
        uint256 stakes = 2 ** 77 - 1;
        (uint256 trainers,) = RewardCurve.split(most, 0, stakes, 1);
        vm.assertLe(trainers, most);
        uint256 points = RewardCurve.FIRST_RANK * type(uint64).max;
        vm.assertEq(RewardCurve.trainerPayDown(most, points, points), most);
        vm.assertEq(RewardCurve.delegatorPayDown(most, 2 ** 160 - 1, 2 ** 160 - 1), most);
    }
}
