// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance, IAllianceTypes} from "../../contracts/interfaces/IAlliance.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";

/// @notice One of a troupe: an account that does what it is told.
contract Member {
    function act(address target, bytes calldata call) external {
        (bool ok, bytes memory answer) = target.call(call);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// @notice Accounts that act in one transaction, and many tasks in one answer: for the differential test of whole rounds.
contract Troupe is IAllianceTypes {
    struct Act {
        uint256 member;
        address target;
        bytes call;
    }

    struct Current {
        Phase phase;
        uint256 round;
        uint256 deadline;
    }

    /// @notice A task as the chain has it; `clients` are those of its first places.
    struct Sight {
        Current phase;
        Cause cause;
        Places places;
        Round current;
        Funds funds;
        bytes32 seed;
        bytes32 transcript;
        bytes32 model;
        Client[] clients;
    }

    Member[] public members;

    constructor(uint256 count) {
        for (uint256 i; i < count; ++i) {
            members.push(new Member());
        }
    }

    function play(Act[] calldata acts) external {
        for (uint256 i; i < acts.length; ++i) {
            members[acts[i].member].act(acts[i].target, acts[i].call);
        }
    }

    function all() external view returns (Member[] memory) {
        return members;
    }

    /// @notice Tasks `first` to `last`, each with its first `places` places.
    function look(IAlliance alliance, uint256 first, uint256 last, uint256 places)
        external
        view
        returns (Sight[] memory sights)
    {
        sights = new Sight[](last - first + 1);
        for (uint256 i; i < sights.length; ++i) {
            uint256 task = first + i;
            Sight memory sight = sights[i];
            sight.phase = _current(alliance, task);
            sight.cause = alliance.clockOf(task).cause;
            sight.places = alliance.placesOf(task);
            sight.current = alliance.roundOf(task);
            sight.funds = alliance.fundsOf(task);
            sight.seed = alliance.seedOf(task);
            sight.transcript = alliance.transcriptOf(task);
            sight.model = alliance.modelOf(task);
            sight.clients = new Client[](places);
            for (uint256 client; client < places; ++client) {
                sight.clients[client] = alliance.clientOf(task, client);
            }
        }
    }

    /// @notice What the same tasks wait for.
    function phases(IAlliance alliance, uint256 first, uint256 last) external view returns (Current[] memory list) {
        list = new Current[](last - first + 1);
        for (uint256 i; i < list.length; ++i) {
            list[i] = _current(alliance, first + i);
        }
    }

    function credits(ILedger ledger) external view returns (uint96[] memory list) {
        list = new uint96[](members.length);
        for (uint256 i; i < list.length; ++i) {
            list[i] = ledger.creditOf(address(members[i]));
        }
    }

    function _current(IAlliance alliance, uint256 task) private view returns (Current memory current) {
        (current.phase, current.round, current.deadline) = alliance.phaseOf(task);
    }
}
