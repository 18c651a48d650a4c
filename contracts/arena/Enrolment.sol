// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Enrolment of trainers and validators
/// @custom:invariant I-8 the weight of a member is what it locked here
contract Enrolment is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    function enrolTrainer(uint256 task, uint64 stake, uint256 x, uint256 y) external returns (uint256 index) {
        if (address(uint160(uint256(keccak256(abi.encode(x, y))))) != msg.sender) revert WrongPublicKey(msg.sender);
        Task storage t = _enrolling(task, stake, true);
        Places memory places = t.places;
        uint16 count = t.progress.trainers;
        uint64 gone;
        (index, gone) = _place(task, t, true, count, places.maxTrainers, stake);
        if (index == count) t.progress.trainers = count + 1;
        t.places.trainerStakes = places.trainerStakes - gone + stake;
        t.trainers[index] = Member({hotKey: msg.sender, stake: stake, handle: 0, concluded: false});
        address operator = _lock(task, t, stake);
        uint96 quota = _quota(t);
        if (quota != 0) _ledger.charge(operator, task, quota);
        emit TrainerEnrolled(task, index, operator, msg.sender, stake, x, y);
    }

    function enrolValidator(uint256 task, uint64 stake, bytes32 boxKey, bytes32 shardsHash)
        external
        returns (uint256 index)
    {
        if (boxKey == 0) revert WrongBoxKey();
        Task storage t = _enrolling(task, stake, false);
        if (shardsHash != t.shardsHash) revert WrongShards(task);
        Places memory places = t.places;
        uint16 count = t.progress.validators;
        uint64 gone;
        (index, gone) = _place(task, t, false, count, places.maxValidators, stake);
        if (index == count) t.progress.validators = count + 1;
        t.places.validatorStakes = places.validatorStakes - gone + stake;
        t.validators[index] = Member({hotKey: msg.sender, stake: stake, handle: 0, concluded: false});
        t.scoreCommitments[index] = boxKey;
        address operator = _lock(task, t, stake);
        emit ValidatorEnrolled(task, index, operator, msg.sender, stake, boxKey);
    }

    function _enrolling(uint256 task, uint64 stake, bool trainer) private view returns (Task storage t) {
        t = _task(task);
        if (t.progress.status != Status.Enrolling || block.timestamp >= t.schedule.enrolEnd) revert WrongPhase(task);
        uint64 min = trainer ? t.bars.minTrainerStake : t.bars.minValidatorStake;
        if (stake < min) revert StakeTooSmall(stake, min);
    }

    /// @dev One lock per operator and task, so nobody has two places or both roles.
    function _lock(uint256 task, Task storage t, uint64 stake) private returns (address) {
        return _vault.lock(msg.sender, task, uint96(stake * GWEI), uint48(_lastSecond(t.schedule)));
    }

    /// @dev The next free place, or in a full task the place of the smallest lock (the latest of equals).
    /// @return index the place
    /// @return gone gwei of the lock that left it
    function _place(uint256 task, Task storage t, bool trainer, uint256 count, uint256 max, uint64 stake)
        private
        returns (uint256 index, uint64 gone)
    {
        if (count < max) return (count, 0);
        mapping(uint256 => Member) storage members = trainer ? t.trainers : t.validators;
        gone = type(uint64).max;
        for (uint256 i; i < count; ++i) {
            uint64 other = members[i].stake;
            if (other <= gone) (index, gone) = (i, other);
        }
        if (uint256(stake) * 10 < uint256(gone) * 11) revert TaskFull(gone);
        address operator = _vault.operatorOf(members[index].hotKey);
        _vault.release(operator, task);
        if (trainer) {
            uint96 quota = _quota(t);
            if (quota != 0) _ledger.pay(task, operator, quota);
        }
        emit Evicted(task, index, operator, trainer);
    }

    /// @dev Wei that a trainer prepays for its messages: units below 2^10, of fees below 2^80.
    function _quota(Task storage t) private view returns (uint96) {
        return uint96(uint256(t.schedule.quota) * t.fees.relay);
    }
}
