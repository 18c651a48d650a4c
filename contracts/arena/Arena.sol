// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RingSignature} from "../libraries/RingSignature.sol";
import {IArena} from "../interfaces/IArena.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {ModuleCalls} from "../libraries/ModuleCalls.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Arena: training tasks with blind, hidden-data scoring
/// @notice Holds rules, no money: stake is in the StakeVault, everything else in the Ledger.
/// @dev One contract by address and storage, more code than one may have: each call runs, by delegatecall, in the module
/// that holds its rules. Modules are fixed for ever at deployment; they are built on the same ArenaState and with
/// the same constructor arguments.
contract Arena is ArenaState, IArena {
    /// @notice Where the code of each group of calls is.
    struct Modules {
        address tasks;
        address enrolment;
        address handles;
        address scoring;
        address settlement;
        address conclusion;
    }

    address private immutable _tasksModule;
    address private immutable _enrolmentModule;
    address private immutable _handlesModule;
    address private immutable _scoringModule;
    address private immutable _settlementModule;
    address private immutable _conclusionModule;

    constructor(Modules memory modules_, IStakeVault vault_, ILedger ledger_, uint24 minPhase_)
        ArenaState(vault_, ledger_, minPhase_)
    {
        _tasksModule = modules_.tasks;
        _enrolmentModule = modules_.enrolment;
        _handlesModule = modules_.handles;
        _scoringModule = modules_.scoring;
        _settlementModule = modules_.settlement;
        _conclusionModule = modules_.conclusion;
    }

    // ── Calls, by module ───────────────────────────────────────────────────────────────────────────────────────────

    function createTask(Params calldata, Shard[] calldata, string calldata) external returns (uint256) {
        ModuleCalls.runIn(_tasksModule);
    }

    function advance(uint256) external {
        ModuleCalls.runIn(_tasksModule);
    }

    function enrolTrainer(uint256, uint64, uint256, uint256) external returns (uint256) {
        ModuleCalls.runIn(_enrolmentModule);
    }

    function enrolValidator(uint256, uint64, bytes32, bytes32) external returns (uint256) {
        ModuleCalls.runIn(_enrolmentModule);
    }

    function registerHandle(uint256, uint256, address, bytes32, bytes calldata, RingSignature.Signature calldata)
        external
        returns (uint256)
    {
        ModuleCalls.runIn(_handlesModule);
    }

    function submit(Submission calldata, bytes calldata) external {
        ModuleCalls.runIn(_handlesModule);
    }

    function publish(Publication calldata, Earlier calldata, bytes calldata) external returns (uint256) {
        ModuleCalls.runIn(_handlesModule);
    }

    function postKey(uint256, uint256, bytes32, Shard[] calldata) external {
        ModuleCalls.runIn(_scoringModule);
    }

    function commitScores(uint256, uint256, uint256, bytes32) external {
        ModuleCalls.runIn(_scoringModule);
    }

    function revealScores(uint256, uint256, uint256, bytes32, bytes calldata) external {
        ModuleCalls.runIn(_scoringModule);
    }

    function revealKnownScores(uint256, uint256, uint256, bytes32, bytes32) external {
        ModuleCalls.runIn(_scoringModule);
    }

    function settle(uint256, Witness calldata) external {
        ModuleCalls.runIn(_settlementModule);
    }

    function tally(uint256, uint256) external {
        ModuleCalls.runIn(_settlementModule);
    }

    function open(uint256, uint256, uint256, bytes32, bytes32) external {
        ModuleCalls.runIn(_conclusionModule);
    }

    function deliver(uint256, uint256, uint256, bytes32, bytes32, bytes calldata) external {
        ModuleCalls.runIn(_conclusionModule);
    }

    function concludeTrainer(uint256, uint256) external {
        ModuleCalls.runIn(_conclusionModule);
    }

    function concludeValidator(uint256, uint256) external {
        ModuleCalls.runIn(_conclusionModule);
    }

    function claimDelegation(uint256, address, address) external returns (uint256) {
        ModuleCalls.runIn(_conclusionModule);
    }

    function claimRelay(uint256, address) external returns (uint256) {
        ModuleCalls.runIn(_conclusionModule);
    }

    function finish(uint256) external {
        ModuleCalls.runIn(_conclusionModule);
    }

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function modules() external view returns (Modules memory) {
        return Modules({
            tasks: _tasksModule,
            enrolment: _enrolmentModule,
            handles: _handlesModule,
            scoring: _scoringModule,
            settlement: _settlementModule,
            conclusion: _conclusionModule
        });
    }

    function vault() external view returns (IStakeVault) {
        return _vault;
    }

    function ledger() external view returns (ILedger) {
        return _ledger;
    }

    function minPhase() external view returns (uint24) {
        return _minPhase;
    }

    function taskCount() external view returns (uint256) {
        return _taskCount;
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function phaseOf(uint256 task) external view returns (Phase phase, uint256 round, uint256 deadline) {
        Task storage t = _task(task);
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        round = p.settled;
        if (p.status == Status.Enrolling) {
            if (block.timestamp < s.enrolEnd) return (Phase.Enrol, 0, s.enrolEnd);
            return (Phase.CloseEnrol, 0, 0);
        }
        if (p.status == Status.Drawing) return (Phase.DrawRings, 0, (uint256(s.enrolEnd) + s.maskEnd) / 2);
        if (p.status == Status.Finished) return (Phase.Finished, round, 0);
        if (p.status == Status.Running) {
            if (!_maskClosed(s, p)) return (Phase.Mask, 0, s.maskEnd);
            (phase, deadline) = _roundPhase(t, s, p, round);
            return (phase, round, deadline);
        }
        if (p.status == Status.Ended && !_openClosed(s, p)) return (Phase.Open, round, uint256(p.endedAt) + s.open);
        if (p.untallied != 0) return (Phase.Tally, round, 0);
        return (p.concluded == p.trainers + p.validators ? Phase.Finish : Phase.Conclude, round, 0);
    }

    function roundPhaseOf(uint256 task, uint256 round) external view returns (Phase phase, uint256 deadline) {
        Task storage t = _task(task);
        return _roundPhase(t, t.schedule, t.progress, round);
    }

    function scheduleOf(uint256 task) external view returns (Schedule memory) {
        return _task(task).schedule;
    }

    function progressOf(uint256 task) external view returns (Progress memory) {
        return _task(task).progress;
    }

    function roundOf(uint256 task, uint256 round) external view returns (Round memory) {
        return _task(task).rounds[round].counters;
    }

    function panelOf(uint256 task, uint256 round) external view returns (Panel memory) {
        return _task(task).rounds[round].panel;
    }

    function paidVectorOf(uint256 task, uint256 round, uint256 rank) external view returns (Vector memory) {
        return _task(task).rounds[round].paid[rank];
    }

    function lanesHashOf(uint256 task, uint256 round) external view returns (bytes32) {
        return _task(task).rounds[round].lanesHash;
    }

    function resultOf(uint256 task, uint256 round) external view returns (Result memory) {
        return _task(task).rounds[round].result;
    }

    function trainerOf(uint256 task, uint256 member) external view returns (Member memory) {
        return _task(task).trainers[member];
    }

    function validatorOf(uint256 task, uint256 member) external view returns (Member memory) {
        return _task(task).validators[member];
    }

    function handleOf(uint256 task, uint256 index) external view returns (Handle memory) {
        return _task(task).handles[index];
    }

    function delegationOf(uint256 task, address operator) external view returns (Delegation memory) {
        return _task(task).delegations[operator];
    }

    function relayUnitsOf(uint256 task, address relay) external view returns (uint256) {
        return _task(task).relayUnits[relay];
    }

    function seedOf(uint256 task) external view returns (bytes32) {
        return _task(task).seed;
    }

    function shardsHashOf(uint256 task) external view returns (bytes32) {
        return _task(task).shardsHash;
    }

    function _roundPhase(Task storage t, Schedule memory s, Progress memory p, uint256 round)
        private
        view
        returns (Phase, uint256)
    {
        if (!_submitOpened(t, s, p, round)) return (Phase.None, 0);
        RoundData storage data = t.rounds[round];
        Round memory r = data.counters;
        if (!_submitClosed(s, p, r, round)) return (Phase.Submit, _submitEnd(s, round));
        if (!_publishClosed(s, p, r, round)) return (Phase.Publish, _publishEnd(s, round));
        if (r.published == 0) return (Phase.Settle, 0);
        Panel memory panel = data.panel;
        if (!panel.keyPosted) {
            uint256 keyEnd = _keyEnd(s, round);
            return block.timestamp < keyEnd ? (Phase.PostKey, keyEnd) : (Phase.Settle, 0);
        }
        if (round != p.settled || !_scoreClosed(s, p, panel, round)) return (Phase.Score, _scoreEnd(s, round));
        if (!_revealClosed(s, p, panel, round)) return (Phase.Reveal, _revealEnd(s, round));
        return (Phase.Settle, 0);
    }
}
