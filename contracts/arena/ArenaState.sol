// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IArenaEvents} from "../interfaces/IArena.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {RewardCurve} from "../libraries/RewardCurve.sol";
import {Weights} from "../libraries/Weights.sol";

/// @title Arena state: what a task is made of, and which phase it is in
/// @dev Storage and the rules of time that the Arena and all its modules share. Phases are a pure function of time and
/// counters; nothing has to be "advanced" for time to pass.
abstract contract ArenaState is IArenaEvents, EIP712 {
    using SafeCast for uint256;

    struct Funds {
        uint96 bounty;
        address creator;
    }

    struct Fees {
        uint96 bond;
        uint80 keeper;
        uint80 relay;
    }

    /// @dev Sums of stakes are in gwei.
    struct Places {
        uint16 maxTrainers;
        uint16 maxValidators;
        uint16 minTrainers;
        uint16 minValidators;
        uint80 trainerStakes;
        uint80 validatorStakes;
    }

    struct Rules {
        uint24 gamma;
        uint24 delta;
        uint24 q;
        uint24 sigma;
        uint24 tau;
        uint24 slashUnpublished;
        uint24 slashMalformed;
        uint24 slashNoCommit;
        uint24 slashNoReveal;
        uint16 epsilon;
        uint16 mu;
    }

    struct Bars {
        uint64 minTrainerStake;
        uint64 minValidatorStake;
        uint16 k1;
        uint16 k2;
        uint16 baseline;
    }

    /// @dev Pay that waits in the task's bucket: delegators' wei, and message units.
    struct Accounts {
        uint96 owedToDelegators;
        uint32 unitsPaid;
        uint32 unitsReturned;
    }

    /// @dev `lanes` packs eight entries of 32 bits to a word: handle index | first round << 16. `winners` packs sixteen
    /// handle indices to a word. `malformed` is a bitmap by handle index.
    struct RoundData {
        Round counters;
        Panel panel;
        Result result;
        bytes32 lanesHash;
        bytes32 key;
        mapping(uint256 slot => uint256) lanes;
        mapping(uint256 index => bytes32) publications;
        mapping(bytes32 vectorHash => Vector) vectors;
        mapping(uint256 rank => Vector) paid;
        mapping(uint256 slot => uint256) winners;
        mapping(uint256 slot => uint256) malformed;
    }

    /// @dev `openings` holds keccak(handle index, openCommitment) by tag. `scoreCommitments` holds a validator's box key
    /// until its first commitment, so that committing never pays for a fresh slot.
    struct Task {
        Schedule schedule;
        Progress progress;
        Places places;
        Funds funds;
        Fees fees;
        Rules rules;
        Bars bars;
        Accounts accounts;
        bytes32 shardsHash;
        bytes32 seed;
        mapping(uint256 member => Member) trainers;
        mapping(uint256 member => Member) validators;
        mapping(uint256 index => Handle) handles;
        mapping(uint256 index => bytes32) commitments;
        mapping(bytes32 tag => bytes32) openings;
        mapping(uint256 member => bytes32) scoreCommitments;
        mapping(address relay => uint256) relayUnits;
        mapping(address operator => Delegation) delegations;
        mapping(address operator => mapping(address delegator => bool)) delegationClaimed;
        mapping(uint256 round => RoundData) rounds;
    }

    /// @dev Wei in a gwei: stakes are whole gwei so that a member fits a slot.
    uint256 internal constant GWEI = 1e9;
    uint256 internal constant PPM = 1e6;
    /// @dev Message units of a mask; every other message is one.
    uint256 internal constant MASK_UNITS = 6;

    IStakeVault internal immutable _vault;
    ILedger internal immutable _ledger;
    uint24 internal immutable _minPhase;

    uint256 internal _taskCount;
    mapping(uint256 task => Task) internal _tasks;

    /// @param minPhase_ smallest length of every phase, seconds: long enough for everybody's transactions to be mined
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) EIP712("Covey Arena", "1") {
        _vault = vault_;
        _ledger = ledger_;
        _minPhase = minPhase_;
    }

    function _task(uint256 task) internal view returns (Task storage t) {
        t = _tasks[task];
        if (t.progress.status == Status.None) revert UnknownTask(task);
    }

    // ── Deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────

    function _submitEnd(Schedule memory s, uint256 round) internal pure returns (uint256) {
        uint256 length = uint256(s.submit) + s.publish + s.key + s.score + s.reveal;
        return s.maskEnd + round * length + s.submit;
    }

    function _publishEnd(Schedule memory s, uint256 round) internal pure returns (uint256) {
        return _submitEnd(s, round) + s.publish;
    }

    function _keyEnd(Schedule memory s, uint256 round) internal pure returns (uint256) {
        return _publishEnd(s, round) + s.key;
    }

    function _scoreEnd(Schedule memory s, uint256 round) internal pure returns (uint256) {
        return _keyEnd(s, round) + s.score;
    }

    function _revealEnd(Schedule memory s, uint256 round) internal pure returns (uint256) {
        return _scoreEnd(s, round) + s.reveal;
    }

    /// @dev Last second at which anything of the task can be slashed: Open, delivery, and once more for concluding.
    function _lastSecond(Schedule memory s) internal pure returns (uint256) {
        return _revealEnd(s, s.rounds - 1) + 3 * uint256(s.open);
    }

    // ── Phases ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _maskClosed(Schedule memory s, Progress memory p) internal view returns (bool) {
        return block.timestamp >= s.maskEnd || p.handles == p.trainers;
    }

    function _submitOpened(Task storage t, Schedule memory s, Progress memory p, uint256 round)
        internal
        view
        returns (bool)
    {
        if (p.status != Status.Running || round >= s.rounds || !_maskClosed(s, p)) return false;
        if (round <= p.settled) return round == p.settled;
        return round == p.settled + 1 && _over(t, s, p, p.settled);
    }

    function _submitClosed(Schedule memory s, Progress memory p, Round memory r, uint256 round)
        internal
        view
        returns (bool)
    {
        return block.timestamp >= _submitEnd(s, round) || r.done == p.handles;
    }

    /// @dev Presumes that Submit opened.
    function _publishClosed(Schedule memory s, Progress memory p, Round memory r, uint256 round)
        internal
        view
        returns (bool)
    {
        return block.timestamp >= _publishEnd(s, round) || (_submitClosed(s, p, r, round) && r.published == r.committed);
    }

    /// @dev Presumes that `round` is the earliest unsettled one, so that the active validators are known.
    function _scoreClosed(Schedule memory s, Progress memory p, Panel memory panel, uint256 round)
        internal
        view
        returns (bool)
    {
        return panel.keyPosted && (block.timestamp >= _scoreEnd(s, round) || Bitmaps.count(panel.committed) == p.active);
    }

    /// @dev As `_scoreClosed`.
    function _revealClosed(Schedule memory s, Progress memory p, Panel memory panel, uint256 round)
        internal
        view
        returns (bool)
    {
        return _scoreClosed(s, p, panel, round)
            && (block.timestamp >= _revealEnd(s, round) || panel.revealed == panel.committed);
    }

    /// @dev Whether nothing but settling is left to do in the earliest unsettled round.
    function _over(Task storage t, Schedule memory s, Progress memory p, uint256 round) internal view returns (bool) {
        RoundData storage data = t.rounds[round];
        Round memory r = data.counters;
        if (!_publishClosed(s, p, r, round)) return false;
        return r.published == 0 || _revealClosed(s, p, data.panel, round);
    }

    function _openClosed(Schedule memory s, Progress memory p) internal view returns (bool) {
        return p.status == Status.Ended && (block.timestamp >= uint256(p.endedAt) + s.open || p.opened == p.handles);
    }

    /// @dev Rounds whose faults count: those settled, and the one that ended the task.
    function _roundsRun(Progress memory p) internal pure returns (uint256) {
        return p.cause == Cause.Completed ? p.settled : p.settled + 1;
    }

    // ── Small parts ────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Weight of a validator once Enrol closed.
    function _weight(Task storage t, Progress memory p, Member memory validator) internal view returns (uint256) {
        uint256 total = t.places.validatorStakes;
        return Weights.weightDown(validator.stake, Weights.cap(total, p.validators), total);
    }

    function _payKeeper(uint256 task, Task storage t) internal {
        uint80 fee = t.fees.keeper;
        if (fee == 0) return;
        _ledger.pay(task, msg.sender, fee);
        emit KeeperPaid(task, msg.sender, fee);
    }

    /// @dev Trainers' and validators' parts of the bounty less the fee reserve, once Enrol closed.
    function _pools(Task storage t, Progress memory p) internal view returns (uint256, uint256) {
        uint256 acts = 2 + 2 * uint256(t.schedule.rounds) + p.trainers + p.validators;
        uint256 distributed = t.funds.bounty - acts * t.fees.keeper;
        Places memory places = t.places;
        return RewardCurve.split(distributed, t.rules.gamma, places.trainerStakes, places.validatorStakes);
    }

    function _end(uint256 task, Task storage t, Cause cause) internal {
        Progress storage p = t.progress;
        p.status = Status.Ended;
        p.cause = cause;
        p.endedAt = block.timestamp.toUint40();
        emit TaskEnded(task, p.settled, cause);
    }

    /// @dev Counts a round as settled; the last one ends the task.
    function _passRound(uint256 task, Task storage t, uint8 rounds) internal {
        if (++t.progress.settled == rounds) _end(task, t, Cause.Completed);
    }
}
