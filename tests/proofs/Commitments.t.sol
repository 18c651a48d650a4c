// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Scoring} from "../../contracts/arena/Scoring.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {Proof} from "./Halmos.sol";

/// @notice Whoever committed to one thing can reveal no other, anywhere.
/// @dev Keccak is taken to have no collisions. The Arena runs this module's code on storage of the same layout.
contract CommitmentsProofs is Proof {
    struct Preimage {
        uint256 chainId;
        address arena;
        uint256 task;
        uint256 round;
        address validator;
        bytes32 lanesHash;
        bytes32 vectorHash;
        bytes32 salt;
    }

    Scoring internal scoring;

    function setUp() public {
        scoring = new Scoring(IStakeVault(address(1)), ILedger(address(2)), 10);
        svm.enableSymbolicStorage(address(scoring));
    }

    /// @notice A reveal that the Arena accepts has chain, arena, task, round, validator, vector and
    /// salt of its commitment. Bound: chain ids below 2^64; any time, any state.
    function check_I11_revealIsWhatWasCommittedTo(
        Preimage memory p,
        uint256 chainId,
        uint256 time,
        uint256 task,
        uint256 round,
        uint256 index,
        bytes32 salt,
        bytes32 vectorHash
    ) public {
        vm.assume(chainId < 1 << 64); // EIP-2294
        vm.chainId(chainId);
        vm.warp(time);
        bytes32 commitment = keccak256(
            abi.encode(
                keccak256("covey.arena.scores"),
                p.chainId,
                p.arena,
                p.task,
                p.round,
                p.validator,
                p.lanesHash,
                p.vectorHash,
                p.salt
            )
        );
        vm.store(address(scoring), _commitmentSlot(task, index), commitment);
        (bool done,) =
            address(scoring).call(abi.encodeCall(scoring.revealKnownScores, (task, round, index, salt, vectorHash)));
        if (!done) return;
        vm.assertEq(p.chainId, chainId);
        vm.assertEq(p.arena, address(scoring));
        vm.assertEq(p.task, task);
        vm.assertEq(p.round, round);
        vm.assertEq(p.validator, _validator(task, index));
        vm.assertEq(p.vectorHash, vectorHash);
        vm.assertEq(p.salt, salt);
    }

    function _validator(uint256 task, uint256 index) private view returns (address hotKey) {
        return address(uint160(uint256(vm.load(address(scoring), keccak256(abi.encode(index, _taskSlot(task) + 11))))));
    }

    function _commitmentSlot(uint256 task, uint256 index) private pure returns (bytes32) {
        return keccak256(abi.encode(index, _taskSlot(task) + 15));
    }

    /// @dev Where a task lies (contracts/layout.json); slot 11 of it is the validators', slot 15 their commitments'.
    function _taskSlot(uint256 task) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(task, uint256(3))));
    }
}
