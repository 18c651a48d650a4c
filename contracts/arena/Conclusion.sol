// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Bitmaps} from "../libraries/Bitmaps.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {RewardCurve} from "../libraries/RewardCurve.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Conclusion: handles open, accounts are paid, slashed and released
/// @custom:invariant I-3 what is left when all accounts are concluded goes to the creator, or is burnt
/// @custom:invariant I-21 only the operator that a handle committed to opens it
contract Conclusion is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    uint256 private constant MAX_BOX = 256;

    function open(uint256 task, uint256 index, uint256 member, bytes32 tag, bytes32 nonce) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        if (p.status != Status.Ended || _openClosed(t.schedule, p)) revert WrongPhase(task);
        Member memory trainer = t.trainers[member];
        address operator = _vault.operatorOf(trainer.hotKey);
        if (operator == address(0) || _vault.hotKeyOf(operator) != msg.sender) revert NotAuthorized(msg.sender);
        Handle memory h = t.handles[index];
        if (trainer.handle != 0 || h.member != 0) revert AlreadyDone();
        if (t.openings[tag] != keccak256(abi.encode(index, keccak256(abi.encode(operator, nonce))))) {
            revert WrongOpening();
        }
        t.trainers[member].handle = uint16(index + 1);
        t.handles[index].member = uint16(member + 1);
        t.progress.opened = p.opened + 1;
        emit HandleOpened(task, index, member, operator, nonce);
    }

    function deliver(
        uint256 task,
        uint256 round,
        uint256 index,
        bytes32 plaintextHash,
        bytes32 manifestHash,
        bytes calldata box
    ) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        if (p.status != Status.Ended || block.timestamp >= _deliveryEnd(t.schedule, p)) revert WrongPhase(task);
        if (box.length > MAX_BOX) revert TooLong(box.length, MAX_BOX);
        if (_rank(t.rounds[round], index) == 0) revert NotAuthorized(msg.sender);
        if (t.rounds[round].publications[index] != keccak256(abi.encode(plaintextHash, keccak256(box), manifestHash))) {
            revert WrongOpening();
        }
        t.handles[index].delivered |= uint8(1 << round);
        emit Delivered(task, round, index, box);
    }

    function concludeTrainer(uint256 task, uint256 member) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        bool cancelled = p.status == Status.Cancelled;
        if (!cancelled && (!_openClosed(t.schedule, p) || p.untallied != 0)) revert WrongPhase(task);
        Member memory trainer = t.trainers[member];
        _checkConcluding(trainer);
        t.trainers[member].concluded = true;
        t.progress.concluded = p.concluded + 1;

        uint256 pay;
        uint256 slash;
        uint256 units;
        if (cancelled) {
            units = t.schedule.quota;
        } else if (trainer.handle == 0) {
            slash = _stakeWei(trainer);
        } else {
            Handle memory h = t.handles[trainer.handle - 1];
            pay = _trainerPay(t, p, trainer, h);
            slash = _trainerSlash(t, p, trainer, h);
            units = t.schedule.quota - MASK_UNITS - h.messages;
        }
        _concludeTrainer(task, t, trainer, member, pay, slash, units);
    }

    function concludeValidator(uint256 task, uint256 member) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        if (p.status != Status.Ended && p.status != Status.Cancelled) revert WrongPhase(task);
        Member memory validator = t.validators[member];
        _checkConcluding(validator);
        t.validators[member].concluded = true;
        t.progress.concluded = p.concluded + 1;

        uint256 pay;
        uint256 slash;
        if (p.status == Status.Ended) {
            uint96 bit = uint96(1 << member);
            pay = _validatorPay(t, p, validator, bit);
            slash = RewardCurve.slashDown(_stakeWei(validator), _absenceRate(t, p, bit));
        }
        address operator = _vault.operatorOf(validator.hotKey);
        (uint256 paid, uint256 delegated, uint256 burnt) = _payAndRelease(task, t, operator, pay, 0, slash);
        emit ValidatorConcluded(task, member, operator, paid, delegated, burnt);
        if (slash != 0) _payKeeper(task, t);
    }

    function claimDelegation(uint256 task, address operator, address delegator) external returns (uint256 amount) {
        Task storage t = _task(task);
        Delegation memory d = t.delegations[operator];
        if (t.delegationClaimed[operator][delegator]) revert AlreadyDone();
        if (d.amount == 0) revert NothingDelegated(delegator);
        uint112 shares = _vault.sharesAt(operator, d.generation, delegator, d.blockNumber - 1);
        if (shares == 0) revert NothingDelegated(delegator);
        uint112 all = _vault.delegatedSharesAt(operator, d.generation, d.blockNumber - 1);
        amount = RewardCurve.delegatorPayDown(d.amount, shares, all);

        t.delegationClaimed[operator][delegator] = true;
        d.claimedShares += shares;
        d.paid += uint96(amount);
        uint96 dust = d.claimedShares == all ? d.amount - d.paid : 0;
        d.paid += dust;
        t.delegations[operator] = d;
        t.accounts.owedToDelegators -= uint96(amount) + dust;
        _payIfAny(task, delegator, amount);
        _payIfAny(task, operator, dust);
        emit DelegationClaimed(task, operator, delegator, amount, dust);
    }

    function claimRelay(uint256 task, address relay) external returns (uint256 amount) {
        Task storage t = _task(task);
        uint256 units = t.relayUnits[relay];
        if (units == 0) revert AlreadyDone();
        t.relayUnits[relay] = 0;
        t.accounts.unitsPaid += uint32(units);
        amount = units * t.fees.relay;
        _payIfAny(task, relay, amount);
        emit RelayPaid(task, relay, units, amount);
    }

    function finish(uint256 task) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        if (p.status != Status.Ended && p.status != Status.Cancelled) revert WrongPhase(task);
        if (p.concluded != p.trainers + p.validators) revert WrongPhase(task);
        t.progress.status = Status.Finished;

        Accounts memory accounts = t.accounts;
        uint256 used = MASK_UNITS * uint256(p.handles);
        for (uint256 round; round < t.schedule.rounds; ++round) {
            used += t.rounds[round].counters.messages;
        }
        uint256 relay = t.fees.relay;
        uint256 burnt = (uint256(p.trainers) * t.schedule.quota - used - accounts.unitsReturned) * relay;
        uint256 waiting = (used - accounts.unitsPaid) * relay + accounts.owedToDelegators;
        uint256 refunded = _ledger.bucketOf(address(this), task) - waiting - burnt;
        if (p.cause == Cause.KeyMissing || p.cause == Cause.DatasetInvalid) (burnt, refunded) = (burnt + refunded, 0);
        if (burnt != 0) _ledger.burn(task, uint96(burnt));
        _payIfAny(task, t.funds.creator, refunded);
        emit TaskFinished(task, refunded, burnt);
    }

    // ── Trainers ───────────────────────────────────────────────────────────────────────────────────────────────────

    function _concludeTrainer(
        uint256 task,
        Task storage t,
        Member memory trainer,
        uint256 member,
        uint256 pay,
        uint256 slash,
        uint256 units
    ) private {
        address operator = _vault.operatorOf(trainer.hotKey);
        t.accounts.unitsReturned += uint32(units);
        uint256 returned = units * t.fees.relay;
        (uint256 paid, uint256 delegated, uint256 burnt) = _payAndRelease(task, t, operator, pay, returned, slash);
        emit TrainerConcluded(task, member, operator, paid, delegated, burnt, returned);
        if (slash != 0) _payKeeper(task, t);
    }

    function _trainerPay(Task storage t, Progress memory p, Member memory trainer, Handle memory h)
        private
        view
        returns (uint256 pay)
    {
        uint256 trainers;
        bool awaited = block.timestamp < _deliveryEnd(t.schedule, p);
        for (uint256 round; round < p.settled; ++round) {
            uint256 rank = _rank(t.rounds[round], trainer.handle - 1);
            if (rank == 0) continue;
            if ((h.delivered >> round) & 1 == 0) {
                if (awaited) revert AwaitingDelivery(round, _deliveryEnd(t.schedule, p));
                continue;
            }
            if (trainers == 0) (trainers,) = _pools(t, p);
            Result memory result = t.rounds[round].result;
            uint256 pool = RewardCurve.trainerPool(trainers, t.rules.delta, t.schedule.rounds, round);
            uint256 rankWeight = RewardCurve.FIRST_RANK;
            for (uint256 i = 1; i < rank; ++i) {
                rankWeight = RewardCurve.nextRankDown(rankWeight, t.rules.q);
            }
            uint256 points = rankWeight * trainer.stake;
            if (points != 0) pay += RewardCurve.trainerPayDown(pool, points, result.denominator);
            if (result.best == trainer.handle) pay += result.dust;
        }
    }

    function _trainerSlash(Task storage t, Progress memory p, Member memory trainer, Handle memory h)
        private
        view
        returns (uint256)
    {
        uint256 lock = _stakeWei(trainer);
        uint256 run = (1 << _roundsRun(p)) - 1;
        uint256 unpublished = Bitmaps.count(h.committed & ~uint256(h.published) & run);
        uint256 malformed;
        uint256 index = trainer.handle - 1;
        for (uint256 round; round < p.settled; ++round) {
            RoundData storage data = t.rounds[round];
            if (data.result.malformed) malformed += (data.malformed[index / 256] >> (index % 256)) & 1;
        }
        uint256 slash = unpublished * RewardCurve.slashDown(lock, t.rules.slashUnpublished) + malformed
            * RewardCurve.slashDown(lock, t.rules.slashMalformed);
        return slash < lock ? slash : lock;
    }

    /// @dev Until a second Open length is over, boxes may be posted, and nobody is concluded without one that is due.
    function _deliveryEnd(Schedule memory s, Progress memory p) private pure returns (uint256) {
        return uint256(p.endedAt) + 2 * uint256(s.open);
    }

    /// @dev A handle's rank in a settled round, from 1; zero if it is no winner.
    function _rank(RoundData storage data, uint256 handle) private view returns (uint256) {
        uint256 count = data.result.winners;
        uint256 word;
        for (uint256 i; i < count; ++i) {
            if (i % 16 == 0) word = data.winners[i / 16];
            if (word & 0xffff == handle) return i + 1;
            word >>= 16;
        }
        return 0;
    }

    // ── Validators ─────────────────────────────────────────────────────────────────────────────────────────────────

    function _validatorPay(Task storage t, Progress memory p, Member memory validator, uint96 bit)
        private
        view
        returns (uint256 pay)
    {
        uint256 weight = _weight(t, p, validator);
        for (uint256 round; round < p.settled; ++round) {
            RoundData storage data = t.rounds[round];
            uint256 count = data.result.paidVectors;
            for (uint256 i; i < count; ++i) {
                Vector memory v = data.paid[i];
                if (v.members & bit == 0) continue;
                pay += RewardCurve.shareOfVectorDown(v.pay, weight, v.weight);
                break;
            }
        }
    }

    /// @dev Slash rate for the first commit or reveal that the validator missed; it was out from then on.
    function _absenceRate(Task storage t, Progress memory p, uint96 bit) private view returns (uint256) {
        uint256 run = _roundsRun(p);
        for (uint256 round; round < run; ++round) {
            RoundData storage data = t.rounds[round];
            Panel memory panel = data.panel;
            if (!panel.keyPosted) continue;
            if (panel.committed & bit == 0) return t.rules.slashNoCommit;
            if (panel.revealed & bit == 0) return t.rules.slashNoReveal;
        }
        return 0;
    }

    // ── Money ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Splits pay between operator and delegators, then burns and frees the lock (what time left of it).
    /// @param returned wei for the operator alone
    function _payAndRelease(
        uint256 task,
        Task storage t,
        address operator,
        uint256 pay,
        uint256 returned,
        uint256 slash
    ) private returns (uint256 paid, uint256 delegated, uint256 burnt) {
        if (pay != 0) {
            IStakeVault.Lock memory lock = _vault.lockOf(address(this), operator, task);
            delegated = RewardCurve.delegatorsPartDown(pay, t.rules.sigma, lock.delegatedRatio);
            if (delegated != 0) {
                t.delegations[operator] = Delegation({
                    amount: uint96(delegated),
                    paid: 0,
                    blockNumber: lock.blockNumber,
                    claimedShares: 0,
                    generation: lock.generation
                });
                t.accounts.owedToDelegators += uint96(delegated);
            }
            paid = pay - delegated;
        }
        _payIfAny(task, operator, paid + returned);
        burnt = _vault.settleLock(operator, task, uint96(slash));
    }

    function _payIfAny(uint256 task, address account, uint256 amount) private {
        if (amount != 0) _ledger.pay(task, account, uint96(amount));
    }

    function _checkConcluding(Member memory member) private pure {
        if (member.hotKey == address(0)) revert NotAuthorized(address(0));
        if (member.concluded) revert AlreadyDone();
    }

    function _stakeWei(Member memory member) private pure returns (uint256) {
        return member.stake * GWEI;
    }
}
