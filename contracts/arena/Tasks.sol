// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Weights} from "../libraries/Weights.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Creation of tasks, and their steps that need no witness
contract Tasks is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    using SafeCast for uint256;

    uint256 private constant MAX_ROUNDS = 8;
    uint256 private constant MAX_TRAINERS = 4096;
    uint256 private constant MAX_VALIDATORS = 96;
    uint256 private constant MAX_SCORES = 56_000;
    uint256 private constant MAX_WINNERS = 256;
    uint256 private constant MAX_QUOTA = 1000;
    uint256 private constant MAX_EPSILON = 4096;
    uint256 private constant TOP_SCORE = 32_767;
    uint256 private constant MAX_SLASH = PPM / 2;
    uint256 private constant MIN_ABSENCE_SLASH = PPM / 100;
    uint256 private constant MAX_URI = 512;

    function createTask(Params calldata params, Shard[] calldata shards, string calldata uri)
        external
        returns (uint256 task)
    {
        _checkParams(params);
        _within(shards.length == params.rounds, "shards");
        if (bytes(uri).length > MAX_URI) revert TooLong(bytes(uri).length, MAX_URI);

        task = ++_taskCount;
        Task storage t = _tasks[task];
        uint40 enrolEnd = (block.timestamp + params.enrol).toUint40();
        t.schedule = Schedule({
            enrolEnd: enrolEnd,
            maskEnd: enrolEnd + params.mask,
            submit: params.submit,
            publish: params.publish,
            key: params.key,
            score: params.score,
            reveal: params.reveal,
            open: params.open,
            rounds: params.rounds,
            quota: params.quota
        });
        _within(_lastSecond(t.schedule) <= block.timestamp + _vault.unbonding(), "schedule");
        t.progress.status = Status.Enrolling;
        t.places = Places({
            maxTrainers: params.maxTrainers,
            maxValidators: params.maxValidators,
            minTrainers: params.minTrainers,
            minValidators: params.minValidators,
            trainerStakes: 0,
            validatorStakes: 0
        });
        t.funds = Funds({bounty: params.bounty, creator: msg.sender});
        t.fees = Fees({bond: params.bond, keeper: params.keeperFee, relay: params.relayFee});
        t.rules = Rules({
            gamma: params.gamma,
            delta: params.delta,
            q: params.q,
            sigma: params.sigma,
            tau: params.tau,
            slashUnpublished: params.slashUnpublished,
            slashMalformed: params.slashMalformed,
            slashNoCommit: params.slashNoCommit,
            slashNoReveal: params.slashNoReveal,
            epsilon: params.epsilon,
            mu: params.mu
        });
        t.bars = Bars({
            minTrainerStake: params.minTrainerStake,
            minValidatorStake: params.minValidatorStake,
            k1: params.k1,
            k2: params.k2,
            baseline: params.baseline
        });
        t.shardsHash = keccak256(abi.encode(shards));
        emit TaskCreated(task, msg.sender, params, shards, uri);
        _ledger.charge(msg.sender, task, params.bounty + params.bond);
    }

    function advance(uint256 task) external {
        Task storage t = _task(task);
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        if (p.status == Status.Enrolling && block.timestamp >= s.enrolEnd) {
            _closeEnrol(task, t, p);
        } else if (p.status == Status.Drawing) {
            // A seed that could not be drawn in 256 blocks is awaited anew, unpaid.
            if (!_drawRings(task, t, s, p)) return;
        } else if (p.status == Status.Running && _maskClosed(s, p)) {
            _passOrEnd(task, t, s, p);
        } else {
            revert NothingDue(task);
        }
        _payKeeper(task, t);
    }

    function _closeEnrol(uint256 task, Task storage t, Progress memory p) private {
        Places memory places = t.places;
        if (p.trainers < places.minTrainers || p.validators < places.minValidators) {
            _cancel(task, t, Cause.TooFewMembers);
        } else {
            uint256 largest = Weights.cap(places.validatorStakes, p.validators);
            uint256 totalWeight;
            for (uint256 i; i < p.validators; ++i) {
                totalWeight += Weights.weightDown(t.validators[i].stake, largest, places.validatorStakes);
            }
            p.status = Status.Drawing;
            p.active = p.validators;
            p.activeWeight = p.totalWeight = uint16(totalWeight);
            p.drawBlock = uint40(block.number);
            t.progress = p;
            emit EnrolClosed(task, p.trainers, p.validators, totalWeight);
        }
    }

    /// @dev The block was fixed before its hash was known, so whoever calls has no choice of seeds.
    function _drawRings(uint256 task, Task storage t, Schedule memory s, Progress memory p)
        private
        returns (bool drawn)
    {
        // Trainers lose their locks if they have no handle, so they need half of Mask at least.
        if (block.timestamp >= (uint256(s.enrolEnd) + s.maskEnd) / 2) {
            _cancel(task, t, Cause.SeedNotDrawn);
            return true;
        }
        if (block.number <= p.drawBlock) revert NothingDue(task);
        bytes32 entropy = blockhash(p.drawBlock);
        if (entropy == 0) {
            t.progress.drawBlock = uint40(block.number);
            emit DrawPostponed(task);
            return false;
        }
        t.seed = keccak256(abi.encode(entropy, address(this), task));
        t.progress.status = Status.Running;
        emit RingsDrawn(task, t.seed);
        return true;
    }

    function _passOrEnd(uint256 task, Task storage t, Schedule memory s, Progress memory p) private {
        uint256 round = p.settled;
        RoundData storage data = t.rounds[round];
        Round memory r = data.counters;
        Panel memory panel = data.panel;
        if (!_publishClosed(s, p, r, round)) revert NothingDue(task);
        if (r.published == 0) {
            emit RoundEmpty(task, round);
            _passRound(task, t, s.rounds);
        } else if (!panel.keyPosted) {
            if (block.timestamp < _keyEnd(s, round)) revert NothingDue(task);
            _end(task, t, Cause.KeyMissing);
        } else {
            if (!_revealClosed(s, p, panel, round)) revert NothingDue(task);
            if (!Weights.hasQuorum(panel.weight, p.activeWeight, p.totalWeight)) _end(task, t, Cause.QuorumMissed);
            else if (Weights.rejectsData(panel.invalidWeight, panel.weight)) _end(task, t, Cause.DatasetInvalid);
            else revert NothingDue(task);
        }
    }

    function _cancel(uint256 task, Task storage t, Cause cause) private {
        t.progress.status = Status.Cancelled;
        t.progress.cause = cause;
        emit TaskEnded(task, 0, cause);
    }

    function _checkParams(Params calldata p) private view {
        _within(p.rounds >= 1 && p.rounds <= MAX_ROUNDS, "rounds");
        _within(p.maxTrainers >= 1 && p.maxTrainers <= MAX_TRAINERS, "maxTrainers");
        _within(p.maxValidators >= 1 && p.maxValidators <= MAX_VALIDATORS, "maxValidators");
        _within(uint256(p.maxTrainers) * p.maxValidators <= MAX_SCORES, "maxTrainers * maxValidators");
        _within(p.minTrainers >= 1 && p.minTrainers <= p.maxTrainers, "minTrainers");
        _within(p.minValidators >= 1 && p.minValidators <= p.maxValidators, "minValidators");
        _within(p.minTrainerStake >= 1, "minTrainerStake");
        _within(p.minValidatorStake >= 1, "minValidatorStake");
        _within(uint256(p.bounty) + p.bond <= type(uint96).max, "bond");
        _within(p.k1 >= 1 && p.k1 <= MAX_WINNERS, "k1");
        _within(p.k2 >= 1 && p.k2 <= MAX_VALIDATORS, "k2");
        _within(p.gamma <= PPM / 2, "gamma");
        _within(p.delta <= PPM, "delta");
        _within(p.q >= 1 && p.q <= PPM, "q");
        _within(p.sigma <= PPM, "sigma");
        _within(p.tau <= PPM, "tau");
        _within(p.epsilon <= MAX_EPSILON, "epsilon");
        _within(p.mu >= 1 && p.mu <= TOP_SCORE - 2, "mu");
        _within(p.baseline >= 2 && p.baseline < TOP_SCORE, "baseline");
        _within(p.slashUnpublished <= MAX_SLASH, "slashUnpublished");
        _within(p.slashMalformed <= MAX_SLASH, "slashMalformed");
        _within(p.slashNoCommit >= MIN_ABSENCE_SLASH && p.slashNoCommit <= MAX_SLASH, "slashNoCommit");
        _within(p.slashNoReveal >= MIN_ABSENCE_SLASH && p.slashNoReveal <= MAX_SLASH, "slashNoReveal");
        uint256 acts = 2 + 2 * uint256(p.rounds) + p.maxTrainers + p.maxValidators;
        _within(acts * p.keeperFee <= p.bounty / 10, "keeperFee");
        _within(p.quota >= MASK_UNITS + 2 * uint256(p.rounds) && p.quota <= MAX_QUOTA, "quota");
        uint24 min = _minPhase;
        _within(p.enrol >= min, "enrol");
        _within(p.mask >= min, "mask");
        _within(p.submit >= min, "submit");
        _within(p.publish >= min, "publish");
        _within(p.key >= min, "key");
        _within(p.score >= min, "score");
        _within(p.reveal >= min, "reveal");
        _within(p.open >= min, "open");
    }

    function _within(bool holds, string memory name) private pure {
        if (!holds) revert ParamOutOfRange(name);
    }
}
