// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {AllianceState} from "./AllianceState.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";

/// @title Clients' places: joining, leaving, the bench, and collecting
/// @custom:invariant I-18 whoever left is paid out, by anyone
contract Membership is AllianceState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) AllianceState(vault_, ledger_, minPhase_) {}

    using Bitmaps for uint256;

    function join(uint256 task, uint96 stake) external returns (uint256 client) {
        Task storage t = _task(task);
        if (t.clock.status == Status.Ended) revert WrongPhase(task);
        uint96 minStake = t.funds.minStake;
        if (stake < minStake) revert StakeUnderMinimum(stake, minStake);
        address operator = _vault.operatorOf(msg.sender);
        if (operator == address(0) || _vault.hotKeyOf(operator) != msg.sender) revert NotAuthorized(msg.sender);
        if (t.joined[operator]) revert JoinedBefore(operator);
        t.joined[operator] = true;

        client = _takePlace(task, t);
        t.places.present |= uint128(1 << client);
        t.clients[client] = Client(msg.sender, stake, 0, t.rules.initialReputation, 0);
        // Any value: the slot is opened now, so that no commitment has to pay for it.
        t.commitments[client] = bytes32(uint256(1));
        emit ClientJoined(task, client, operator, msg.sender, stake);
        _ledger.charge(operator, task, stake);
    }

    function quit(uint256 task, uint256 client) external {
        Task storage t = _ownPlace(task, client);
        uint128 bit = uint128(1 << client);
        Places memory places = t.places;
        if (places.left & bit != 0) revert AlreadyDone();
        places.present &= ~bit;
        places.benched &= ~bit;
        places.left |= bit;
        t.places = places;
        emit ClientLeft(task, client);
    }

    function resume(uint256 task, uint256 client) external {
        Task storage t = _ownPlace(task, client);
        uint128 bit = uint128(1 << client);
        Places memory places = t.places;
        if (places.benched & bit == 0) revert NotBenched(client);
        places.benched &= ~bit;
        places.present |= bit;
        t.places = places;
        emit ClientResumed(task, client);
    }

    function collect(uint256 task, uint256 client) external returns (uint256) {
        Task storage t = _task(task);
        bool ended = t.clock.status == Status.Ended;
        bool left = !ended && uint256(t.places.left).has(client) && !uint256(_taking(t)).has(client);
        if (left) _free(t, client);
        return _pay(task, t, client, ended || left);
    }

    /// @dev Clients whom the current round may still pay or slash.
    function _taking(Task storage t) private view returns (uint128) {
        Status status = t.clock.status;
        if (status == Status.Running) return t.round.proposers | t.round.voters;
        return status == Status.Drawing ? t.round.voters : 0;
    }

    /// @dev The lowest free place; or that of a client that left, or else of one long on the bench, which is paid out.
    function _takePlace(uint256 task, Task storage t) private returns (uint256 client) {
        Places memory places = t.places;
        uint256 all = (1 << t.rules.maxClients) - 1;
        uint256 free = all & ~uint256(places.present | places.benched | places.left);
        if (free != 0) return free.lowest();
        uint256 leaving = places.left & ~_taking(t);
        if (leaving == 0) leaving = _longBenched(t, places.benched);
        if (leaving == 0) revert NoPlaceFree(task);
        client = leaving.lowest();
        _free(t, client);
        _pay(task, t, client, true);
    }

    /// @dev Of those benched, who missed a whole round since: one missed transaction alone costs nobody its place.
    function _longBenched(Task storage t, uint256 benched) private view returns (uint256 clients) {
        uint256 round = t.clock.round;
        for (uint256 i; benched >> i != 0; ++i) {
            if (benched.has(i) && t.clients[i].benchedIn + 1 < round) clients |= 1 << i;
        }
    }

    function _free(Task storage t, uint256 client) private {
        Places memory places = t.places;
        uint128 others = ~uint128(1 << client);
        t.places = Places({
            present: places.present & others,
            benched: places.benched & others,
            left: places.left & others,
            isolated: places.isolated & others
        });
    }

    /// @param gone pays the stake as well
    function _pay(uint256 task, Task storage t, uint256 client, bool gone) private returns (uint96 amount) {
        Client memory x = t.clients[client];
        amount = x.earned;
        if (gone) {
            amount += x.stake;
            delete t.clients[client];
        } else {
            t.clients[client].earned = 0;
        }
        if (amount == 0) revert NothingToCollect(client);
        address operator = _vault.operatorOf(x.hotKey);
        emit Collected(task, client, operator, amount, gone);
        _ledger.pay(task, operator, amount);
    }

    function _ownPlace(uint256 task, uint256 client) private view returns (Task storage t) {
        t = _task(task);
        if (t.clock.status == Status.Ended) revert WrongPhase(task);
        if (t.clients[client].hotKey != msg.sender) revert NotAuthorized(msg.sender);
    }
}
