// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {Ranking} from "../../contracts/libraries/Ranking.sol";
import {SettlementHarness} from "./SettlementHarness.sol";
import {Test} from "./Vm.sol";

/// @notice The winners' check against a plain selection by the order of `docs/protocol.md` section 7.
contract RankingTest is Test {
    SettlementHarness internal harness =
        SettlementHarness(vm.deployCode("SettlementHarness.sol:SettlementHarness", ""));

    struct Model {
        uint256 consensus;
        uint256 firstRound;
        uint256 handle;
    }

    function testFuzz_I15_AcceptsTheBestInOrder(uint256 seed, uint256 n, uint256 places) public {
        (Model[] memory models, Ranking.Rule memory rule) = _field(seed, bound(n, 1, 60), bound(places, 1, 12));
        uint256[] memory winners = _best(models, rule);
        uint256[] memory handles = harness.checkWinners(_packed(models), winners, rule);
        vm.assertEq(handles.length, winners.length);
        for (uint256 i; i < winners.length; ++i) {
            vm.assertEq(handles[i], models[winners[i]].handle);
        }
    }

    function testFuzz_I15_RejectsAnyOtherWinner(uint256 seed, uint256 n, uint256 place, uint256 lane) public {
        (Model[] memory models, Ranking.Rule memory rule) = _field(seed, bound(n, 2, 40), bound(seed >> 16, 1, 12));
        uint256[] memory winners = _best(models, rule);
        vm.assume(winners.length != 0);
        place = bound(place, 0, winners.length - 1);
        lane = bound(lane, 0, rule.n - 1);
        vm.assume(winners[place] != lane);
        winners[place] = lane;
        bytes memory medians = _packed(models);
        vm.expectRevert();
        harness.checkWinners(medians, winners, rule);
    }

    function testFuzz_I15_RejectsSwappedWinners(uint256 seed, uint256 n, uint256 a) public {
        (Model[] memory models, Ranking.Rule memory rule) = _field(seed, bound(n, 2, 40), bound(seed >> 16, 2, 12));
        uint256[] memory winners = _best(models, rule);
        vm.assume(winners.length > 1);
        a = bound(a, 0, winners.length - 2);
        (winners[a], winners[a + 1]) = (winners[a + 1], winners[a]);
        bytes memory medians = _packed(models);
        vm.expectRevert(abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, a + 1));
        harness.checkWinners(medians, winners, rule);
    }

    function test_I15_RejectsWrongNumberOfWinners() public {
        (Model[] memory models, Ranking.Rule memory rule) = _field(1, 20, 3);
        uint256[] memory winners = _best(models, rule);
        bytes memory medians = _packed(models);
        rule.places = 4;
        vm.expectRevert(abi.encodeWithSelector(Ranking.WrongWinnerCount.selector, 3, 4));
        harness.checkWinners(medians, winners, rule);
        rule.places = 2;
        vm.expectRevert(abi.encodeWithSelector(Ranking.WrongWinnerCount.selector, 3, 2));
        harness.checkWinners(medians, winners, rule);
    }

    function test_I15_RejectsLaneAfterTheLast() public {
        (Model[] memory models, Ranking.Rule memory rule) = _field(1, 16, 1);
        uint256[] memory winners = new uint256[](1);
        winners[0] = 16;
        bytes memory medians = _packed(models);
        vm.expectRevert(abi.encodeWithSelector(Lanes.LaneOutOfRange.selector, 16));
        harness.checkWinners(medians, winners, rule);
    }

    function test_OrderIsBucketThenRoundThenConsensusThenHash() public {
        Model[] memory models = new Model[](6);
        models[0] = Model(10_050, 1, 0); // same bucket as 1: later round
        models[1] = Model(10_001, 0, 1);
        models[2] = Model(10_100, 7, 2); // a bucket above
        models[3] = Model(10_002, 0, 3); // higher than 1
        models[4] = Model(9999, 0, 4); // a bucket below
        models[5] = Model(10_001, 0, 5); // ties with 1 but for the hash
        Ranking.Rule memory rule = Ranking.Rule(6, 6, 5, 2, 100, keccak256("shard key"));
        bool fifthFirst = keccak256(abi.encode(rule.shardKey, 5)) > keccak256(abi.encode(rule.shardKey, 1));
        uint256[] memory winners = new uint256[](5);
        (winners[0], winners[1], winners[4]) = (2, 3, 0);
        (winners[2], winners[3]) = fifthFirst ? (5, 1) : (1, 5);
        _enter(models);
        harness.checkWinners(_packed(models), winners, rule);
    }

    function test_I15_RejectsAWinnerAtTheBaseline() public {
        Ranking.Rule memory rule = Ranking.Rule(2, 1, 1, 2, 1, 0);
        _refuseSecond(
            Model(100, 0, 0), Model(2, 0, 1), rule, abi.encodeWithSelector(Ranking.WinnerOutOfOrder.selector, 0)
        );
    }

    /// @dev The model just above the baseline is earlier than the one above it in their bucket.
    function test_I15_RejectsOmittingAWinnerJustAboveTheBaseline() public {
        Ranking.Rule memory rule = Ranking.Rule(2, 2, 1, 1000, 100, 0);
        _refuseSecond(
            Model(1001, 0, 0), Model(1005, 1, 1), rule, abi.encodeWithSelector(Ranking.WinnerOmitted.selector, 1)
        );
    }

    /// @dev The second of two models as the only winner.
    function _refuseSecond(Model memory first, Model memory second, Ranking.Rule memory rule, bytes memory why)
        private
    {
        Model[] memory models = new Model[](2);
        (models[0], models[1]) = (first, second);
        _enter(models);
        uint256[] memory winners = new uint256[](1);
        winners[0] = 1;
        bytes memory medians = _packed(models);
        vm.expectRevert(why);
        harness.checkWinners(medians, winners, rule);
    }

    /// @dev Nothing counted: nobody wins.
    function test_I15_NobodyWinsWhenNothingCounts() public view {
        Ranking.Rule memory rule = Ranking.Rule(16, 0, 3, 2, 100, 0);
        vm.assertEq(harness.checkWinners(new bytes(32), new uint256[](0), rule).length, 0);
    }

    function testFuzz_VectorsStandInStrictOrder(uint256[4] memory a, uint256[4] memory w, uint256[4] memory f) public {
        (uint256[] memory agreement, uint256[] memory weights) = (new uint256[](4), new uint256[](4));
        uint256[] memory firstReveals = new uint256[](4);
        uint256 wrong;
        for (uint256 i; i < 4; ++i) {
            (agreement[i], weights[i], firstReveals[i]) = (a[i] % 3, w[i] % 3, f[i] % 3);
            if (i == 0 || wrong != 0) continue;
            uint256 above = (agreement[i - 1] * 3 + weights[i - 1]) * 3 + 2 - firstReveals[i - 1];
            if (above <= (agreement[i] * 3 + weights[i]) * 3 + 2 - firstReveals[i]) wrong = i;
        }
        if (wrong != 0) vm.expectRevert(abi.encodeWithSelector(Ranking.VectorOutOfOrder.selector, wrong));
        harness.checkVectors(agreement, weights, firstReveals);
    }

    function test_ACriterionOutweighsTheLargestNumbersOfThoseAfterIt() public view {
        harness.checkVectors(_pair(1, 0), _pair(0, 0xffff), _pair(0xffff, 0));
        harness.checkVectors(_pair(0xffff, 0xffff), _pair(1, 0), _pair(0xffff, 0));
    }

    function _pair(uint256 a, uint256 b) private pure returns (uint256[] memory pair) {
        pair = new uint256[](2);
        (pair[0], pair[1]) = (a, b);
    }

    // ── Plain model ────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Few distinct scores and rounds, so that every criterion decides often.
    function _field(uint256 seed, uint256 n, uint256 places)
        private
        returns (Model[] memory models, Ranking.Rule memory rule)
    {
        models = new Model[](n);
        rule = Ranking.Rule(n, 0, places, 1000, 1 + seed % 500, keccak256(abi.encode(seed)));
        if (seed % 5 == 0) rule.mu = 32_765;
        uint256 base = [uint256(990), 5000, 32_700][seed % 3];
        for (uint256 i; i < n; ++i) {
            uint256 r = uint256(keccak256(abi.encode(seed, i)));
            uint256 score = base + (r % 8) * ((r >> 8) % 3 == 0 ? rule.mu : 5);
            models[i] = Model(score > 32_767 ? 32_767 : score, (r >> 16) % 3, (i * 37 + seed % 91) % 4096);
            if (models[i].consensus > rule.baseline) ++rule.counted;
        }
        _enter(models);
    }

    function _enter(Model[] memory models) private {
        uint256[] memory words = new uint256[]((models.length + 7) / 8);
        for (uint256 i; i < models.length; ++i) {
            words[i / 8] |= (models[i].handle | models[i].firstRound << 16) << (32 * (i % 8));
        }
        harness.setEntries(words);
    }

    function _best(Model[] memory models, Ranking.Rule memory rule) private pure returns (uint256[] memory winners) {
        winners = new uint256[](rule.places < rule.counted ? rule.places : rule.counted);
        bool[] memory taken = new bool[](models.length);
        for (uint256 place; place < winners.length; ++place) {
            uint256 best = type(uint256).max;
            for (uint256 i; i < models.length; ++i) {
                if (taken[i] || models[i].consensus <= rule.baseline) continue;
                if (best == type(uint256).max || _above(models[i], models[best], rule)) best = i;
            }
            taken[best] = true;
            winners[place] = best;
        }
    }

    function _above(Model memory a, Model memory b, Ranking.Rule memory rule) private pure returns (bool) {
        if (a.consensus / rule.mu != b.consensus / rule.mu) return a.consensus / rule.mu > b.consensus / rule.mu;
        if (a.firstRound != b.firstRound) return a.firstRound < b.firstRound;
        if (a.consensus != b.consensus) return a.consensus > b.consensus;
        return keccak256(abi.encode(rule.shardKey, a.handle)) > keccak256(abi.encode(rule.shardKey, b.handle));
    }

    function _packed(Model[] memory models) private pure returns (bytes memory packed) {
        packed = new bytes((models.length + 15) / 16 * 32);
        for (uint256 i; i < models.length; ++i) {
            packed[2 * i] = bytes1(uint8(models[i].consensus >> 8));
            packed[2 * i + 1] = bytes1(uint8(models[i].consensus));
        }
    }
}
