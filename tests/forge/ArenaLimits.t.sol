// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ArenaState} from "../../contracts/arena/ArenaState.sol";
import {IArena} from "../../contracts/interfaces/IArena.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {ArenaStage} from "./ArenaStage.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Stands in for an Arena's code while it fills a task with members that would take thousands of calls.
contract ArenaCrowd is ArenaState {
    constructor() ArenaState(IStakeVault(address(0)), ILedger(address(0)), 1) {}

    /// @notice Takes all places that are left.
    function enrol(uint256 task, uint64 stake) external {
        Task storage t = _tasks[task];
        Places memory places = t.places;
        Progress storage p = t.progress;
        t.places.trainerStakes += _fill(t.trainers, p.trainers, places.maxTrainers, stake);
        t.places.validatorStakes += _fill(t.validators, p.validators, places.maxValidators, stake);
        (p.trainers, p.validators) = (places.maxTrainers, places.maxValidators);
    }

    /// @return gwei that the new members locked
    function _fill(mapping(uint256 => Member) storage members, uint16 count, uint16 max, uint64 stake)
        private
        returns (uint80)
    {
        for (uint256 i = count; i < max; ++i) {
            members[i] = Member({hotKey: address(uint160(i)), stake: stake, handle: 0, concluded: false});
        }
        return uint80(stake) * (max - count);
    }

    /// @notice Of an ended task: makes the handle in `index` the trainer's, and its model of the first round malformed.
    function condemn(uint256 task, uint256 member, uint16 index) external {
        Task storage t = _tasks[task];
        t.progress.untallied = 0;
        t.trainers[member].handle = index + 1;
        RoundData storage data = t.rounds[0];
        data.result.malformed = true;
        data.malformed[index / 256] = 1 << (index % 256);
    }

    /// @notice Ends the task after all its rounds, each with `winners` opened and delivered, the first trainer last of them,
    /// and as many paid vectors as validators, the first validator's last.
    function end(uint256 task, uint16 winners, uint16 validators, uint64 stake) external {
        Task storage t = _tasks[task];
        uint8 rounds = t.schedule.rounds;
        Progress storage p = t.progress;
        (p.status, p.cause, p.settled, p.untallied) = (Status.Ended, Cause.Completed, rounds, rounds);
        (p.trainers, p.handles, p.opened, p.validators) = (winners, winners, winners, validators);
        p.endedAt = uint40(block.timestamp);
        (t.places.trainerStakes, t.places.validatorStakes) = (uint80(stake) * winners, uint80(stake) * validators);
        for (uint16 i; i < winners; ++i) {
            t.trainers[i] = Member(t.trainers[i].hotKey, stake, i + 1, false);
            t.handles[i].member = i + 1;
            t.handles[i].delivered = type(uint8).max;
        }
        for (uint256 round; round < rounds; ++round) {
            RoundData storage data = t.rounds[round];
            data.panel.keyPosted = true;
            data.panel.committed = data.panel.revealed = uint96((1 << validators) - 1);
            (data.result.winners, data.result.paidVectors) = (winners, uint8(validators));
            data.publications[0] =
                keccak256(abi.encode(bytes32("model"), keccak256(new bytes(256)), bytes32("manifest")));
            for (uint256 i; i < winners; ++i) {
                data.winners[i / 16] |= (winners - 1 - i) << (16 * (i % 16));
            }
            for (uint256 i; i < validators; ++i) {
                data.paid[i] = Vector(uint8(i + 1), 1, uint96(1 << (validators - 1 - i)), 1e15);
            }
        }
    }
}

