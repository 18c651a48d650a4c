// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena, IArenaEvents} from "../../contracts/interfaces/IArena.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Weights} from "../../contracts/libraries/Weights.sol";
import {ArenaScribe} from "./ArenaScribe.sol";
import {Test, Vm} from "./Vm.sol";

/// @notice Everybody who has to do with two live tasks, at random and also at bad times: members, relays, keepers,
/// delegators, copiers, and time. What can be judged only at the call itself is counted in `violations`, by invariant.
contract ArenaActors is Test, IArenaEvents {
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;
    uint64 private constant TOKEN = 1e9; // gwei
    uint256 private constant TASKS = 2;

    /// @dev What the Arena's events and callers told of a task. Names are by place, those of handles by index.
    /// @param left wei that left the task
    struct Book {
        Params rules;
        string[] trainers;
        string[] validators;
        string[] handles;
        uint256 left;
    }

    /// @dev A validator's vote in a round; a copied one has another's commitment.
    struct Vote {
        bool cast;
        bool copied;
        bool counted;
        bytes vector;
    }

    IArena private immutable arena;
    ILedger private immutable ledger;
    IStakeVault private immutable vault;
    ArenaScribe private immutable scribe;

    string[4] public trainers = ["ada", "bob", "cyd", "dan"];
    string[4] public validators = ["vera", "walt", "xena", "yuri"];
    string[2] public delegators = ["olga", "otto"];
    string[2] public relays = ["relay", "rita"];
    mapping(string invariant => uint256) public violations;
    /// @dev How often an event was seen.
    mapping(bytes32 topic => uint256) public seen;
    /// @dev gwei that a member locked.
    mapping(uint256 task => mapping(string member => uint64)) public stakes;

    mapping(uint256 task => Book) private _books;
    mapping(uint256 task => mapping(uint256 round => ArenaScribe.Revealed)) private _revealed;
    mapping(uint256 task => mapping(uint256 round => mapping(uint256 place => Vote))) private _votes;
    mapping(uint256 task => mapping(uint256 round => mapping(uint256 index => bytes32))) private _models;
    /// @dev Rounds whose data the first validator called bad.
    mapping(uint256 task => mapping(uint256 round => bool)) private _spoilt;
    mapping(bytes32 vector => uint256) private _ordinals;
    /// @dev A delegator's shares in the block before the operator's lock.
    mapping(uint256 task => mapping(address operator => mapping(address delegator => uint112))) private _entitled;
    mapping(string trainer => uint256[2]) private _publicKeys;
    mapping(string name => address) private _addresses;
    Submission private _sent;
    bytes private _sentSignature;
    uint256 private _turn;

    constructor(IArena arena_, ArenaScribe scribe_, Params[2] memory rules) {
        (arena, ledger, vault, scribe) = (arena_, arena_.ledger(), arena_.vault(), scribe_);
        for (uint256 i; i < 4; ++i) {
            (_addresses[trainers[i]], _addresses[validators[i]]) = (_named(trainers[i]), _named(validators[i]));
            (_publicKeys[trainers[i]][0], _publicKeys[trainers[i]][1]) = scribe.publicKey(trainers[i]);
        }
        for (uint256 i; i < 2; ++i) {
            (_addresses[delegators[i]], _addresses[relays[i]]) = (_named(delegators[i]), _named(relays[i]));
        }
        _addresses["keeper"] = _named("keeper");
        _addresses["stranger"] = _named("stranger");
        for (uint256 i; i < TASKS; ++i) {
            Shard[] memory shards = scribe.shards(rules[i].rounds);
            vm.prank(_named("creator"));
            _books[arena.createTask(rules[i], shards, "")].rules = rules[i];
        }
        _watched(1, 0, 0, _enrolSome);
        _watched(1, 0, 0, _maskSome);
    }

    /// @dev In the first task three of each enrol, and two of the trainers register their handles.
    function _enrolSome(uint256 task, uint256, uint256) private {
        for (uint256 i; i < 3; ++i) {
            _enrol(task, true, trainers[i], 200 * TOKEN);
            _enrol(task, false, validators[i], 200 * TOKEN);
        }
    }

    function _maskSome(uint256 task, uint256, uint256) private {
        vm.warp(arena.scheduleOf(task).enrolEnd);
        for (uint256 i; i < 2; ++i) {
            vm.prank(_addr("keeper"));
            arena.advance(task);
            nextBlock();
        }
        _mask(task, 0, 1);
        _mask(task, 1, 1);
    }

    // ── Actions ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev What the phase asks of trainers, or a variant of it.
    function train(uint256 seed) external {
        _act(seed, _train);
    }

    /// @dev What the phase asks of validators, or a variant of it.
    function validate(uint256 seed) external {
        _act(seed, _validate);
    }

    /// @dev What the phase asks of anybody.
    function keep(uint256 seed) external {
        _act(seed, _keep);
    }

    /// @dev Calls at times when most are not due.
    function meddle(uint256 seed) external {
        _act(seed, _meddle);
    }

    function invest(uint256 seed) external {
        _act(seed, _invest);
    }

    function fetch(uint256 seed) external {
        _act(seed, _fetch);
    }

    function pass(uint256 seed) external {
        _act(seed, _pass);
    }

    /// @dev Inputs of a fuzzer repeat and are round numbers, so choices come from their hashes.
    function _act(uint256 seed, function(uint256, uint256, uint256) internal action) private {
        seed = uint256(keccak256(abi.encode(seed, ++_turn)));
        _watched(1 + seed % TASKS, (seed >> 8) & 0xffff, seed >> 32, action);
    }

    function _train(uint256 task, uint256 who, uint256 choice) private {
        (Phase phase,,) = arena.phaseOf(task);
        if (phase == Phase.Enrol) _enrol(task, true, trainers[who % 4], _someStake(choice));
        else if (phase == Phase.Mask) _mask(task, who % _books[task].trainers.length, choice);
        else if (phase == Phase.Open && choice % 2 == 0) _open(task, who, choice / 2);
        else if (phase > Phase.Settle) _deliver(task, who, choice / 2);
        else _message(task, who, choice);
    }

    function _validate(uint256 task, uint256 who, uint256 choice) private {
        (Phase phase, uint256 round,) = arena.phaseOf(task);
        Panel memory panel = arena.panelOf(task, round);
        if (phase == Phase.Enrol) {
            _enrol(task, false, validators[who % 4], _someStake(choice));
        } else if (phase == Phase.Score) {
            _commit(task, round, _someoneDue(task, who, ~panel.committed), choice);
        } else if (phase == Phase.Reveal) {
            _reveal(task, round, _someoneDue(task, who, panel.committed & ~panel.revealed), choice);
        } else {
            revert WrongPhase(task);
        }
    }

    /// @dev The place of a validator, mostly one that has to act.
    function _someoneDue(uint256 task, uint256 who, uint96 due) private view returns (uint256 place) {
        uint256 count = _books[task].validators.length;
        place = who % count;
        if (who % 16 == 0) return place;
        for (uint256 i; i < count && (due >> place) & 1 == 0; ++i) {
            place = (place + 1) % count;
        }
    }

    function _keep(uint256 task, uint256 who, uint256 choice) private {
        (Phase phase, uint256 round,) = arena.phaseOf(task);
        if (phase == Phase.PostKey) _postKey(task, round);
        else if (phase == Phase.Settle && settleable(task)) _settle(task, round, choice);
        else if (phase == Phase.Tally) _tally(task, choice);
        else if (phase == Phase.Conclude) _conclude(task, who, choice);
        else if (phase == Phase.Finish) arena.finish(task);
        else _advance(task);
    }

    function _meddle(uint256 task, uint256 who, uint256 choice) private {
        uint256 what = choice % 8;
        choice /= 8;
        if (what == 0) _advance(task);
        else if (what == 1) _postKey(task, choice % _books[task].rules.rounds);
        else if (what == 2) _tally(task, choice);
        else if (what == 3) _conclude(task, who, choice);
        else if (what == 4) _deliver(task, who, choice);
        else if (what == 5) arena.finish(task);
        else _replay(choice);
    }

    function _invest(uint256, uint256 who, uint256 choice) private {
        address operator = _member(who);
        if (choice % 2 == 0) _delegate(operator, _addr(delegators[(choice / 2) % 2]), choice / 4);
        else _exit(operator, (choice / 2) % 4 == 0 ? operator : _addr(delegators[(choice / 2) % 2]), choice / 8);
    }

    function _fetch(uint256 task, uint256 who, uint256 choice) private {
        if (choice % 4 == 0) arena.claimRelay(task, _addr(relays[who % 2]));
        else if (choice % 4 == 1) _claimDelegation(task, _member(who), _addr(delegators[(choice / 4) % 2]));
        else if (choice % 4 == 2) _claimCredit(_member(who));
        else vault.expire(address(arena), _member(who), task);
    }

    /// @dev A moment, a phase up to its last second or over, or long silence, or more blocks than hashes are kept of.
    function _pass(uint256 task, uint256, uint256 choice) private {
        nextBlock();
        (Phase phase,, uint256 deadline) = arena.phaseOf(task);
        if (choice % 256 == 0) skip(3000);
        else if (choice % 4 == 1 && phase == Phase.DrawRings) vm.roll(vm.getBlockNumber() + 300);
        else if (choice % 16 == 2 && deadline > vm.getBlockTimestamp()) vm.warp(deadline - (choice / 16) % 2);
        else skip((choice / 16) % 8);
    }

    // ── Enrol and Mask ─────────────────────────────────────────────────────────────────────────────────────────────

    function _enrol(uint256 task, bool training, string memory name, uint64 stake) private {
        uint256 place = training ? _enrolTrainer(task, name, stake) : _enrolValidator(task, name, stake);
        string[] storage places = training ? _books[task].trainers : _books[task].validators;
        if (place == places.length) places.push(name);
        else places[place] = name;
        stakes[task][name] = stake;

        address operator = _addr(name);
        IStakeVault.Lock memory lock = vault.lockOf(address(arena), operator, task);
        for (uint256 i; i < delegators.length; ++i) {
            address delegator = _addr(delegators[i]);
            _entitled[task][operator][delegator] =
                vault.sharesAt(operator, lock.generation, delegator, uint48(vm.getBlockNumber() - 1));
        }
    }

    function _someStake(uint256 seed) private pure returns (uint64) {
        return uint64(1 + seed % 300) * TOKEN;
    }

    function _enrolTrainer(uint256 task, string memory name, uint64 stake) private returns (uint256) {
        uint256[2] memory key = _publicKeys[name];
        vm.prank(_addr(name));
        return arena.enrolTrainer(task, stake, key[0], key[1]);
    }

    function _enrolValidator(uint256 task, string memory name, uint64 stake) private returns (uint256) {
        bytes32 shardsHash = arena.shardsHashOf(task);
        vm.prank(_addr(name));
        return arena.enrolValidator(task, stake, keccak256(bytes(name)), shardsHash);
    }

    /// @dev A trainer's one handle; now and then a second one.
    function _mask(uint256 task, uint256 place, uint256 choice) private {
        Book storage book = _books[task];
        bool again = _indexOf(book.handles, book.trainers[place]) < book.handles.length;
        if (again && choice % 8 != 0) revert AlreadyDone();
        string memory handle = again ? "nobody" : book.trainers[place];
        bytes32 commitment = scribe.openCommitment(book.trainers[place]);
        bytes memory consent = scribe.consent(task, handle, commitment);
        ArenaScribe.Mask memory m =
            scribe.maskOf(task, book.trainers, place, scribe.handleOf(handle), commitment, consent);
        vm.prank(_addr(relays[choice % 2]));
        arena.registerHandle(task, m.ring, m.handle, m.openCommitment, m.consent, m.signature);
        if (again) ++violations["I-21"];
        book.handles.push(handle);
    }

    // ── Submit and Publish ─────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A handle's message, in this round or the one that opened behind it.
    function _message(uint256 task, uint256 who, uint256 choice) private {
        uint256 round = arena.progressOf(task).settled;
        (Phase phase,) = arena.roundPhaseOf(task, round);
        if (phase != Phase.Submit && phase != Phase.Publish) (phase,) = arena.roundPhaseOf(task, ++round);
        uint256 count = _books[task].handles.length;
        uint256 index = who % count;
        for (uint256 i; i < count && who % 16 != 0; ++i) {
            Handle memory h = arena.handleOf(task, index);
            uint8 due = phase == Phase.Submit ? ~h.done : h.committed & ~h.published;
            if ((due >> round) & 1 == 1) break;
            index = (index + 1) % count;
        }
        if (phase == Phase.Submit) _submit(task, round, index, choice);
        else if (phase == Phase.Publish) _publish(task, round, index, choice);
        else revert WrongPhase(task);
    }

    function _submit(uint256 task, uint256 round, uint256 index, uint256 choice) private {
        string memory name = _books[task].handles[index];
        Submission memory m = scribe.submission(task, index, round, name);
        if (choice % 8 == 0) m.commitment = 0;
        m.last = choice % 4 != 1;
        (_sent, _sentSignature) = (m, scribe.sign(name, m));
        vm.prank(_addr(relays[choice % 2]));
        arena.submit(m, _sentSignature);
    }

    /// @dev Some publish the first round's model again.
    function _publish(uint256 task, uint256 round, uint256 index, uint256 choice) private {
        string memory name = _books[task].handles[index];
        Publication memory m = scribe.publication(task, index, round, name);
        Earlier memory earlier;
        if (round != 0 && choice % 3 == 0 && arena.handleOf(task, index).published & 1 == 1) {
            Publication memory first = scribe.publication(task, index, 0, name);
            (m.plaintextHash, m.firstRound) = (_models[task][0][index], 0);
            earlier = Earlier(first.creatorBoxHash, first.manifestHash);
        }
        bytes memory signature = scribe.sign(name, m);
        vm.prank(_addr(relays[choice % 2]));
        arena.publish(m, earlier, signature);
        _revealed[task][round].handles.push(index);
        _revealed[task][round].firstRounds.push(m.firstRound);
        _models[task][round][index] = m.plaintextHash;
    }

    /// @dev A message that was accepted once, as it was or pointed elsewhere.
    function _replay(uint256 choice) private {
        Submission memory m = _sent;
        if (choice % 4 == 1) m.task = 1 + m.task % TASKS;
        if (choice % 4 == 2) ++m.round;
        if (choice % 4 == 3) ++m.index;
        arena.submit(m, _sentSignature);
        ++violations["I-11"];
    }

    // ── Score, Reveal, Settle ──────────────────────────────────────────────────────────────────────────────────────

    function _postKey(uint256 task, uint256 round) private {
        arena.postKey(task, round, scribe.shardKey(round), scribe.shards(_books[task].rules.rounds));
    }

    /// @dev Most report the truth; some noise, malformed models or bad data, and some copy the commitment before theirs.
    /// Where the first calls the data bad, most do.
    function _commit(uint256 task, uint256 round, uint256 place, uint256 choice) private {
        string[] storage names = _books[task].validators;
        if (choice % 8 == 0 && arena.panelOf(task, round).committed == 0) _spoilt[task][round] = true;
        bool rejects = _spoilt[task][round] ? choice % 4 != 1 : choice % 8 == 0;
        Vote memory vote = Vote({cast: true, copied: choice % 16 == 7 && place != 0, counted: false, vector: ""});
        string memory author = names[place];
        if (vote.copied) {
            author = names[place - 1];
            vote.vector = _votes[task][round][place - 1].vector;
        } else if (!rejects) {
            vote.vector = _scores(task, round, choice % 8 < 6 ? 0 : choice);
        }
        bytes32 commitment = scribe.scoreCommitment(task, round, author, vote.vector);
        vm.prank(_addr(names[place]));
        arena.commitScores(task, round, place, commitment);
        _votes[task][round][place] = vote;
        if (arena.panelOf(task, round).revealed != 0) ++violations["I-20"];
    }

    /// @dev Scores 20,000, 21,000, ... less some noise; the last round's second model is malformed.
    function _scores(uint256 task, uint256 round, uint256 noise) private view returns (bytes memory) {
        uint256[] memory all = new uint256[](_revealed[task][round].handles.length);
        for (uint256 i; i < all.length; ++i) {
            if (round == 0 || i != 1) all[i] = 20_000 + 1000 * i - (noise >> (8 * i)) % 3000;
        }
        return scribe.pack(all);
    }

    function _reveal(uint256 task, uint256 round, uint256 place, uint256 choice) private {
        Vote storage vote = _votes[task][round][place];
        string memory name = _books[task].validators[place];
        bytes memory vector = choice % 8 == 0 ? _scores(task, round, choice) : vote.vector;
        bool honest = vote.cast && !vote.copied && keccak256(vector) == keccak256(vote.vector);
        // Who copied a commitment can only open it as its author does.
        bytes32 salt = scribe.scoreSalt(vote.copied ? _books[task].validators[place - 1] : name, round);
        bool known = choice % 3 == 0 && _ordinals[keccak256(abi.encode(task, round, vector))] != 0;
        bytes memory call = known
            ? abi.encodeCall(arena.revealKnownScores, (task, round, place, salt, keccak256(vector)))
            : abi.encodeCall(arena.revealScores, (task, round, place, salt, vector));
        (bool accepted,) = address(arena).call(call);
        bool due = honest && !vote.counted;
        if (due && !accepted) ++violations["I-18"];
        if (!due && accepted) ++violations[vote.copied ? "I-11" : "I-10"];
        if (!accepted) return;
        vote.counted = true;
        if (vector.length != 0) _note(task, round, vector, weightOf(task, place));
    }

    function _note(uint256 task, uint256 round, bytes memory vector, uint256 weight) private {
        ArenaScribe.Revealed storage r = _revealed[task][round];
        bytes32 key = keccak256(abi.encode(task, round, vector));
        if (_ordinals[key] == 0) {
            r.vectors.push(vector);
            r.weights.push(0);
            _ordinals[key] = r.vectors.length;
        }
        r.weights[_ordinals[key] - 1] += weight;
    }

    /// @dev Wrong witnesses first; then the right one by two accounts, in two histories.
    function _settle(uint256 task, uint256 round, uint256 choice) private {
        Witness memory w = witness(task, round);
        uint256 before = vm.snapshotState();
        bytes32 result = _settled(task, round, w, "keeper");
        vm.revertToState(before);
        vm.recordLogs();
        _tryWrong(task, w, choice);
        if (_settled(task, round, w, "stranger") != result) ++violations["I-13"];
        (uint256 places, Result memory r) = (_books[task].rules.k1, arena.resultOf(task, round));
        if (r.winners != (r.counted < places ? r.counted : places)) ++violations["I-15"];
    }

    function _settled(uint256 task, uint256 round, Witness memory w, string memory who) private returns (bytes32) {
        vm.prank(_addr(who));
        try arena.settle(task, w) {}
        catch {
            ++violations["I-17"];
            return 0;
        }
        Progress memory p = arena.progressOf(task);
        Result memory result = arena.resultOf(task, round);
        bytes32 digest = keccak256(abi.encode(p, result));
        for (uint256 i; i < result.paidVectors; ++i) {
            digest = keccak256(abi.encode(digest, arena.paidVectorOf(task, round, i)));
        }
        return digest;
    }

    function _tryWrong(uint256 task, Witness memory right, uint256 choice) private {
        Witness memory w = abi.decode(abi.encode(right), (Witness));
        string memory id = "I-15";
        uint256 count = w.winners.length;
        if (choice % 4 == 0) {
            id = "I-12";
            uint256 lane = (choice / 4) % (_revealed[task][arena.progressOf(task).settled].handles.length);
            w.medians[2 * lane + 1] = bytes1(uint8(w.medians[2 * lane + 1]) ^ 1);
        } else if (choice % 4 == 1 && count > 1) {
            (w.winners[0], w.winners[1]) = (w.winners[1], w.winners[0]);
        } else if (choice % 4 == 2 && count > 1) {
            w.winners[1] = w.winners[0];
        } else {
            w.winners = new uint256[](count == 0 ? 1 : count - 1);
            for (uint256 i; i + 1 < count; ++i) {
                w.winners[i] = right.winners[i];
            }
        }
        try arena.settle(task, w) {
            ++violations[id];
        } catch {}
    }

    // ── Open and Conclude ──────────────────────────────────────────────────────────────────────────────────────────

    /// @dev A trainer opens its handle, or tries another's.
    function _open(uint256 task, uint256 who, uint256 choice) private {
        Book storage book = _books[task];
        uint256 index = who % book.handles.length;
        string memory author = book.handles[index];
        uint256 place = choice % 4 == 0 ? choice / 4 % book.trainers.length : _indexOf(book.trainers, author);
        bool own = keccak256(bytes(book.trainers[place])) == keccak256(bytes(author));
        bool due = own && arena.handleOf(task, index).member == 0;
        (bytes32 tag, bytes32 nonce) = (scribe.tagOf(task, author), scribe.openNonce(author));
        vm.prank(_addr(book.trainers[place]));
        try arena.open(task, index, place, tag, nonce) {
            if (!due) ++violations["I-21"];
        } catch {
            if (due) ++violations["I-18"];
        }
    }

    function _deliver(uint256 task, uint256 who, uint256 choice) private {
        uint256 round = choice % _books[task].rules.rounds;
        uint256 index = who % _books[task].handles.length;
        string memory name = _books[task].handles[index];
        Publication memory m = scribe.publication(task, index, round, name);
        arena.deliver(task, round, index, _models[task][round][index], m.manifestHash, scribe.creatorBox(name, round));
    }

    function _tally(uint256 task, uint256 choice) private {
        vm.prank(_addr("keeper"));
        arena.tally(task, choice % _books[task].rules.rounds);
    }

    function _advance(uint256 task) private {
        vm.prank(_addr("keeper"));
        arena.advance(task);
    }

    function _conclude(uint256 task, uint256 who, uint256 choice) private {
        if (choice % 2 == 0) {
            vm.prank(_addr("keeper"));
            arena.concludeTrainer(task, who % _books[task].trainers.length);
        } else {
            _concludeValidator(task, who % _books[task].validators.length);
        }
    }

    /// @dev Absence is slashed while the lock holds, and a round in which one revealed nothing pays nothing.
    function _concludeValidator(uint256 task, uint256 place) private {
        address operator = _addr(_books[task].validators[place]);
        IStakeVault.Lock memory lock = vault.lockOf(address(arena), operator, task);
        (bool missed, bool revealed) = _attendance(task, place);
        (uint256 credit, uint256 owed) = (ledger.creditOf(operator), arena.delegationOf(task, operator).amount);
        uint256 burnt = vault.token().balanceOf(DEAD);
        vm.prank(_addr("keeper"));
        arena.concludeValidator(task, place);
        burnt = vault.token().balanceOf(DEAD) - burnt;
        uint256 earned = ledger.creditOf(operator) - credit + arena.delegationOf(task, operator).amount - owed;
        if (earned != 0 && !revealed) ++violations["I-16"];
        bool holds = lock.amount != 0 && lock.until >= vm.getBlockTimestamp();
        if ((missed && holds) != (burnt != 0)) ++violations["I-16"];
    }

    /// @dev Whether a validator missed a commit or reveal that was due, and whether it revealed in a settled round.
    function _attendance(uint256 task, uint256 place) private view returns (bool missed, bool revealed) {
        Progress memory p = arena.progressOf(task);
        if (p.status == Status.Cancelled) return (false, false);
        uint256 run = p.cause == Cause.Completed ? p.settled : p.settled + 1;
        for (uint256 round; round < run; ++round) {
            Panel memory panel = arena.panelOf(task, round);
            if (!panel.keyPosted) continue;
            bool did = (panel.revealed >> place) & 1 == 1;
            if (did && round < p.settled) revealed = true;
            if (!did) missed = true;
        }
    }

    // ── Delegators and creditors ───────────────────────────────────────────────────────────────────────────────────

    function _delegate(address operator, address who, uint256 amount) private {
        uint48 version = vault.approvalsVersion(operator);
        vm.prank(who);
        vault.delegate(operator, uint96(1 + amount % 1e20), version);
    }

    /// @dev Members leave as well, also to escape a slash.
    function _exit(address operator, address who, uint256 part) private {
        (uint112 shares,) = vault.positionOf(operator, who);
        vm.prank(who);
        vault.requestExit(operator, uint112(1 + part % shares));
    }

    /// @dev Pay goes by shares in the block before the lock, whatever was delegated since.
    function _claimDelegation(uint256 task, address operator, address who) private {
        uint256 all;
        for (uint256 i; i < delegators.length; ++i) {
            all += _entitled[task][operator][_addr(delegators[i])];
        }
        uint256 shares = _entitled[task][operator][who];
        uint256 amount = arena.claimDelegation(task, operator, who);
        if (shares == 0 || amount != arena.delegationOf(task, operator).amount * shares / all) ++violations["I-8"];
    }

    /// @dev Credits leave at any time.
    function _claimCredit(address who) private {
        uint96 credit = ledger.creditOf(who);
        vm.prank(who);
        try ledger.claim(credit / 10) {}
        catch {
            ++violations["I-18"];
        }
    }

    // ── What is observed ───────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Reads the books off the events of an action, and looks in them for links between names and handles.
    function _watched(uint256 task, uint256 who, uint256 choice, function(uint256, uint256, uint256) internal action)
        private
    {
        bool blind = arena.progressOf(task).status < Status.Ended;
        vm.recordLogs();
        action(task, who, choice);
        _observe(task, vm.getRecordedLogs(), blind);
    }

    function _observe(uint256 task, Vm.Log[] memory logs, bool blind) private {
        bool named;
        bool handled;
        for (uint256 i; i < logs.length; ++i) {
            if (blind && _names(logs[i])) named = true;
            bytes32 topic = logs[i].topics[0];
            ++seen[topic];
            if (topic == HandleRegistered.selector || topic == Submitted.selector || topic == Published.selector) {
                handled = true;
            }
            if (topic == HandleOpened.selector && blind) ++violations["I-20"];
            _books[task].left += _outflow(topic, logs[i].data);
        }
        if (named && handled) ++violations["I-20"];
    }

    /// @dev Whether a word of the event is a trainer's operator or hot key.
    function _names(Vm.Log memory log) private view returns (bool) {
        bytes memory words = bytes.concat(abi.encodePacked(log.topics), log.data);
        for (uint256 i; i < trainers.length; ++i) {
            uint256 name = uint160(_addr(trainers[i]));
            for (uint256 end = 32; end <= words.length; end += 32) {
                uint256 word;
                assembly ("memory-safe") {
                    word := mload(add(words, end))
                }
                if (word == name) return true;
            }
        }
        return false;
    }

    /// @dev Wei that an event says left its task.
    function _outflow(bytes32 topic, bytes memory data) private pure returns (uint256) {
        if (topic == KeeperPaid.selector) return abi.decode(data, (uint256));
        if (topic == TrainerConcluded.selector) {
            (uint256 paid,,, uint256 returned) = abi.decode(data, (uint256, uint256, uint256, uint256));
            return paid + returned;
        }
        if (topic == ValidatorConcluded.selector) {
            (uint256 paid,,) = abi.decode(data, (uint256, uint256, uint256));
            return paid;
        }
        if (topic == DelegationClaimed.selector || topic == TaskFinished.selector) {
            (uint256 first, uint256 second) = abi.decode(data, (uint256, uint256));
            return first + second;
        }
        if (topic == RelayPaid.selector) {
            (, uint256 amount) = abi.decode(data, (uint256, uint256));
            return amount;
        }
        return 0;
    }

    function bookOf(uint256 task) external view returns (Book memory) {
        return _books[task];
    }

    /// @notice Whether the task awaits a witness.
    function settleable(uint256 task) public view returns (bool) {
        (Phase phase, uint256 round,) = arena.phaseOf(task);
        Panel memory panel = arena.panelOf(task, round);
        Progress memory p = arena.progressOf(task);
        return phase == Phase.Settle && arena.roundOf(task, round).published != 0 && panel.keyPosted
            && Weights.hasQuorum(panel.weight, p.activeWeight, p.totalWeight)
            && !Weights.rejectsData(panel.invalidWeight, panel.weight);
    }

    /// @notice The witness of a round, which everybody can compute from what is public.
    function witness(uint256 task, uint256 round) public view returns (Witness memory) {
        return scribe.witness(_books[task].rules, _revealed[task][round], scribe.shardKey(round));
    }

    function weightOf(uint256 task, uint256 place) public view returns (uint256) {
        string[] storage names = _books[task].validators;
        uint256 all;
        for (uint256 i; i < names.length; ++i) {
            all += stakes[task][names[i]];
        }
        return Weights.weightDown(stakes[task][names[place]], Weights.cap(all, names.length), all);
    }

    // ── Small parts ────────────────────────────────────────────────────────────────────────────────────────────────

    function _named(string memory name) private pure returns (address who) {
        (who,) = account(name);
    }

    function _addr(string memory name) private view returns (address) {
        return _addresses[name];
    }

    function _member(uint256 who) private view returns (address) {
        return _addr(who % 2 == 0 ? trainers[(who / 2) % 4] : validators[(who / 2) % 4]);
    }

    function _indexOf(string[] storage names, string memory name) private view returns (uint256 i) {
        while (i < names.length && keccak256(bytes(names[i])) != keccak256(bytes(name))) ++i;
    }
}
