// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance, IAllianceEvents} from "../../contracts/interfaces/IAlliance.sol";
import {Roles} from "../../contracts/libraries/Roles.sol";
import {AllianceScribe} from "./AllianceScribe.sol";
import {EngineTest} from "./EngineTest.sol";

/// @notice An Alliance on real custody contracts, one task in it, and clients that do each step as a worker would. Contracts
/// are deployed from their artifacts. Client i is the i-th that joined.
abstract contract AllianceTest is EngineTest, IAllianceEvents {
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;
    uint24 internal constant MIN_PHASE = 10;
    uint96 internal constant DEPOSIT = 1e23;
    uint256 internal constant NEUTRAL = 16_384;

    IAlliance internal alliance;
    AllianceScribe internal scribe;
    address internal creator;
    address internal keeper;

    uint256 internal task;
    uint256 internal deposited;
    address[] internal parties;
    /// @dev Hot keys by client, and what they revealed last.
    address[] internal clients;
    Vote[128] internal votes;

    function setUp() public virtual override {
        super.setUp();
        bytes memory arguments = abi.encode(vault, ledger, MIN_PHASE);
        alliance = IAlliance(
            vm.deployCode(
                "Alliance.sol:Alliance",
                bytes.concat(
                    abi.encode(
                        vm.deployCode("Membership.sol:Membership", arguments),
                        vm.deployCode("Rounds.sol:Rounds", arguments),
                        vm.deployCode("Settling.sol:Settling", arguments)
                    ),
                    arguments
                )
            )
        );
        scribe = AllianceScribe(vm.deployCode("AllianceScribe.sol:AllianceScribe", abi.encode(alliance)));
        keeper = addr("keeper");
        parties.push(keeper);
        creator = fund("creator");
    }

    // ── Accounts ───────────────────────────────────────────────────────────────────────────────────────────────────

    function addr(string memory name) internal pure returns (address who) {
        (who,) = account(name);
    }

    function fund(string memory name) internal returns (address who) {
        who = rich(name);
        vm.startPrank(who);
        ledger.deposit(DEPOSIT);
        ledger.approve(address(alliance), type(uint96).max);
        vm.stopPrank();
        deposited += DEPOSIT;
        parties.push(who);
    }

    /// @dev An operator that is its own hot key.
    function operator(string memory name) internal returns (address who) {
        who = fund(name);
        vm.prank(who);
        vault.authorize(who, "");
    }

    function nameOf(uint256 client) internal pure returns (string memory) {
        return string.concat("client ", vm.toString(client));
    }

    // ── Task ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Five acts, so that 1,000 tokens are for the two rounds.
    function params() internal pure virtual returns (Params memory p) {
        p.rounds = 2;
        p.minClients = 4;
        p.maxClients = 8;
        p.minUpdates = 2;
        p.proposerShare = 400_000;
        p.maxSamples = 1000;
        p.epsilon = 10_000;
        p.slashSilent = 100_000;
        p.slashWrong = 50_000;
        p.slashRejected = 20_000;
        p.burnShare = 500_000;
        p.contributionShare = 500_000;
        p.harm = 100;
        p.initialReputation = 3;
        p.maxReputation = 5;
        p.reputationThreshold = 2;
        p.fractionBits = 16;
        p.rule = 1;
        p.minStake = 10e18;
        p.pool = 1005e18;
        p.keeperFee = 1e18;
        p.join = 100;
        p.propose = 100;
        p.publish = 100;
        p.vote = 100;
        p.reveal = 100;
    }

    function terms() internal pure returns (Terms memory) {
        return Terms("start", "bafkqaaa", '{"f":1}', "ipfs://about", address(0), 0);
    }

    function create(Params memory p) internal returns (uint256) {
        delete clients;
        vm.prank(creator);
        return task = alliance.createTask(p, terms());
    }

    function join(uint256 tokens) internal returns (uint256 client) {
        string memory name = nameOf(clients.length);
        address hotKey = vault.operatorOf(addr(name)) == address(0) ? operator(name) : addr(name);
        vm.prank(hotKey);
        client = alliance.join(task, uint96(tokens * 1e18));
        vm.assertEq(client, clients.length);
        clients.push(hotKey);
    }

    function advance() internal {
        vm.prank(keeper);
        alliance.advance(task);
    }

    /// @dev Freezes, and draws whoever the block gives.
    function drawAny() internal {
        if (phase() == Phase.Join) vm.warp(alliance.clockOf(task).joinEnd);
        if (phase() == Phase.Freeze) advance();
        nextBlock();
        advance();
    }

    /// @dev Freezes, and finds a block whose hash draws these proposers.
    function draw(uint128 proposers) internal {
        if (phase() == Phase.Join) vm.warp(alliance.clockOf(task).joinEnd);
        if (phase() == Phase.Freeze) advance();
        Clock memory c = alliance.clockOf(task);
        uint128 set = alliance.roundOf(task).voters;
        nextBlock();
        for (uint256 i;; ++i) {
            bytes32 entropy = keccak256(abi.encode(i));
            bytes32 seed = keccak256(abi.encode(entropy, alliance, task, c.round));
            if (alliance.drawOf(task, set, seed) != proposers) continue;
            vm.setBlockhash(c.drawBlock, entropy);
            break;
        }
        advance();
    }

    /// @dev Clients with 100, 200, ... tokens; the first two fifths of them propose, the others vote.
    function begin(Params memory p, uint256 n) internal {
        create(p);
        for (uint256 i; i < n; ++i) {
            join(100 * (i + 1));
        }
        drawFirst();
    }

    /// @dev As `begin`, with equal stakes.
    function beginEqual(Params memory p, uint256 n) internal {
        create(p);
        for (uint256 i; i < n; ++i) {
            join(100);
        }
        drawFirst();
    }

    function drawFirst() internal {
        draw(uint128((1 << Roles.proposersUp(params().proposerShare, clients.length, 1)) - 1));
    }

    // ── Rounds ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function round() internal view returns (uint256) {
        return alliance.clockOf(task).round;
    }

    function commitUpdate(uint256 client) internal {
        commit(client, scribe.commitment(task, round(), clients[client], scribe.update(task, round(), client)));
    }

    function commit(uint256 client, bytes32 commitment) internal {
        uint256 r = round();
        vm.prank(clients[client]);
        alliance.commit(task, r, client, commitment);
    }

    function publish(uint256 client) internal {
        alliance.publish(task, round(), client, scribe.update(task, round(), client));
    }

    /// @dev All proposers commit and publish.
    function propose() internal {
        uint256[] memory list = scribe.members(alliance.roundOf(task).proposers);
        for (uint256 i; i < list.length; ++i) {
            commitUpdate(list[i]);
        }
        for (uint256 i; i < list.length; ++i) {
            publish(list[i]);
        }
    }

    function honest(uint256 client) internal view returns (Vote memory) {
        return scribe.vote(task, round(), client);
    }

    function against(uint256 client) internal view returns (Vote memory v) {
        v = honest(client);
        v.inFavour = false;
    }

    function commitVote(uint256 client, Vote memory v) internal {
        votes[client] = v;
        commit(client, scribe.commitment(task, round(), clients[client], v));
    }

    function reveal(uint256 client) internal {
        alliance.reveal(task, round(), client, votes[client]);
    }

    /// @dev All voters that committed reveal, once Vote closed.
    function revealAll() internal {
        Round memory r = alliance.roundOf(task);
        uint256[] memory list = scribe.members(r.voters & r.committed);
        for (uint256 i; i < list.length; ++i) {
            reveal(list[i]);
        }
    }

    /// @dev All voters vote alike; `inFavour` or against, and how much each update contributed.
    function voteAll(bool inFavour, uint256[] memory contributions) internal {
        uint256[] memory list = scribe.members(alliance.roundOf(task).voters);
        for (uint256 i; i < list.length; ++i) {
            Vote memory v = honest(list[i]);
            v.inFavour = inFavour;
            if (contributions.length != 0) v.contributions = scribe.pack(contributions);
            commitVote(list[i], v);
        }
        revealAll();
    }

    function witness() internal view returns (Witness memory) {
        Vote[] memory all = new Vote[](128);
        for (uint256 i; i < clients.length; ++i) {
            all[i] = votes[i];
        }
        return scribe.witness(task, all);
    }

    function settle() internal {
        Witness memory w = witness();
        vm.prank(keeper);
        alliance.settle(task, w);
    }

    /// @dev A round in which all are honest, with whatever roles.
    function play() internal {
        drawAny();
        propose();
        voteAll(true, new uint256[](0));
        settle();
    }

    function two(uint256 a, uint256 b) internal pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    // ── Refusals ───────────────────────────────────────────────────────────────────────────────────────────────────

    function engine() internal view override returns (address) {
        return address(alliance);
    }

    function wrongPhase() internal view returns (bytes memory) {
        return abi.encodeWithSelector(WrongPhase.selector, task);
    }

    // ── Facts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function phase() internal view returns (Phase p) {
        (p,,) = alliance.phaseOf(task);
    }

    function assertPhase(Phase expected) internal view {
        vm.assertEq(uint256(phase()), uint256(expected), "phase");
    }

    function assertPhase(Phase expected, uint256 deadline) internal view {
        (Phase p,, uint256 d) = alliance.phaseOf(task);
        vm.assertEq(uint256(p), uint256(expected), "phase");
        vm.assertEq(d, deadline, "deadline");
    }

    function stakeOf(uint256 client) internal view returns (uint256) {
        return alliance.clientOf(task, client).stake;
    }

    function earnedBy(uint256 client) internal view returns (uint256) {
        return alliance.clientOf(task, client).earned;
    }

    function reputationOf(uint256 client) internal view returns (uint256) {
        return alliance.clientOf(task, client).reputation;
    }

    function pool() internal view returns (uint256) {
        return alliance.fundsOf(task).pool;
    }

    function burnt() internal view returns (uint256) {
        return token.balanceOf(DEAD);
    }

    /// @dev I-3: the bucket holds the pool, the keepers' reserve, and all stakes and earnings; the rest is in credits or burnt.
    function assertConserved() internal view {
        Funds memory f = alliance.fundsOf(task);
        uint256 held = uint256(f.pool) + uint256(f.keeperFee) * f.acts;
        for (uint256 i; i < 128; ++i) {
            held += stakeOf(i) + earnedBy(i);
        }
        vm.assertEq(ledger.bucketOf(address(alliance), task), held, "I-3");
        uint256 credits;
        for (uint256 i; i < parties.length; ++i) {
            credits += ledger.creditOf(parties[i]);
        }
        vm.assertEq(credits + held + burnt(), deposited, "I-3");
        vm.assertEq(token.balanceOf(address(ledger)), credits + held, "I-2");
    }
}