/// @notice The largest calls that the documented limits allow, each as a transaction of its own.
/// forge-config: default.isolate = true
contract ArenaLimitsTest is ArenaTest {
    bytes32 private constant SALT = "salt";
    bytes32 private constant LANES = "lanes";

    function _become(address code) private returns (bytes memory arenasOwn) {
        arenasOwn = address(arena).code;
        vm.etch(address(arena), code.code);
    }

    // ── Settle and reveal ──────────────────────────────────────────────────────────────────────────────────────────

    function test_I19_Settle_1000ModelsBy56DifferentVectors() public {
        _settle(1000, 56);
    }

    function test_I19_Settle_583ModelsBy96DifferentVectors() public {
        _settle(583, 96);
    }

    function test_I19_Settle_4096ModelsBy13DifferentVectors() public {
        _settle(4096, 13);
    }

    /// @dev The dearest witness: no vector is paid nothing, all models stand in one bucket, all winners' places are taken.
    function _settle(uint256 models, uint256 count) private {
        bytes[] memory vectors = new bytes[](count);
        for (uint256 v; v < count; ++v) {
            vectors[v] = _vector(models, v);
        }
        _stage(models, vectors);
        bytes memory all;
        for (uint256 v; v < count; ++v) {
            fits(relay, abi.encodeCall(IArena.revealScores, (1, 0, v, SALT, vectors[v])));
            all = bytes.concat(all, vectors[v]);
        }
        uint256[] memory winners = new uint256[](256);
        for (uint256 i; i < 256; ++i) {
            winners[i] = i;
        }
        // Scores rise from vector to vector: the lower median is the middle one's.
        bytes memory medians = vectors[(count - 1) / 2];
        fits(relay, abi.encodeCall(IArena.settle, (1, Witness(all, medians, winners))));
        vm.assertEq(arena.resultOf(1, 0).winners, 256);
        vm.assertEq(arena.resultOf(1, 0).paidVectors, count);
    }

    /// @dev Every fifth model, among them the first of the bitmap's second word.
    function test_MalformedModelsAndWinnersAreNotedUpToTheLast() public {
        bytes[] memory vectors = new bytes[](1);
        uint256[] memory scores = new uint256[](600);
        uint256[] memory winners = new uint256[](256);
        uint256 counted;
        for (uint256 i; i < scores.length; ++i) {
            if (i % 5 == 1) continue;
            scores[i] = 30_000 - i;
            if (counted < winners.length) winners[counted++] = i;
        }
        vectors[0] = scribe.pack(scores);
        _stage(scores.length, vectors);
        arena.revealScores(1, 0, 0, SALT, vectors[0]);
        arena.settle(1, Witness(vectors[0], "", winners));
        vm.assertTrue(arena.resultOf(1, 0).malformed);
        _become(address(new ArenaStage()));
        for (uint256 i; i < 3 * 256; ++i) {
            uint256 bit = ArenaStage(address(arena)).malformed(1, 0, i / 256) >> (i % 256) & 1;
            vm.assertEq(bit, i < scores.length && i % 5 == 1 ? 1 : 0);
        }
        for (uint256 rank; rank < winners.length; ++rank) {
            vm.assertEq(ArenaStage(address(arena)).winner(1, 0, rank), winners[rank]);
        }
    }

    function _vector(uint256 models, uint256 v) private view returns (bytes memory) {
        uint256[] memory scores = new uint256[](models);
        for (uint256 i; i < models; ++i) {
            scores[i] = 30_000 - 5 * i + v;
        }
        return scribe.pack(scores);
    }

    function _stage(uint256 models, bytes[] memory vectors) private {
        ArenaStage.Scene memory scene = ArenaStage.Scene({
            task: 1,
            models: uint16(models),
            k1: 256,
            k2: 96,
            epsilon: 100,
            mu: 32_765,
            baseline: 2,
            validators: new address[](vectors.length),
            commitments: new bytes32[](vectors.length),
            lanesHash: LANES,
            key: "key"
        });
        bytes32 tag = keccak256("covey.arena.scores");
        for (uint256 v; v < vectors.length; ++v) {
            scene.validators[v] = address(uint160(1000 + v));
            bytes memory head = abi.encode(tag, block.chainid, arena, 1, 0, scene.validators[v], LANES);
            scene.commitments[v] = keccak256(bytes.concat(head, keccak256(vectors[v]), SALT));
        }
        bytes memory own = _become(address(new ArenaStage()));
        ArenaStage(address(arena)).stage(scene);
        vm.etch(address(arena), own);
        vm.warp(vm.getBlockTimestamp() + 4e6);
    }

    // ── Create, enrol and conclude ─────────────────────────────────────────────────────────────────────────────────────────

    function test_I19_CreateTask_EightRounds() public {
        Params memory p = params();
        (p.rounds, p.quota) = (8, 22);
        string memory uri = string(new bytes(512));
        fits(creator, abi.encodeCall(IArena.createTask, (p, scribe.shards(8), uri)));
    }

    /// @dev The weights of 96 validators are summed up.
    function test_I19_CloseEnrol_96Validators() public {
        Params memory p = params();
        (p.maxValidators, p.keeperFee) = (96, 1e16);
        create(p);
        bytes memory own = _become(address(new ArenaCrowd()));
        ArenaCrowd(address(arena)).enrol(task, 200 * TOKEN);
        vm.etch(address(arena), own);
        vm.warp(arena.scheduleOf(task).enrolEnd);
        fits(keeper, abi.encodeCall(IArena.advance, (task)));
        vm.assertEq(arena.progressOf(task).totalWeight, 96 * 341);
    }

    /// @dev The smallest lock of 4,096 is found and leaves.
    function test_I19_Eviction_From4096Trainers() public {
        Params memory p = params();
        (p.maxTrainers, p.maxValidators, p.keeperFee) = (4096, 13, 1e16);
        create(p);
        member("ada", 100);
        member("bob", 500);
        enrolTrainer("ada", 100);
        bytes memory own = _become(address(new ArenaCrowd()));
        ArenaCrowd(address(arena)).enrol(task, 200 * TOKEN);
        vm.etch(address(arena), own);
        (uint256 x, uint256 y) = scribe.publicKey("bob");
        fits(addr("bob"), abi.encodeCall(IArena.enrolTrainer, (task, 500 * TOKEN, x, y)));
        vm.assertEq(locked("ada"), 0);
        vm.assertEq(locked("bob"), 500e18);
    }

    /// @dev Ends the task with ada and vera among so many winners and validators, and leaves the crowd's code in place.
    function _endWith(uint16 winners, uint16 validators_) private returns (bytes memory own) {
        member("ada", 100);
        member("vera", 100);
        enrolTrainer("ada", 100);
        enrolValidator("vera", 100);
        own = _become(address(new ArenaCrowd()));
        ArenaCrowd(address(arena)).end(task, winners, validators_, 100 * TOKEN);
    }

    /// @dev 256 winners and 96 paid vectors in each of eight rounds; those at the end of all lists.
    function test_I19_TallyAndConclude_EightRounds() public {
        Params memory p = params();
        (p.rounds, p.maxTrainers, p.maxValidators, p.k1, p.k2) = (8, 256, 96, 256, 96);
        (p.q, p.keeperFee, p.quota) = (999_999, 1e16, 22);
        create(p);
        bytes memory own = _endWith(256, 96);
        vm.etch(address(arena), own);
        for (uint256 round; round < 8; ++round) {
            fits(keeper, abi.encodeCall(IArena.tally, (task, round)));
        }
        // The first trainer's handle is the last of all winners.
        bytes memory box = new bytes(256);
        fits(relay, abi.encodeCall(IArena.deliver, (task, 7, 0, bytes32("model"), bytes32("manifest"), box)));
        (uint256 trainer, uint256 validator) = (credit("ada"), credit("vera"));
        fits(keeper, abi.encodeCall(IArena.concludeTrainer, (task, 0)));
        fits(keeper, abi.encodeCall(IArena.concludeValidator, (task, 0)));
        vm.assertGt(credit("ada"), trainer);
        vm.assertGt(credit("vera"), validator);
    }

    /// @dev The first bit of the bitmap's second word.
    function test_MalformedModelOfAHighHandleIsSlashed() public {
        create(params());
        bytes memory own = _endWith(1, 1);
        ArenaCrowd(address(arena)).condemn(task, 0, 256);
        vm.etch(address(arena), own);
        vm.prank(keeper);
        arena.concludeTrainer(task, 0);
        vm.assertEq(staked("ada"), 100e18 - 5e18);
    }
}
