// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {AllianceState} from "./AllianceState.sol";
import {Ballots} from "./Ballots.sol";
import {Payouts} from "./Payouts.sol";
import {Bitmaps} from "../libraries/Bitmaps.sol";
import {Lanes} from "../libraries/Lanes.sol";
import {Reputation} from "../libraries/Reputation.sol";
import {Roles} from "../libraries/Roles.sol";
import {Weights} from "../libraries/Weights.sol";

/// @title The end of a round: what its voters decided, and what that means for every client
/// @notice All amounts follow from stakes and pool at the draw and from what was revealed: neither who settles nor when
/// changes them.
/// @custom:invariant I-3, I-13, I-16
contract Settling is AllianceState {
    constructor(IStakeVault vault_, ILedger ledger_, uint24 minPhase_) AllianceState(vault_, ledger_, minPhase_) {}

    using Bitmaps for uint256;

    /// @dev What a round came to, and for whom, as sets of clients.
    /// @param shares empty without a decision
    /// @param contributions consensus by client
    struct Decision {
        Conclusion conclusion;
        Payouts.Shares shares;
        uint256 rightVoters;
        uint256 rightProposers;
        uint256 wrong;
        uint256 rejected;
        uint256 silent;
        uint256[] contributions;
    }

    function settle(uint256 task, Witness calldata witness) external {
        Task storage t = _task(task);
        Clock memory c = t.clock;
        Round memory r = t.round;
        (Phase phase,) = _phase(c, r);
        if (phase != Phase.Settle) revert WrongPhase(task);
        Decision memory d = _decide(t, c, r, witness);
        if (d.rightVoters != 0) _share(t, c, r, d);
        _restore(task, t, c.round);
        _judge(task, t, c, d);
        _close(task, t, c, d.conclusion);
        _payKeeper(task, t);
        if (++c.round == c.rounds) _end(task, t, c, Cause.Completed);
        else _freeze(task, t, c);
        if (d.conclusion.returned != 0) _ledger.pay(task, t.funds.creator, uint96(d.conclusion.returned));
        // Last, as this alone moves tokens.
        if (d.conclusion.burnt != 0) _ledger.burn(task, uint96(d.conclusion.burnt));
    }

    /// @dev Notes the model and the pool that the next round starts from.
    function _close(uint256 task, Task storage t, Clock memory c, Conclusion memory x) private {
        if (x.outcome == Outcome.Accepted) t.model = x.model;
        else x.model = t.model;
        t.funds.pool = uint96(t.funds.pool - x.paid - x.returned + x.slashed - x.burnt);
        emit RoundConcluded(task, c.round, x);
    }

    // ── Decision ───────────────────────────────────────────────────────────────────────────────────────────────────

    function _decide(Task storage t, Clock memory c, Round memory r, Witness calldata witness)
        private
        view
        returns (Decision memory d)
    {
        uint256 published = r.proposers & r.opened;
        uint256 lanes = published.count();
        Conclusion memory x = d.conclusion;
        d.silent = r.proposers & ~r.opened;
        if (lanes < c.minUpdates) return d;
        d.silent |= r.voters & ~r.opened;

        uint256[] memory voters = Bitmaps.members(r.voters & r.opened);
        (uint256[] memory weights, bool quorum) = _weights(t, r.voters, voters);
        x.outcome = Outcome.QuorumMissed;
        if (!quorum) return d;

        Ballots.Count memory count = Ballots.count(witness, lanes, _ballots(t, voters), weights);
        x.outcome = Outcome.Undecided;
        if (count.undecided) return d;
        (x.inFavour, x.against) = (count.inFavour, count.against);
        x.outcome = Outcome.Tied;
        if (count.inFavour == count.against) return d;

        Ballots.checkMedians(witness, lanes, count.top, weights);
        bool accepted = count.inFavour > count.against;
        x.outcome = accepted ? Outcome.Accepted : Outcome.Rejected;
        (x.model, x.accepted) = (witness.results[count.top].aggregateHash, witness.results[count.top].accepted);
        x.medians = witness.medians;
        for (uint256 i; i < voters.length; ++i) {
            Ballot calldata b = witness.ballots[i];
            if (b.result == count.top && b.inFavour == accepted) d.rightVoters |= 1 << voters[i];
            else d.wrong |= 1 << voters[i];
        }
        uint256 harmful;
        (d.contributions, harmful) = _contributions(published, witness.medians, t.rules.harm);
        if (accepted) d.rightProposers = published & x.accepted & ~harmful;
        d.rejected = accepted ? published & ~d.rightProposers : harmful;
    }

    function _ballots(Task storage t, uint256[] memory voters) private view returns (bytes32[] memory ballots) {
        ballots = new bytes32[](voters.length);
        for (uint256 i; i < voters.length; ++i) {
            ballots[i] = t.commitments[voters[i]];
        }
    }

    /// @dev Weights of the voters that revealed, and whether there are two of them with more than half of all weight.
    function _weights(Task storage t, uint256 all, uint256[] memory voters)
        private
        view
        returns (uint256[] memory weights, bool quorum)
    {
        uint256[] memory everybody = all.members();
        uint256 stakes;
        for (uint256 i; i < everybody.length; ++i) {
            stakes += t.clients[everybody[i]].stake;
        }
        uint256 largest = Weights.cap(stakes, everybody.length);
        uint256 possible;
        for (uint256 i; i < everybody.length; ++i) {
            possible += Weights.weightDown(t.clients[everybody[i]].stake, largest, stakes);
        }
        weights = new uint256[](voters.length);
        uint256 revealed;
        for (uint256 i; i < voters.length; ++i) {
            weights[i] = Weights.weightDown(t.clients[voters[i]].stake, largest, stakes);
            revealed += weights[i];
        }
        quorum = voters.length >= Roles.MIN_VOTERS && 2 * revealed > possible;
    }

    /// @dev Contributions by client, and who harmed.
    function _contributions(uint256 published, bytes calldata medians, uint256 tolerated)
        private
        pure
        returns (uint256[] memory contributions, uint256 harmful)
    {
        contributions = new uint256[](128);
        uint256 lane;
        for (uint256 i; published >> i != 0; ++i) {
            if (!published.has(i)) continue;
            contributions[i] = Lanes.lane(medians, lane++);
            if (Payouts.harms(contributions[i], tolerated)) harmful |= 1 << i;
        }
    }

    /// @dev What a decided round shares out, from the stakes at the draw.
    function _share(Task storage t, Clock memory c, Round memory r, Decision memory d) private view {
        Payouts.Shares memory shares = d.shares;
        shares.reward = Payouts.rewardDown(t.funds.pool, c.rounds - c.round);
        uint256 everybody = r.proposers | r.voters;
        for (uint256 i; everybody >> i != 0; ++i) {
            if (!everybody.has(i)) continue;
            uint256 stake = t.clients[i].stake;
            shares.everybody += stake;
            if (d.rightVoters.has(i)) {
                shares.right += stake;
            } else if (d.rightProposers.has(i)) {
                shares.right += stake;
                shares.proposers += stake;
                shares.points += Payouts.pointsOf(stake, d.contributions[i]);
            }
        }
        Payouts.splitDown(shares, t.rules.contributionShare);
        d.conclusion.returned = Payouts.returnedDown(shares);
    }

    // ── Judgement ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Whoever sat out for its reputation is a step nearer to coming back.
    function _restore(uint256 task, Task storage t, uint256 round) private {
        uint256 isolated = t.places.isolated;
        if (isolated == 0) return;
        uint8 threshold = t.rules.reputationThreshold;
        uint256 back;
        for (uint256 i; isolated >> i != 0; ++i) {
            if (!isolated.has(i)) continue;
            uint8 reputation = ++t.clients[i].reputation;
            if (reputation == threshold) back |= 1 << i;
            emit ClientJudged(task, round, i, Verdict.Isolated, 0, 0, reputation);
        }
        t.places.isolated = uint128(isolated & ~back);
    }

    /// @dev Pays, slashes and notes the reputation of everybody whom the round judged.
    function _judge(uint256 task, Task storage t, Clock memory c, Decision memory d) private {
        Rules memory rules = t.rules;
        Conclusion memory sums = d.conclusion;
        uint256 isolated;
        uint256 all = d.rightVoters | d.rightProposers | d.wrong | d.rejected | d.silent;
        for (uint256 i; all >> i != 0; ++i) {
            if (!all.has(i)) continue;
            Client memory x = t.clients[i];
            (uint256 reward, uint256 slash) = (0, 0);
            Verdict verdict = _verdict(d, i);
            if (verdict == Verdict.Right) {
                reward = d.rightVoters.has(i)
                    ? Payouts.stakeDown(d.shares, x.stake)
                    : Payouts.proposerDown(d.shares, x.stake, Payouts.pointsOf(x.stake, d.contributions[i]));
                x.reputation = uint8(Reputation.raised(x.reputation, rules.maxReputation));
                x.earned += uint96(reward);
            } else {
                slash = Payouts.partDown(x.stake, _rate(rules, verdict));
                x.reputation = uint8(Reputation.lowered(x.reputation, rules.reputationThreshold));
                x.stake -= uint96(slash);
                if (x.reputation == 0) isolated |= 1 << i;
                if (verdict == Verdict.Silent) x.benchedIn = c.round;
            }
            sums.paid += reward;
            sums.slashed += slash;
            t.clients[i] = x;
            emit ClientJudged(task, c.round, i, verdict, reward, slash, x.reputation);
        }
        sums.burnt = Payouts.partDown(sums.slashed, rules.burnShare);
        if (isolated | d.silent != 0) _exclude(t, uint128(isolated), uint128(d.silent));
    }

    /// @dev Those who left keep their freedom to collect.
    function _exclude(Task storage t, uint128 isolated, uint128 silent) private {
        Places memory places = t.places;
        places.isolated |= isolated;
        places.benched |= places.present & silent;
        places.present &= ~silent;
        t.places = places;
    }

    function _verdict(Decision memory d, uint256 i) private pure returns (Verdict) {
        if (d.silent.has(i)) return Verdict.Silent;
        if (d.wrong.has(i)) return Verdict.Wrong;
        if (d.rejected.has(i)) return Verdict.Rejected;
        return Verdict.Right;
    }

    function _rate(Rules memory rules, Verdict verdict) private pure returns (uint256) {
        if (verdict == Verdict.Silent) return rules.slashSilent;
        return verdict == Verdict.Wrong ? rules.slashWrong : rules.slashRejected;
    }
}
