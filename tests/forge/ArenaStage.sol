// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ArenaState} from "../../contracts/arena/ArenaState.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Weights} from "../../contracts/libraries/Weights.sol";

/// @notice Stands in for an Arena's code while it writes a task whose first round awaits its reveals, so that a benchmark
/// of settling needs no thousand ring signatures. The Arena's own code then runs on what was written.
contract ArenaStage is ArenaState {
    constructor() ArenaState(IStakeVault(address(0)), ILedger(address(0)), 1) {}

    struct Scene {
        uint256 task;
        uint16 models;
        uint16 k1;
        uint16 k2;
        uint16 epsilon;
        uint16 mu;
        uint16 baseline;
        address[] validators;
        bytes32[] commitments;
        bytes32 lanesHash;
        bytes32 key;
    }

    uint64 private constant STAKE = 1e9;
    uint24 private constant LENGTH = 1e6;

    function stage(Scene calldata scene) external {
        Task storage t = _tasks[scene.task];
        uint16 validators = uint16(scene.validators.length);
        t.schedule = Schedule(
            uint40(block.timestamp), uint40(block.timestamp), LENGTH, LENGTH, LENGTH, LENGTH, LENGTH, LENGTH, 3, 0
        );
        t.places.trainerStakes = uint80(STAKE) * scene.models;
        t.places.validatorStakes = uint80(STAKE) * validators;
        t.funds.bounty = 1e21;
        t.rules.delta = 100_000;
        t.rules.q = 850_000;
        t.rules.tau = 500_000;
        t.rules.epsilon = scene.epsilon;
        t.rules.mu = scene.mu;
        t.bars.k1 = scene.k1;
        t.bars.k2 = scene.k2;
        t.bars.baseline = scene.baseline;
        _stageProgress(t, scene.models, validators);
        for (uint256 i; i < validators; ++i) {
            t.validators[i] = Member({hotKey: scene.validators[i], stake: STAKE, handle: 0, concluded: false});
            t.scoreCommitments[i] = scene.commitments[i];
        }
        RoundData storage data = t.rounds[0];
        data.counters = Round(scene.models, scene.models, scene.models, 0);
        data.panel.keyPosted = true;
        data.panel.committed = uint96((1 << validators) - 1);
        data.lanesHash = scene.lanesHash;
        data.key = scene.key;
        for (uint256 i; i < scene.models; i += 8) {
            uint256 word;
            for (uint256 j; j < 8 && i + j < scene.models; ++j) {
                word |= (i + j) << (32 * j);
            }
            data.lanes[i / 8] = word;
        }
    }

    /// @notice A word of the bitmap of handles whose models were malformed.
    function malformed(uint256 task, uint256 round, uint256 word) external view returns (uint256) {
        return _tasks[task].rounds[round].malformed[word];
    }

    /// @notice The handle that won a rank, from 0 on.
    function winner(uint256 task, uint256 round, uint256 rank) external view returns (uint256) {
        return _tasks[task].rounds[round].winners[rank / 16] >> (rank % 16 * 16) & 0xffff;
    }

    function _stageProgress(Task storage t, uint16 models, uint16 validators) private {
        uint256 total = uint256(STAKE) * validators;
        uint256 weight = validators * Weights.weightDown(STAKE, Weights.cap(total, validators), total);
        Progress storage p = t.progress;
        p.status = Status.Running;
        p.trainers = p.handles = models;
        p.validators = p.active = validators;
        p.activeWeight = p.totalWeight = uint16(weight);
    }
}

/// @notice Tells what a call costs beyond its transaction's base and calldata.
contract GasMeter {
    function gasOf(address target, bytes calldata data) external returns (uint256 used) {
        bytes memory call = data;
        used = gasleft();
        (bool ok, bytes memory reason) = target.call(call);
        used -= gasleft();
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
    }
}
