// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AllianceTest} from "./AllianceTest.sol";

/// @notice What each outcome of a round pays and takes, to the wei.
contract AllianceMoneyTest is AllianceTest {
    /// Reward 500 over 1,500 tokens of stake: voters get a third of theirs. Proposers have 300, so 100: half by stake, 16 2/3
    /// and 33 1/3, half by points, all of it to the only one that helped.
    function test_Money_AcceptedRound() public {
        begin(params(), 5);
        propose();
        voteAll(true, two(NEUTRAL + 100, NEUTRAL - 100));
        settle();
        vm.assertEq(earnedBy(0), uint256(50e18) / 3 + 50e18);
        vm.assertEq(earnedBy(1), uint256(100e18) / 3);
        vm.assertEq(earnedBy(2), 100e18);
        vm.assertEq(earnedBy(3), uint256(400e18) / 3);
        vm.assertEq(earnedBy(4), uint256(500e18) / 3);
        vm.assertEq(pool(), 500e18 + 2, "dust stays in the pool");
        vm.assertEq(burnt(), 0);
        for (uint256 i; i < 5; ++i) {
            vm.assertEq(stakeOf(i), 100e18 * (i + 1));
            vm.assertEq(reputationOf(i), 4);
        }
        assertConserved();
    }

    /// Client 1 harmed, 2 was left out, 5 votes against: all on the wrong side, and what they would have had goes back to the
    /// creator. Right are 0 with 100, 3 and 4 with 300 of 1,500 tokens each; nobody helped, so all of 0's part goes by stake.
    function test_Money_AcceptedRoundWithWrongSides() public {
        create(params());
        uint256[6] memory tokens = [uint256(100), 200, 300, 300, 300, 300];
        for (uint256 i; i < 6; ++i) {
            join(tokens[i]);
        }
        drawFirst();
        propose();
        Vote memory v = honest(3);
        v.contributions = scribe.pack(_three(NEUTRAL, NEUTRAL - 101, NEUTRAL));
        v.result.accepted = 3;
        commitVote(3, v);
        v.salt = "4";
        commitVote(4, v);
        v.inFavour = false;
        commitVote(5, v);
        revealAll();
        settle();
        vm.assertEq(earnedBy(0), uint256(100e18) / 3);
        vm.assertEq(earnedBy(3), 100e18);
        vm.assertEq(earnedBy(4), 100e18);
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1005e18 + uint256(800e18) / 3);
        vm.assertEq(stakeOf(1), 196e18, "harmed");
        vm.assertEq(stakeOf(2), 294e18, "left out by the rule");
        vm.assertEq(stakeOf(5), 285e18, "against the decision");
        vm.assertEq(burnt(), 25e18 / 2);
        vm.assertEq(pool(), 500e18 + 1 + 25e18 / 2);
        vm.assertEq(reputationOf(0), 4);
        vm.assertEq(reputationOf(1), 2);
        vm.assertEq(reputationOf(2), 2);
        vm.assertEq(reputationOf(5), 2);
        assertConserved();
    }

    function _three(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    /// Rejected: voters against it earn what they would have by accepting, the proposers' part goes back to the creator; only the
    /// proposer shown to harm is slashed; the model stays.
    function test_Money_RejectedRound() public {
        begin(params(), 5);
        propose();
        voteAll(false, two(NEUTRAL - 100, NEUTRAL - 101));
        settle();
        vm.assertEq(alliance.modelOf(task), "start");
        vm.assertEq(earnedBy(0), 0);
        vm.assertEq(earnedBy(2), 100e18);
        vm.assertEq(earnedBy(3), uint256(400e18) / 3);
        vm.assertEq(earnedBy(4), uint256(500e18) / 3);
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1005e18 + 100e18);
        vm.assertEq(stakeOf(0), 100e18, "no harm shown");
        vm.assertEq(stakeOf(1), 196e18);
        vm.assertEq(reputationOf(0), 3);
        vm.assertEq(reputationOf(1), 2);
        assertConserved();
    }

    /// Whoever decides that a good round is rejected earns not a wei more than by accepting it, nor can one earn by what it
    /// decides about others.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_Money_NoCoalitionOfVotersEarnsByRejecting(uint256 seed) public {
        create(params());
        for (uint256 i; i < 8; ++i) {
            join(10 + uint256(keccak256(abi.encode(seed, i))) % 1000);
        }
        drawAny();
        propose();
        uint256[] memory voters = scribe.members(alliance.roundOf(task).voters);
        uint256 start = vm.snapshotState();
        voteAll(true, new uint256[](0));
        settle();
        uint256[] memory accepting = _earnings(voters);
        vm.revertToState(start);
        for (uint256 i; i < voters.length; ++i) {
            bool honestOne = (seed >> i) & 1 == 0;
            commitVote(voters[i], honestOne ? honest(voters[i]) : against(voters[i]));
        }
        revealAll();
        settle();
        uint256[] memory rejecting = _earnings(voters);
        for (uint256 i; i < voters.length; ++i) {
            vm.assertLe(rejecting[i], accepting[i]);
            bool wins = alliance.modelOf(task) == "start" && rejecting[i] != 0;
            if (wins) vm.assertEq(rejecting[i], accepting[i], "nor a wei less");
        }
        assertConserved();
    }

    function _earnings(uint256[] memory list) private view returns (uint256[] memory wei_) {
        wei_ = new uint256[](list.length);
        for (uint256 i; i < list.length; ++i) {
            wei_[i] = earnedBy(list[i]);
        }
    }

    /// A tie keeps the model and slashes nobody for the vote; silence is slashed all the same.
    function test_Money_TieKeepsTheModel() public {
        beginEqual(params(), 5);
        propose();
        commitVote(2, honest(2));
        commitVote(3, against(3));
        vm.warp(alliance.clockOf(task).drawnAt + 300);
        revealAll();
        settle();
        vm.assertEq(alliance.modelOf(task), "start");
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(stakeOf(i), 100e18);
            vm.assertEq(earnedBy(i), 0);
            vm.assertEq(reputationOf(i), 3);
        }
        vm.assertEq(stakeOf(4), 90e18);
        vm.assertEq(pool(), 1005e18);
        assertConserved();
    }

    /// Two results with equal weight: no decision, whatever the votes.
    function test_Money_TwoHashesUndecided() public {
        beginEqual(params(), 5);
        propose();
        commitVote(2, honest(2));
        Vote memory v = honest(3);
        v.result.aggregateHash = "another";
        commitVote(3, v);
        vm.warp(alliance.clockOf(task).drawnAt + 300);
        revealAll();
        vm.expectEmit(address(alliance));
        Conclusion memory x;
        (x.outcome, x.model) = (Outcome.Undecided, bytes32("start"));
        (x.slashed, x.burnt) = (10e18, 5e18);
        emit RoundConcluded(task, 0, x);
        settle();
        vm.assertEq(stakeOf(2), 100e18);
        vm.assertEq(stakeOf(3), 100e18);
        assertConserved();
    }

    /// Half of the weight for one result, a quarter each for two others: proposers who serve some voters only could else
    /// let a minority speak for all.
    function test_Money_HalfForOneResultUndecided() public {
        beginEqual(params(), 8);
        propose();
        uint128 voters = alliance.roundOf(task).voters;
        uint256 ordinal;
        for (uint256 i; i < 8; ++i) {
            if ((voters >> i) & 1 == 0) continue;
            Vote memory v = honest(i);
            if (ordinal++ >= 2) v.result.aggregateHash = bytes32(ordinal);
            commitVote(i, v);
        }
        vm.assertEq(ordinal, 4);
        revealAll();
        settle();
        vm.assertEq(alliance.modelOf(task), "start");
        for (uint256 i; i < 8; ++i) {
            vm.assertEq(stakeOf(i), 100e18);
        }
        assertConserved();
    }

    /// Two voters with 16,383 and 16,382 of 32,767: the one more decides.
    function test_Money_OneMoreOfTheWeightDecides() public {
        create(params());
        uint256[4] memory tokens = [uint256(100), 100, 50_003, 49_997];
        for (uint256 i; i < 4; ++i) {
            join(tokens[i]);
        }
        drawFirst();
        propose();
        commitVote(2, honest(2));
        Vote memory v = honest(3);
        v.result.aggregateHash = "another";
        commitVote(3, v);
        revealAll();
        settle();
        vm.assertEq(alliance.modelOf(task), votes[2].result.aggregateHash);
        vm.assertEq(reputationOf(2), 4);
        vm.assertEq(reputationOf(3), 2);
    }

    /// A third of the weight is no quorum.
    function test_Money_QuorumMissed() public {
        beginEqual(params(), 6);
        propose();
        commitVote(3, honest(3));
        vm.warp(alliance.clockOf(task).drawnAt + 300);
        revealAll();
        settle();
        vm.assertEq(alliance.modelOf(task), "start");
        vm.assertEq(earnedBy(3), 0);
        vm.assertEq(stakeOf(3), 100e18);
        vm.assertEq(stakeOf(4), 90e18);
        vm.assertEq(stakeOf(5), 90e18);
        vm.assertEq(uint256(alliance.placesOf(task).benched), 48);
        assertConserved();
    }

    /// I-13: neither the order of reveals, nor who settles, nor when changes any amount.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_I13_ResultDependsOnNeitherOrderNorSettlerNorTime(uint256 seed) public {
        begin(params(), 7);
        propose();
        uint256[] memory list = scribe.members(alliance.roundOf(task).voters);
        for (uint256 i; i < list.length; ++i) {
            uint256 x = uint256(keccak256(abi.encode(seed, i)));
            Vote memory v = x % 4 == 0 ? against(list[i]) : honest(list[i]);
            if (x % 5 == 0) v.result.aggregateHash = "another";
            v.contributions = scribe.repeated((x >> 8) % 32_768, 3);
            commitVote(list[i], v);
        }
        uint256 start = vm.snapshotState();
        bytes32[2] memory ends;
        for (uint256 run; run < 2; ++run) {
            for (uint256 i; i < list.length; ++i) {
                reveal(list[run == 0 ? i : list.length - 1 - i]);
            }
            skip(run * 1000);
            Witness memory w = witness();
            vm.prank(run == 0 ? keeper : creator);
            alliance.settle(task, w);
            Client[] memory all = new Client[](7);
            for (uint256 i; i < 7; ++i) {
                all[i] = alliance.clientOf(task, i);
            }
            ends[run] = keccak256(abi.encode(all, pool(), alliance.modelOf(task), alliance.placesOf(task)));
            vm.revertToState(start);
        }
        vm.assertEq(ends[0], ends[1], "I-13");
    }

    /// I-3, I-16: whatever is voted, money is conserved to the wei, and a voter that keeps silent is worse off than by
    /// revealing.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_I3_I16_AnyRoundConservesAndSilenceNeverPays(uint256 seed) public {
        Params memory p = params();
        p.burnShare = uint24(seed % 1_000_001);
        p.contributionShare = uint24((seed >> 24) % 1_000_001);
        (p.slashWrong, p.slashRejected) = (uint24((seed >> 48) % 100_001), uint24((seed >> 72) % 100_001));
        create(p);
        for (uint256 i; i < 5; ++i) {
            join(10 + uint256(keccak256(abi.encode(seed, "stake", i))) % 1000);
        }
        drawAny();
        propose();
        Round memory r = alliance.roundOf(task);
        uint256[] memory voters = scribe.members(r.voters);
        for (uint256 i; i < voters.length; ++i) {
            uint256 x = uint256(keccak256(abi.encode(seed, i)));
            Vote memory v = honest(voters[i]);
            v.inFavour = x % 3 != 0;
            if (x % 7 == 0) v.result = Result("another", 0);
            else if (x % 7 == 1) v.result.accepted &= uint128(x >> 128);
            v.contributions = scribe.pack(two((x >> 8) % 32_768, (x >> 24) % 32_768));
            commitVote(voters[i], v);
        }
        uint256 start = vm.snapshotState();
        revealAll();
        settle();
        assertConserved();
        uint256 revealing = stakeOf(voters[0]) + earnedBy(voters[0]);
        vm.revertToState(start);
        for (uint256 i = 1; i < voters.length; ++i) {
            reveal(voters[i]);
        }
        vm.warp(alliance.clockOf(task).drawnAt + 400);
        settle();
        assertConserved();
        vm.assertLe(stakeOf(voters[0]) + earnedBy(voters[0]), revealing, "I-16");
    }
}
