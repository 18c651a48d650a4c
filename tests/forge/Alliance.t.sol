// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AllianceTest} from "./AllianceTest.sol";
import {Vm} from "./Vm.sol";

/// @notice A task's life, its phases, and its money to the wei.
contract AllianceLifeTest is AllianceTest {
    // ── Life and phases ────────────────────────────────────────────────────────────────────────────────────────────

    function test_Life_FromCreationToTheLastCollection() public {
        begin(params(), 5);
        propose();
        voteAll(true, new uint256[](0));
        bytes32 aggregate = votes[2].result.aggregateHash;
        settle();
        vm.assertEq(alliance.modelOf(task), aggregate, "accepted");
        vm.assertEq(pool(), 500e18 + 2, "half of the pool is for the last round, and dust");
        play();
        assertPhase(Phase.Ended, 0);
        vm.assertEq(uint256(alliance.clockOf(task).cause), uint256(Cause.Completed));
        vm.assertEq(pool(), 0, "refunded");
        assertConserved();
        for (uint256 i; i < 5; ++i) {
            alliance.collect(task, i);
        }
        vm.assertEq(ledger.bucketOf(address(alliance), task), 0, "all is collected");
        vm.assertEq(ledger.creditOf(keeper), 5e18, "five acts");
        assertConserved();
    }

    function test_Join_TakesAPlaceWithTheStakeAndNothingElse() public {
        create(params());
        join(100);
        Client memory known = alliance.clientOf(task, 0);
        vm.assertEq(abi.encode(known), abi.encode(Client(clients[0], 100e18, 0, 3, 0)));
        vm.assertEq(abi.encode(alliance.placesOf(task)), abi.encode(Places(1, 0, 0, 0)));
    }

    /// Whoever reads the events alone knows a task's whole life.
    function test_Events_TellWhatHappens() public {
        Params memory p = params();
        p.rounds = 1;
        vm.expectEmit(address(alliance));
        emit AllianceCreated(1, creator, p, terms());
        create(p);
        address[5] memory hotKeys;
        for (uint256 i; i < 5; ++i) {
            hotKeys[i] = operator(nameOf(i));
            vm.expectEmit(address(alliance));
            emit ClientJoined(task, i, hotKeys[i], hotKeys[i], 100e18);
            join(100);
        }
        vm.warp(alliance.clockOf(task).joinEnd);
        vm.expectEmit(address(alliance));
        emit RoundFrozen(task, 0, 31);
        advance();
        nextBlock();
        bytes32 seed = keccak256(abi.encode(bytes32("entropy"), alliance, task, uint256(0)));
        vm.setBlockhash(alliance.clockOf(task).drawBlock, "entropy");
        uint128 proposers = alliance.drawOf(task, 31, seed);
        vm.expectEmit(address(alliance));
        emit RolesDrawn(task, 0, seed, proposers, 31 & ~proposers);
        vm.expectEmit(address(alliance));
        emit KeeperPaid(task, keeper, 1e18);
        advance();
        uint256 proposer = scribe.members(proposers)[0];
        uint256 voter = scribe.members(31 & ~proposers)[0];
        Update memory u = scribe.update(task, 0, proposer);
        vm.expectEmit(address(alliance));
        emit Committed(task, 0, proposer, scribe.commitment(task, 0, hotKeys[proposer], u));
        commitUpdate(proposer);
        commitUpdate(scribe.members(proposers)[1]);
        vm.expectEmit(address(alliance));
        emit UpdatePublished(task, 0, proposer, u);
        publish(proposer);
        publish(scribe.members(proposers)[1]);
        for (uint256 i; i < 3; ++i) {
            uint256 each = scribe.members(31 & ~proposers)[i];
            commitVote(each, honest(each));
        }
        vm.expectEmit(address(alliance));
        emit VoteRevealed(task, 0, voter, votes[voter]);
        revealAll();
        Conclusion memory x;
        (x.outcome, x.model, x.accepted) = (Outcome.Accepted, votes[voter].result.aggregateHash, proposers);
        (x.inFavour, x.paid, x.medians) = (3 * 10_922, 1002e18, votes[voter].contributions);
        Witness memory w = witness();
        vm.expectEmit(address(alliance));
        emit ClientJudged(task, 0, 0, Verdict.Right, uint256(1002e18) / 5, 0, 4);
        vm.expectEmit(address(alliance));
        emit RoundConcluded(task, 0, x);
        vm.expectEmit(address(alliance));
        emit AllianceEnded(task, 1, Cause.Completed, 0);
        vm.prank(keeper);
        alliance.settle(task, w);
        vm.expectEmit(address(alliance));
        emit Collected(task, 2, hotKeys[2], 100e18 + uint256(1002e18) / 5, true);
        alliance.collect(task, 2);
    }

    /// Each act pays its fee, be it a wei; without one nobody is told of pay.
    function test_Keepers_ArePaidTheFee() public {
        for (uint80 fee; fee < 2; ++fee) {
            Params memory p = params();
            p.keeperFee = fee;
            create(p);
            for (uint256 i; i < 5; ++i) {
                join(100);
            }
            vm.recordLogs();
            drawAny();
            Vm.Log[] memory logs = vm.getRecordedLogs();
            uint256 told;
            for (uint256 i; i < logs.length; ++i) {
                if (logs[i].topics[0] == KeeperPaid.selector) ++told;
            }
            vm.assertEq(told, 2 * fee);
            vm.assertEq(ledger.creditOf(keeper), 2 * fee);
            propose();
            voteAll(true, new uint256[](0));
            settle();
            vm.assertEq(ledger.creditOf(keeper), 3 * fee);
        }
    }

    function test_Phases_CloseAtTheirDeadlines() public {
        create(params());
        for (uint256 i; i < 5; ++i) {
            join(100);
        }
        uint256 joinEnd = alliance.clockOf(task).joinEnd;
        assertPhase(Phase.Join, joinEnd);
        refused(keeper, abi.encodeCall(alliance.advance, (task)), abi.encodeWithSelector(NothingDue.selector, task));
        vm.warp(joinEnd);
        assertPhase(Phase.Freeze, 0);
        advance();
        assertPhase(Phase.Draw, 0);
        refused(keeper, abi.encodeCall(alliance.advance, (task)), abi.encodeWithSelector(NothingDue.selector, task));
        skip(1000);
        draw(3);
        uint256 drawn = vm.getBlockTimestamp();
        assertPhase(Phase.Propose, drawn + 100);
        commitUpdate(0);
        vm.warp(drawn + 99);
        commitUpdate(1);
        assertPhase(Phase.Publish, drawn + 200);
        publish(0);
        vm.warp(drawn + 199);
        assertPhase(Phase.Publish, drawn + 200);
        publish(1);
        assertPhase(Phase.Vote, drawn + 300);
        commitVote(2, honest(2));
        commitVote(3, honest(3));
        vm.warp(drawn + 299);
        assertPhase(Phase.Vote, drawn + 300);
        vm.warp(drawn + 300);
        assertPhase(Phase.Reveal, drawn + 400);
        reveal(2);
        vm.warp(drawn + 399);
        assertPhase(Phase.Reveal, drawn + 400);
        reveal(3);
        assertPhase(Phase.Settle, 0);
        settle();
        assertPhase(Phase.Draw, 0);
        vm.assertEq(round(), 1);
    }

    /// One that commits, publishes or reveals nothing delays the others until the deadline only.
    function test_Phases_NobodysAbsenceStallsARound() public {
        begin(params(), 5);
        uint256 drawn = vm.getBlockTimestamp();
        commitUpdate(0);
        commitUpdate(1);
        publish(0);
        vm.warp(drawn + 200);
        assertPhase(Phase.Settle, 0);
        settle();
        vm.assertEq(uint256(alliance.placesOf(task).benched), 2, "1 is benched");
        vm.assertEq(stakeOf(1), 180e18);
        vm.assertEq(stakeOf(0), 100e18, "no decision, no slash");
        vm.assertEq(pool(), 1010e18, "half of 20 is burnt");
        vm.assertEq(burnt(), 10e18);
        assertConserved();
    }

    function test_End_TooFewClientsRefundsThePool() public {
        create(params());
        for (uint256 i; i < 3; ++i) {
            join(100);
        }
        vm.warp(alliance.clockOf(task).joinEnd);
        advance();
        assertPhase(Phase.Ended);
        vm.assertEq(uint256(alliance.clockOf(task).cause), uint256(Cause.TooFewClients));
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1e18, "less one act");
        alliance.collect(task, 2);
        vm.assertEq(ledger.creditOf(clients[2]), DEPOSIT);
        assertConserved();
    }

    /// Nothing to give is no reason to stop: rounds run, and only stakes move.
    function test_Life_WithoutAPool() public {
        Params memory p = params();
        (p.pool, p.keeperFee, p.burnShare) = (0, 0, 1_000_000);
        begin(p, 5);
        propose();
        voteAll(false, two(NEUTRAL, 0));
        settle();
        vm.assertEq(earnedBy(2), 0);
        vm.assertEq(stakeOf(1), 196e18);
        vm.assertEq(burnt(), 4e18, "all of the slash");
        play();
        assertPhase(Phase.Ended);
        vm.assertEq(ledger.creditOf(keeper), 0);
        assertConserved();
    }

    // ── Draw ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_Draw_IsPostponedWhenTheHashIsGone() public {
        create(params());
        for (uint256 i; i < 5; ++i) {
            join(100);
        }
        vm.warp(alliance.clockOf(task).joinEnd);
        advance();
        uint256 paid = ledger.creditOf(keeper);
        vm.roll(vm.getBlockNumber() + 300);
        vm.expectEmit(address(alliance));
        emit DrawPostponed(task);
        advance();
        vm.assertEq(ledger.creditOf(keeper), paid, "unpaid");
        vm.assertEq(alliance.clockOf(task).drawBlock, vm.getBlockNumber());
        nextBlock();
        advance();
        assertPhase(Phase.Propose);
    }

    /// Whoever has seed, clients and reputations can check the roles, until the round is settled.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_Draw_IsVerifiable(bytes32 entropy) public {
        create(params());
        for (uint256 i; i < 6; ++i) {
            join(100);
        }
        vm.warp(alliance.clockOf(task).joinEnd);
        advance();
        uint256 drawBlock = vm.getBlockNumber();
        nextBlock();
        vm.setBlockhash(drawBlock, entropy);
        vm.assume(entropy != 0);
        advance();
        Round memory r = alliance.roundOf(task);
        vm.assertEq(alliance.seedOf(task), keccak256(abi.encode(entropy, alliance, task, uint256(0))));
        vm.assertEq(alliance.drawOf(task, r.proposers | r.voters, alliance.seedOf(task)), r.proposers);
        vm.assertEq(scribe.members(r.proposers).length, 3, "ceil(0.4 * 6)");
        vm.assertEq(r.proposers & r.voters, 0);
        vm.assertEq(r.proposers | r.voters, 63);
    }

    // ── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────

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

    // ── Bench, isolation, leaving ──────────────────────────────────────────────────────────────────────────────────

    function test_Bench_SlashesOnceAndComesBack() public {
        Params memory p = params();
        p.rounds = 4;
        begin(p, 5);
        commitUpdate(0);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        settle();
        vm.assertEq(stakeOf(1), 180e18);
        vm.assertEq(reputationOf(1), 2);
        refused(clients[0], abi.encodeCall(alliance.resume, (task, 0)), abi.encodeWithSelector(NotBenched.selector, 0));
        drawAny();
        vm.assertEq(alliance.roundOf(task).proposers | alliance.roundOf(task).voters, 29, "without 1");
        vm.expectEmit(address(alliance));
        emit ClientResumed(task, 1);
        vm.prank(clients[1]);
        alliance.resume(task, 1);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(stakeOf(1), 180e18, "once");
        vm.assertEq(alliance.roundOf(task).voters, 31, "frozen again");
    }

    /// At the threshold a fault isolates: the client sits out as many rounds as the threshold, then it is back.
    function test_Isolation_AndTheWayBack() public {
        Params memory p = params();
        (p.rounds, p.initialReputation) = (5, 2);
        begin(p, 6);
        propose();
        uint256[] memory voters = scribe.members(alliance.roundOf(task).voters);
        for (uint256 i; i < 3; ++i) {
            commitVote(voters[i], i == 0 ? against(voters[i]) : honest(voters[i]));
        }
        revealAll();
        settle();
        uint256 x = voters[0];
        vm.assertEq(reputationOf(x), 0);
        vm.assertEq(uint256(alliance.placesOf(task).isolated), 1 << x);
        vm.assertEq(alliance.roundOf(task).voters, uint256(63 ^ (1 << x)), "not in the next round");
        play();
        vm.assertEq(reputationOf(x), 1);
        play();
        vm.assertEq(reputationOf(x), 2);
        vm.assertEq(uint256(alliance.placesOf(task).isolated), 0);
        vm.assertEq(alliance.roundOf(task).voters, 63, "back");
    }

    function test_Quit_CountsUntilTheRoundIsOver() public {
        Params memory p = params();
        p.rounds = 3;
        begin(p, 5);
        vm.prank(clients[4]);
        alliance.quit(task, 4);
        refused(clients[4], abi.encodeCall(alliance.quit, (task, 4)), abi.encodeWithSelector(AlreadyDone.selector));
        refused(
            keeper, abi.encodeCall(alliance.collect, (task, 4)), abi.encodeWithSelector(NothingToCollect.selector, 4)
        );
        propose();
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(alliance.roundOf(task).voters, 15);
        uint256 due = stakeOf(4) + earnedBy(4);
        alliance.collect(task, 4);
        vm.assertEq(ledger.creditOf(clients[4]), DEPOSIT - 500e18 + due);
        alliance.collect(task, 3);
        vm.assertEq(stakeOf(3), 400e18, "earnings alone");
        vm.assertEq(earnedBy(3), 0);
        refused(
            clients[4],
            abi.encodeCall(alliance.join, (task, 100e18)),
            abi.encodeWithSelector(JoinedBefore.selector, clients[4])
        );
        address newcomer = operator("newcomer");
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 4, "the free place");
        assertConserved();
    }

    /// Who quits and then keeps silent is slashed like others, and free to go as before.
    function test_Quit_DoesNotExcuseSilence() public {
        Params memory p = params();
        p.rounds = 3;
        begin(p, 6);
        vm.prank(clients[0]);
        alliance.quit(task, 0);
        commitUpdate(1);
        commitUpdate(2);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(1);
        publish(2);
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(uint256(alliance.placesOf(task).left), 1);
        vm.assertEq(uint256(alliance.placesOf(task).benched), 0);
        alliance.collect(task, 0);
        vm.assertEq(ledger.creditOf(clients[0]), DEPOSIT - 10e18);
        assertConserved();
    }

    /// The key that joined acts to the end, whatever key the operator takes then; the operator is paid.
    function test_Keys_ThoseThatJoinedStay() public {
        begin(params(), 5);
        bytes memory consent = signHotKey("hot", clients[0]);
        vm.prank(clients[0]);
        vault.authorize(addr("hot"), consent);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = earnedBy(0);
        uint256 held = ledger.creditOf(clients[0]);
        alliance.collect(task, 0);
        vm.assertEq(ledger.creditOf(clients[0]), held + due);
    }

    /// In a full task a place on the bench is free once its client missed a whole round there, and none before.
    function test_Join_TakesAPlaceLongOnTheBench() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (4, 5);
        begin(p, 5);
        address newcomer = operator("newcomer");
        _noPlaceFor(newcomer);
        _silenceOfOne();
        _noPlaceFor(newcomer);
        drawAny();
        _noPlaceFor(newcomer);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = stakeOf(1) + earnedBy(1);
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 1);
        vm.assertEq(due, 180e18, "less the slash");
        vm.assertEq(ledger.creditOf(clients[1]), DEPOSIT - 200e18 + due, "paid out");
        vm.assertEq(uint256(alliance.placesOf(task).benched), 0);
        assertConserved();
    }

    /// Who came back in time and is silent again has as much time again.
    function test_Bench_TimeToComeBackBeginsAnew() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (5, 5);
        begin(p, 5);
        address newcomer = operator("newcomer");
        _silenceOfOne();
        play();
        vm.prank(clients[1]);
        alliance.resume(task, 1);
        _noPlaceFor(newcomer);
        // Frozen without it: it is in from the round after.
        play();
        draw(3);
        _silenceOfOne();
        _noPlaceFor(newcomer);
        vm.assertEq(alliance.clientOf(task, 1).benchedIn, 3);
        play();
        assertPhase(Phase.Ended);
    }

    /// Who quits makes room in a full task once its round is over.
    function test_Join_TakesThePlaceOfOneWhoQuit() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (3, 5);
        begin(p, 5);
        vm.expectEmit(address(alliance));
        emit ClientLeft(task, 0);
        vm.prank(clients[0]);
        alliance.quit(task, 0);
        address newcomer = operator("newcomer");
        _noPlaceFor(newcomer);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = stakeOf(0) + earnedBy(0);
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 0);
        vm.assertEq(ledger.creditOf(clients[0]), DEPOSIT - 100e18 + due);
        assertConserved();
    }

    function _noPlaceFor(address newcomer) private {
        bytes memory call = abi.encodeCall(alliance.join, (task, 100e18));
        refused(newcomer, call, abi.encodeWithSelector(NoPlaceFree.selector, task));
    }

    /// @dev Of the proposers 0 and 1, the second commits nothing.
    function _silenceOfOne() private {
        commitUpdate(0);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        settle();
    }
}
