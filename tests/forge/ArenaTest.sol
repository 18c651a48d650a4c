// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena, IArenaEvents} from "../../contracts/interfaces/IArena.sol";
import {Weights} from "../../contracts/libraries/Weights.sol";
import {ArenaScribe} from "./ArenaScribe.sol";
import {EngineTest} from "./EngineTest.sol";

/// @notice An Arena on real custody contracts, one task in it, and members that do each step of the task as a worker
/// would. Contracts are deployed from their artifacts, so that a change in them recompiles no test. Handles are registered in order of places, so the handle of trainer i is i unless a test says otherwise.
abstract contract ArenaTest is EngineTest, IArenaEvents {
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;
    uint24 internal constant MIN_PHASE = 10;
    uint64 internal constant TOKEN = 1e9; // gwei
    uint96 internal constant DEPOSIT = 1e23;

    IArena internal arena;
    ArenaScribe internal scribe;
    address internal creator;
    address internal keeper;
    address internal relay;

    uint256 internal task;
    Params internal rules;
    /// @dev Wei that members paid into the Ledger, and who they are.
    uint256 internal deposited;
    address[] internal parties;
    string[] internal trainers = ["ada", "bob", "cyd", "dan"];
    string[] internal validators = ["vera", "walt", "xena"];
    mapping(uint256 round => ArenaScribe.Revealed) internal revealed;
    mapping(bytes32 key => uint256) private _place;

    function setUp() public virtual override {
        super.setUp();
        arena = IArena(
            vm.deployCode(
                "Arena.sol:Arena",
                abi.encode(
                    _module("Tasks"),
                    _module("Enrolment"),
                    _module("Handles"),
                    _module("Scoring"),
                    _module("Settlement"),
                    _module("Conclusion"),
                    vault,
                    ledger,
                    MIN_PHASE
                )
            )
        );
        scribe = ArenaScribe(vm.deployCode("ArenaScribe.sol:ArenaScribe", abi.encode(arena)));
        creator = rich("creator");
        keeper = rich("keeper");
        relay = rich("relay");
        fund(creator);
        parties.push(keeper);
        parties.push(relay);
    }

    function _module(string memory name) private returns (address) {
        return vm.deployCode(string.concat(name, ".sol:", name), abi.encode(vault, ledger, MIN_PHASE));
    }

    // ── Accounts ───────────────────────────────────────────────────────────────────────────────────────────────────

    function fund(address who) internal {
        vm.startPrank(who);
        ledger.deposit(DEPOSIT);
        ledger.approve(address(arena), type(uint96).max);
        vm.stopPrank();
        deposited += DEPOSIT;
        parties.push(who);
    }

    /// @dev An operator that is its own hot key, with `tokens` whole tokens staked, ready to enrol.
    function member(string memory name, uint256 tokens) internal returns (address operator) {
        operator = operatorWith(name, uint96(tokens * 1e18), address(arena));
        fund(operator);
    }

    function addr(string memory name) internal pure returns (address who) {
        (who,) = account(name);
    }

    // ── Task ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function params() internal pure virtual returns (Params memory p) {
        p.rounds = 3;
        p.maxTrainers = 16;
        p.maxValidators = 8;
        p.minTrainers = 1;
        p.minValidators = 1;
        p.minTrainerStake = TOKEN;
        p.minValidatorStake = TOKEN;
        p.k1 = 4;
        p.k2 = 4;
        p.delta = 100_000;
        p.q = 850_000;
        p.sigma = 400_000;
        p.tau = 500_000;
        p.mu = 100;
        p.baseline = 3000;
        p.slashUnpublished = 50_000;
        p.slashMalformed = 50_000;
        p.slashNoCommit = 100_000;
        p.slashNoReveal = 200_000;
        p.bounty = 1000e18;
        p.bond = 100e18;
        p.keeperFee = 1e18;
        p.relayFee = 1e16;
        p.quota = 20;
        p.enrol = 100;
        p.mask = 100;
        p.submit = 100;
        p.publish = 100;
        p.key = 100;
        p.score = 100;
        p.reveal = 100;
        p.open = 100;
    }

    function create(Params memory p) internal returns (uint256) {
        Shard[] memory shards = scribe.shards(p.rounds);
        rules = p;
        vm.prank(creator);
        return task = arena.createTask(p, shards, "bafkqaaa");
    }

    function enrolTrainer(string memory name, uint256 tokens) internal returns (uint256) {
        (uint256 x, uint256 y) = scribe.publicKey(name);
        vm.prank(addr(name));
        return arena.enrolTrainer(task, uint64(tokens * TOKEN), x, y);
    }

    function enrolValidator(string memory name, uint256 tokens) internal returns (uint256) {
        bytes32 shardsHash = arena.shardsHashOf(task);
        vm.prank(addr(name));
        return arena.enrolValidator(task, uint64(tokens * TOKEN), keccak256(bytes(name)), shardsHash);
    }

    /// @dev Trainers lock 100, 200, ... tokens, validators 200 each; who has stake already brings no other.
    function enrolAll() internal virtual {
        enrolTrainers();
        enrolValidators(0);
    }

    function enrolTrainers() internal {
        for (uint256 i; i < trainers.length; ++i) {
            if (staked(trainers[i]) == 0) member(trainers[i], 100 * (i + 1));
            enrolTrainer(trainers[i], 100 * (i + 1));
        }
    }

    /// @dev All from this place on.
    function enrolValidators(uint256 first) internal {
        for (uint256 i = first; i < validators.length; ++i) {
            if (staked(validators[i]) == 0) member(validators[i], 200);
            enrolValidator(validators[i], 200);
        }
    }

    function advance() internal {
        vm.prank(keeper);
        arena.advance(task);
    }

    /// @dev Closes Enrol at its end and draws the rings.
    function drawRings() internal {
        vm.warp(arena.scheduleOf(task).enrolEnd);
        advance();
        nextBlock();
        advance();
    }

    function register(ArenaScribe.Mask memory m) internal returns (uint256) {
        vm.prank(relay);
        return arena.registerHandle(task, m.ring, m.handle, m.openCommitment, m.consent, m.signature);
    }

    function mask(uint256 place) internal returns (uint256) {
        return register(scribe.mask(task, trainers, place));
    }

    function maskAll() internal {
        for (uint256 i; i < trainers.length; ++i) {
            mask(i);
        }
    }

    /// @dev A task whose members are enrolled and masked: Submit of the first round is open.
    function begin(Params memory p) internal {
        create(p);
        enrolAll();
        drawRings();
        maskAll();
    }

    // ── Submit and Publish ─────────────────────────────────────────────────────────────────────────────────────────

    function send(uint256 place, Submission memory m) internal {
        bytes memory signature = scribe.sign(trainers[place], m);
        vm.prank(relay);
        arena.submit(m, signature);
    }

    function submit(uint256 place, uint256 round) internal {
        send(place, scribe.submission(task, place, round, trainers[place]));
    }

    function pass(uint256 place, uint256 round) internal {
        Submission memory m = scribe.submission(task, place, round, trainers[place]);
        m.commitment = 0;
        send(place, m);
    }

    function send(uint256 place, Publication memory m, Earlier memory earlier) internal {
        bytes memory signature = scribe.sign(trainers[place], m);
        vm.prank(relay);
        arena.publish(m, earlier, signature);
        revealed[m.round].handles.push(m.index);
        revealed[m.round].firstRounds.push(m.firstRound);
    }

    function publish(uint256 place, uint256 round) internal {
        send(place, scribe.publication(task, place, round, trainers[place]), Earlier(0, 0));
    }

    /// @dev All submit and publish, in order of places.
    function publishAll(uint256 round) internal {
        for (uint256 i; i < trainers.length; ++i) {
            submit(i, round);
        }
        for (uint256 i; i < trainers.length; ++i) {
            publish(i, round);
        }
    }

    // ── Score, Reveal, Settle ──────────────────────────────────────────────────────────────────────────────────────

    function postKey(uint256 round) internal {
        Shard[] memory shards = scribe.shards(arena.scheduleOf(task).rounds);
        bytes32 key = scribe.shardKey(round);
        vm.prank(creator);
        arena.postKey(task, round, key, shards);
    }

    function commit(uint256 place, uint256 round, bytes memory vector) internal {
        bytes32 commitment = scribe.scoreCommitment(task, round, validators[place], vector);
        vm.prank(addr(validators[place]));
        arena.commitScores(task, round, place, commitment);
    }

    /// @dev Reveals, and notes it for the witness.
    function reveal(uint256 place, uint256 round, bytes memory vector) internal {
        arena.revealScores(task, round, place, scribe.scoreSalt(validators[place], round), vector);
        if (vector.length == 0) return;
        ArenaScribe.Revealed storage r = revealed[round];
        bytes32 key = keccak256(abi.encode(task, round, vector));
        if (_place[key] == 0) {
            r.vectors.push(vector);
            r.weights.push(0);
            _place[key] = r.vectors.length;
        }
        r.weights[_place[key] - 1] += weightOf(place);
    }

    function weightOf(uint256 place) internal view returns (uint256) {
        uint256 all;
        for (uint256 i; i < validators.length; ++i) {
            all += arena.validatorOf(task, i).stake;
        }
        return Weights.weightDown(arena.validatorOf(task, place).stake, Weights.cap(all, validators.length), all);
    }

    /// @dev Scores 20,000, 21,000, ... in order of lanes: the last handle is the best.
    function fairScores(uint256 lanes) internal view returns (bytes memory) {
        uint256[] memory scores = new uint256[](lanes);
        for (uint256 i; i < lanes; ++i) {
            scores[i] = 20_000 + 1000 * i;
        }
        return scribe.pack(scores);
    }

    function commitAll(uint256 round, bytes memory vector) internal {
        for (uint256 i; i < validators.length; ++i) {
            commit(i, round, vector);
        }
    }

    function revealAll(uint256 round, bytes memory vector) internal {
        for (uint256 i; i < validators.length; ++i) {
            reveal(i, round, vector);
        }
    }

    function witness(uint256 round) internal view returns (Witness memory) {
        return scribe.witness(rules, revealed[round], scribe.shardKey(round));
    }

    function settle(uint256 round) internal {
        Witness memory w = witness(round);
        vm.prank(keeper);
        arena.settle(task, w);
    }

    /// @dev A whole round in which all agree on fair scores.
    function play(uint256 round) internal {
        playToSettle(round);
        settle(round);
    }

    function playAll() internal {
        for (uint256 round; round < rules.rounds; ++round) {
            play(round);
        }
    }

    function playToSettle(uint256 round) internal {
        publishAll(round);
        postKey(round);
        commitAll(round, fairScores(trainers.length));
        revealAll(round, fairScores(trainers.length));
    }

    // ── Open and Conclude ──────────────────────────────────────────────────────────────────────────────────────────

    function open(uint256 place) internal {
        openAs(place, place, trainers[place], trainers[place]);
    }

    /// @dev `who` opens the handle `index` of `trainer` for its own place.
    function openAs(uint256 index, uint256 place, string memory trainer, string memory who) internal {
        bytes32 tag = scribe.tagOf(task, trainer);
        bytes32 nonce = scribe.openNonce(trainer);
        vm.prank(addr(who));
        arena.open(task, index, place, tag, nonce);
    }

    function openAll() internal {
        for (uint256 i; i < trainers.length; ++i) {
            open(i);
        }
    }

    function tally(uint256 round) internal {
        vm.prank(keeper);
        arena.tally(task, round);
    }

    function deliver(uint256 place, uint256 round) internal {
        Publication memory m = scribe.publication(task, place, round, trainers[place]);
        bytes memory box = scribe.creatorBox(trainers[place], round);
        arena.deliver(task, round, place, m.plaintextHash, m.manifestHash, box);
    }

    function deliverAll(uint256 round) internal {
        for (uint256 i; i < trainers.length; ++i) {
            deliver(i, round);
        }
    }

    /// @dev Everything after the last round that goes well.
    function wrapUp() internal {
        openAndTally();
        finish();
    }

    /// @dev The same but for dan, who opens nothing and loses his lock.
    function wrapUpWithoutDan() internal {
        for (uint256 i; i < 3; ++i) {
            open(i);
        }
        skip(rules.open);
        for (uint256 round; round < rules.rounds; ++round) {
            tally(round);
            deliverAll(round);
        }
        finish();
    }

    /// @dev Whoever won delivers.
    function openAndTally() internal {
        openAll();
        for (uint256 round; round < arena.scheduleOf(task).rounds; ++round) {
            if (arena.resultOf(task, round).winners == 0) continue;
            tally(round);
            uint256[] memory winners = witness(round).winners;
            for (uint256 i; i < winners.length; ++i) {
                deliver(revealed[round].handles[winners[i]], round);
            }
        }
    }

    function finish() internal {
        concludeAll();
        arena.finish(task);
        if (arena.relayUnitsOf(task, relay) != 0) arena.claimRelay(task, relay);
        assertPhase(Phase.Finished);
    }

    function concludeAll() internal {
        vm.startPrank(keeper);
        for (uint256 i; i < trainers.length; ++i) {
            arena.concludeTrainer(task, i);
        }
        for (uint256 i; i < validators.length; ++i) {
            arena.concludeValidator(task, i);
        }
        vm.stopPrank();
    }

    // ── Refusals ───────────────────────────────────────────────────────────────────────────────────────────────────

    function engine() internal view override returns (address) {
        return address(arena);
    }

    function wrongPhase() internal view returns (bytes memory) {
        return abi.encodeWithSelector(WrongPhase.selector, task);
    }

    // ── Facts ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function assertPhase(Phase expected) internal view {
        (Phase phase,,) = arena.phaseOf(task);
        vm.assertEq(uint256(phase), uint256(expected), "phase");
    }

    function assertPhase(Phase expected, uint256 round, uint256 deadline) internal view {
        (Phase phase, uint256 r, uint256 d) = arena.phaseOf(task);
        vm.assertEq(uint256(phase), uint256(expected), "phase");
        vm.assertEq(r, round, "round");
        vm.assertEq(d, deadline, "deadline");
    }

    function assertEnded(Cause cause) internal view {
        vm.assertEq(uint256(arena.progressOf(task).cause), uint256(cause), "cause");
    }

    function credit(string memory name) internal view returns (uint256) {
        return ledger.creditOf(addr(name));
    }

    function bucket() internal view returns (uint256) {
        return ledger.bucketOf(address(arena), task);
    }

    /// @dev I-3: all that members paid in is theirs again or burnt, and nothing is left in the task.
    function assertConserved(uint256 burnt) internal view {
        vm.assertEq(bucket(), 0, "bucket");
        uint256 credits;
        for (uint256 i; i < parties.length; ++i) {
            credits += ledger.creditOf(parties[i]);
        }
        vm.assertEq(credits + burnt, deposited, "credits and burnt");
        vm.assertEq(token.balanceOf(address(ledger)), credits, "balance");
    }

    function locked(string memory name) internal view returns (uint256) {
        return vault.lockOf(address(arena), addr(name), task).amount;
    }

    /// @dev Wei at stake of a member, own and delegated.
    function staked(string memory name) internal view returns (uint256) {
        return active(addr(name));
    }
}
