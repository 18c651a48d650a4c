// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AllianceTest} from "./AllianceTest.sol";

/// @notice Attacks on an alliance's rounds, and what they come to.
contract AllianceAttacksTest is AllianceTest {
    /// Six clients with 100 tokens each, of whom 0, 1 and 2 propose.
    function _begin() private {
        Params memory p = params();
        p.rounds = 4;
        beginEqual(p, 6);
    }

    function _three(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    /// Whoever harms is slashed each time, unpaid, and after two rounds out.
    function test_Poisoning_IsSlashedUnpaidAndIsolates() public {
        _begin();
        for (uint256 i; i < 2; ++i) {
            if (i == 1) draw(7);
            propose();
            voteAll(true, _three(NEUTRAL - 101, NEUTRAL, NEUTRAL));
            settle();
        }
        vm.assertEq(stakeOf(0), 100e18 * 98 * 98 / 10_000);
        vm.assertEq(earnedBy(0), 0);
        vm.assertGt(earnedBy(1), 0);
        vm.assertEq(uint256(alliance.placesOf(task).isolated), 1);
        vm.assertEq(uint256(alliance.roundOf(task).voters), 62, "frozen without it");
        assertConserved();
    }

    /// An update that does nothing has no part in what goes by contribution.
    function test_FreeRiding_EarnsNothingForContributions() public {
        _begin();
        propose();
        voteAll(true, _three(NEUTRAL, NEUTRAL + 100, NEUTRAL + 300));
        settle();
        uint256 byStake = uint256(249e18) / 2 / 2 / 3;
        vm.assertApproxEqAbs(earnedBy(0), byStake, 2);
        vm.assertApproxEqAbs(earnedBy(1), byStake + byStake * 3 / 4, 4, "a quarter of three parts");
        vm.assertApproxEqAbs(earnedBy(2), byStake + byStake * 9 / 4, 4, "and three quarters");
    }

    /// A commitment is bound to the key that joined: a copy of another's can't be opened, and is silence.
    function test_VoteCopying_IsSilence() public {
        _begin();
        propose();
        commitVote(3, honest(3));
        commitVote(4, honest(4));
        commit(5, scribe.commitment(task, 0, clients[3], votes[3]));
        reveal(3);
        bytes memory copy = abi.encodeCall(alliance.reveal, (task, 0, 5, votes[3]));
        refused(clients[5], copy, abi.encodeWithSelector(WrongOpening.selector));
        reveal(4);
        vm.warp(alliance.clockOf(task).drawnAt + 400);
        settle();
        vm.assertEq(stakeOf(5), 90e18);
        vm.assertEq(earnedBy(5), 0);
        vm.assertGt(earnedBy(3), 0);
    }

    /// What is paid goes by stake, however many names it has.
    function test_Sybil_SplittingAStakeEarnsNoMore() public {
        create(params());
        uint256[5] memory tokens = [uint256(100), 100, 200, 100, 100];
        for (uint256 i; i < 5; ++i) {
            join(tokens[i]);
        }
        drawFirst();
        propose();
        voteAll(true, new uint256[](0));
        settle();
        vm.assertApproxEqAbs(earnedBy(2), earnedBy(3) + earnedBy(4), 1);
    }

    /// Whoever joins once the seed can be known is in no role of that round.
    function test_JustInTime_NobodyJoinsADraw() public {
        _begin();
        uint256 late = join(100_000);
        Round memory r = alliance.roundOf(task);
        vm.assertEq(((r.proposers | r.voters) >> late) & 1, 0);
        bytes memory call = abi.encodeCall(alliance.commit, (task, 0, late, "x"));
        refused(clients[late], call, abi.encodeWithSelector(NotDrawn.selector, late));
    }

    /// An operator joins once: a bad record is not shed by coming back.
    function test_FreshStart_IsNotToBeHad() public {
        _begin();
        vm.prank(clients[3]);
        alliance.quit(task, 3);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        alliance.collect(task, 3);
        bytes memory call = abi.encodeCall(alliance.join, (task, 100e18));
        refused(clients[3], call, abi.encodeWithSelector(JoinedBefore.selector, clients[3]));
    }

    /// A stake weighs an equal share of the four voters' at most: more than half of all stakes is outvoted by the rest.
    function test_Whale_MoreThanHalfOfTheStakeDoesNotDecideAlone() public {
        create(params());
        uint256[7] memory tokens = [uint256(100), 100, 100, 520, 160, 160, 160];
        for (uint256 i; i < 7; ++i) {
            join(tokens[i]);
        }
        draw(7);
        propose();
        commitVote(3, against(3));
        for (uint256 i = 4; i < 7; ++i) {
            commitVote(i, honest(i));
        }
        revealAll();
        settle();
        vm.assertEq(alliance.modelOf(task), votes[4].result.aggregateHash);
        vm.assertEq(stakeOf(3), 494e18);
        assertConserved();
    }
}
