// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance} from "../interfaces/IAlliance.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {AllianceState} from "./AllianceState.sol";
import {Payouts} from "./Payouts.sol";
import {ModuleCalls} from "../libraries/ModuleCalls.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title Alliance: federated rounds in which drawn proposers train and drawn voters decide
/// @notice Holds rules, no money: pool and stakes are in the Ledger. The StakeVault only tells who acts for whom.
/// @dev One contract by address and storage, in modules for its code's size, as the Arena.
contract Alliance is AllianceState, IAlliance {
    /// @notice Where the code of each group of calls is.
    struct Modules {
        address membership;
        address rounds;
        address settling;
    }

    uint256 private constant MAX_CLIENTS = 128;
    uint256 private constant MAX_FRACTION_BITS = 30;
    uint256 private constant MAX_SLASH = Payouts.PPM / 2;
    uint256 private constant MIN_SILENCE_SLASH = Payouts.PPM / 100;
    uint256 private constant MAX_TEXT = 512;

    address private immutable _membershipModule;
    address private immutable _roundsModule;
    address private immutable _settlingModule;

    constructor(Modules memory modules_, IStakeVault vault_, ILedger ledger_, uint24 minPhase_)
        AllianceState(vault_, ledger_, minPhase_)
    {
        _membershipModule = modules_.membership;
        _roundsModule = modules_.rounds;
        _settlingModule = modules_.settling;
    }

    function createTask(Params calldata params, Terms calldata terms) external returns (uint256 task) {
        _checkParams(params);
        _checkText(terms.modelCid);
        _checkText(terms.ruleParameters);
        _checkText(terms.uri);

        task = ++_taskCount;
        Task storage t = _tasks[task];
        t.clock = Clock({
            joinEnd: uint40(block.timestamp + params.join),
            propose: params.propose,
            publish: params.publish,
            vote: params.vote,
            reveal: params.reveal,
            rounds: params.rounds,
            minUpdates: params.minUpdates,
            status: Status.Joining,
            cause: Cause.None,
            round: 0,
            drawnAt: 0,
            drawBlock: 0
        });
        t.rules = Rules({
            minClients: params.minClients,
            maxClients: params.maxClients,
            proposerShare: params.proposerShare,
            maxSamples: params.maxSamples,
            slashSilent: params.slashSilent,
            slashWrong: params.slashWrong,
            slashRejected: params.slashRejected,
            burnShare: params.burnShare,
            contributionShare: params.contributionShare,
            harm: params.harm,
            initialReputation: params.initialReputation,
            maxReputation: params.maxReputation,
            reputationThreshold: params.reputationThreshold
        });
        uint16 acts = _acts(params.rounds);
        t.funds = Funds({
            creator: msg.sender,
            pool: params.pool - uint96(params.keeperFee) * acts,
            keeperFee: params.keeperFee,
            acts: acts,
            minStake: params.minStake
        });
        t.model = terms.model;
        emit AllianceCreated(task, msg.sender, params, terms);
        _ledger.charge(msg.sender, task, params.pool);
    }

    // ── Calls, by module ───────────────────────────────────────────────────────────────────────────────────────────

    function join(uint256, uint96) external returns (uint256) {
        ModuleCalls.runIn(_membershipModule);
    }

    function quit(uint256, uint256) external {
        ModuleCalls.runIn(_membershipModule);
    }

    function resume(uint256, uint256) external {
        ModuleCalls.runIn(_membershipModule);
    }

    function collect(uint256, uint256) external returns (uint256) {
        ModuleCalls.runIn(_membershipModule);
    }

    function advance(uint256) external {
        ModuleCalls.runIn(_roundsModule);
    }

    function commit(uint256, uint256, uint256, bytes32) external {
        ModuleCalls.runIn(_roundsModule);
    }

    function publish(uint256, uint256, uint256, Update calldata) external {
        ModuleCalls.runIn(_roundsModule);
    }

    function reveal(uint256, uint256, uint256, Vote calldata) external {
        ModuleCalls.runIn(_roundsModule);
    }

    function settle(uint256, Witness calldata) external {
        ModuleCalls.runIn(_settlingModule);
    }

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function modules() external view returns (Modules memory) {
        return Modules({membership: _membershipModule, rounds: _roundsModule, settling: _settlingModule});
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

    function phaseOf(uint256 task) external view returns (Phase phase, uint256 round, uint256 deadline) {
        Task storage t = _task(task);
        Clock memory c = t.clock;
        (phase, deadline) = _phase(c, t.round);
        round = c.round;
    }

    function clockOf(uint256 task) external view returns (Clock memory) {
        return _task(task).clock;
    }

    function fundsOf(uint256 task) external view returns (Funds memory) {
        return _task(task).funds;
    }

    function placesOf(uint256 task) external view returns (Places memory) {
        return _task(task).places;
    }

    function roundOf(uint256 task) external view returns (Round memory) {
        return _task(task).round;
    }

    function seedOf(uint256 task) external view returns (bytes32) {
        return _task(task).seed;
    }

    function transcriptOf(uint256 task) external view returns (bytes32) {
        return _task(task).transcript;
    }

    function modelOf(uint256 task) external view returns (bytes32) {
        return _task(task).model;
    }

    function clientOf(uint256 task, uint256 client) external view returns (Client memory) {
        return _task(task).clients[client];
    }

    function joinedBefore(uint256 task, address operator) external view returns (bool) {
        return _task(task).joined[operator];
    }

    function drawOf(uint256 task, uint128 clients, bytes32 seed) external view returns (uint128) {
        Task storage t = _task(task);
        return _proposers(t, t.clock, clients, seed);
    }

    // ── Parameters ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Paid acts of a task: the first freeze, and each round's draw and settling.
    function _acts(uint256 rounds) private pure returns (uint16) {
        return uint16(1 + 2 * rounds);
    }

    function _checkParams(Params calldata p) private view {
        _within(p.rounds >= 1, "rounds");
        _within(p.minUpdates >= 1, "minUpdates");
        _within(p.minClients >= p.minUpdates + Roles.MIN_VOTERS, "minClients");
        _within(p.maxClients >= p.minClients && p.maxClients <= MAX_CLIENTS, "maxClients");
        _within(p.proposerShare >= 1 && p.proposerShare <= Payouts.PPM, "proposerShare");
        _within(p.maxSamples >= 1, "maxSamples");
        _within(p.epsilon <= Payouts.PPM, "epsilon");
        _within(p.slashSilent >= MIN_SILENCE_SLASH && p.slashSilent <= MAX_SLASH, "slashSilent");
        // Who sees that it is about to be slashed gains nothing by keeping silent.
        _within(p.slashWrong <= p.slashSilent, "slashWrong");
        _within(p.slashRejected <= p.slashSilent, "slashRejected");
        _within(p.burnShare <= Payouts.PPM, "burnShare");
        _within(p.contributionShare <= Payouts.PPM, "contributionShare");
        _within(p.harm <= Payouts.NEUTRAL, "harm");
        _within(p.maxReputation >= 1 && p.maxReputation <= Roles.MAX_WEIGHT, "maxReputation");
        _within(p.initialReputation >= 1 && p.initialReputation <= p.maxReputation, "initialReputation");
        _within(p.reputationThreshold >= 1 && p.reputationThreshold <= p.initialReputation, "reputationThreshold");
        _within(p.fractionBits >= 1 && p.fractionBits <= MAX_FRACTION_BITS, "fractionBits");
        _within(p.minStake >= 1, "minStake");
        _within(uint256(p.keeperFee) * _acts(p.rounds) <= p.pool / 10, "keeperFee");
        uint24 min = _minPhase;
        _within(p.join >= min, "join");
        _within(p.propose >= min, "propose");
        _within(p.publish >= min, "publish");
        _within(p.vote >= min, "vote");
        _within(p.reveal >= min, "reveal");
    }

    function _checkText(string calldata text) private pure {
        if (bytes(text).length > MAX_TEXT) revert TooLong(bytes(text).length, MAX_TEXT);
    }

    function _within(bool holds, string memory name) private pure {
        if (!holds) revert ParamOutOfRange(name);
    }
}
