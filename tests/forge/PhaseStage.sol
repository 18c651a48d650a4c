// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ArenaState} from "../../contracts/arena/ArenaState.sol";
import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";

/// @notice Shows an Arena's own code tasks as far as they got, and asks which phase they are in: for the differential
/// test of the phase clock.
contract PhaseStage is ArenaState {
    constructor() ArenaState(IStakeVault(address(0)), ILedger(address(0)), 1) {}

    /// @notice A task: what happened in each of its rounds, by handles and by validators.
    struct Scene {
        Schedule schedule;
        Progress progress;
        Round[] rounds;
        Panel[] panels;
    }

    /// @param phases, deadlines of each round, and of the one after the last
    struct Answer {
        Phase phase;
        uint256 round;
        uint256 deadline;
        Phase[] phases;
        uint256[] deadlines;
    }

    /// @param arena where an Arena's code is: it runs on this contract's storage
    function ask(address arena, Scene[] calldata scenes) external returns (Answer[] memory answers) {
        answers = new Answer[](scenes.length);
        for (uint256 task; task < scenes.length; ++task) {
            Scene calldata scene = scenes[task];
            Task storage t = _tasks[task];
            t.schedule = scene.schedule;
            t.progress = scene.progress;
            for (uint256 i; i < scene.rounds.length; ++i) {
                t.rounds[i].counters = scene.rounds[i];
                t.rounds[i].panel = scene.panels[i];
            }
            answers[task] = _answer(arena, task, scene.rounds.length + 1);
        }
    }

    function _answer(address arena, uint256 task, uint256 rounds) private returns (Answer memory answer) {
        bytes memory answered = _run(arena, abi.encodeCall(IArena.phaseOf, (task)));
        (answer.phase, answer.round, answer.deadline) = abi.decode(answered, (Phase, uint256, uint256));
        answer.phases = new Phase[](rounds);
        answer.deadlines = new uint256[](rounds);
        for (uint256 i; i < rounds; ++i) {
            answered = _run(arena, abi.encodeCall(IArena.roundPhaseOf, (task, i)));
            (answer.phases[i], answer.deadlines[i]) = abi.decode(answered, (Phase, uint256));
        }
    }

    function _run(address arena, bytes memory call) private returns (bytes memory answered) {
        bool ok;
        (ok, answered) = arena.delegatecall(call);
        require(ok);
    }
}
