// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance, IAllianceEvents} from "../../contracts/interfaces/IAlliance.sol";
import {AllianceScribe} from "./AllianceScribe.sol";
import {AllianceTest} from "./AllianceTest.sol";
import {InvariantTest, Test, Vm} from "./Vm.sol";

/// @notice Everybody who has to do with two tasks, at random and also at bad times. What can be judged only at the call itself
/// is counted in `violations`, by invariant.
contract AllianceActors is Test, IAllianceEvents {
    uint256 private constant TASKS = 2;
    uint256 public constant PEOPLE = 10;

    IAlliance private immutable alliance;
    AllianceScribe private immutable scribe;

    /// @dev The task that the latest action was about.
    uint256 public touched = 1;
    mapping(string invariant => uint256) public violations;
    /// @dev How often an event was seen.
    mapping(bytes32 topic => uint256) public seen;
    mapping(Outcome outcome => uint256) public outcomes;
    mapping(Verdict verdict => uint256) public verdicts;
    mapping(uint256 task => Vote[128]) private _votes;
    address[PEOPLE] private _people;

    constructor(IAlliance alliance_, AllianceScribe scribe_, address[PEOPLE] memory people) {
        (alliance, scribe, _people) = (alliance_, scribe_, people);
    }

    // ── Actions ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Two clients of the round do what the phase asks of them, or a variant.
    function take(uint256 seed) public {
        uint256 task = _some(seed);
        _take(task, seed);
        _take(task, uint256(keccak256(abi.encode(seed))));
    }

    function _take(uint256 task, uint256 seed) private {
        Round memory r = alliance.roundOf(task);
        uint256 all = r.proposers | r.voters;
        uint256 client = (seed >> 8) % 8;
        for (uint256 i; i < 8 && (all >> client) & 1 == 0; ++i) {
            client = (client + 1) % 8;
        }
        (Phase phase, uint256 round,) = alliance.phaseOf(task);
        address hotKey = alliance.clientOf(task, client).hotKey;
        if (phase == Phase.Propose) {
            _commit(task, round, client, scribe.commitment(task, round, hotKey, scribe.update(task, round, client)));
        } else if (phase == Phase.Publish) {
            // Now and then another's update, which has to fail.
            uint256 whose = (seed >> 16) % 8 == 0 ? (client + 1) % 8 : client;
            bytes memory call =
                abi.encodeCall(alliance.publish, (task, round, client, scribe.update(task, round, whose)));
            if (_send(address(1), call) && whose != client) ++violations["I-11"];
        } else if (phase == Phase.Vote) {
            Vote memory v = _finding(task, round, client, seed >> 24);
            // Now and then what nothing opens.
            bool empty = (seed >> 16) % 16 == 0;
            if (empty) _commit(task, round, client, bytes32(seed));
            else if (_commit(task, round, client, scribe.commitment(task, round, hotKey, v))) _votes[task][client] = v;
        } else if (phase == Phase.Reveal) {
            Vote memory v = _votes[task][client];
            bool altered = (seed >> 16) % 8 == 0;
            if (altered) v.inFavour = !v.inFavour;
            bool done = _send(address(1), abi.encodeCall(alliance.reveal, (task, round, client, v)));
            if (done && altered) ++violations["I-10"];
            if (done && _send(address(1), abi.encodeCall(alliance.reveal, (task, round, client, v)))) {
                ++violations["I-10"];
            }
        }
    }

    /// @dev Anybody does what is due, or tries.
    function keep(uint256 seed) public {
        uint256 task = _some(seed);
        (Phase phase,,) = alliance.phaseOf(task);
        if (phase == Phase.Settle) return _settle(task, seed);
        nextBlock();
        // Now and then too late.
        if ((seed >> 8) % 16 == 0) vm.roll(vm.getBlockNumber() + 300);
        _send(address(2), abi.encodeCall(alliance.advance, (task)));
    }

    /// @dev Somebody comes, goes or comes back.
    function roam(uint256 seed) public {
        uint256 task = _some(seed);
        address who = _people[(seed >> 8) % PEOPLE];
        uint256 choice = (seed >> 16) % 8;
        if (choice < 4) {
            _send(who, abi.encodeCall(alliance.join, (task, uint96(10e18 + (seed >> 32) % 500e18))));
            return;
        }
        for (uint256 client; client < 8; ++client) {
            if (alliance.clientOf(task, client).hotKey != who) continue;
            if (choice == 4) _send(who, abi.encodeCall(alliance.quit, (task, client)));
            else if (choice < 7) _send(who, abi.encodeCall(alliance.resume, (task, client)));
            else _send(address(3), abi.encodeCall(alliance.collect, (task, client)));
        }
    }

    /// @dev Somebody tries what nobody may: in another's name, in another round, before its time, without a right to it.
    function meddle(uint256 seed) public {
        uint256 task = _some(seed);
        address who = _people[(seed >> 8) % PEOPLE];
        uint256 client = (seed >> 16) % 8;
        (Phase phase, uint256 round,) = alliance.phaseOf(task);
        uint256 choice = (seed >> 24) % 6;
        Client memory x = alliance.clientOf(task, client);
        if (choice < 3 && who != x.hotKey) {
            bytes memory call = choice == 0
                ? abi.encodeCall(alliance.commit, (task, round, client, bytes32(seed)))
                : abi.encodeCall(choice == 1 ? alliance.quit : alliance.resume, (task, client));
            _forbid("I-18", who, call);
        } else if (choice == 3) {
            uint256 other = (seed >> 32) % 2 == 0 ? round + 1 : round - (round == 0 ? 0 : 1);
            if (other == round && phase == Phase.Publish) return;
            Update memory u = scribe.update(task, other, client);
            _forbid("I-11", who, abi.encodeCall(alliance.publish, (task, other, client, u)));
        } else if (choice == 4) {
            if (phase == Phase.Settle) return;
            Witness memory w;
            if (phase == Phase.Reveal) w = witness(task);
            _forbid("I-13", who, abi.encodeCall(alliance.settle, (task, w)));
            if (phase != Phase.Reveal) {
                _forbid("I-10", who, abi.encodeCall(alliance.reveal, (task, round, client, _votes[task][client])));
            }
        } else if (choice == 5) {
            Places memory places = alliance.placesOf(task);
            bool staying = phase != Phase.Ended && (places.left >> client) & 1 == 0;
            _send(who, abi.encodeCall(alliance.collect, (task, client)));
            if (staying && alliance.clientOf(task, client).stake != x.stake) ++violations["I-18"];
        }
    }

    /// @dev Time passes: a little, to the last second of a phase, or to its end.
    function pass(uint256 seed) public {
        (Phase phase,, uint256 deadline) = alliance.phaseOf(_some(seed));
        nextBlock();
        uint256 choice = phase == Phase.Join ? 0 : (seed >> 8) % 8;
        if (deadline > vm.getBlockTimestamp() && choice < 3) vm.warp(choice == 2 ? deadline - 1 : deadline);
        else skip((seed >> 16) % 20);
    }

    // ── Parts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function witness(uint256 task) public view returns (Witness memory) {
        Vote[] memory all = new Vote[](128);
        for (uint256 i; i < 8; ++i) {
            all[i] = _votes[task][i];
        }
        return scribe.witness(task, all);
    }

    function _some(uint256 seed) private returns (uint256) {
        return touched = 1 + seed % TASKS;
    }

    function _forbid(string memory invariant, address who, bytes memory call) private {
        if (_send(who, call)) ++violations[invariant];
    }

    function _finding(uint256 task, uint256 round, uint256 client, uint256 seed) private view returns (Vote memory v) {
        v = scribe.vote(task, round, client);
        if (seed % 4 == 0) v.result.aggregateHash = "another";
        if (seed % 8 == 1) v.result.accepted &= uint128(seed >> 128);
        v.inFavour = (seed >> 8) % 4 != 0;
        Round memory r = alliance.roundOf(task);
        uint256[] memory scores = new uint256[](scribe.members(r.proposers & r.opened).length);
        for (uint256 i; i < scores.length; ++i) {
            scores[i] = 16_384 + (seed >> (16 + i)) % 1024 - 512;
        }
        v.contributions = scribe.pack(scores);
    }

    /// @dev Settles with or without the witness, which alone has to work; nobody silent may gain.
    function _settle(uint256 task, uint256 seed) private {
        Round memory r = alliance.roundOf(task);
        uint256 silent = (r.proposers | r.voters) & ~r.opened;
        bool voted = scribe.members(r.proposers & r.opened).length >= alliance.clockOf(task).minUpdates;
        uint256[8] memory held;
        for (uint256 i; i < 8; ++i) {
            held[i] = _worth(task, i);
        }
        Witness memory w = witness(task);
        if (w.ballots.length != 0 && (seed >> 8) % 4 == 0) {
            w.ballots[0].inFavour = !w.ballots[0].inFavour;
            uint256 start = vm.snapshotState();
            bytes32 before = alliance.modelOf(task);
            if (_send(address(2), abi.encodeCall(alliance.settle, (task, w))) && alliance.modelOf(task) != before) {
                ++violations["I-13"];
            }
            vm.revertToState(start);
            w.ballots[0].inFavour = !w.ballots[0].inFavour;
        }
        if (!_send(address(2), abi.encodeCall(alliance.settle, (task, w)))) ++violations["I-17"];
        for (uint256 i; i < 8; ++i) {
            bool acted = (silent >> i) & 1 == 0 || (!voted && (r.voters >> i) & 1 == 1);
            if (!acted && _worth(task, i) >= held[i]) ++violations["I-16"];
        }
    }

    function _worth(uint256 task, uint256 client) private view returns (uint256) {
        Client memory x = alliance.clientOf(task, client);
        return uint256(x.stake) + x.earned;
    }

    function _commit(uint256 task, uint256 round, uint256 client, bytes32 commitment) private returns (bool) {
        address hotKey = alliance.clientOf(task, client).hotKey;
        return _send(hotKey, abi.encodeCall(alliance.commit, (task, round, client, commitment)));
    }

    function _send(address who, bytes memory call) private returns (bool done) {
        vm.recordLogs();
        vm.prank(who);
        (done,) = address(alliance).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(alliance)) continue;
            bytes32 topic = logs[i].topics[0];
            ++seen[topic];
            if (topic == RoundConcluded.selector) ++outcomes[abi.decode(logs[i].data, (Conclusion)).outcome];
            if (topic == ClientJudged.selector) ++verdicts[abi.decode(logs[i].data, (Verdict))];
        }
    }
}

