// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAllianceEvents} from "../interfaces/IAlliance.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {Roles} from "../libraries/Roles.sol";

/// @title Alliance state: what a task is made of, and which phase it is in
/// @dev Phases are a pure function of time and of who acted; nothing has to be "advanced" for time to pass. A round's
/// deadlines count from its draw, so nobody loses time because others were late to freeze, draw or settle.
abstract contract AllianceState is IAllianceEvents {
    struct Rules {
        uint8 minClients;
        uint8 maxClients;
        uint24 proposerShare;
        uint32 maxSamples;
        uint24 slashSilent;
        uint24 slashWrong;
        uint24 slashRejected;
        uint24 burnShare;
        uint24 contributionShare;
        uint16 harm;
        uint8 initialReputation;
        uint8 maxReputation;
        uint8 reputationThreshold;
    }

    /// @dev `commitments` holds a voter's ballot once it is revealed.
    struct Task {
        Clock clock;
        Rules rules;
        Funds funds;
        Places places;
        Round round;
        bytes32 seed;
        bytes32 transcript;
        bytes32 model;
        mapping(uint256 client => Client) clients;
        mapping(uint256 client => bytes32) commitments;
        mapping(address operator => bool) joined;
    }

    IStakeVault internal immutable _vault;
    ILedger internal immutable _ledger;
    uint24 internal immutable _minPhase;

    uint256 internal _taskCount;
    mapping(uint256 task => Task) internal _tasks;

    /// @param minPhase_ smallest length of every phase, seconds: long enough for everybody's transactions to be mined
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) {
        _vault = vault_;
        _ledger = ledger_;
        _minPhase = minPhase_;
    }

    function _task(uint256 task) internal view returns (Task storage t) {
        t = _tasks[task];
        if (t.clock.status == Status.None) revert UnknownTask(task);
    }

    /// @return deadline second at which the phase closes, if nothing closes it before; zero: none
    function _phase(Clock memory c, Round memory r) internal view returns (Phase, uint256 deadline) {
        if (c.status == Status.Joining) {
            return block.timestamp < c.joinEnd ? (Phase.Join, c.joinEnd) : (Phase.Freeze, 0);
        }
        if (c.status == Status.Drawing) return (Phase.Draw, 0);
        if (c.status == Status.Ended) return (Phase.Ended, 0);

        deadline = uint256(c.drawnAt) + c.propose;
        if (block.timestamp < deadline && r.proposers & ~r.committed != 0) return (Phase.Propose, deadline);
        deadline += c.publish;
        uint256 published = r.proposers & r.opened;
        if (block.timestamp < deadline && published != r.proposers & r.committed) return (Phase.Publish, deadline);
        if (Bitmaps.count(published) < c.minUpdates) return (Phase.Settle, 0);
        deadline += c.vote;
        if (block.timestamp < deadline && r.voters & ~r.committed != 0) return (Phase.Vote, deadline);
        deadline += c.reveal;
        if (block.timestamp < deadline && r.voters & r.opened != r.voters & r.committed) {
            return (Phase.Reveal, deadline);
        }
        return (Phase.Settle, 0);
    }

    /// @dev Fixes who takes part in the next round; a block's hash that nobody knows yet will give the roles.
    function _freeze(uint256 task, Task storage t, Clock memory c) internal {
        Places memory places = t.places;
        uint128 clients = places.present & ~places.isolated;
        if (Bitmaps.count(clients) < t.rules.minClients) {
            _end(task, t, c, Cause.TooFewClients);
            return;
        }
        c.status = Status.Drawing;
        c.drawBlock = uint40(block.number);
        t.clock = c;
        t.round.voters = clients;
        emit RoundFrozen(task, c.round, clients);
    }

    /// @dev A pure function of seed, clients and their reputations, which no round changes before it is settled.
    function _proposers(Task storage t, Clock memory c, uint128 clients, bytes32 seed) internal view returns (uint128) {
        uint256[] memory list = Bitmaps.members(clients);
        uint256[] memory weights = new uint256[](list.length);
        for (uint256 i; i < list.length; ++i) {
            weights[i] = t.clients[list[i]].reputation;
        }
        uint256 count = Roles.proposersUp(t.rules.proposerShare, list.length, c.minUpdates);
        return uint128(Roles.draw(seed, list, weights, count));
    }

    /// @dev What no round needs any more goes back to the creator.
    function _end(uint256 task, Task storage t, Clock memory c, Cause cause) internal {
        c.status = Status.Ended;
        c.cause = cause;
        t.clock = c;
        Funds memory funds = t.funds;
        uint96 refund = funds.pool + uint96(funds.keeperFee) * funds.acts;
        (t.funds.pool, t.funds.acts) = (0, 0);
        emit AllianceEnded(task, c.round, cause, refund);
        _ledger.pay(task, funds.creator, refund);
    }

    function _payKeeper(uint256 task, Task storage t) internal {
        uint80 fee = t.funds.keeperFee;
        --t.funds.acts;
        if (fee == 0) return;
        emit KeeperPaid(task, msg.sender, fee);
        _ledger.pay(task, msg.sender, fee);
    }
}
