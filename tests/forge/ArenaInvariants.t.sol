// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {ArenaActors} from "./ArenaActors.sol";
import {ArenaTest} from "./ArenaTest.sol";
import {InvariantTest} from "./Vm.sol";

/// @notice Two tasks that live at the same time, with the same people in them: one whose trainers register their handles,
/// one that still enrols.
contract ArenaInvariants is ArenaTest, InvariantTest {
    uint256 private constant TASKS = 2;
    /// @dev Histories that are ended from each phase.
    uint256 private constant ENDS = 2;

    ArenaActors private actors;
    address private stranger;
    address[2] private delegators;
    string[8] private members = ["ada", "bob", "cyd", "dan", "vera", "walt", "xena", "yuri"];

    function setUp() public override {
        super.setUp();
        stranger = rich("stranger");
        delegators = [rich("olga"), rich("otto")];
        parties.push(stranger);
        parties.push(delegators[0]);
        parties.push(delegators[1]);
        parties.push(rich("rita"));
        Params[2] memory rules = [params(), params()];
        rules[0].rounds = rules[1].rounds = 2;
        (rules[1].maxTrainers, rules[1].maxValidators, rules[1].minValidators) = (3, 3, 2);
        (rules[1].k1, rules[1].k2, rules[1].gamma, rules[1].epsilon) = (1, 1, 100_000, 1500);
        (rules[1].enrol, rules[1].mask, rules[1].quota) = (300, 400, 11);
        for (uint256 i; i < members.length; ++i) {
            delegateTo(member(members[i], 500), delegators[i % 2], 50e18);
        }
        nextBlock();
        actors = new ArenaActors(arena, scribe, rules);
        _target(address(actors));
    }

    /// One campaign judges all, since campaigns of one seed walk the same histories. They are long, so that they reach ends.
    /// forge-config: default.invariant.runs = 128
    /// forge-config: default.invariant.depth = 512
    /// forge-config: nightly.invariant.runs = 2048
    /// forge-config: nightly.invariant.depth = 512
    function invariant_I3_I8_I10_I11_I12_I13_I15_I16_I17_I18_I20_I21() public view {
        uint256 buckets;
        for (uint256 id = 1; id <= TASKS; ++id) {
            ArenaActors.Book memory book = actors.bookOf(id);
            Progress memory p = arena.progressOf(id);
            buckets += checkI3WhatCameInLeftOrIsThere(id, book, p);
            checkI8StakesAreThoseOfTheLocks(id, book);
            checkI10OneCountedRevealPerValidator(id, book);
            checkI21OneHandlePerTrainerOpenedByIt(id, book, p);
        }
        uint256 credits;
        for (uint256 i; i < parties.length; ++i) {
            credits += ledger.creditOf(parties[i]);
        }
        vm.assertEq(token.balanceOf(address(ledger)), buckets + credits, "I-3");
        string[10] memory ids = ["I-8", "I-10", "I-11", "I-12", "I-13", "I-15", "I-16", "I-17", "I-18", "I-20"];
        for (uint256 i; i < ids.length; ++i) {
            vm.assertEq(actors.violations(ids[i]), 0, ids[i]);
        }
        vm.assertEq(actors.violations("I-21"), 0, "I-21");
    }

    function checkI3WhatCameInLeftOrIsThere(uint256 id, ArenaActors.Book memory book, Progress memory p)
        private
        view
        returns (uint256 held)
    {
        held = ledger.bucketOf(address(arena), id);
        uint256 quotas = uint256(p.trainers) * book.rules.quota * book.rules.relayFee;
        vm.assertEq(held + book.left, uint256(book.rules.bounty) + book.rules.bond + quotas, "I-3");
        if (p.status == Status.Finished) vm.assertEq(held, waiting(id, book), "I-3");
    }

    /// @dev Wei that delegators and relays have not fetched.
    function waiting(uint256 id, ArenaActors.Book memory book) private view returns (uint256 owed) {
        for (uint256 i; i < book.trainers.length + book.validators.length; ++i) {
            bool training = i < book.trainers.length;
            string memory name = training ? book.trainers[i] : book.validators[i - book.trainers.length];
            Delegation memory d = arena.delegationOf(id, addr(name));
            owed += d.amount - d.paid;
        }
        owed += (arena.relayUnitsOf(id, relay) + arena.relayUnitsOf(id, addr("rita"))) * book.rules.relayFee;
    }

    function checkI8StakesAreThoseOfTheLocks(uint256 id, ArenaActors.Book memory book) private view {
        for (uint256 i; i < book.trainers.length; ++i) {
            vm.assertEq(arena.trainerOf(id, i).stake, actors.stakes(id, book.trainers[i]), "I-8");
        }
        for (uint256 i; i < book.validators.length; ++i) {
            vm.assertEq(arena.validatorOf(id, i).stake, actors.stakes(id, book.validators[i]), "I-8");
        }
    }

    function checkI10OneCountedRevealPerValidator(uint256 id, ArenaActors.Book memory book) private view {
        for (uint256 round; round < book.rules.rounds; ++round) {
            Panel memory panel = arena.panelOf(id, round);
            vm.assertEq(panel.revealed & ~panel.committed, 0, "I-10");
            if (panel.revealed == 0) continue;
            uint256 weight;
            for (uint256 i; i < book.validators.length; ++i) {
                if ((panel.revealed >> i) & 1 == 1) weight += actors.weightOf(id, i);
            }
            vm.assertEq(panel.weight, weight, "I-10");
        }
    }

    function checkI21OneHandlePerTrainerOpenedByIt(uint256 id, ArenaActors.Book memory book, Progress memory p)
        private
        view
    {
        vm.assertEq(book.handles.length, p.handles, "I-21");
        vm.assertLe(p.handles, p.trainers, "I-21");
        uint256 opened;
        for (uint256 i; i < p.handles && p.opened != 0; ++i) {
            uint256 place = arena.handleOf(id, i).member;
            if (place == 0) continue;
            ++opened;
            vm.assertEq(book.trainers[place - 1], book.handles[i]);
            vm.assertEq(arena.trainerOf(id, place - 1).handle, i + 1, "I-21");
        }
        vm.assertEq(opened, p.opened, "I-21");
    }

    /// I-17: after any history, time and the calls of a stranger end both tasks, conclude everybody, free every lock and
    /// leave only what delegators and relays have to fetch; which they do. Then everybody leaves, and nothing stays behind.
    function afterInvariant() public {
        for (uint256 id = 1; id <= TASKS; ++id) {
            while (arena.progressOf(id).status != Status.Finished) {
                step(id);
            }
            ArenaActors.Book memory book = actors.bookOf(id);
            vm.assertEq(ledger.bucketOf(address(arena), id), waiting(id, book), "I-17");
            fetch(id, relay);
            fetch(id, addr("rita"));
            fetch(id, book.trainers);
            fetch(id, book.validators);
            vm.assertEq(ledger.bucketOf(address(arena), id), 0, "I-17");
        }
        for (uint256 i; i < parties.length; ++i) {
            vm.assertEq(vault.stakeOf(parties[i]).locked, 0, "I-17");
        }
        everybodyClaims();
        vm.assertEq(token.balanceOf(address(ledger)), 0, "I-2");
        uint256 exits = everybodyUnstakes();
        vm.assertLe(token.balanceOf(address(vault)), exits, "a wei of rounding for each exit");
    }

    /// @dev The campaign's histories are not empty: like ones reach every phase, event and cause. Broken off in each phase,
    /// at some step of it, they end from there.
    function test_I17_EveryPhaseAndEventIsReachedAndLeft() public {
        vm.pauseGasMetering();
        bytes32[] memory topics = events();
        uint256[] memory seen = new uint256[](topics.length);
        uint256 phases = uint256(type(Phase).max);
        uint256[7] memory causes;
        (uint256 ended, uint256 accepted, uint256 tried) = (0, 0, 0);
        uint256 start = vm.snapshotState();
        for (uint256 history; ended < ENDS * phases; ++history) {
            vm.assertLt(history, 20 * ENDS * phases, "out of reach");
            (bool reached, uint256 done, uint256 steps) = this.reach(history, Phase(1 + ended % phases));
            (accepted, tried) = (accepted + done, tried + steps);
            for (uint256 i; i < topics.length; ++i) {
                seen[i] += actors.seen(topics[i]);
            }
            if (reached) {
                ++ended;
                afterInvariant();
                ++causes[uint256(arena.progressOf(1).cause)];
                ++causes[uint256(arena.progressOf(2).cause)];
            }
            vm.revertToState(start);
        }
        for (uint256 i; i < topics.length; ++i) {
            vm.assertGe(seen[i], 1, string.concat(vm.toString(i), " never seen"));
        }
        for (uint256 i = 1; i < causes.length; ++i) {
            vm.assertGe(causes[i], 1, string.concat("cause ", vm.toString(i)));
        }
        vm.assertGe(3 * accepted, tried, "a third is accepted");
    }

    /// @notice Acts as the campaign does until a task is in that phase, and perhaps goes on in it, or until the task is
    /// finished.
    /// @dev External, so that what it takes of memory is free again. The first task has its rings at the start.
    function reach(uint256 history, Phase phase) external returns (bool reached, uint256 accepted, uint256 tried) {
        bytes4[7] memory acts = [
            ArenaActors.train.selector,
            ArenaActors.validate.selector,
            ArenaActors.keep.selector,
            ArenaActors.meddle.selector,
            ArenaActors.invest.selector,
            ArenaActors.fetch.selector,
            ArenaActors.pass.selector
        ];
        uint256 id = phase < Phase.Mask ? 2 : 1 + history % TASKS;
        for (; tried < 4096; ++tried) {
            uint256 seed = uint256(keccak256(abi.encode(history, tried)));
            (Phase current,,) = arena.phaseOf(id);
            if (current == phase && (seed >> 8) % 4 == 0) return (true, accepted, tried);
            if (current == Phase.Finished) break;
            (bool done,) = address(actors).call(abi.encodeWithSelector(acts[seed % 7], seed));
            if (done) ++accepted;
        }
    }

    /// @dev All that the Arena emits after a task's creation.
    function events() private pure returns (bytes32[] memory topics) {
        bytes32[26] memory all = [
            TrainerEnrolled.selector,
            ValidatorEnrolled.selector,
            Evicted.selector,
            EnrolClosed.selector,
            DrawPostponed.selector,
            RingsDrawn.selector,
            HandleRegistered.selector,
            Submitted.selector,
            Published.selector,
            KeyPosted.selector,
            ScoresCommitted.selector,
            VectorRevealed.selector,
            ScoresRevealed.selector,
            RoundEmpty.selector,
            RoundSettled.selector,
            VectorPaid.selector,
            TaskEnded.selector,
            HandleOpened.selector,
            Delivered.selector,
            RoundTallied.selector,
            TrainerConcluded.selector,
            ValidatorConcluded.selector,
            DelegationClaimed.selector,
            RelayPaid.selector,
            KeeperPaid.selector,
            TaskFinished.selector
        ];
        topics = new bytes32[](all.length);
        for (uint256 i; i < all.length; ++i) {
            topics[i] = all[i];
        }
    }

    /// @dev What time and anybody can do for a task that is not finished.
    function step(uint256 id) private {
        (Phase phase, uint256 round, uint256 deadline) = arena.phaseOf(id);
        nextBlock();
        if (phase == Phase.Tally) {
            for (uint256 r; r < round; ++r) {
                Result memory result = arena.resultOf(id, r);
                if (result.winners != 0 && !result.tallied) strangely(abi.encodeCall(arena.tally, (id, r)));
            }
        } else if (phase == Phase.Conclude) {
            // So long may boxes be awaited.
            skip(2 * arena.scheduleOf(id).open);
            concludeEverybody(id);
        } else if (phase == Phase.Finish) {
            strangely(abi.encodeCall(arena.finish, (id)));
        } else if (actors.settleable(id)) {
            strangely(abi.encodeCall(arena.settle, (id, actors.witness(id, round))));
        } else if (phase == Phase.CloseEnrol || phase == Phase.DrawRings || phase == Phase.Settle) {
            strangely(abi.encodeCall(arena.advance, (id)));
        } else {
            vm.assertGt(deadline, vm.getBlockTimestamp());
            vm.warp(deadline);
        }
    }

    function concludeEverybody(uint256 id) private {
        Progress memory p = arena.progressOf(id);
        for (uint256 i; i < p.trainers; ++i) {
            if (!arena.trainerOf(id, i).concluded) strangely(abi.encodeCall(arena.concludeTrainer, (id, i)));
        }
        for (uint256 i; i < p.validators; ++i) {
            if (!arena.validatorOf(id, i).concluded) strangely(abi.encodeCall(arena.concludeValidator, (id, i)));
        }
    }

    function fetch(uint256 id, address sender) private {
        if (arena.relayUnitsOf(id, sender) != 0) strangely(abi.encodeCall(arena.claimRelay, (id, sender)));
    }

    /// @dev Those of the delegators who were not paid are.
    function fetch(uint256 id, string[] memory operators) private {
        for (uint256 i; i < operators.length; ++i) {
            for (uint256 j; j < 2; ++j) {
                // Refused where nothing is due; what is left in the task tells.
                vm.prank(stranger);
                try arena.claimDelegation(id, addr(operators[i]), delegators[j]) {} catch {}
            }
        }
    }

    function everybodyClaims() private {
        for (uint256 i; i < parties.length; ++i) {
            if (ledger.creditOf(parties[i]) == 0) continue;
            vm.prank(parties[i]);
            ledger.claim();
        }
    }

    function everybodyUnstakes() private returns (uint256 exits) {
        for (uint256 o; o < members.length; ++o) {
            address operator = addr(members[o]);
            address[3] memory owners = [operator, delegators[0], delegators[1]];
            for (uint256 i; i < owners.length; ++i) {
                (uint112 shares, uint96 tokens) = vault.positionOf(operator, owners[i]);
                if (tokens == 0) continue;
                vm.prank(owners[i]);
                vault.requestExit(operator, shares);
            }
        }
        skip(vault.unbonding() + vault.epochLength());
        for (uint256 o; o < members.length; ++o) {
            address operator = addr(members[o]);
            exits += withdrawAll(operator, operator);
            for (uint256 i; i < delegators.length; ++i) {
                exits += withdrawAll(operator, delegators[i]);
            }
        }
    }

    function withdrawAll(address operator, address owner) private returns (uint256) {
        IStakeVault.Exit[] memory exits = vault.exitsOf(operator, owner, 1, type(uint24).max);
        for (uint256 i; i < exits.length; ++i) {
            vm.prank(owner);
            vault.withdraw(operator, exits[i].epoch);
        }
        return exits.length;
    }

    function strangely(bytes memory call) private {
        vm.prank(stranger);
        (bool done, bytes memory reason) = address(arena).call(call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
