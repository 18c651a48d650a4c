// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {AllianceState} from "./AllianceState.sol";
import {Ballots} from "./Ballots.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {Lanes} from "../libraries/Lanes.sol";

/// @title A round's roles, commitments and openings
/// @custom:invariant I-10 one counted reveal per voter and round, matching its commitment
/// @custom:invariant I-11 commitments bind chain, alliance, task, round and client; a vote also the updates it judges
contract Rounds is AllianceState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) AllianceState(vault_, ledger_, minPhase_) {}

    bytes32 private constant UPDATE = keccak256("covey.alliance.update");
    bytes32 private constant VOTE = keccak256("covey.alliance.vote");
    uint256 private constant MAX_CID = 128;

    function advance(uint256 task) external {
        Task storage t = _task(task);
        Clock memory c = t.clock;
        if (c.status == Status.Joining && block.timestamp >= c.joinEnd) {
            _payKeeper(task, t);
            _freeze(task, t, c);
        } else if (c.status == Status.Drawing) {
            // A seed that could not be drawn in 256 blocks is awaited anew, unpaid.
            if (_draw(task, t, c)) _payKeeper(task, t);
        } else {
            revert NothingDue(task);
        }
    }

    function commit(uint256 task, uint256 round, uint256 client, bytes32 commitment) external {
        (Task storage t, Round memory r, Phase phase) = _at(task, round);
        uint128 role;
        if (phase == Phase.Propose) role = r.proposers;
        else if (phase == Phase.Vote) role = r.voters;
        else revert WrongPhase(task);
        uint128 bit = _drawn(role, client);
        if (t.clients[client].hotKey != msg.sender) revert NotAuthorized(msg.sender);
        if (r.committed & bit != 0) revert AlreadyDone();
        t.round.committed = r.committed | bit;
        t.commitments[client] = commitment;
        emit Committed(task, round, client, commitment);
    }

    function publish(uint256 task, uint256 round, uint256 client, Update calldata update) external {
        (Task storage t, Round memory r, Phase phase) = _at(task, round);
        if (phase != Phase.Publish) revert WrongPhase(task);
        uint128 bit = _drawn(r.proposers, client);
        if (r.opened & bit != 0) revert AlreadyDone();
        if (bytes(update.cid).length > MAX_CID) revert TooLong(bytes(update.cid).length, MAX_CID);
        uint32 max = t.rules.maxSamples;
        if (update.samples == 0 || update.samples > max) revert SamplesOutOfRange(update.samples, max);
        address hotKey = t.clients[client].hotKey;
        bytes32 content = keccak256(abi.encode(update.updateHash, update.samples, keccak256(bytes(update.cid))));
        bytes32 commitment =
            keccak256(abi.encode(UPDATE, block.chainid, address(this), task, round, hotKey, content, update.salt));
        if (r.committed & bit == 0 || commitment != t.commitments[client]) revert WrongOpening();
        t.round.opened = r.opened | bit;
        t.transcript = keccak256(abi.encode(t.transcript, client, content));
        emit UpdatePublished(task, round, client, update);
    }

    function reveal(uint256 task, uint256 round, uint256 client, Vote calldata vote) external {
        (Task storage t, Round memory r, Phase phase) = _at(task, round);
        if (phase != Phase.Reveal) revert WrongPhase(task);
        uint128 bit = _drawn(r.voters, client);
        if (r.opened & bit != 0) revert AlreadyDone();
        uint128 published = r.proposers & r.opened;
        uint128 unpublished = vote.result.accepted & ~published;
        if (unpublished != 0) revert AcceptedUnpublished(unpublished);
        Lanes.validate(vote.contributions, Bitmaps.count(published));
        bytes32 ballot =
            Ballots.ballotHash(Ballots.resultHash(vote.result), vote.inFavour, keccak256(vote.contributions));
        address hotKey = t.clients[client].hotKey;
        bytes32 commitment = keccak256(
            abi.encode(VOTE, block.chainid, address(this), task, round, hotKey, t.transcript, ballot, vote.salt)
        );
        if (r.committed & bit == 0 || commitment != t.commitments[client]) revert WrongOpening();
        t.round.opened = r.opened | bit;
        t.commitments[client] = ballot;
        emit VoteRevealed(task, round, client, vote);
    }

    /// @dev The block was fixed before its hash was known, so whoever calls has no choice of roles.
    /// @return drawn whether the hash could still be read; if not, this block's is awaited
    function _draw(uint256 task, Task storage t, Clock memory c) private returns (bool drawn) {
        if (block.number <= c.drawBlock) revert NothingDue(task);
        bytes32 entropy = blockhash(c.drawBlock);
        if (entropy == 0) {
            t.clock.drawBlock = uint40(block.number);
            emit DrawPostponed(task);
            return false;
        }
        bytes32 seed = keccak256(abi.encode(entropy, address(this), task, c.round));
        uint128 clients = t.round.voters;
        uint128 proposers = _proposers(t, c, clients, seed);
        c.status = Status.Running;
        c.drawnAt = uint40(block.timestamp);
        t.clock = c;
        t.round = Round({proposers: proposers, opened: 0, voters: clients & ~proposers, committed: 0});
        (t.seed, t.transcript) = (seed, seed);
        emit RolesDrawn(task, c.round, seed, proposers, clients & ~proposers);
        return true;
    }

    function _at(uint256 task, uint256 round) private view returns (Task storage t, Round memory r, Phase phase) {
        t = _task(task);
        Clock memory c = t.clock;
        r = t.round;
        (phase,) = _phase(c, r);
        if (round != c.round) revert WrongPhase(task);
    }

    function _drawn(uint128 role, uint256 client) private pure returns (uint128 bit) {
        bit = uint128(1 << client);
        if (role & bit == 0) revert NotDrawn(client);
    }
}
