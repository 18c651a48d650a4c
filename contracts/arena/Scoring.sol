// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Scoring: the shard's key, and validators' committed and revealed vectors
/// @custom:invariant I-10 one counted reveal per validator and round, matching its commitment
/// @custom:invariant I-11 commitments bind chain, arena, task, round, validator and the models scored
contract Scoring is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    bytes32 private constant SCORES = keccak256("covey.arena.scores");
    /// @dev Hash of the reserved vector DATASET_INVALID, the empty one.
    bytes32 private constant DATASET_INVALID = keccak256("");

    function postKey(uint256 task, uint256 round, bytes32 key, Shard[] calldata shards) external {
        Task storage t = _task(task);
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        RoundData storage data = t.rounds[round];
        Round memory r = data.counters;
        if (
            !_submitOpened(t, s, p, round) || !_publishClosed(s, p, r, round) || r.published == 0
                || block.timestamp >= _keyEnd(s, round)
        ) revert WrongPhase(task);
        if (data.panel.keyPosted) revert AlreadyDone();
        if (keccak256(abi.encode(shards)) != t.shardsHash) revert WrongShards(task);
        if (keccak256(abi.encode(key)) != shards[round].keyHash) revert WrongKey(round);
        data.panel.keyPosted = true;
        data.key = key;
        emit KeyPosted(task, round, key);
    }

    function commitScores(uint256 task, uint256 round, uint256 index, bytes32 commitment) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        RoundData storage data = t.rounds[round];
        Panel memory panel = data.panel;
        if (
            p.status != Status.Running || round != p.settled || !panel.keyPosted
                || _scoreClosed(t.schedule, p, panel, round)
        ) revert WrongPhase(task);
        if (t.validators[index].hotKey != msg.sender) revert NotAuthorized(msg.sender);
        uint96 bit = uint96(1 << index);
        if (panel.committed & bit != 0) revert AlreadyDone();
        if (!_active(t, round, bit)) revert Benched(index);
        panel.committed |= bit;
        data.panel = panel;
        t.scoreCommitments[index] = commitment;
        emit ScoresCommitted(task, round, index, commitment);
    }

    function revealScores(uint256 task, uint256 round, uint256 index, bytes32 salt, bytes calldata vector) external {
        bytes32 vectorHash = keccak256(vector);
        (RoundData storage data, Panel memory panel, uint16 weight) = _checkReveal(task, round, index, salt, vectorHash);
        Vector memory v = data.vectors[vectorHash];
        if (vector.length != 0 && v.ordinal == 0) {
            Lanes.validate(vector, data.counters.published);
            v.ordinal = ++panel.vectors;
            emit VectorRevealed(task, round, v.ordinal - 1, vectorHash, vector);
        }
        _addReveal(data, panel, v, vectorHash, index, weight);
        emit ScoresRevealed(task, round, index, vectorHash, salt, weight);
    }

    function revealKnownScores(uint256 task, uint256 round, uint256 index, bytes32 salt, bytes32 vectorHash) external {
        (RoundData storage data, Panel memory panel, uint16 weight) = _checkReveal(task, round, index, salt, vectorHash);
        Vector memory v = data.vectors[vectorHash];
        if (vectorHash != DATASET_INVALID && v.ordinal == 0) revert UnknownVector(vectorHash);
        _addReveal(data, panel, v, vectorHash, index, weight);
        emit ScoresRevealed(task, round, index, vectorHash, salt, weight);
    }

    /// @dev Reverts unless the validator committed to this vector and has not revealed it; returns its weight.
    function _checkReveal(uint256 task, uint256 round, uint256 index, bytes32 salt, bytes32 vectorHash)
        private
        view
        returns (RoundData storage data, Panel memory panel, uint16 weight)
    {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        data = t.rounds[round];
        panel = data.panel;
        {
            Schedule memory s = t.schedule;
            if (
                p.status != Status.Running || round != p.settled || !_scoreClosed(s, p, panel, round)
                    || block.timestamp >= _revealEnd(s, round)
            ) revert WrongPhase(task);
        }
        uint96 bit = uint96(1 << index);
        if (panel.revealed & bit != 0) revert AlreadyDone();
        Member memory validator = t.validators[index];
        bytes32 commitment = keccak256(
            abi.encode(
                SCORES, block.chainid, address(this), task, round, validator.hotKey, data.lanesHash, vectorHash, salt
            )
        );
        if (panel.committed & bit == 0 || commitment != t.scoreCommitments[index]) revert WrongOpening();
        weight = uint16(_weight(t, p, validator));
    }

    /// @dev Adds a validator's weight to the vector that it revealed.
    function _addReveal(
        RoundData storage data,
        Panel memory panel,
        Vector memory v,
        bytes32 vectorHash,
        uint256 index,
        uint16 weight
    ) private {
        uint96 bit = uint96(1 << index);
        panel.revealed |= bit;
        panel.weight += weight;
        if (vectorHash == DATASET_INVALID) {
            panel.invalidWeight += weight;
        } else {
            v.weight += weight;
            v.members |= bit;
            data.vectors[vectorHash] = v;
        }
        data.panel = panel;
    }

    /// @dev Active: revealed in the last scored round before, or none was scored yet.
    function _active(Task storage t, uint256 round, uint96 bit) private view returns (bool) {
        while (round != 0) {
            --round;
            Panel memory before = t.rounds[round].panel;
            if (before.keyPosted) return before.revealed & bit != 0;
        }
        return true;
    }
}
