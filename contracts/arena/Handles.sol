// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {RingSignature} from "../libraries/RingSignature.sol";
import {Rings} from "../libraries/Rings.sol";
import {ArenaState} from "./ArenaState.sol";

/// @title Handles: their registration behind a ring signature, and what they submit and publish
/// @notice Every call here carries a handle's signature and may be sent by anybody, who earns the relay fee.
/// @custom:invariant I-11 commitments bind chain, arena, task, round and handle
/// @custom:invariant I-20 no call here names a trainer
contract Handles is ArenaState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) ArenaState(vault_, ledger_, minPhase_) {}

    bytes32 private constant MASK_TYPE = keccak256("Mask(uint256 task,bytes32 openCommitment)");
    bytes32 private constant SUBMIT_TYPE = keccak256(
        "Submit(uint256 task,uint256 index,uint256 round,bytes32 commitment,bool last,uint256 nonce,uint256 expiry)"
    );
    bytes32 private constant PUBLISH_TYPE = keccak256(
        "Publish(uint256 task,uint256 index,uint256 round,bytes32 manifestHash,bytes32 plaintextHash,"
        "bytes32 creatorBoxHash,bytes32 salt,string cid,uint256 firstRound,uint256 nonce,uint256 expiry)"
    );
    bytes32 private constant RING_SCOPE = keccak256("covey.arena.ring");
    bytes32 private constant RING_MESSAGE = keccak256("covey.arena.mask");
    bytes32 private constant COMMITMENT = keccak256("covey.arena.commitment");
    uint256 private constant MAX_CID = 128;

    function registerHandle(
        uint256 task,
        uint256 ring,
        address handle,
        bytes32 openCommitment,
        bytes calldata consent,
        RingSignature.Signature calldata signature
    ) external returns (uint256 index) {
        Task storage t = _task(task);
        Progress memory p = t.progress;
        if (p.status != Status.Running || _maskClosed(t.schedule, p)) revert WrongPhase(task);
        _checkSigner(handle, keccak256(abi.encode(MASK_TYPE, task, openCommitment)), consent);

        bytes32 message =
            keccak256(abi.encode(RING_MESSAGE, block.chainid, address(this), task, handle, openCommitment));
        bytes32 scope = keccak256(abi.encode(RING_SCOPE, block.chainid, address(this), task));
        bytes32 tag = RingSignature.verify(message, scope, _ring(t, p.trainers, ring), signature);
        if (t.openings[tag] != 0) revert HandleExists(tag);

        index = p.handles;
        t.openings[tag] = keccak256(abi.encode(index, openCommitment));
        t.progress.handles = p.handles + 1;
        t.handles[index].key = handle;
        t.relayUnits[msg.sender] += MASK_UNITS;
        emit HandleRegistered(task, index, handle, tag, openCommitment, ring, msg.sender);
    }

    function submit(Submission calldata m, bytes calldata signature) external {
        Task storage t = _task(m.task);
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        Round memory r = t.rounds[m.round].counters;
        if (!_submitOpened(t, s, p, m.round) || _submitClosed(s, p, r, m.round)) revert WrongPhase(m.task);
        Handle memory h = t.handles[m.index];
        bytes32 structHash =
            keccak256(abi.encode(SUBMIT_TYPE, m.task, m.index, m.round, m.commitment, m.last, m.nonce, m.expiry));
        _accept(t, h, r, s.quota, m.nonce, m.expiry, structHash, signature);

        uint8 bit = uint8(1 << m.round);
        if (h.done & bit != 0) revert AlreadyFinal(m.round);
        bool last = m.last || m.commitment == 0;
        if (h.committed & bit != 0 && m.commitment == 0) {
            h.committed ^= bit;
            r.committed--;
        } else if (h.committed & bit == 0 && m.commitment != 0) {
            h.committed |= bit;
            r.committed++;
        }
        if (last) {
            h.done |= bit;
            r.done++;
        }
        t.commitments[m.index] = m.commitment;
        t.handles[m.index] = h;
        t.rounds[m.round].counters = r;
        emit Submitted(m.task, m.round, m.index, m.commitment, last, msg.sender);
    }

    function publish(Publication calldata m, Earlier calldata earlier, bytes calldata signature)
        external
        returns (uint256 lane)
    {
        Task storage t = _task(m.task);
        RoundData storage data = t.rounds[m.round];
        Round memory r = data.counters;
        Handle memory h = t.handles[m.index];
        uint256 quota = _checkPublishing(t, h, r, m);
        _accept(t, h, r, quota, m.nonce, m.expiry, _publicationHash(m), signature);
        _checkOpening(t, h, m);

        _record(t, data, m, earlier, lane = r.published);
        h.published |= uint8(1 << m.round);
        r.published++;
        data.lanesHash = keccak256(abi.encode(data.lanesHash, h.key, m.plaintextHash, m.manifestHash));
        t.handles[m.index] = h;
        data.counters = r;
        emit Published(
            m.task,
            m.round,
            m.index,
            lane,
            m.manifestHash,
            m.plaintextHash,
            m.creatorBoxHash,
            m.salt,
            m.cid,
            m.firstRound,
            msg.sender
        );
    }

    function _checkPublishing(Task storage t, Handle memory h, Round memory r, Publication calldata m)
        private
        view
        returns (uint256 quota)
    {
        Schedule memory s = t.schedule;
        Progress memory p = t.progress;
        if (!_submitOpened(t, s, p, m.round) || !_submitClosed(s, p, r, m.round) || _publishClosed(s, p, r, m.round)) {
            revert WrongPhase(m.task);
        }
        if ((h.published >> m.round) & 1 == 1) revert AlreadyDone();
        if (bytes(m.cid).length > MAX_CID) revert TooLong(bytes(m.cid).length, MAX_CID);
        return s.quota;
    }

    function _checkOpening(Task storage t, Handle memory h, Publication calldata m) private view {
        bytes32 commitment = keccak256(
            abi.encode(COMMITMENT, block.chainid, address(this), m.task, m.round, h.key, m.manifestHash, m.salt)
        );
        if ((h.committed >> m.round) & 1 == 0 || commitment != t.commitments[m.index]) revert WrongOpening();
    }

    /// @dev Keeps what settling and delivering need: the lane's entry, and the hash of the publication.
    function _record(
        Task storage t,
        RoundData storage data,
        Publication calldata m,
        Earlier calldata earlier,
        uint256 lane
    ) private {
        if (m.firstRound != m.round) {
            bytes32 claimed = keccak256(abi.encode(m.plaintextHash, earlier.creatorBoxHash, earlier.manifestHash));
            if (m.firstRound > m.round || t.rounds[m.firstRound].publications[m.index] != claimed) {
                revert WrongOpening();
            }
        }
        data.publications[m.index] = keccak256(abi.encode(m.plaintextHash, m.creatorBoxHash, m.manifestHash));
        data.lanes[lane / 8] |= (m.index | (m.firstRound << 16)) << ((lane % 8) * 32);
    }

    /// @dev Checks a message and counts it, to the handle and to whoever sent it.
    function _accept(
        Task storage t,
        Handle memory h,
        Round memory r,
        uint256 quota,
        uint256 nonce,
        uint256 expiry,
        bytes32 structHash,
        bytes calldata signature
    ) private {
        if (block.timestamp > expiry) revert MessageExpired(expiry);
        _checkSigner(h.key, structHash, signature);
        if (nonce != h.messages) revert WrongNonce(h.messages, nonce);
        if (MASK_UNITS + nonce + 1 > quota) revert QuotaExhausted(quota);
        h.messages++;
        r.messages++;
        t.relayUnits[msg.sender]++;
    }

    function _checkSigner(address expected, bytes32 structHash, bytes calldata signature) private view {
        (address recovered,,) = ECDSA.tryRecover(_hashTypedDataV4(structHash), signature);
        if (recovered == address(0) || recovered != expected) revert WrongSignature(expected, recovered);
    }

    function _publicationHash(Publication calldata m) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                PUBLISH_TYPE,
                m.task,
                m.index,
                m.round,
                m.manifestHash,
                m.plaintextHash,
                m.creatorBoxHash,
                m.salt,
                keccak256(bytes(m.cid)),
                m.firstRound,
                m.nonce,
                m.expiry
            )
        );
    }

    /// @dev The hot keys of a ring's trainers.
    function _ring(Task storage t, uint256 trainers, uint256 ring) private view returns (address[] memory keys) {
        uint256[] memory indices = Rings.members(t.seed, trainers, ring);
        keys = new address[](indices.length);
        for (uint256 i; i < indices.length; ++i) {
            keys[i] = t.trainers[indices[i]].hotKey;
        }
    }
}
