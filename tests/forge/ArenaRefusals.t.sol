// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {RingSignature} from "../../contracts/libraries/RingSignature.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Calls that are refused, each with its error: at the wrong time, for no task, with parameters out of range, by the
/// wrong account.
contract ArenaRefusalsTest is ArenaTest {
    /// @dev Every call that depends on the phase, as a bit of a set.
    enum Verb {
        EnrolTrainer,
        EnrolValidator,
        RegisterHandle,
        Submit,
        Publish,
        PostKey,
        CommitScores,
        RevealScores,
        RevealKnownScores,
        Settle,
        Tally,
        Open,
        Deliver,
        ConcludeTrainer,
        ConcludeValidator,
        Finish
    }

    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;
    /// @dev Address of the public key above.
    address private constant G = 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf;

    // ── At the wrong time ──────────────────────────────────────────────────────────────────────────────────────────

    function _call(uint256 id, Verb verb) private pure returns (bytes memory) {
        if (verb == Verb.EnrolTrainer) return abi.encodeCall(IArena.enrolTrainer, (id, TOKEN, GX, GY));
        if (verb == Verb.EnrolValidator) return abi.encodeCall(IArena.enrolValidator, (id, TOKEN, "key", "hash"));
        if (verb == Verb.RegisterHandle) {
            RingSignature.Signature memory none;
            return abi.encodeCall(IArena.registerHandle, (id, 0, address(1), "", "", none));
        }
        if (verb == Verb.Submit) {
            Submission memory m;
            m.task = id;
            return abi.encodeCall(IArena.submit, (m, ""));
        }
        if (verb == Verb.Publish) {
            Publication memory m;
            m.task = id;
            return abi.encodeCall(IArena.publish, (m, Earlier(0, 0), ""));
        }
        if (verb == Verb.PostKey) return abi.encodeCall(IArena.postKey, (id, 0, "", new Shard[](0)));
        if (verb == Verb.CommitScores) return abi.encodeCall(IArena.commitScores, (id, 0, 0, ""));
        if (verb == Verb.RevealScores) return abi.encodeCall(IArena.revealScores, (id, 0, 0, "", "vector"));
        if (verb == Verb.RevealKnownScores) return abi.encodeCall(IArena.revealKnownScores, (id, 0, 0, "", "hash"));
        if (verb == Verb.Settle) return abi.encodeCall(IArena.settle, (id, Witness("", "", new uint256[](0))));
        if (verb == Verb.Tally) return abi.encodeCall(IArena.tally, (id, 0));
        if (verb == Verb.Open) return abi.encodeCall(IArena.open, (id, 0, 0, "", ""));
        if (verb == Verb.Deliver) return abi.encodeCall(IArena.deliver, (id, 0, 0, "", "", ""));
        if (verb == Verb.ConcludeTrainer) return abi.encodeCall(IArena.concludeTrainer, (id, 0));
        if (verb == Verb.ConcludeValidator) return abi.encodeCall(IArena.concludeValidator, (id, 0));
        return abi.encodeCall(IArena.finish, (id));
    }

    function _set(Verb verb) private pure returns (uint256) {
        return 1 << uint256(verb);
    }

    /// @dev All verbs but those of the set are refused for their time, as is `advance` unless it is due.
    function _onlyAllowed(uint256 set, bool advanceDue) private {
        for (uint256 i; i <= uint256(type(Verb).max); ++i) {
            if (set >> i & 1 == 0) refused(G, _call(task, Verb(i)), wrongPhase());
        }
        if (advanceDue) return;
        refused(keeper, abi.encodeCall(IArena.advance, (task)), abi.encodeWithSelector(NothingDue.selector, task));
    }

    function test_EveryCallHasItsTime() public {
        create(params());
        enrolAll();
        _onlyAllowed(_set(Verb.EnrolTrainer) | _set(Verb.EnrolValidator), false);
        skip(100);
        _onlyAllowed(0, true);
        advance();
        _onlyAllowed(0, false);
        nextBlock();
        advance();
        _onlyAllowed(_set(Verb.RegisterHandle), false);
        maskAll();
        _onlyAllowed(_set(Verb.Submit), false);
        for (uint256 i; i < 4; ++i) {
            submit(i, 0);
        }
        _onlyAllowed(_set(Verb.Publish), false);
        for (uint256 i; i < 4; ++i) {
            publish(i, 0);
        }
        _onlyAllowed(_set(Verb.PostKey), false);
        // Until their deadlines a second key and a second reveal are refused for being the second.
        uint256 key = _set(Verb.PostKey);
        postKey(0);
        _onlyAllowed(_set(Verb.CommitScores) | key, false);
        commitAll(0, fairScores(4));
        uint256 reveals = _set(Verb.RevealScores) | _set(Verb.RevealKnownScores);
        _onlyAllowed(reveals | key, false);
        revealAll(0, fairScores(4));
        _onlyAllowed(_set(Verb.Settle) | reveals | key, false);
        settle(0);
        play(1);
        play(2);
        _onlyAllowed(_set(Verb.Open) | _set(Verb.Deliver) | _set(Verb.ConcludeValidator), false);
    }

    function test_EveryCallHasItsTimeAfterTheLastRound() public {
        begin(params());
        playAll();
        openAll();
        _refusedNow(Verb.Open);
        _refusedNow(Verb.ConcludeTrainer);
        _refusedNow(Verb.Finish);
        for (uint256 round; round < 3; ++round) {
            tally(round);
            deliverAll(round);
        }
        concludeAll();
        arena.finish(task);
        for (uint256 i; i <= uint256(type(Verb).max); ++i) {
            if (Verb(i) != Verb.Tally) refused(G, _call(task, Verb(i)), wrongPhase());
        }
    }

    function _refusedNow(Verb verb) private {
        refused(keeper, _call(task, verb), wrongPhase());
    }

    function test_NothingButConcludingInACancelledTask() public {
        Params memory p = params();
        p.minTrainers = 5;
        create(p);
        enrolAll();
        skip(100);
        advance();
        _onlyAllowed(_set(Verb.ConcludeTrainer) | _set(Verb.ConcludeValidator), false);
    }

    function test_UnknownTask() public {
        bytes memory unknown = abi.encodeWithSelector(UnknownTask.selector, 99);
        for (uint256 i; i <= uint256(type(Verb).max); ++i) {
            refused(G, _call(99, Verb(i)), unknown);
        }
        refused(keeper, abi.encodeCall(IArena.advance, (99)), unknown);
        refused(keeper, abi.encodeCall(IArena.claimRelay, (99, relay)), unknown);
        refused(keeper, abi.encodeCall(IArena.claimDelegation, (99, relay, relay)), unknown);
        refused(keeper, abi.encodeCall(IArena.phaseOf, (99)), unknown);
        refused(keeper, abi.encodeCall(IArena.roundPhaseOf, (99, 0)), unknown);
        refused(keeper, abi.encodeCall(IArena.progressOf, (99)), unknown);
    }

    // ── Parameters ─────────────────────────────────────────────────────────────────────────────────────────────────

    function _refuseParams(Params memory p, string memory name) private {
        Shard[] memory shards = scribe.shards(p.rounds);
        refused(
            creator,
            abi.encodeCall(IArena.createTask, (p, shards, "")),
            abi.encodeWithSelector(ParamOutOfRange.selector, name)
        );
    }

    function test_ParametersOutOfRange_Size() public {
        Params memory p = params();
        p.rounds = 0;
        _refuseParams(p, "rounds");
        p.rounds = 9;
        _refuseParams(p, "rounds");
        (p = params()).maxTrainers = 0;
        _refuseParams(p, "maxTrainers");
        p.maxTrainers = 4097;
        _refuseParams(p, "maxTrainers");
        (p = params()).maxValidators = 0;
        _refuseParams(p, "maxValidators");
        p.maxValidators = 97;
        _refuseParams(p, "maxValidators");
        p = params();
        (p.maxTrainers, p.maxValidators) = (1001, 56);
        _refuseParams(p, "maxTrainers * maxValidators");
        // 56,001
        (p.maxTrainers, p.maxValidators) = (1697, 33);
        _refuseParams(p, "maxTrainers * maxValidators");
        (p = params()).minTrainers = 0;
        _refuseParams(p, "minTrainers");
        p.minTrainers = p.maxTrainers + 1;
        _refuseParams(p, "minTrainers");
        (p = params()).minValidators = 0;
        _refuseParams(p, "minValidators");
        p.minValidators = p.maxValidators + 1;
        _refuseParams(p, "minValidators");
        (p = params()).minTrainerStake = 0;
        _refuseParams(p, "minTrainerStake");
        (p = params()).minValidatorStake = 0;
        _refuseParams(p, "minValidatorStake");
    }

    function test_ParametersOutOfRange_Pay() public {
        Params memory p = params();
        p.k1 = 0;
        _refuseParams(p, "k1");
        p.k1 = 257;
        _refuseParams(p, "k1");
        (p = params()).k2 = 0;
        _refuseParams(p, "k2");
        p.k2 = 97;
        _refuseParams(p, "k2");
        (p = params()).gamma = 500_001;
        _refuseParams(p, "gamma");
        (p = params()).delta = 1_000_001;
        _refuseParams(p, "delta");
        (p = params()).q = 0;
        _refuseParams(p, "q");
        p.q = 1_000_001;
        _refuseParams(p, "q");
        (p = params()).sigma = 1_000_001;
        _refuseParams(p, "sigma");
        (p = params()).tau = 1_000_001;
        _refuseParams(p, "tau");
        (p = params()).epsilon = 4097;
        _refuseParams(p, "epsilon");
        (p = params()).mu = 0;
        _refuseParams(p, "mu");
        p.mu = 32_766;
        _refuseParams(p, "mu");
        (p = params()).baseline = 1;
        _refuseParams(p, "baseline");
        p.baseline = 32_767;
        _refuseParams(p, "baseline");
    }

    function test_ParametersOutOfRange_Money() public {
        Params memory p = params();
        p.slashUnpublished = 500_001;
        _refuseParams(p, "slashUnpublished");
        (p = params()).slashMalformed = 500_001;
        _refuseParams(p, "slashMalformed");
        (p = params()).slashNoCommit = 9999;
        _refuseParams(p, "slashNoCommit");
        p.slashNoCommit = 500_001;
        _refuseParams(p, "slashNoCommit");
        (p = params()).slashNoReveal = 9999;
        _refuseParams(p, "slashNoReveal");
        p.slashNoReveal = 500_001;
        _refuseParams(p, "slashNoReveal");
        // 2 steps, 3 rounds settled and tallied, 16 + 8 members.
        (p = params()).keeperFee = uint80(p.bounty / 10 / 32 + 1);
        _refuseParams(p, "keeperFee");
        p.keeperFee -= 1;
        vm.assertEq(uint256(p.keeperFee) * 32, p.bounty / 10, "the most");
        create(p);
        (p = params()).quota = 11;
        _refuseParams(p, "quota");
        p.quota = 1001;
        _refuseParams(p, "quota");
        (p = params()).bond = type(uint96).max - p.bounty + 1;
        _refuseParams(p, "bond");
    }

    function test_ParametersOutOfRange_Time() public {
        Params memory p = params();
        p.enrol = MIN_PHASE - 1;
        _refuseParams(p, "enrol");
        (p = params()).mask = MIN_PHASE - 1;
        _refuseParams(p, "mask");
        (p = params()).submit = MIN_PHASE - 1;
        _refuseParams(p, "submit");
        (p = params()).publish = MIN_PHASE - 1;
        _refuseParams(p, "publish");
        (p = params()).key = MIN_PHASE - 1;
        _refuseParams(p, "key");
        (p = params()).score = MIN_PHASE - 1;
        _refuseParams(p, "score");
        (p = params()).reveal = MIN_PHASE - 1;
        _refuseParams(p, "reveal");
        (p = params()).open = MIN_PHASE - 1;
        _refuseParams(p, "open");
        // The last second that a lock may last: 200 + 3 · 500 + 3 · open.
        p = params();
        (p.open, p.enrol) = (uint24((UNBONDING - 1700) / 3), p.enrol + uint24((UNBONDING - 1700) % 3));
        create(p);
        p.enrol += 1;
        _refuseParams(p, "schedule");
    }

    function test_ParametersAtTheirLimitsAreTaken() public {
        Params memory p = params();
        (p.rounds, p.maxTrainers, p.maxValidators, p.minTrainerStake, p.minValidatorStake) = (1, 1, 1, 1, 1);
        (p.k1, p.k2, p.delta, p.q, p.sigma, p.tau, p.mu, p.baseline) = (1, 1, 0, 1, 0, 0, 1, 2);
        (p.slashUnpublished, p.slashMalformed, p.slashNoCommit, p.slashNoReveal) = (0, 0, 10_000, 10_000);
        // 2 steps, a round settled and tallied, 2 members.
        (p.quota, p.keeperFee) = (8, uint80(p.bounty / 10 / 6));
        (p.enrol, p.mask, p.submit, p.publish) = (MIN_PHASE, MIN_PHASE, MIN_PHASE, MIN_PHASE);
        (p.key, p.score, p.reveal, p.open) = (MIN_PHASE, MIN_PHASE, MIN_PHASE, MIN_PHASE);
        create(p);

        p = params();
        (p.rounds, p.maxTrainers, p.minTrainers, p.maxValidators, p.minValidators) = (8, 4096, 4096, 13, 13);
        (p.k1, p.k2, p.gamma, p.delta, p.q, p.sigma, p.tau) = (256, 96, 500_000, 1e6, 1e6, 1e6, 1e6);
        (p.epsilon, p.mu, p.baseline) = (4096, 32_765, 32_766);
        (p.slashUnpublished, p.slashMalformed, p.slashNoCommit, p.slashNoReveal) = (500_000, 500_000, 500_000, 500_000);
        (p.quota, p.keeperFee) = (1000, uint80(p.bounty / 10 / (2 + 16 + 4096 + 13)));
        create(p);
        (p.maxTrainers, p.minTrainers, p.maxValidators, p.minValidators) = (583, 1, 96, 96);
        create(p);
        (p.maxTrainers, p.maxValidators, p.minValidators) = (1000, 56, 1);
        create(p);
    }

    function test_CreateTaskRefused() public {
        Params memory p = params();
        bytes memory call = abi.encodeCall(IArena.createTask, (p, scribe.shards(2), ""));
        refused(creator, call, abi.encodeWithSelector(ParamOutOfRange.selector, "shards"));
        call = abi.encodeCall(IArena.createTask, (p, scribe.shards(3), string(new bytes(513))));
        refused(creator, call, abi.encodeWithSelector(TooLong.selector, 513, 512));
        call = abi.encodeCall(IArena.createTask, (p, scribe.shards(3), string(new bytes(512))));
        bytes memory reason =
            abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, relay, arena, 0, p.bounty + p.bond);
        refused(relay, call, reason);
        vm.prank(relay);
        ledger.approve(address(arena), type(uint96).max);
        refused(relay, call, abi.encodeWithSelector(ILedger.InsufficientCredit.selector, relay, 0, p.bounty + p.bond));
        // The most that a creator can put in is refused for nothing but the lack of it.
        p.bounty = type(uint96).max - p.bond;
        call = abi.encodeCall(IArena.createTask, (p, scribe.shards(3), ""));
        reason = abi.encodeWithSelector(ILedger.InsufficientCredit.selector, relay, 0, type(uint96).max);
        refused(relay, call, reason);
        vm.assertEq(arena.taskCount(), 0);
    }

    // ── Enrolment ──────────────────────────────────────────────────────────────────────────────────────────────────

    function _trainer(string memory name, uint64 stake) private view returns (bytes memory) {
        (uint256 x, uint256 y) = scribe.publicKey(name);
        return abi.encodeCall(IArena.enrolTrainer, (task, stake, x, y));
    }

    function test_EnrolTrainerRefused() public {
        Params memory p = params();
        p.minValidatorStake = 2 * TOKEN;
        create(p);
        address ada = member("ada", 100);
        refused(ada, _trainer("bob", TOKEN), abi.encodeWithSelector(WrongPublicKey.selector, ada));
        refused(ada, _trainer("ada", TOKEN - 1), abi.encodeWithSelector(StakeTooSmall.selector, TOKEN - 1, TOKEN));
        bytes memory reason =
            abi.encodeWithSelector(IStakeVault.InsufficientActiveStake.selector, ada, 100e18, 0, 101e18);
        refused(ada, _trainer("ada", 101 * TOKEN), reason);
        address bob = rich("bob");
        refused(bob, _trainer("bob", TOKEN), abi.encodeWithSelector(IStakeVault.NotHotKey.selector, bob));

        address cyd = rich("cyd");
        vm.startPrank(cyd);
        vault.authorize(cyd, "");
        vault.stake(1e18);
        vm.stopPrank();
        reason = abi.encodeWithSelector(IStakeVault.CeilingExceeded.selector, cyd, arena, 0, 0, 1e18);
        refused(cyd, _trainer("cyd", TOKEN), reason);
        vm.prank(cyd);
        vault.approveEngine(address(arena), 1e18);
        reason = abi.encodeWithSelector(ILedger.InsufficientAllowance.selector, cyd, arena, 0, 20 * 1e16);
        refused(cyd, _trainer("cyd", TOKEN), reason);
        vm.assertEq(arena.progressOf(task).trainers, 0);
    }

    function test_EnrolValidatorRefused() public {
        Params memory p = params();
        p.minTrainerStake = 2 * TOKEN;
        create(p);
        address vera = member("vera", 100);
        bytes32 hash = arena.shardsHashOf(task);
        bytes memory call = abi.encodeCall(IArena.enrolValidator, (task, TOKEN, 0, hash));
        refused(vera, call, abi.encodeWithSelector(WrongBoxKey.selector));
        call = abi.encodeCall(IArena.enrolValidator, (task, TOKEN, "key", ~hash));
        refused(vera, call, abi.encodeWithSelector(WrongShards.selector, task));
        call = abi.encodeCall(IArena.enrolValidator, (task, TOKEN - 1, "key", hash));
        refused(vera, call, abi.encodeWithSelector(StakeTooSmall.selector, TOKEN - 1, TOKEN));
        vm.assertEq(arena.progressOf(task).validators, 0);
    }

    /// @dev One lock per operator and task: nobody has two places or both roles, with whatever hot key.
    function test_I21_OnePlaceForAnOperator() public {
        create(params());
        address ada = member("ada", 100);
        enrolTrainer("ada", 10);
        bytes memory twice = abi.encodeWithSelector(IStakeVault.LockExists.selector, arena, ada, task);
        refused(ada, _trainer("ada", 20 * TOKEN), twice);
        bytes32 hash = arena.shardsHashOf(task);
        refused(ada, abi.encodeCall(IArena.enrolValidator, (task, TOKEN, "key", hash)), twice);
        bytes memory consent = signHotKey("second key", ada);
        vm.prank(ada);
        vault.authorize(addr("second key"), consent);
        refused(addr("second key"), _trainer("second key", TOKEN), twice);
        refused(ada, _trainer("ada", TOKEN), abi.encodeWithSelector(IStakeVault.NotHotKey.selector, ada));
    }

    function test_FullTaskRefuses() public {
        Params memory p = params();
        (p.maxTrainers, p.maxValidators) = (4, 3);
        create(p);
        enrolAll();
        address eve = member("eve", 1000);
        bytes memory full = abi.encodeWithSelector(TaskFull.selector, 100 * TOKEN);
        refused(eve, _trainer("eve", 110 * TOKEN - 1), full);
        bytes32 hash = arena.shardsHashOf(task);
        bytes memory call = abi.encodeCall(IArena.enrolValidator, (task, 220 * TOKEN - 1, "key", hash));
        refused(eve, call, abi.encodeWithSelector(TaskFull.selector, 200 * TOKEN));
    }

    // ── Open, deliver, conclude, claim ─────────────────────────────────────────────────────────────────────────────

    function _open(uint256 index, uint256 place, bytes32 tag, bytes32 nonce) private view returns (bytes memory) {
        return abi.encodeCall(IArena.open, (task, index, place, tag, nonce));
    }

    function test_I21_OpenRefused() public {
        begin(params());
        playAll();
        (address ada, address bob) = (addr("ada"), addr("bob"));
        bytes32 nonce = scribe.openNonce("ada");
        bytes32 tag = scribe.tagOf(task, "ada");
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        // Ada's handle, by bob for bob, and by bob for ada.
        refused(bob, _open(0, 1, tag, nonce), wrong);
        refused(bob, _open(0, 0, tag, nonce), abi.encodeWithSelector(NotAuthorized.selector, bob));
        refused(keeper, _open(0, 9, tag, nonce), abi.encodeWithSelector(NotAuthorized.selector, keeper));
        refused(ada, _open(0, 0, tag, ~nonce), wrong);
        refused(ada, _open(0, 0, scribe.tagOf(task, "bob"), nonce), wrong);
        refused(ada, _open(0, 0, 0, nonce), wrong);
        refused(ada, _open(1, 0, tag, nonce), wrong);
        refused(ada, _open(9, 0, tag, nonce), wrong);
        open(0);
        bytes memory done = abi.encodeWithSelector(AlreadyDone.selector);
        refused(ada, _open(0, 0, tag, nonce), done);
        refused(ada, _open(1, 0, tag, nonce), done);
        refused(bob, _open(0, 1, tag, nonce), done);
    }

    function test_DeliverRefused() public {
        Params memory p = params();
        p.k1 = 3;
        begin(p);
        playAll();
        Publication memory m = scribe.publication(task, 3, 1, "dan");
        bytes memory box = scribe.creatorBox("dan", 1);
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        _refuseBox(1, 3, ~m.plaintextHash, m.manifestHash, box, wrong);
        _refuseBox(1, 3, m.plaintextHash, ~m.manifestHash, box, wrong);
        _refuseBox(1, 3, m.plaintextHash, m.manifestHash, bytes.concat(box, "x"), wrong);
        _refuseBox(2, 3, m.plaintextHash, m.manifestHash, box, wrong);
        bytes memory notPaid = abi.encodeWithSelector(NotAuthorized.selector, relay);
        _refuseBox(1, 0, m.plaintextHash, m.manifestHash, box, notPaid);
        _refuseBox(9, 3, m.plaintextHash, m.manifestHash, box, notPaid);
        bytes memory long = abi.encodeWithSelector(TooLong.selector, 257, 256);
        _refuseBox(1, 3, m.plaintextHash, m.manifestHash, new bytes(257), long);
        vm.assertEq(arena.handleOf(task, 3).delivered, 0);
    }

    function _refuseBox(
        uint256 round,
        uint256 index,
        bytes32 plaintextHash,
        bytes32 manifestHash,
        bytes memory box,
        bytes memory reason
    ) private {
        bytes memory call = abi.encodeCall(IArena.deliver, (task, round, index, plaintextHash, manifestHash, box));
        refused(relay, call, reason);
    }

    function test_ConcludeAndClaimRefused() public {
        begin(params());
        for (uint256 i; i < 4; ++i) {
            pass(i, 0);
        }
        advance();
        play(1);
        play(2);
        openAll();
        bytes memory done = abi.encodeWithSelector(AlreadyDone.selector);
        refused(keeper, abi.encodeCall(IArena.tally, (task, 0)), done);
        refused(keeper, abi.encodeCall(IArena.tally, (task, 9)), done);
        for (uint256 round = 1; round < 3; ++round) {
            tally(round);
            deliverAll(round);
        }
        refused(keeper, abi.encodeCall(IArena.tally, (task, 1)), done);
        arena.concludeTrainer(task, 0);
        arena.concludeValidator(task, 0);
        refused(keeper, abi.encodeCall(IArena.concludeTrainer, (task, 0)), done);
        refused(keeper, abi.encodeCall(IArena.concludeValidator, (task, 0)), done);
        bytes memory nobody = abi.encodeWithSelector(NotAuthorized.selector, address(0));
        refused(keeper, abi.encodeCall(IArena.concludeTrainer, (task, 4)), nobody);
        refused(keeper, abi.encodeCall(IArena.concludeValidator, (task, 3)), nobody);
        refused(keeper, abi.encodeCall(IArena.finish, (task)), wrongPhase());
        refused(keeper, abi.encodeCall(IArena.claimRelay, (task, keeper)), done);
        bytes memory none = abi.encodeWithSelector(NothingDelegated.selector, keeper);
        refused(keeper, abi.encodeCall(IArena.claimDelegation, (task, addr("vera"), keeper)), none);
    }
}
