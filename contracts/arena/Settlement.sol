// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Ranking} from "../libraries/Ranking.sol";
import {RewardCurve} from "../libraries/RewardCurve.sol";
import {ScoreMatrix} from "../libraries/ScoreMatrix.sol";
import {Weights} from "../libraries/Weights.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Settlement: a round's consensus, ranking and pay from a checked witness
/// @notice One permissionless call; its cost does not grow with the number of validators, only with distinct vectors.
/// @custom:invariant I-12, I-13, I-15
contract Settlement is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    /// @dev What both halves of settling share, in memory to spare the stack.
    struct Settling {
        uint256 task;
        uint256 round;
        uint256 lanes;
        uint256 trainerPool;
        uint256 validatorPool;
        uint256 passMark;
    }

    function settle(uint256 task, Witness calldata witness) external {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        Settling memory x;
        x.task = task;
        x.round = p.settled;
        RoundData storage data = t.rounds[x.round];
        uint8 rounds = _checkSettleable(task, t, p, data);
        x.lanes = data.counters.published;
        (uint256 trainers, uint256 validators) = _pools(t, p);
        x.trainerPool = RewardCurve.trainerPool(trainers, t.rules.delta, rounds, x.round);
        x.validatorPool = RewardCurve.validatorPool(validators, rounds, x.round);

        (ScoreMatrix.Tally memory checked, uint8 paidVectors) = _settleVectors(t, data, p.guess, witness, x);
        bool malformed = _markMalformed(data, checked.malformed);
        uint16 best = _settleWinners(t, data, witness, checked.counted, x);

        Result storage result = data.result;
        result.winners = uint16(witness.winners.length);
        result.counted = uint16(checked.counted);
        result.paidVectors = paidVectors;
        result.malformed = malformed;
        if (witness.winners.length != 0) {
            p.guess = best;
            p.untallied++;
        }
        p.active = uint16(Bitmaps.count(data.panel.revealed));
        p.activeWeight = data.panel.weight;
        t.progress = p;
        _passRound(task, t, rounds);
        _payKeeper(task, t);
    }

    function tally(uint256 task, uint256 round) external {
        Task storage t = _task(task);
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        if (!_openClosed(s, p)) revert WrongPhase(task);
        RoundData storage data = t.rounds[round];
        Result memory result = data.result;
        if (result.winners == 0 || result.tallied) revert AlreadyDone();
        (uint256 trainers,) = _pools(t, p);
        uint256 pool = RewardCurve.trainerPool(trainers, t.rules.delta, s.rounds, round);

        uint256[] memory points = new uint256[](result.winners);
        uint256 rankWeight = RewardCurve.FIRST_RANK;
        uint256 q = t.rules.q;
        uint256 all;
        for (uint256 i; i < points.length; ++i) {
            uint256 handle = (data.winners[i / 16] >> ((i % 16) * 16)) & 0xffff;
            uint256 member = t.handles[handle].member;
            if (member != 0) {
                points[i] = rankWeight * t.trainers[member - 1].stake;
                all += points[i];
                if (result.best == 0) result.best = uint16(handle + 1);
            }
            rankWeight = RewardCurve.nextRankDown(rankWeight, q);
        }
        if (all != 0) {
            uint256 dust = pool;
            for (uint256 i; i < points.length; ++i) {
                dust -= RewardCurve.trainerPayDown(pool, points[i], all);
            }
            result.dust = uint16(dust);
        }
        result.tallied = true;
        result.denominator = uint136(all);
        data.result = result;
        t.progress.untallied = p.untallied - 1;
        emit RoundTallied(task, round, all, result.best, result.dust);
        _payKeeper(task, t);
    }

    function _checkSettleable(uint256 task, Task storage t, Progress memory p, RoundData storage data)
        private
        view
        returns (uint8 rounds)
    {
        Schedule memory s = t.schedule;
        if (p.status != Status.Running || !_maskClosed(s, p) || !_over(t, s, p, p.settled)) revert WrongPhase(task);
        Panel memory panel = data.panel;
        if (
            data.counters.published == 0 || !Weights.hasQuorum(panel.weight, p.activeWeight, p.totalWeight)
                || Weights.rejectsData(panel.invalidWeight, panel.weight)
        ) revert NotSettleable(p.settled);
        return s.rounds;
    }

    /// @dev Checks the consensus against all revealed vectors, and pays the best vectors.
    function _settleVectors(
        Task storage t,
        RoundData storage data,
        uint16 guess,
        Witness calldata witness,
        Settling memory x
    ) private returns (ScoreMatrix.Tally memory result, uint8 paid) {
        uint256 size = Lanes.size(x.lanes);
        uint256 count = data.panel.vectors;
        if (witness.vectors.length != count * size) revert WrongVectors();
        Vector[] memory vectors = new Vector[](count);
        uint256[] memory weights = new uint256[](count);
        uint256[] memory ordinals = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            Vector memory v = data.vectors[keccak256(ScoreMatrix.vectorAt(witness.vectors, i, x.lanes))];
            if (v.ordinal == 0) revert WrongVectors();
            vectors[i] = v;
            weights[i] = v.weight;
            ordinals[i] = v.ordinal;
        }
        bytes calldata medians = ScoreMatrix.consensus(witness.vectors, witness.medians, x.lanes);
        result = ScoreMatrix.check(
            witness.vectors,
            weights,
            medians,
            ScoreMatrix.Rule({n: x.lanes, baseline: t.bars.baseline, epsilon: t.rules.epsilon, guess: guess})
        );
        Ranking.checkVectors(result.agreement, weights, ordinals);

        x.passMark = RewardCurve.passMark(t.rules.tau, result.counted, result.guessed);
        uint256[] memory pays =
            RewardCurve.vectorPays(x.validatorPool, result.agreement, weights, x.passMark, t.bars.k2);
        for (uint256 i; i < count; ++i) {
            if (pays[i] == 0) continue;
            vectors[i].pay = uint96(pays[i]);
            data.paid[paid++] = vectors[i];
            emit VectorPaid(x.task, x.round, vectors[i].ordinal - 1, pays[i]);
        }
    }

    /// @dev Notes by handle which models are malformed by consensus.
    function _markMalformed(RoundData storage data, uint256[] memory lanes) private returns (bool any) {
        for (uint256 word; word < lanes.length; ++word) {
            uint256 bits = lanes[word];
            for (uint256 lane = word * 256; bits != 0; ++lane) {
                if (bits & 1 == 1) {
                    uint256 handle = (data.lanes[lane / 8] >> ((lane % 8) * 32)) & 0xffff;
                    data.malformed[handle / 256] |= 1 << (handle % 256);
                    any = true;
                }
                bits >>= 1;
            }
        }
    }

    /// @dev Checks the ranking and notes each winner's rank.
    /// @return best consensus of the first winner
    function _settleWinners(
        Task storage t,
        RoundData storage data,
        Witness calldata witness,
        uint256 counted,
        Settling memory x
    ) private returns (uint16 best) {
        bytes calldata medians = ScoreMatrix.consensus(witness.vectors, witness.medians, x.lanes);
        uint256[] memory handles = Ranking.checkWinners(
            data.lanes,
            medians,
            witness.winners,
            Ranking.Rule({
                n: x.lanes,
                counted: counted,
                places: t.bars.k1,
                baseline: t.bars.baseline,
                mu: t.rules.mu,
                shardKey: data.key
            })
        );
        uint256 word;
        for (uint256 i; i < handles.length; ++i) {
            word |= handles[i] << ((i % 16) * 16);
            if (i % 16 == 15 || i + 1 == handles.length) {
                data.winners[i / 16] = word;
                word = 0;
            }
        }
        if (handles.length != 0) best = uint16(Lanes.lane(medians, witness.winners[0]));
        emit RoundSettled(x.task, x.round, counted, x.passMark, x.trainerPool, x.validatorPool, handles);
    }
}
