// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Lanes} from "../../contracts/libraries/Lanes.sol";
import {Ranking} from "../../contracts/libraries/Ranking.sol";
import {RewardCurve} from "../../contracts/libraries/RewardCurve.sol";
import {ScoreMatrix} from "../../contracts/libraries/ScoreMatrix.sol";
import {Weights} from "../../contracts/libraries/Weights.sol";

/// @notice The settlement libraries as calls: one by one, and composed into a whole round for the differential test.
contract SettlementHarness {
    mapping(uint256 slot => uint256) internal _entries;

    struct Money {
        uint256 distributed;
        uint256 gamma;
        uint256 delta;
        uint256 q;
        uint256 sigma;
        uint256 tau;
        uint256 rounds;
        uint256 round;
        uint256 k2;
    }

    /// @param validatorVector place of each validator's vector in `vectors`
    /// @param trainerOf per handle index: trainer that opened it plus one, zero if nobody did
    /// @param delegated per validator and per trainer: delegated share of its pool in 1/65,535
    struct Round {
        bytes vectors;
        bytes medians;
        uint256[] winners;
        uint256[] firstReveals;
        uint256[] entries;
        uint256[] validatorStakes;
        uint256[] validatorVector;
        uint256[] validatorDelegated;
        uint256[] trainerStakes;
        uint256[] trainerOf;
        uint256[] trainerDelegated;
        ScoreMatrix.Rule matrix;
        Ranking.Rule ranking;
        Money money;
    }

    struct Outcome {
        uint256[] weights;
        ScoreMatrix.Tally tally;
        uint256 passMark;
        uint256[] winners;
        uint256[] vectorPays;
        uint256[] validatorPays;
        uint256[] validatorsDelegated;
        uint256[] trainerPays;
        uint256[] trainersDelegated;
    }

    function validate(bytes calldata vector, uint256 n) external pure {
        Lanes.validate(vector, n);
    }

    function lane(bytes calldata vector, uint256 i) external pure returns (uint256) {
        return Lanes.lane(vector, i);
    }

    function check(
        bytes calldata vectors,
        uint256[] calldata weights,
        bytes calldata medians,
        ScoreMatrix.Rule calldata rule
    ) external view returns (ScoreMatrix.Tally memory tally, uint256 gasUsed) {
        uint256[] memory copied = weights;
        ScoreMatrix.Rule memory copiedRule = rule;
        gasUsed = gasleft();
        tally = ScoreMatrix.check(vectors, copied, ScoreMatrix.consensus(vectors, medians, rule.n), copiedRule);
        gasUsed -= gasleft();
    }

    function setEntries(uint256[] calldata words) public {
        for (uint256 i; i < words.length; ++i) {
            _entries[i] = words[i];
        }
    }

    function checkWinners(bytes calldata medians, uint256[] calldata winners, Ranking.Rule calldata rule)
        external
        view
        returns (uint256[] memory)
    {
        return Ranking.checkWinners(_entries, medians, winners, rule);
    }

    function checkVectors(uint256[] calldata agreement, uint256[] calldata weights, uint256[] calldata firstReveals)
        external
        pure
    {
        Ranking.checkVectors(agreement, weights, firstReveals);
    }

    function vectorPays(
        uint256 pool,
        uint256[] calldata agreement,
        uint256[] calldata weights,
        uint256 mark,
        uint256 k2
    ) external pure returns (uint256[] memory) {
        return RewardCurve.vectorPays(pool, agreement, weights, mark, k2);
    }

    function settleAll(Round[] calldata rounds) external returns (Outcome[] memory outcomes) {
        outcomes = new Outcome[](rounds.length);
        for (uint256 i; i < rounds.length; ++i) {
            outcomes[i] = settle(rounds[i]);
        }
    }

    function settle(Round calldata round) public returns (Outcome memory outcome) {
        setEntries(round.entries);
        outcome.weights = _weights(round.validatorStakes);
        uint256[] memory vectorWeights = new uint256[](round.firstReveals.length);
        for (uint256 i; i < outcome.weights.length; ++i) {
            vectorWeights[round.validatorVector[i]] += outcome.weights[i];
        }
        bytes calldata medians = ScoreMatrix.consensus(round.vectors, round.medians, round.matrix.n);
        outcome.tally = ScoreMatrix.check(round.vectors, vectorWeights, medians, round.matrix);
        Ranking.Rule memory ranking = round.ranking;
        ranking.counted = outcome.tally.counted;
        outcome.winners = Ranking.checkWinners(_entries, medians, round.winners, ranking);
        Ranking.checkVectors(outcome.tally.agreement, vectorWeights, round.firstReveals);
        _pay(round, outcome, vectorWeights);
    }

    function _weights(uint256[] calldata stakes) private pure returns (uint256[] memory weights) {
        weights = new uint256[](stakes.length);
        uint256 total = _sum(stakes);
        uint256 largest = Weights.cap(total, stakes.length);
        for (uint256 i; i < stakes.length; ++i) {
            weights[i] = Weights.weightDown(stakes[i], largest, total);
        }
    }

    function _pay(Round calldata round, Outcome memory outcome, uint256[] memory vectorWeights) private pure {
        Money calldata money = round.money;
        (uint256 trainers, uint256 validators) =
            RewardCurve.split(money.distributed, money.gamma, _sum(round.trainerStakes), _sum(round.validatorStakes));
        outcome.passMark = RewardCurve.passMark(money.tau, outcome.tally.counted, outcome.tally.guessed);
        outcome.vectorPays = RewardCurve.vectorPays(
            RewardCurve.validatorPool(validators, money.rounds, money.round),
            outcome.tally.agreement,
            vectorWeights,
            outcome.passMark,
            money.k2
        );
        _payValidators(round, outcome, vectorWeights);
        _payTrainers(round, outcome, RewardCurve.trainerPool(trainers, money.delta, money.rounds, money.round));
    }

    function _payValidators(Round calldata round, Outcome memory outcome, uint256[] memory vectorWeights) private pure {
        uint256 count = round.validatorStakes.length;
        outcome.validatorPays = new uint256[](count);
        outcome.validatorsDelegated = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 v = round.validatorVector[i];
            if (outcome.vectorPays[v] == 0) continue;
            outcome.validatorPays[i] =
                RewardCurve.shareOfVectorDown(outcome.vectorPays[v], outcome.weights[i], vectorWeights[v]);
            outcome.validatorsDelegated[i] = RewardCurve.delegatorsPartDown(
                outcome.validatorPays[i], round.money.sigma, round.validatorDelegated[i]
            );
        }
    }

    function _payTrainers(Round calldata round, Outcome memory outcome, uint256 pool) private pure {
        uint256[] memory points = new uint256[](outcome.winners.length);
        uint256 all;
        uint256 rank = RewardCurve.FIRST_RANK;
        for (uint256 i; i < points.length; ++i) {
            uint256 trainer = round.trainerOf[outcome.winners[i]];
            if (trainer != 0) points[i] = rank * round.trainerStakes[trainer - 1];
            all += points[i];
            rank = RewardCurve.nextRankDown(rank, round.money.q);
        }
        outcome.trainerPays = new uint256[](points.length);
        outcome.trainersDelegated = new uint256[](points.length);
        if (all == 0) return;
        uint256 dust = pool;
        uint256 best = type(uint256).max;
        for (uint256 i; i < points.length; ++i) {
            if (round.trainerOf[outcome.winners[i]] == 0) continue;
            if (best == type(uint256).max) best = i;
            outcome.trainerPays[i] = RewardCurve.trainerPayDown(pool, points[i], all);
            dust -= outcome.trainerPays[i];
        }
        outcome.trainerPays[best] += dust;
        for (uint256 i; i < points.length; ++i) {
            uint256 trainer = round.trainerOf[outcome.winners[i]];
            if (trainer == 0) continue;
            outcome.trainersDelegated[i] = RewardCurve.delegatorsPartDown(
                outcome.trainerPays[i], round.money.sigma, round.trainerDelegated[trainer - 1]
            );
        }
    }

    function _sum(uint256[] calldata values) private pure returns (uint256 sum) {
        for (uint256 i; i < values.length; ++i) {
            sum += values[i];
        }
    }
}
