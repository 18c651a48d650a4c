// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title RewardCurve: who earns what of a bounty
/// @notice Amounts are wei below 2^96, stakes gwei below 2^64 (sums of them below 2^77), rates parts per million. Within
/// these bounds no product reaches 2^256. Every division rounds down; what rounding leaves over has an owner: the last
/// round of a pool, the last vector of a cumulative sum, the best opened trainer, the task's remainder.
/// @custom:invariant I-3, I-9
library RewardCurve {
    uint256 internal constant PPM = 1_000_000;
    /// @notice Weight of the first rank.
    uint256 internal constant FIRST_RANK = 1e18;
    /// @notice The whole of a pool in the vault's shares of delegation.
    uint256 internal constant WHOLE_SHARE = 65_535;

    /// @notice Splits what a task pays between its trainers and its validators.
    /// @param distributed bounty less fee reserve: P
    /// @param gamma part of each side that does not depend on stakes: at most PPM / 2
    /// @param trainerStake sum of trainers' stakes when Enrol closed
    /// @param validatorStake sum of validators' stakes; both sums together at least 1
    function split(uint256 distributed, uint256 gamma, uint256 trainerStake, uint256 validatorStake)
        internal
        pure
        returns (uint256 trainers, uint256 validators)
    {
        uint256 stake = trainerStake + validatorStake;
        trainers = distributed * (gamma * stake + (PPM - 2 * gamma) * trainerStake) / (PPM * stake);
        validators = distributed - trainers;
    }

    /// @notice Trainers' pool T_r of one round: a share δ for all rounds but the last, what is left for the last.
    function trainerPool(uint256 trainers, uint256 delta, uint256 rounds, uint256 round)
        internal
        pure
        returns (uint256)
    {
        if (rounds == 1) return trainers;
        uint256 early = trainers * delta / PPM / (rounds - 1);
        return round + 1 < rounds ? early : trainers - (rounds - 1) * early;
    }

    /// @notice Validators' pool V_r of one round: equal parts, what is left for the last.
    function validatorPool(uint256 validators, uint256 rounds, uint256 round) internal pure returns (uint256) {
        uint256 equal = validators / rounds;
        return round + 1 < rounds ? equal : validators - (rounds - 1) * equal;
    }

    /// @notice Weight g of the next rank.
    function nextRankDown(uint256 rankWeight, uint256 q) internal pure returns (uint256) {
        return rankWeight * q / PPM;
    }

    /// @notice Pay of an opened winner; what the floors leave of the pool goes to the best opened one.
    /// @param pool T_r
    /// @param points g·t of the winner
    /// @param allPoints sum of g·t over the opened winners: at least `points`, at least 1
    function trainerPayDown(uint256 pool, uint256 points, uint256 allPoints) internal pure returns (uint256) {
        return pool * points / allPoints;
    }

    /// @notice Agreement below which a vector earns nothing, times PPM: θ = max(τ·C, PPM·b).
    function passMark(uint256 tau, uint256 counted, uint256 guessed) internal pure returns (uint256) {
        uint256 rule = tau * counted;
        uint256 guess = PPM * guessed;
        return rule > guess ? rule : guess;
    }

    /// @notice What each vector earns, in order of pay: the first k2 with a claim w·max(0, PPM·a − θ) share the pool by
    /// cumulative rounding, so that the pays sum to the pool exactly, or to zero if nobody has a claim.
    /// @param pool V_r
    /// @param agreement per vector, in the order that `Ranking.checkVectors` demands
    function vectorPays(uint256 pool, uint256[] memory agreement, uint256[] memory weights, uint256 mark, uint256 k2)
        internal
        pure
        returns (uint256[] memory pays)
    {
        pays = new uint256[](agreement.length);
        uint256 total;
        for (uint256 i; i < pays.length && k2 != 0; ++i) {
            uint256 claim = _claim(agreement[i], weights[i], mark);
            if (claim == 0) continue;
            pays[i] = claim;
            total += claim;
            --k2;
        }
        uint256 claimed;
        uint256 paid;
        for (uint256 i; claimed != total; ++i) {
            claimed += pays[i];
            uint256 due = pool * claimed / total;
            pays[i] = due - paid;
            paid = due;
        }
    }

    /// @notice A validator's part of its vector's pay, whatever the order of reveals; the dust goes where the task's
    /// remainder goes.
    /// @param weight the validator's own
    /// @param total the vector's: at least 1
    function shareOfVectorDown(uint256 pay, uint256 weight, uint256 total) internal pure returns (uint256) {
        return pay * weight / total;
    }

    /// @notice Part of a member's pay that goes to its delegators.
    /// @param sigma operator's commission
    /// @param delegated delegated share of the pool at the lock, in 1/65,535
    function delegatorsPartDown(uint256 pay, uint256 sigma, uint256 delegated) internal pure returns (uint256) {
        return pay * (PPM - sigma) * delegated / (PPM * WHOLE_SHARE);
    }

    /// @notice One delegator's part; shares below 2^160.
    function delegatorPayDown(uint256 part, uint256 shares, uint256 allShares) internal pure returns (uint256) {
        return part * shares / allShares;
    }

    /// @notice Burnt of a lock for one fault.
    function slashDown(uint256 lock, uint256 rate) internal pure returns (uint256) {
        return lock * rate / PPM;
    }

    function _claim(uint256 agreement, uint256 weight, uint256 mark) private pure returns (uint256) {
        uint256 points = PPM * agreement;
        return points > mark ? weight * (points - mark) : 0;
    }
}
