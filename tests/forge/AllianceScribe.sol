// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAlliance, IAllianceTypes} from "../../contracts/interfaces/IAlliance.sol";
import {Weights} from "../../contracts/libraries/Weights.sol";

/// @notice What clients and keepers work out for themselves: commitments, openings, and the witness of a round.
contract AllianceScribe is IAllianceTypes {
    IAlliance private immutable alliance;

    constructor(IAlliance alliance_) {
        alliance = alliance_;
    }

    // ── Clients ────────────────────────────────────────────────────────────────────────────────────────────────────

    function update(uint256 task, uint256 round, uint256 client) public pure returns (Update memory) {
        bytes32 h = keccak256(abi.encode("update", task, round, client));
        return Update({updateHash: h, samples: uint32(100 + client), cid: "bafkqaaa", salt: keccak256(abi.encode(h))});
    }

    function commitment(uint256 task, uint256 round, address hotKey, Update memory u) public view returns (bytes32) {
        bytes32 content = keccak256(abi.encode(u.updateHash, u.samples, keccak256(bytes(u.cid))));
        bytes32 tag = keccak256("covey.alliance.update");
        return keccak256(abi.encode(tag, block.chainid, alliance, task, round, hotKey, content, u.salt));
    }

    /// @notice A vote by the rules: for an aggregate of all updates, none of which stands out.
    function vote(uint256 task, uint256 round, uint256 client) public view returns (Vote memory v) {
        Round memory r = alliance.roundOf(task);
        v.result = Result(keccak256(abi.encode("aggregate", task, round)), r.proposers & r.opened);
        v.inFavour = true;
        v.contributions = repeated(16_384, members(r.proposers & r.opened).length);
        v.salt = keccak256(abi.encode("salt", task, round, client));
    }

    function commitment(uint256 task, uint256 round, address hotKey, Vote memory v) public view returns (bytes32) {
        bytes32 transcript = alliance.transcriptOf(task);
        bytes32 tag = keccak256("covey.alliance.vote");
        return keccak256(abi.encode(tag, block.chainid, alliance, task, round, hotKey, transcript, ballot(v), v.salt));
    }

    function ballot(Vote memory v) public pure returns (bytes32) {
        return keccak256(abi.encode(resultHash(v.result), v.inFavour, keccak256(v.contributions)));
    }

    function resultHash(Result memory result) public pure returns (bytes32) {
        return keccak256(abi.encode(result.aggregateHash, result.accepted));
    }

    // ── Keepers ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice The witness for what was revealed; `votes` are all of the round, by client. Empty, when the chain wants none.
    function witness(uint256 task, Vote[] calldata votes) external view returns (Witness memory w) {
        Round memory r = alliance.roundOf(task);
        uint256[] memory voters = members(r.voters & r.opened);
        uint256 lanes = members(r.proposers & r.opened).length;
        if (voters.length == 0) return w;
        w.ballots = new Ballot[](voters.length);
        _results(w, votes, voters);
        bytes[] memory vectors = _vectors(w, votes, voters);
        uint256[] memory weights = new uint256[](vectors.length);
        uint256 top = _top(task, r.voters, w, voters);
        for (uint256 i; i < voters.length; ++i) {
            if (w.ballots[i].result == top) weights[w.ballots[i].vector] += weightOf(task, r.voters, voters[i]);
        }
        w.medians = medians(vectors, weights, lanes);
    }

    function weightOf(uint256 task, uint256 voters, uint256 client) public view returns (uint256) {
        uint256[] memory all = members(voters);
        uint256 stakes;
        for (uint256 i; i < all.length; ++i) {
            stakes += alliance.clientOf(task, all[i]).stake;
        }
        return Weights.weightDown(alliance.clientOf(task, client).stake, Weights.cap(stakes, all.length), stakes);
    }

    function _results(Witness memory w, Vote[] calldata votes, uint256[] memory voters) private pure {
        Result[] memory found = new Result[](voters.length);
        bytes32[] memory hashes = new bytes32[](voters.length);
        uint256 count;
        for (uint256 i; i < voters.length; ++i) {
            bytes32 hash = resultHash(votes[voters[i]].result);
            uint256 place;
            while (place < count && hashes[place] < hash) ++place;
            if (place < count && hashes[place] == hash) continue;
            for (uint256 j = count++; j > place; --j) {
                (hashes[j], found[j]) = (hashes[j - 1], found[j - 1]);
            }
            (hashes[place], found[place]) = (hash, votes[voters[i]].result);
        }
        w.results = new Result[](count);
        for (uint256 i; i < count; ++i) {
            w.results[i] = found[i];
        }
        for (uint256 i; i < voters.length; ++i) {
            uint8 place;
            while (hashes[place] != resultHash(votes[voters[i]].result)) ++place;
            w.ballots[i].result = place;
            w.ballots[i].inFavour = votes[voters[i]].inFavour;
        }
    }

    function _vectors(Witness memory w, Vote[] calldata votes, uint256[] memory voters)
        private
        pure
        returns (bytes[] memory vectors)
    {
        bytes[] memory found = new bytes[](voters.length);
        uint8 count;
        for (uint256 i; i < voters.length; ++i) {
            bytes memory vector = votes[voters[i]].contributions;
            uint8 place;
            while (place < count && keccak256(found[place]) != keccak256(vector)) ++place;
            if (place == count) {
                found[count++] = vector;
                w.vectors = bytes.concat(w.vectors, vector);
            }
            w.ballots[i].vector = place;
        }
        vectors = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            vectors[i] = found[i];
        }
    }

    function _top(uint256 task, uint256 all, Witness memory w, uint256[] memory voters)
        private
        view
        returns (uint256 top)
    {
        uint256[] memory support = new uint256[](w.results.length);
        for (uint256 i; i < voters.length; ++i) {
            support[w.ballots[i].result] += weightOf(task, all, voters[i]);
        }
        for (uint256 i; i < support.length; ++i) {
            if (support[i] > support[top]) top = i;
        }
    }

    // ── Vectors ────────────────────────────────────────────────────────────────────────────────────────────────────

    function members(uint256 set) public pure returns (uint256[] memory list) {
        uint256 count;
        for (uint256 i; i < 128; ++i) {
            count += (set >> i) & 1;
        }
        list = new uint256[](count);
        for (uint256 i = 128; i > 0; --i) {
            if ((set >> (i - 1)) & 1 == 1) list[--count] = i - 1;
        }
    }

    function pack(uint256[] memory scores) public pure returns (bytes memory vector) {
        vector = new bytes(32 * ((scores.length + 15) / 16));
        for (uint256 i; i < scores.length; ++i) {
            (vector[2 * i], vector[2 * i + 1]) = (bytes1(uint8(scores[i] >> 8)), bytes1(uint8(scores[i])));
        }
    }

    function repeated(uint256 score, uint256 n) public pure returns (bytes memory) {
        uint256[] memory scores = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            scores[i] = score;
        }
        return pack(scores);
    }

    /// @dev By definition: in each lane the smallest score with at least half of all weight at or below it.
    function medians(bytes[] memory vectors, uint256[] memory weights, uint256 lanes)
        public
        pure
        returns (bytes memory)
    {
        uint256[] memory scores = new uint256[](lanes);
        for (uint256 lane; lane < lanes; ++lane) {
            scores[lane] = type(uint256).max;
            for (uint256 v; v < vectors.length; ++v) {
                uint256 score = _lane(vectors[v], lane);
                if (score < scores[lane] && _reachesHalf(vectors, weights, lane, score)) scores[lane] = score;
            }
        }
        return pack(scores);
    }

    function _reachesHalf(bytes[] memory vectors, uint256[] memory weights, uint256 lane, uint256 score)
        private
        pure
        returns (bool)
    {
        (uint256 atMost, uint256 all) = (0, 0);
        for (uint256 v; v < vectors.length; ++v) {
            all += weights[v];
            if (_lane(vectors[v], lane) <= score) atMost += weights[v];
        }
        return 2 * atMost >= all;
    }

    function _lane(bytes memory vector, uint256 i) private pure returns (uint256) {
        return uint256(uint8(vector[2 * i])) << 8 | uint8(vector[2 * i + 1]);
    }
}
