// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAllianceEvents} from "../interfaces/IAlliance.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {ScoreMatrix} from "../libraries/ScoreMatrix.sol";

/// @title Ballots: what a round's voters decided, from a checked witness
/// @notice Voters are counted in ascending order; all arrays here are in that order.
/// @custom:invariant I-10, I-13
library Ballots {
    /// @param top ordinal of the result with most weight
    /// @param undecided whether it has no more than half: who serves an update to some voters only can split the honest
    /// ones, and must not let a minority speak for all
    /// @param inFavour, against weights of the votes for `top`
    struct Count {
        uint256 top;
        bool undecided;
        uint256 inFavour;
        uint256 against;
    }

    function resultHash(IAllianceEvents.Result calldata result) internal pure returns (bytes32) {
        return keccak256(abi.encode(result.aggregateHash, result.accepted));
    }

    /// @notice All that a voter finds, in a word.
    function ballotHash(bytes32 result, bool inFavour, bytes32 vector) internal pure returns (bytes32) {
        return keccak256(abi.encode(result, inFavour, vector));
    }

    /// @notice Checks the witness against what was revealed, and counts.
    /// @param lanes published updates
    /// @param revealed ballot hashes
    /// @param weights of the voters
    function count(
        IAllianceEvents.Witness calldata witness,
        uint256 lanes,
        bytes32[] memory revealed,
        uint256[] memory weights
    ) internal pure returns (Count memory c) {
        bytes32[] memory results = _resultHashes(witness);
        bytes32[] memory vectors = _vectorHashes(witness.vectors, lanes);
        uint256[] memory inFavour = new uint256[](results.length);
        uint256[] memory against = new uint256[](results.length);
        _require(witness.ballots.length == revealed.length);
        for (uint256 i; i < revealed.length; ++i) {
            IAllianceEvents.Ballot calldata b = witness.ballots[i];
            _require(b.result < results.length && b.vector < vectors.length);
            _require(ballotHash(results[b.result], b.inFavour, vectors[b.vector]) == revealed[i]);
            if (b.inFavour) inFavour[b.result] += weights[i];
            else against[b.result] += weights[i];
        }
        (uint256 all, uint256 most) = (0, 0);
        for (uint256 r; r < results.length; ++r) {
            uint256 support = inFavour[r] + against[r];
            all += support;
            if (support > most) (most, c.top) = (support, r);
        }
        c.undecided = 2 * most <= all;
        (c.inFavour, c.against) = (inFavour[c.top], against[c.top]);
    }

    /// @notice Reverts unless the witness' medians are the contributions' weighted lower medians over the voters for
    /// `top`.
    function checkMedians(
        IAllianceEvents.Witness calldata witness,
        uint256 lanes,
        uint256 top,
        uint256[] memory weights
    ) internal pure {
        uint256[] memory support = new uint256[](witness.vectors.length / Lanes.size(lanes));
        for (uint256 i; i < weights.length; ++i) {
            IAllianceEvents.Ballot calldata b = witness.ballots[i];
            if (b.result == top) support[b.vector] += weights[i];
        }
        ScoreMatrix.check(
            witness.vectors, support, witness.medians, ScoreMatrix.Rule({n: lanes, baseline: 0, epsilon: 0, guess: 0})
        );
    }

    /// @dev In ascending order, so that none stands there twice.
    function _resultHashes(IAllianceEvents.Witness calldata witness) private pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](witness.results.length);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = resultHash(witness.results[i]);
            _require(i == 0 || hashes[i] > hashes[i - 1]);
        }
    }

    function _vectorHashes(bytes calldata vectors, uint256 lanes) private pure returns (bytes32[] memory hashes) {
        uint256 size = Lanes.size(lanes);
        _require(vectors.length % size == 0);
        hashes = new bytes32[](vectors.length / size);
        for (uint256 i; i < hashes.length; ++i) {
            hashes[i] = keccak256(ScoreMatrix.vectorAt(vectors, i, lanes));
        }
    }

    function _require(bool holds) private pure {
        if (!holds) revert IAllianceEvents.WrongWitness();
    }
}