contract AllianceInvariants is AllianceTest, InvariantTest {
    AllianceActors private actors;

    function setUp() public override {
        super.setUp();
        Params memory p = params();
        (p.rounds, p.initialReputation) = (6, 2);
        create(p);
        (p.rounds, p.minClients, p.maxClients, p.proposerShare, p.slashSilent, p.burnShare) =
        (3, 5, 6, 200_000, 500_000, 0);
        (p.slashWrong, p.contributionShare, p.keeperFee, p.join) = (500_000, 1_000_000, 0, 200);
        create(p);
        address[10] memory people;
        for (uint256 i; i < people.length; ++i) {
            people[i] = operator(nameOf(i));
        }
        actors = new AllianceActors(alliance, scribe, people);
        parties.push(address(2));
        for (task = 1; task < 3; ++task) {
            for (uint256 i; i < 5; ++i) {
                vm.prank(people[i]);
                alliance.join(task, task == 1 ? 100e18 : uint96(100e18 * (i + 1)));
            }
        }
        _target(address(actors));
    }

    /// One campaign judges all, since campaigns of one seed walk the same histories.
    /// forge-config: default.invariant.runs = 128
    /// forge-config: default.invariant.depth = 512
    /// forge-config: nightly.invariant.runs = 2048
    /// forge-config: nightly.invariant.depth = 512
    function invariant_I3_I10_I11_I13_I16_I17_I18() public view {
        uint256 credits;
        for (uint256 i; i < parties.length; ++i) {
            credits += ledger.creditOf(parties[i]);
        }
        uint256 held = ledger.bucketOf(address(alliance), 1) + ledger.bucketOf(address(alliance), 2);
        vm.assertEq(credits + held + burnt(), deposited, "I-3");
        vm.assertEq(token.balanceOf(address(ledger)), credits + held, "I-2");
        // An action changes one task.
        uint256 id = actors.touched();
        Client[8] memory all;
        for (uint256 i; i < 8; ++i) {
            all[i] = alliance.clientOf(id, i);
        }
        checkI3TheBucketIsPoolReserveStakesAndEarnings(id, all);
        checkPlaces(id, all);
        checkI10RolesAndActs(id);
        string[6] memory ids = ["I-10", "I-11", "I-13", "I-16", "I-17", "I-18"];
        for (uint256 i; i < ids.length; ++i) {
            vm.assertEq(actors.violations(ids[i]), 0, ids[i]);
        }
    }

    function checkI3TheBucketIsPoolReserveStakesAndEarnings(uint256 id, Client[8] memory all) private view {
        Funds memory f = alliance.fundsOf(id);
        uint256 held = uint256(f.pool) + uint256(f.keeperFee) * f.acts;
        for (uint256 i; i < 8; ++i) {
            held += uint256(all[i].stake) + all[i].earned;
        }
        vm.assertEq(ledger.bucketOf(address(alliance), id), held, "I-3");
    }

    function checkPlaces(uint256 id, Client[8] memory all) private view {
        Clock memory c = alliance.clockOf(id);
        Places memory p = alliance.placesOf(id);
        vm.assertEq((p.present & p.benched) | (p.present & p.left) | (p.benched & p.left), 0, "places");
        vm.assertEq(p.isolated & ~(p.present | p.benched | p.left), 0, "isolated");
        for (uint256 i; i < 8; ++i) {
            bool there = ((p.present | p.benched | p.left) >> i) & 1 == 1;
            if (c.status != Status.Ended) {
                vm.assertEq(there, all[i].hotKey != address(0));
                vm.assertEq((p.isolated >> i) & 1 == 1, there && all[i].reputation < 2);
                if ((p.benched >> i) & 1 == 1) vm.assertLt(all[i].benchedIn, c.round, "benched");
            }
            vm.assertLe(all[i].reputation, 5);
        }
    }

    function checkI10RolesAndActs(uint256 id) private view {
        Clock memory c = alliance.clockOf(id);
        if (c.status != Status.Running) return;
        Round memory r = alliance.roundOf(id);
        vm.assertEq(r.proposers & r.voters, 0);
        vm.assertEq(r.opened & ~r.committed, 0, "I-10");
        vm.assertEq(r.committed & ~(r.proposers | r.voters), 0);
        vm.assertEq(r.proposers, alliance.drawOf(id, r.proposers | r.voters, alliance.seedOf(id)), "drawn");
    }

    /// I-17, I-18: after any history, time and a stranger's calls end both tasks; everybody is paid out, and nothing stays.
    function afterInvariant() public {
        for (task = 1; task < 3; ++task) {
            while (phase() != Phase.Ended) {
                step();
            }
            for (uint256 i; i < 8; ++i) {
                if (stakeOf(i) + earnedBy(i) != 0) alliance.collect(task, i);
            }
            vm.assertEq(ledger.bucketOf(address(alliance), task), 0, "I-17");
        }
        for (uint256 i; i < parties.length; ++i) {
            if (ledger.creditOf(parties[i]) == 0) continue;
            vm.prank(parties[i]);
            ledger.claim();
        }
        vm.assertEq(token.balanceOf(address(ledger)), 0, "I-18");
    }

    function step() private {
        (Phase p,, uint256 deadline) = alliance.phaseOf(task);
        nextBlock();
        if (p == Phase.Settle) {
            Witness memory w = actors.witness(task);
            vm.prank(address(2));
            alliance.settle(task, w);
        } else if (p == Phase.Freeze || p == Phase.Draw) {
            vm.prank(address(2));
            alliance.advance(task);
        } else {
            vm.assertGt(deadline, vm.getBlockTimestamp());
            vm.warp(deadline);
        }
    }

    /// @dev The campaign's histories are not empty: like ones see every event, outcome and verdict; each ends from wherever it is.
    function test_I17_EveryEventAndOutcomeIsReached() public {
        vm.pauseGasMetering();
        bytes32[14] memory topics = [
            ClientJoined.selector,
            ClientLeft.selector,
            ClientResumed.selector,
            RoundFrozen.selector,
            DrawPostponed.selector,
            RolesDrawn.selector,
            Committed.selector,
            UpdatePublished.selector,
            VoteRevealed.selector,
            RoundConcluded.selector,
            ClientJudged.selector,
            Collected.selector,
            KeeperPaid.selector,
            AllianceEnded.selector
        ];
        uint256[14] memory found;
        uint256[6] memory outcomes;
        uint256[6] memory verdicts;
        uint256 start = vm.snapshotState();
        for (uint256 history; history < 64; ++history) {
            this.walk(history);
            for (uint256 i; i < topics.length; ++i) {
                found[i] += actors.seen(topics[i]);
            }
            for (uint256 i; i < 6; ++i) {
                outcomes[i] += actors.outcomes(Outcome(i));
                verdicts[i] += actors.verdicts(Verdict(i));
            }
            afterInvariant();
            vm.revertToState(start);
        }
        for (uint256 i; i < topics.length; ++i) {
            vm.assertGe(found[i], 1, string.concat(vm.toString(i), " never seen"));
        }
        for (uint256 i; i < 6; ++i) {
            vm.assertGe(outcomes[i], 1, string.concat("outcome ", vm.toString(i)));
            if (Verdict(i) != Verdict.None) vm.assertGe(verdicts[i], 1, string.concat("verdict ", vm.toString(i)));
        }
        vm.assertEq(verdicts[0], 0, "nothing to say is not said");
    }

    /// @dev External, so that what it takes of memory is free again.
    function walk(uint256 history) external {
        bytes4[7] memory acts = [
            AllianceActors.take.selector,
            AllianceActors.take.selector,
            AllianceActors.take.selector,
            AllianceActors.keep.selector,
            AllianceActors.roam.selector,
            AllianceActors.meddle.selector,
            AllianceActors.pass.selector
        ];
        for (uint256 i; i < 512; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(history, i)));
            (bool done, bytes memory reason) = address(actors).call(abi.encodeWithSelector(acts[seed % 7], seed >> 8));
            vm.assertTrue(done, string(reason));
        }
    }
}
