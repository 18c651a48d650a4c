// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance} from "../../contracts/interfaces/IAlliance.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {AllianceScribe} from "./AllianceScribe.sol";
import {AllianceTest} from "./AllianceTest.sol";

/// @notice What the Alliance refuses, and with which error.
contract AllianceRefusalsTest is AllianceTest {
    // ── Creation ───────────────────────────────────────────────────────────────────────────────────────────────────

    function _refusedParams(Params memory p, string memory name) private {
        bytes memory call = abi.encodeCall(alliance.createTask, (p, terms()));
        refused(creator, call, abi.encodeWithSelector(ParamOutOfRange.selector, name));
    }

    function test_CreateTask_NumbersOutOfRange() public {
        Params memory p = params();
        p.rounds = 0;
        _refusedParams(p, "rounds");
        p = params();
        p.minUpdates = 0;
        _refusedParams(p, "minUpdates");
        p = params();
        p.minClients = 3;
        _refusedParams(p, "minClients");
        p = params();
        p.minUpdates = 255;
        _refusedParams(p, "minClients");
        p = params();
        p.maxClients = 3;
        _refusedParams(p, "maxClients");
        p.maxClients = 129;
        _refusedParams(p, "maxClients");
        p = params();
        p.proposerShare = 0;
        _refusedParams(p, "proposerShare");
        p.proposerShare = 1_000_001;
        _refusedParams(p, "proposerShare");
        p = params();
        p.maxSamples = 0;
        _refusedParams(p, "maxSamples");
        p = params();
        p.epsilon = 1_000_001;
        _refusedParams(p, "epsilon");
        p = params();
        p.fractionBits = 0;
        _refusedParams(p, "fractionBits");
        p.fractionBits = 31;
        _refusedParams(p, "fractionBits");
        p = params();
        p.harm = 16_385;
        _refusedParams(p, "harm");
    }

    function test_CreateTask_MoneyAndReputationOutOfRange() public {
        Params memory p = params();
        p.slashSilent = 9999;
        _refusedParams(p, "slashSilent");
        p.slashSilent = 500_001;
        _refusedParams(p, "slashSilent");
        p = params();
        p.slashWrong = p.slashSilent + 1;
        _refusedParams(p, "slashWrong");
        p = params();
        p.slashRejected = p.slashSilent + 1;
        _refusedParams(p, "slashRejected");
        p = params();
        p.burnShare = 1_000_001;
        _refusedParams(p, "burnShare");
        p = params();
        p.contributionShare = 1_000_001;
        _refusedParams(p, "contributionShare");
        p = params();
        p.minStake = 0;
        _refusedParams(p, "minStake");
        p = params();
        p.keeperFee = 20.1e18 + 1;
        _refusedParams(p, "keeperFee");
        p.keeperFee = type(uint80).max;
        _refusedParams(p, "keeperFee");
        p = params();
        p.maxReputation = 0;
        _refusedParams(p, "maxReputation");
        p.maxReputation = 9;
        _refusedParams(p, "maxReputation");
        p = params();
        p.initialReputation = 0;
        _refusedParams(p, "initialReputation");
        p.initialReputation = 6;
        _refusedParams(p, "initialReputation");
        p = params();
        p.reputationThreshold = 0;
        _refusedParams(p, "reputationThreshold");
        p.reputationThreshold = 4;
        _refusedParams(p, "reputationThreshold");
    }

    /// What is just in range is taken.
    function test_CreateTask_AtTheLimits() public {
        Params memory p = params();
        (p.rounds, p.minUpdates, p.minClients, p.maxClients) = (1, 1, 3, 3);
        (p.proposerShare, p.maxSamples, p.epsilon, p.fractionBits, p.harm) = (1, 1, 0, 1, 0);
        (p.slashSilent, p.slashWrong, p.slashRejected) = (10_000, 10_000, 10_000);
        (p.burnShare, p.contributionShare, p.minStake, p.pool, p.keeperFee) = (0, 0, 1, 30, 1);
        (p.initialReputation, p.maxReputation, p.reputationThreshold) = (1, 1, 1);
        (p.join, p.propose, p.publish, p.vote, p.reveal) = (10, 10, 10, 10, 10);
        create(p);
        (p.rounds, p.minUpdates, p.minClients, p.maxClients) = (255, 126, 128, 128);
        (p.proposerShare, p.maxSamples, p.epsilon, p.fractionBits, p.harm) =
        (1_000_000, type(uint32).max, 1_000_000, 30, 16_384);
        (p.slashSilent, p.slashWrong, p.slashRejected) = (500_000, 500_000, 500_000);
        (p.burnShare, p.contributionShare, p.pool, p.keeperFee) = (1_000_000, 1_000_000, 5110, 1);
        (p.initialReputation, p.maxReputation, p.reputationThreshold) = (8, 8, 8);
        Terms memory t = terms();
        (t.modelCid, t.ruleParameters, t.uri) = (string(new bytes(512)), string(new bytes(512)), string(new bytes(512)));
        vm.prank(creator);
        vm.assertEq(alliance.createTask(p, t), 2);
        vm.assertEq(alliance.fundsOf(2).pool, 5110 - 511);
    }

    function test_CreateTask_PhasesTooShort() public {
        Params memory p = params();
        p.join = 9;
        _refusedParams(p, "join");
        p = params();
        p.propose = 9;
        _refusedParams(p, "propose");
        p = params();
        p.publish = 9;
        _refusedParams(p, "publish");
        p = params();
        p.vote = 9;
        _refusedParams(p, "vote");
        p = params();
        p.reveal = 9;
        _refusedParams(p, "reveal");
    }

    function test_CreateTask_TextsTooLong() public {
        bytes memory tooLong = abi.encodeWithSelector(TooLong.selector, 513, 512);
        string memory text = string(new bytes(513));
        Terms memory t = terms();
        t.modelCid = text;
        refused(creator, abi.encodeCall(alliance.createTask, (params(), t)), tooLong);
        t = terms();
        t.ruleParameters = text;
        refused(creator, abi.encodeCall(alliance.createTask, (params(), t)), tooLong);
        t = terms();
        t.uri = text;
        refused(creator, abi.encodeCall(alliance.createTask, (params(), t)), tooLong);
    }

    // ── Places ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_UnknownTask() public {
        bytes memory unknown = abi.encodeWithSelector(UnknownTask.selector, 7);
        refused(keeper, abi.encodeCall(alliance.advance, (7)), unknown);
        refused(keeper, abi.encodeCall(alliance.join, (7, 1)), unknown);
        refused(keeper, abi.encodeCall(alliance.phaseOf, (7)), unknown);
    }

    function test_Join() public {
        create(params());
        bytes memory call = abi.encodeCall(alliance.join, (task, 10e18));
        refused(keeper, call, abi.encodeWithSelector(NotAuthorized.selector, keeper));
        address who = operator("ada");
        bytes memory small = abi.encodeCall(alliance.join, (task, 10e18 - 1));
        refused(who, small, abi.encodeWithSelector(StakeUnderMinimum.selector, 10e18 - 1, 10e18));
        // A key that its operator replaced acts no more.
        address hot = addr("hot");
        bytes memory consent = signHotKey("hot", who);
        vm.prank(who);
        vault.authorize(hot, consent);
        refused(who, call, abi.encodeWithSelector(NotAuthorized.selector, who));
        vm.prank(hot);
        alliance.join(task, 10e18);
        vm.assertEq(ledger.creditOf(who), DEPOSIT - 10e18);
        refused(hot, call, abi.encodeWithSelector(JoinedBefore.selector, who));
    }

    /// Pool and stakes are charged to Ledger credit, as far as its owner allows.
    function test_CreditOrApprovalMissing() public {
        Params memory p = params();
        p.pool = DEPOSIT + 1;
        bytes memory short = abi.encodeWithSelector(ILedger.InsufficientCredit.selector, creator, DEPOSIT, DEPOSIT + 1);
        refused(creator, abi.encodeCall(alliance.createTask, (p, terms())), short);
        create(params());
        address ada = operator("ada");
        bytes memory call = abi.encodeCall(alliance.join, (task, DEPOSIT + 1));
        refused(ada, call, abi.encodeWithSelector(ILedger.InsufficientCredit.selector, ada, DEPOSIT, DEPOSIT + 1));
        vm.prank(ada);
        ledger.approve(address(alliance), 10e18 - 1);
        call = abi.encodeCall(alliance.join, (task, 10e18));
        bytes memory forbidden =
            abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, ada, alliance, 10e18 - 1, 10e18);
        refused(ada, call, forbidden);
    }

    function test_AfterTheEnd() public {
        create(params());
        address ada = operator("ada");
        vm.prank(ada);
        alliance.join(task, 10e18);
        address bob = operator("bob");
        vm.warp(alliance.clockOf(task).joinEnd);
        advance();
        assertPhase(Phase.Ended);
        refused(bob, abi.encodeCall(alliance.join, (task, 10e18)), wrongPhase());
        refused(ada, abi.encodeCall(alliance.quit, (task, 0)), wrongPhase());
        refused(ada, abi.encodeCall(alliance.resume, (task, 0)), wrongPhase());
        Witness memory w;
        refused(bob, abi.encodeCall(alliance.settle, (task, w)), wrongPhase());
        refused(bob, abi.encodeCall(alliance.advance, (task)), abi.encodeWithSelector(NothingDue.selector, task));
        alliance.collect(task, 0);
        bytes memory nothing = abi.encodeWithSelector(NothingToCollect.selector, 0);
        refused(ada, abi.encodeCall(alliance.collect, (task, 0)), nothing);
        bytes memory none = abi.encodeWithSelector(NothingToCollect.selector, 200);
        refused(ada, abi.encodeCall(alliance.collect, (task, 200)), none);
    }

    function test_OthersPlaces() public {
        begin(params(), 5);
        bytes memory foreign = abi.encodeWithSelector(NotAuthorized.selector, clients[1]);
        refused(clients[1], abi.encodeCall(alliance.quit, (task, 0)), foreign);
        refused(clients[1], abi.encodeCall(alliance.resume, (task, 0)), foreign);
        refused(clients[1], abi.encodeCall(alliance.quit, (task, 99)), foreign);
        refused(clients[1], abi.encodeCall(alliance.commit, (task, 0, 0, "x")), foreign);
    }

    // ── Commit and publish ─────────────────────────────────────────────────────────────────────────────────────────

    function test_Commit() public {
        begin(params(), 5);
        bytes memory late = abi.encodeCall(alliance.commit, (task, 1, 0, "x"));
        refused(clients[0], late, wrongPhase());
        bytes memory voter = abi.encodeCall(alliance.commit, (task, 0, 2, "x"));
        refused(clients[2], voter, abi.encodeWithSelector(NotDrawn.selector, 2));
        refused(
            clients[2],
            abi.encodeCall(alliance.commit, (task, 0, 300, "x")),
            abi.encodeWithSelector(NotDrawn.selector, 300)
        );
        commitUpdate(0);
        bytes memory again = abi.encodeCall(alliance.commit, (task, 0, 0, "x"));
        refused(clients[0], again, abi.encodeWithSelector(AlreadyDone.selector));
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        refused(clients[1], abi.encodeCall(alliance.commit, (task, 0, 1, "x")), wrongPhase());
        publish(0);
        vm.warp(alliance.clockOf(task).drawnAt + 200);
        refused(clients[2], voter, wrongPhase());
    }

    function _publish(uint256 client, Update memory u) private view returns (bytes memory) {
        return abi.encodeCall(alliance.publish, (task, 0, client, u));
    }

    function test_Publish() public {
        begin(params(), 5);
        Update memory u = scribe.update(task, 0, 0);
        refused(keeper, _publish(0, u), wrongPhase());
        commitUpdate(0);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        refused(keeper, _publish(1, scribe.update(task, 0, 1)), wrong);
        refused(keeper, _publish(1, u), wrong);
        refused(keeper, _publish(2, u), abi.encodeWithSelector(NotDrawn.selector, 2));
        u.samples = 101;
        refused(keeper, _publish(0, u), wrong);
        u.samples = 0;
        refused(keeper, _publish(0, u), abi.encodeWithSelector(SamplesOutOfRange.selector, 0, 1000));
        u.samples = 1001;
        refused(keeper, _publish(0, u), abi.encodeWithSelector(SamplesOutOfRange.selector, 1001, 1000));
        u = scribe.update(task, 0, 0);
        u.cid = "bafkqaab";
        refused(keeper, _publish(0, u), wrong);
        u.cid = string(new bytes(129));
        refused(keeper, _publish(0, u), abi.encodeWithSelector(TooLong.selector, 129, 128));
        u = scribe.update(task, 0, 0);
        u.updateHash = 0;
        refused(keeper, _publish(0, u), wrong);
        u = scribe.update(task, 0, 0);
        u.salt = 0;
        refused(keeper, _publish(0, u), wrong);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        // Nobody else committed, so Publish is over.
        refused(keeper, _publish(0, scribe.update(task, 0, 0)), wrongPhase());
    }

    function test_Publish_Twice() public {
        begin(params(), 5);
        commitUpdate(0);
        commitUpdate(1);
        publish(0);
        refused(keeper, _publish(0, scribe.update(task, 0, 0)), abi.encodeWithSelector(AlreadyDone.selector));
    }

    // ── Vote and reveal ────────────────────────────────────────────────────────────────────────────────────────────

    function _reveal(uint256 client, Vote memory v) private view returns (bytes memory) {
        return abi.encodeCall(alliance.reveal, (task, 0, client, v));
    }

    /// I-10: one reveal, of exactly what was committed.
    function test_I10_Reveal() public {
        begin(params(), 5);
        propose();
        for (uint256 i = 2; i < 4; ++i) {
            commitVote(i, honest(i));
        }
        refused(keeper, _reveal(2, votes[2]), wrongPhase());
        vm.warp(alliance.clockOf(task).drawnAt + 300);
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        refused(keeper, _reveal(0, votes[2]), abi.encodeWithSelector(NotDrawn.selector, 0));
        refused(keeper, _reveal(4, honest(4)), wrong);
        refused(keeper, _reveal(3, votes[2]), wrong);
        Vote memory v = honest(2);
        v.inFavour = false;
        refused(keeper, _reveal(2, v), wrong);
        v = honest(2);
        v.result.aggregateHash = "x";
        refused(keeper, _reveal(2, v), wrong);
        v = honest(2);
        v.result.accepted = 1;
        refused(keeper, _reveal(2, v), wrong);
        v = honest(2);
        v.salt = "x";
        refused(keeper, _reveal(2, v), wrong);
        v = honest(2);
        v.contributions = scribe.pack(two(NEUTRAL, NEUTRAL + 1));
        refused(keeper, _reveal(2, v), wrong);
        reveal(2);
        refused(keeper, _reveal(2, votes[2]), abi.encodeWithSelector(AlreadyDone.selector));
        vm.warp(alliance.clockOf(task).drawnAt + 400);
        refused(keeper, _reveal(3, votes[3]), wrongPhase());
    }

    /// What no honest voter could mean is refused even when it was committed.
    function test_Reveal_OfNonsense() public {
        begin(params(), 7);
        propose();
        Vote memory v = honest(3);
        v.result.accepted = 15;
        commitVote(3, v);
        v = honest(4);
        v.contributions = scribe.repeated(32_768, 3);
        commitVote(4, v);
        v = honest(5);
        v.contributions = bytes.concat(v.contributions, v.contributions);
        commitVote(5, v);
        v = honest(6);
        v.contributions = scribe.repeated(NEUTRAL, 4);
        commitVote(6, v);
        refused(keeper, _reveal(3, votes[3]), abi.encodeWithSelector(AcceptedUnpublished.selector, 8));
        refused(keeper, _reveal(4, votes[4]), abi.encodeWithSelector(Lanes.ScoreTooLarge.selector, 0));
        refused(keeper, _reveal(5, votes[5]), abi.encodeWithSelector(Lanes.WrongLength.selector, 64, 32));
        refused(keeper, _reveal(6, votes[6]), abi.encodeWithSelector(Lanes.PaddingNotZero.selector));
        vm.warp(alliance.clockOf(task).drawnAt + 400);
        settle();
        assertConserved();
    }

    /// Neither proposers that published nothing nor voters are in a result, or have a contribution.
    function test_Reveal_OfWhatWasNotPublished() public {
        begin(params(), 7);
        commitUpdate(0);
        commitUpdate(1);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        publish(1);
        commitVote(3, honest(3));
        Vote memory v = honest(4);
        v.result.accepted = 7;
        commitVote(4, v);
        v = honest(5);
        v.result.accepted = 11;
        commitVote(5, v);
        v = honest(6);
        v.contributions = scribe.repeated(NEUTRAL, 3);
        commitVote(6, v);
        reveal(3);
        refused(keeper, _reveal(4, votes[4]), abi.encodeWithSelector(AcceptedUnpublished.selector, 4));
        refused(keeper, _reveal(5, votes[5]), abi.encodeWithSelector(AcceptedUnpublished.selector, 8));
        refused(keeper, _reveal(6, votes[6]), abi.encodeWithSelector(Lanes.PaddingNotZero.selector));
    }

    /// I-11: a proposer's commitment is good for one chain, contract, task, round and client.
    function test_I11_UpdatesOfElsewhereCantBePublished() public {
        begin(params(), 5);
        Update memory u = scribe.update(task, 0, 0);
        bytes32[5] memory foreign;
        foreign[0] = scribe.commitment(task + 1, 0, clients[0], u);
        foreign[1] = scribe.commitment(task, 1, clients[0], u);
        foreign[2] = scribe.commitment(task, 0, clients[1], u);
        vm.chainId(5);
        foreign[3] = scribe.commitment(task, 0, clients[0], u);
        vm.chainId(31_337);
        foreign[4] = new AllianceScribe(IAlliance(address(1))).commitment(task, 0, clients[0], u);
        uint256 start = vm.snapshotState();
        for (uint256 i; i < foreign.length; ++i) {
            commit(0, foreign[i]);
            commitUpdate(1);
            refused(keeper, _publish(0, u), abi.encodeWithSelector(WrongOpening.selector));
            vm.revertToState(start);
        }
    }

    /// I-11: so is a voter's, and for one list of updates.
    function test_I11_VotesOfElsewhereCantBeRevealed() public {
        begin(params(), 5);
        commitUpdate(0);
        commitUpdate(1);
        publish(0);
        bytes32 transcript = alliance.transcriptOf(task);
        publish(1);
        Vote memory v = honest(2);
        bytes32[4] memory foreign;
        foreign[0] = scribe.commitment(task, 1, clients[2], v);
        foreign[1] = scribe.commitment(task, 0, clients[3], v);
        vm.chainId(5);
        foreign[2] = scribe.commitment(task, 0, clients[2], v);
        vm.chainId(31_337);
        bytes32 tag = keccak256("covey.alliance.vote");
        address client = clients[2];
        foreign[3] = keccak256(
            abi.encode(tag, block.chainid, alliance, task, uint256(0), client, transcript, scribe.ballot(v), v.salt)
        );
        uint256 start = vm.snapshotState();
        for (uint256 i; i < foreign.length; ++i) {
            commit(2, foreign[i]);
            commitVote(3, honest(3));
            vm.warp(alliance.clockOf(task).drawnAt + 300);
            refused(keeper, _reveal(2, v), abi.encodeWithSelector(WrongOpening.selector));
            vm.revertToState(start);
        }
    }

    // ── Settle ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _settle(Witness memory w) private view returns (bytes memory) {
        return abi.encodeCall(alliance.settle, (task, w));
    }

    function test_Settle_WrongWitnesses() public {
        begin(params(), 5);
        Witness memory none;
        refused(keeper, _settle(none), wrongPhase());
        propose();
        Vote memory v = honest(2);
        commitVote(2, v);
        v.contributions = scribe.pack(two(NEUTRAL, NEUTRAL + 3));
        commitVote(3, v);
        v.result.aggregateHash = "another";
        commitVote(4, v);
        revealAll();

        bytes memory wrong = abi.encodeWithSelector(WrongWitness.selector);
        refused(keeper, _settle(none), wrong);
        Witness memory w = witness();
        vm.assertEq(w.results.length, 2);
        w.ballots[0].inFavour = false;
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.ballots[0].result ^= 1;
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.ballots[0].vector ^= 1;
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.ballots[0].vector = 2;
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.ballots[0].result = 2;
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.ballots = new Ballot[](2);
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.vectors = bytes.concat(w.vectors, "x");
        refused(keeper, _settle(w), wrong);
        w = witness();
        (w.results[0], w.results[1]) = (w.results[1], w.results[0]);
        for (uint256 i; i < 3; ++i) {
            w.ballots[i].result ^= 1;
        }
        refused(keeper, _settle(w), wrong);
        w = witness();
        w.medians = scribe.pack(two(NEUTRAL, NEUTRAL + 1));
        refused(keeper, _settle(w), abi.encodeWithSelector(ScoreMatrix.NotMedian.selector, 0));
        w.medians = "";
        refused(keeper, _settle(w), abi.encodeWithSelector(Lanes.WrongLength.selector, 0, 32));
        settle();
        vm.assertEq(round(), 1);
    }

    /// The same result twice would split its support.
    function test_Settle_ResultTwice() public {
        beginEqual(params(), 5);
        propose();
        for (uint256 i = 2; i < 5; ++i) {
            Vote memory v = honest(i);
            if (i == 4) v.result.aggregateHash = "another";
            commitVote(i, v);
        }
        revealAll();
        Witness memory w = witness();
        Result[] memory twice = new Result[](3);
        uint256 top = w.ballots[0].result;
        for (uint256 i; i < 3; ++i) {
            twice[i] = i <= top ? w.results[i] : w.results[i - 1];
        }
        w.results = twice;
        w.ballots[1].result = uint8(top + 1);
        if (top == 0) w.ballots[2].result = 2;
        refused(keeper, _settle(w), abi.encodeWithSelector(WrongWitness.selector));
    }

    /// A vector that nobody revealed, with bits that none may have, changes nothing.
    function test_Settle_ForeignVectorsWeighNothing() public {
        begin(params(), 5);
        propose();
        voteAll(true, two(NEUTRAL + 5, NEUTRAL));
        Witness memory w = witness();
        w.vectors = bytes.concat(w.vectors, bytes32(type(uint256).max));
        vm.prank(keeper);
        alliance.settle(task, w);
        vm.assertEq(earnedBy(0), uint256(50e18) / 3 + 50e18);
        assertConserved();
    }
}
