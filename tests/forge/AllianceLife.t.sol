// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AllianceTest} from "./AllianceTest.sol";
import {Vm} from "./Vm.sol";

/// @notice A task's life: its phases, its events, its draws.
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
}
