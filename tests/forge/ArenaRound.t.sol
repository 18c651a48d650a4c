// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Whole rounds with votes at random: four models, five validators of uneven stakes, the last too small to weigh.
contract ArenaRoundTest is ArenaTest {
    uint64[5] private stakes = [100 * TOKEN, 150 * TOKEN, 200 * TOKEN, 250 * TOKEN, 1];

    function setUp() public override {
        super.setUp();
        validators = new string[](0);
        Params memory p = params();
        (p.rounds, p.minValidatorStake, p.k1, p.k2, p.epsilon) = (1, 1, 3, 5, 100);
        begin(p);
        publishAll(0);
        postKey(0);
    }

    function enrolAll() internal override {
        super.enrolAll();
        validators = ["vera", "walt", "xena", "yuri", "zoe"];
        bytes32 shardsHash = arena.shardsHashOf(task);
        for (uint256 i; i < 5; ++i) {
            vm.prank(member(validators[i], 250));
            arena.enrolValidator(task, stakes[i], "box", shardsHash);
        }
    }

    /// @dev Scores at every edge and any others; some validators vote like the one before.
    function _votes(uint256 seed) private view returns (bytes[] memory votes) {
        uint256[8] memory edges = [uint256(0), 1, 3000, 3001, 20_000, 20_100, 20_101, 32_767];
        votes = new bytes[](5);
        for (uint256 i; i < 5; ++i) {
            uint256[] memory scores = new uint256[](4);
            for (uint256 lane; lane < 4; ++lane) {
                uint256 dice = uint256(keccak256(abi.encode(seed, i, lane)));
                scores[lane] = dice % 4 == 0 ? (dice >> 8) % 32_768 : edges[(dice >> 8) % 8];
            }
            bool copies = i != 0 && uint256(keccak256(abi.encode(seed, i))) % 3 == 0;
            votes[i] = copies ? votes[i - 1] : scribe.pack(scores);
        }
    }

    function _commit(bytes[] memory votes) private {
        for (uint256 i; i < 5; ++i) {
            commit(i, 0, votes[i]);
        }
    }

    /// @dev All reveal but `silent`, in an order by `seed`.
    function _reveal(bytes[] memory votes, uint256 seed, uint256 silent) private {
        uint256[5] memory order = [uint256(0), 1, 2, 3, 4];
        for (uint256 i; i < 5; ++i) {
            uint256 j = i + uint256(keccak256(abi.encode(seed, i))) % (5 - i);
            (order[i], order[j]) = (order[j], order[i]);
            if (order[i] != silent) reveal(order[i], 0, votes[order[i]]);
        }
    }

    /// @dev Whatever was revealed, one consensus settles the round, and no other does.
    function testFuzz_I12_I15_AnyVotesSettleInOneWay(uint256 seed, uint256 other) public {
        bytes[] memory votes = _votes(seed);
        _commit(votes);
        _reveal(votes, seed, 5);
        Witness memory w = witness(0);
        bytes memory medians = w.medians;
        (uint256 lane, uint16 wrong) = (2 * (seed % 4), uint16(bound(other, 0, 32_767)));
        w.medians = bytes.concat(medians);
        (w.medians[lane], w.medians[lane + 1]) = (bytes1(uint8(wrong >> 8)), bytes1(uint8(wrong)));
        if (keccak256(w.medians) != keccak256(medians)) {
            bytes memory reason = abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, 0);
            refused(keeper, abi.encodeCall(IArena.settle, (task, w)), reason);
        }
        settle(0);
        assertEnded(Cause.Completed);
        Result memory result = arena.resultOf(task, 0);
        uint256 counted;
        for (lane = 0; lane < 8; lane += 2) {
            if (uint16(bytes2(bytes.concat(medians[lane], medians[lane + 1]))) > rules.baseline) ++counted;
        }
        vm.assertEq(result.counted, counted);
        vm.assertEq(result.winners, counted < 3 ? counted : 3);
    }

    /// @dev Whoever settles, and in whatever order vectors were revealed. All vectors with a claim are paid here, so the order
    /// of equals moves no more than what is rounded.
    function testFuzz_I13_NeitherSettlerNorOrderOfRevealsMatters(uint256 seed, uint256 order, uint256 settler) public {
        bytes[] memory votes = _votes(seed);
        _commit(votes);
        uint256 state = vm.snapshotState();
        (bytes32 winners, uint256[5] memory pays) = _settled(votes, seed, keeper);
        vm.revertToState(state);
        (bytes32 sameWinners, uint256[5] memory samePays) = _settled(votes, order, parties[settler % parties.length]);
        vm.assertEq(winners, sameWinners);
        for (uint256 i; i < 5; ++i) {
            vm.assertApproxEqAbs(pays[i], samePays[i], 2);
        }
    }

    function _settled(bytes[] memory votes, uint256 order, address settler)
        private
        returns (bytes32 winners, uint256[5] memory pays)
    {
        _reveal(votes, order, 5);
        Witness memory w = witness(0);
        vm.prank(settler);
        arena.settle(task, w);
        winners = keccak256(abi.encode(w.winners, w.medians, arena.resultOf(task, 0)));
        for (uint256 i; i < 5; ++i) {
            uint256 before = credit(validators[i]);
            arena.concludeValidator(task, i);
            pays[i] = credit(validators[i]) - before;
        }
    }

    /// @dev Whatever all vote, each of them has most by committing and revealing.
    function testFuzz_I16_SilenceNeverPaysMore(uint256 seed, uint256 place) public {
        place = place % 5;
        bytes[] memory votes = _votes(seed);
        uint256 state = vm.snapshotState();
        _commit(votes);
        _reveal(votes, seed, 5);
        uint256 revealing = _wealth(place);
        vm.revertToState(state);

        _commit(votes);
        _reveal(votes, seed, place);
        vm.warp(arena.scheduleOf(task).maskEnd + 500);
        uint256 committing = _wealth(place);
        vm.revertToState(state);

        for (uint256 i; i < 5; ++i) {
            if (i != place) commit(i, 0, votes[i]);
        }
        vm.warp(arena.scheduleOf(task).maskEnd + 400);
        _reveal(votes, seed, place);
        uint256 absent = _wealth(place);
        uint256 had = DEPOSIT + 250e18;
        vm.assertGe(revealing, had);
        vm.assertEq(committing, had - uint256(stakes[place]) * 1e9 / 5);
        vm.assertEq(absent, had - uint256(stakes[place]) * 1e9 / 10);
    }

    /// @dev Wei that a validator has, at stake and as credit, once the round is settled.
    function _wealth(uint256 place) private returns (uint256) {
        settle(0);
        vm.prank(keeper);
        arena.concludeValidator(task, place);
        return credit(validators[place]) + staked(validators[place]);
    }
}
