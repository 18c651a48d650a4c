// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena, IArenaTypes} from "../../contracts/interfaces/IArena.sol";
import {RingSignature} from "../../contracts/libraries/RingSignature.sol";
import {Rings} from "../../contracts/libraries/Rings.sol";
import {RingSigner} from "./RingSigner.sol";
import {Test} from "./Vm.sol";

/// @notice What members of a task compute off chain: keys, commitments, signatures, witnesses. Everybody goes by a name,
/// from which all secrets follow.
contract ArenaScribe is Test, IArenaTypes {
    /// @notice Arguments of `registerHandle` after the task.
    struct Mask {
        uint256 ring;
        address handle;
        bytes32 openCommitment;
        bytes consent;
        RingSignature.Signature signature;
    }

    /// @notice What is public of a round when it is settled.
    /// @param handles, firstRounds per lane
    /// @param vectors distinct vectors in order of first reveal, with their `weights`
    struct Revealed {
        uint256[] handles;
        uint256[] firstRounds;
        bytes[] vectors;
        uint256[] weights;
    }

    bytes32 private constant MASK_TYPE = keccak256("Mask(uint256 task,bytes32 openCommitment)");
    bytes32 private constant SUBMIT_TYPE = keccak256(
        "Submit(uint256 task,uint256 index,uint256 round,bytes32 commitment,bool last,uint256 nonce,uint256 expiry)"
    );
    bytes32 private constant PUBLISH_TYPE = keccak256(
        "Publish(uint256 task,uint256 index,uint256 round,bytes32 manifestHash,bytes32 plaintextHash,"
        "bytes32 creatorBoxHash,bytes32 salt,string cid,uint256 firstRound,uint256 nonce,uint256 expiry)"
    );
    uint256 private constant VALIDITY = 1000;

    IArena private immutable _arena;

    constructor(IArena arena) {
        _arena = arena;
    }

    // ── Names ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function addressOf(string memory name) public pure returns (address who) {
        (who,) = account(name);
    }

    function handleOf(string memory trainer) public pure returns (address) {
        return addressOf(_handleName(trainer));
    }

    function _handleName(string memory trainer) private pure returns (string memory) {
        return string.concat(trainer, "'s handle");
    }

    function _keyOf(string memory name) private pure returns (uint256 key) {
        (, key) = account(name);
    }

    function _secret(string memory what, string memory name, uint256 round) private pure returns (bytes32) {
        return keccak256(abi.encode(what, name, round));
    }

    // ── Creation and enrolment ─────────────────────────────────────────────────────────────────────────────────────

    function shardKey(uint256 round) public pure returns (bytes32) {
        return _secret("shard key", "creator", round);
    }

    function shards(uint256 rounds) public pure returns (Shard[] memory list) {
        list = new Shard[](rounds);
        for (uint256 i; i < rounds; ++i) {
            list[i] = Shard({
                ciphertextHash: _secret("ciphertext", "creator", i),
                plaintextHash: _secret("plaintext", "creator", i),
                keyHash: keccak256(abi.encode(shardKey(i)))
            });
        }
    }

    function publicKey(string memory name) public view returns (uint256 x, uint256 y) {
        RingSigner.Point memory point = RingSigner.publicKey(_keyOf(name));
        return (point.x, point.y);
    }

    // ── Mask ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function openNonce(string memory trainer) public pure returns (bytes32) {
        return _secret("open", trainer, 0);
    }

    function openCommitment(string memory trainer) public pure returns (bytes32) {
        return keccak256(abi.encode(addressOf(trainer), openNonce(trainer)));
    }

    function tagOf(uint256 task, string memory trainer) external view returns (bytes32) {
        RingSigner.Point memory tag = RingSigner.tagPoint(_keyOf(trainer), _scope(task));
        return keccak256(abi.encode(tag.x, tag.y));
    }

    /// @param trainers all, by place
    function mask(uint256 task, string[] calldata trainers, uint256 place) external view returns (Mask memory) {
        string calldata name = trainers[place];
        return
            maskOf(
                task, trainers, place, handleOf(name), openCommitment(name), consent(task, name, openCommitment(name))
            );
    }

    /// @notice A mask by the trainer at `place` with parts of its choice.
    function maskOf(
        uint256 task,
        string[] calldata trainers,
        uint256 place,
        address handle,
        bytes32 commitment,
        bytes memory agreed
    ) public view returns (Mask memory m) {
        uint256 position;
        RingSigner.Point[] memory keys;
        (m.ring, position, keys) = _ringOf(task, trainers, place);
        (m.handle, m.openCommitment, m.consent) = (handle, commitment, agreed);
        bytes32 message = keccak256(
            abi.encode(keccak256("covey.arena.mask"), block.chainid, address(_arena), task, handle, commitment)
        );
        m.signature = RingSigner.sign(_keyOf(trainers[place]), position, keys, message, _scope(task));
    }

    /// @notice The handle's own signature.
    function consent(uint256 task, string calldata trainer, bytes32 commitment) public view returns (bytes memory) {
        return _signed(_handleName(trainer), keccak256(abi.encode(MASK_TYPE, task, commitment)));
    }

    function _ringOf(uint256 task, string[] calldata trainers, uint256 place)
        private
        view
        returns (uint256 ring, uint256 position, RingSigner.Point[] memory keys)
    {
        bytes32 seed = _arena.seedOf(task);
        for (;; ++ring) {
            uint256[] memory places = Rings.members(seed, trainers.length, ring);
            for (position = 0; position < places.length; ++position) {
                if (places[position] == place) return (ring, position, _publicKeys(trainers, places));
            }
        }
    }

    function _publicKeys(string[] calldata trainers, uint256[] memory places)
        private
        view
        returns (RingSigner.Point[] memory keys)
    {
        keys = new RingSigner.Point[](places.length);
        for (uint256 i; i < places.length; ++i) {
            keys[i] = RingSigner.publicKey(_keyOf(trainers[places[i]]));
        }
    }

    function _scope(uint256 task) private view returns (bytes32) {
        return keccak256(abi.encode(keccak256("covey.arena.ring"), block.chainid, address(_arena), task));
    }

    // ── Submit and Publish ─────────────────────────────────────────────────────────────────────────────────────────

    function creatorBox(string memory trainer, uint256 round) public pure returns (bytes memory) {
        return abi.encode("box", trainer, round);
    }

    function modelCommitment(uint256 task, uint256 round, string calldata trainer) public view returns (bytes32) {
        return modelCommitmentAt(block.chainid, address(_arena), task, round, trainer);
    }

    function modelCommitmentAt(uint256 chain, address arena, uint256 task, uint256 round, string calldata trainer)
        public
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                keccak256("covey.arena.commitment"),
                chain,
                arena,
                task,
                round,
                handleOf(trainer),
                _secret("manifest", trainer, round),
                _secret("salt", trainer, round)
            )
        );
    }

    /// @notice The next message of a handle: its final commitment.
    function submission(uint256 task, uint256 index, uint256 round, string calldata trainer)
        external
        view
        returns (Submission memory)
    {
        return Submission({
            task: task,
            index: index,
            round: round,
            commitment: modelCommitment(task, round, trainer),
            last: true,
            nonce: _arena.handleOf(task, index).messages,
            expiry: block.timestamp + VALIDITY
        });
    }

    /// @notice The next message of a handle: the opening of its commitment.
    function publication(uint256 task, uint256 index, uint256 round, string calldata trainer)
        external
        view
        returns (Publication memory)
    {
        return Publication({
            task: task,
            index: index,
            round: round,
            manifestHash: _secret("manifest", trainer, round),
            plaintextHash: _secret("model", trainer, round),
            creatorBoxHash: keccak256(creatorBox(trainer, round)),
            salt: _secret("salt", trainer, round),
            cid: "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy",
            firstRound: round,
            nonce: _arena.handleOf(task, index).messages,
            expiry: block.timestamp + VALIDITY
        });
    }

    function sign(string calldata trainer, Submission calldata m) external view returns (bytes memory) {
        return _signed(
            _handleName(trainer),
            keccak256(abi.encode(SUBMIT_TYPE, m.task, m.index, m.round, m.commitment, m.last, m.nonce, m.expiry))
        );
    }

    function sign(string calldata trainer, Publication calldata m) external view returns (bytes memory) {
        bytes memory head =
            abi.encode(PUBLISH_TYPE, m.task, m.index, m.round, m.manifestHash, m.plaintextHash, m.creatorBoxHash);
        bytes memory tail = abi.encode(m.salt, keccak256(bytes(m.cid)), m.firstRound, m.nonce, m.expiry);
        return _signed(_handleName(trainer), keccak256(bytes.concat(head, tail)));
    }

    function _signed(string memory name, bytes32 structHash) private view returns (bytes memory) {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", _arena.domainSeparator(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf(name), digest);
        return abi.encodePacked(r, s, v);
    }

    // ── Score, Reveal, Settle ──────────────────────────────────────────────────────────────────────────────────────

    function scoreSalt(string memory validator, uint256 round) public pure returns (bytes32) {
        return _secret("scores", validator, round);
    }

    function scoreCommitment(uint256 task, uint256 round, string calldata validator, bytes calldata vector)
        external
        view
        returns (bytes32)
    {
        bytes32 lanesHash = _arena.lanesHashOf(task, round);
        return scoreCommitmentAt(block.chainid, address(_arena), task, round, validator, lanesHash, vector);
    }

    function scoreCommitmentAt(
        uint256 chain,
        address arena,
        uint256 task,
        uint256 round,
        string calldata validator,
        bytes32 lanesHash,
        bytes calldata vector
    ) public pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("covey.arena.scores"),
                chain,
                arena,
                task,
                round,
                addressOf(validator),
                lanesHash,
                keccak256(vector),
                scoreSalt(validator, round)
            )
        );
    }

    function pack(uint256[] memory scores) public pure returns (bytes memory) {
        uint256[] memory words = new uint256[]((scores.length + 15) / 16);
        for (uint256 i; i < scores.length; ++i) {
            words[i / 16] |= scores[i] << (240 - 16 * (i % 16));
        }
        return abi.encodePacked(words);
    }

    /// @notice The only witness that `settle` takes, by plain loops over single scores.
    function witness(Params calldata p, Revealed calldata r, bytes32 key) external pure returns (Witness memory w) {
        uint256[] memory medians = new uint256[](r.handles.length);
        for (uint256 lane; lane < medians.length; ++lane) {
            medians[lane] = _median(r, lane);
        }
        w.medians = pack(medians);
        uint256[] memory order = _vectorOrder(p, r, medians);
        for (uint256 i; i < order.length; ++i) {
            w.vectors = bytes.concat(w.vectors, r.vectors[order[i]]);
        }
        w.winners = _winners(p, r, medians, key);
    }

    function _score(bytes calldata vector, uint256 lane) private pure returns (uint256) {
        return uint16(bytes2(vector[2 * lane:2 * lane + 2]));
    }

    function _median(Revealed calldata r, uint256 lane) private pure returns (uint256) {
        uint256 all;
        for (uint256 v; v < r.vectors.length; ++v) {
            all += r.weights[v];
        }
        for (uint256 v; v < r.vectors.length; ++v) {
            uint256 m = _score(r.vectors[v], lane);
            (uint256 below, uint256 above) = (0, 0);
            for (uint256 u; u < r.vectors.length; ++u) {
                uint256 s = _score(r.vectors[u], lane);
                if (s < m) below += r.weights[u];
                if (s > m) above += r.weights[u];
            }
            if (2 * below < all && 2 * above <= all) return m;
        }
        revert("no median");
    }

    function _vectorOrder(Params calldata p, Revealed calldata r, uint256[] memory medians)
        private
        pure
        returns (uint256[] memory)
    {
        uint256[] memory standings = new uint256[](r.vectors.length);
        for (uint256 v; v < standings.length; ++v) {
            uint256 agreement;
            for (uint256 lane; lane < medians.length; ++lane) {
                (uint256 s, uint256 m) = (_score(r.vectors[v], lane), medians[lane]);
                if (m > p.baseline && (s > m ? s - m : m - s) <= p.epsilon) ++agreement;
            }
            standings[v] = agreement << 32 | r.weights[v] << 16 | (0xffff - v);
        }
        return _descending(standings);
    }

    function _winners(Params calldata p, Revealed calldata r, uint256[] memory medians, bytes32 key)
        private
        pure
        returns (uint256[] memory winners)
    {
        uint256[] memory standings = new uint256[](medians.length);
        uint256 counted;
        for (uint256 lane; lane < medians.length; ++lane) {
            if (medians[lane] <= p.baseline) continue;
            ++counted;
            uint256 lot = uint256(keccak256(abi.encode(key, r.handles[lane]))) >> 64;
            standings[lane] =
                (medians[lane] / p.mu) << 224 | (0xff - r.firstRounds[lane]) << 208 | medians[lane] << 192 | lot;
        }
        winners = _descending(standings);
        uint256 k = counted < p.k1 ? counted : p.k1;
        assembly ("memory-safe") {
            mstore(winners, k)
        }
    }

    /// @dev Places of `values`, those of the largest first.
    function _descending(uint256[] memory values) private pure returns (uint256[] memory order) {
        order = new uint256[](values.length);
        for (uint256 i; i < order.length; ++i) {
            uint256 j = i;
            for (; j != 0 && values[order[j - 1]] < values[i]; --j) {
                order[j] = order[j - 1];
            }
            order[j] = i;
        }
    }
}
