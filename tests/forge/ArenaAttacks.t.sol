// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Arena} from "../../contracts/arena/Arena.sol";
import {IArena} from "../../contracts/interfaces/IArena.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {ArenaScribe} from "./ArenaScribe.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice The design's threats, each mounted as an attack on a live task, to its end: what the attacker has of it, and
/// what it costs the others. Every single message that is refused stands in ArenaMessages, ArenaScores and ArenaRefusals.
contract ArenaAttacksTest is ArenaTest {
    uint256 private constant QUOTA = 20 * 1e16;
    /// @dev A mask, a submission and a publication.
    uint256 private constant MESSAGES = 8 * 1e16;

    function _one() private pure returns (Params memory p) {
        p = params();
        p.rounds = 1;
    }

    function _scores(uint256 a, uint256 b, uint256 c, uint256 d) private view returns (bytes memory) {
        uint256[] memory scores = new uint256[](4);
        (scores[0], scores[1], scores[2], scores[3]) = (a, b, c, d);
        return scribe.pack(scores);
    }

    /// @dev Key, commits, reveals and settlement of a round whose models are published.
    function _score(uint256 round, bytes memory vera, bytes memory walt, bytes memory xena) private {
        postKey(round);
        bytes[3] memory votes = [vera, walt, xena];
        for (uint256 i; i < 3; ++i) {
            commit(i, round, votes[i]);
        }
        for (uint256 i; i < 3; ++i) {
            reveal(i, round, votes[i]);
        }
        settle(round);
    }

    function _playAll() private {
        playAll();
    }

    function _tallyAndDeliver() private {
        for (uint256 round; round < rules.rounds; ++round) {
            tally(round);
            for (uint256 i; i < trainers.length; ++i) {
                if (arena.handleOf(task, i).member != 0) deliver(i, round);
            }
        }
    }

    function _lastSecond() private view returns (uint256) {
        return vault.lockOf(address(arena), addr(validators[0]), task).until;
    }

    // ── Sybils, floods, free riders ────────────────────────────────────────────────────────────────────────────────

    /// @dev Beside seven validators of 100 tokens the cap, 15 % of all, binds nobody.
    function test_I9_Sybil_SplittingAValidatorsStakeGainsNothing() public {
        string[8] memory names = ["v1", "v2", "v3", "v4", "v5", "v6", "v7", "eve"];
        validators = names;
        uint256 start = vm.snapshotState();
        uint256 whole = _earnedBySplitting(1);
        vm.revertToState(start);
        validators.push("eva");
        uint256 split = _earnedBySplitting(2);
        vm.assertLe(split, whole);
        vm.assertApproxEqAbs(split, whole, whole / 500);
    }

    /// @dev What the last `parts` validators, of 100 tokens together, earn.
    function _earnedBySplitting(uint256 parts) private returns (uint256 earned) {
        Params memory p = _one();
        p.maxValidators = 9;
        create(p);
        for (uint256 i; i < 4; ++i) {
            member(trainers[i], 100);
            enrolTrainer(trainers[i], 100);
        }
        for (uint256 i; i < validators.length; ++i) {
            uint256 stake = i < 7 ? 100 : 100 / parts;
            member(validators[i], stake);
            enrolValidator(validators[i], stake);
        }
        drawRings();
        maskAll();
        play(0);
        wrapUp();
        assertConserved(0);
        for (uint256 i = 7; i < validators.length; ++i) {
            earned += credit(validators[i]) - DEPOSIT;
        }
    }

    /// @dev One operator, one place, whatever keys it has; and the ring signature's tag gives one handle to each.
    function test_Sybil_OneStakeHasOnePlaceInATask() public {
        create(params());
        member("ada", 500);
        enrolTrainer("ada", 100);
        bytes memory taken = abi.encodeWithSelector(IStakeVault.LockExists.selector, address(arena), addr("ada"), task);
        (uint256 x, uint256 y) = scribe.publicKey("ada");
        refused(addr("ada"), abi.encodeCall(IArena.enrolTrainer, (task, 100 * TOKEN, x, y)), taken);
        bytes32 shardsHash = arena.shardsHashOf(task);
        refused(addr("ada"), abi.encodeCall(IArena.enrolValidator, (task, 100 * TOKEN, "box", shardsHash)), taken);
    }

    /// @dev A handle writes as much as its trainer paid for. What it has used up it lacks for publishing; others don't notice.
    function test_Flood_IsPaidByTheFlooderAlone() public {
        begin(_one());
        Submission memory m = scribe.submission(task, 0, 0, "ada");
        m.last = false;
        for (; m.nonce < 14; ++m.nonce) {
            send(0, m);
        }
        bytes memory signature = scribe.sign("ada", m);
        bytes memory exhausted = abi.encodeWithSelector(QuotaExhausted.selector, 20);
        refused(relay, abi.encodeCall(IArena.submit, (m, signature)), exhausted);
        for (uint256 i = 1; i < 4; ++i) {
            submit(i, 0);
        }
        vm.warp(arena.scheduleOf(task).maskEnd + 100);
        for (uint256 i = 1; i < 4; ++i) {
            publish(i, 0);
        }
        vm.warp(arena.scheduleOf(task).maskEnd + 200);
        postKey(0);
        commitAll(0, fairScores(3));
        revealAll(0, fairScores(3));
        settle(0);
        wrapUp();
        assertConserved(0);
        vm.assertEq(credit("ada"), DEPOSIT - QUOTA);
        vm.assertEq(staked("ada"), 95e18, "unpublished");
        vm.assertEq(ledger.creditOf(relay), QUOTA + 3 * MESSAGES);
    }

    /// @dev There are places for four winners, and three models above the baseline.
    function test_FreeRider_AtTheBaselineEarnsNothing() public {
        begin(_one());
        publishAll(0);
        bytes memory vector = _scores(3000, 20_000, 21_000, 22_000);
        _score(0, vector, vector, vector);
        vm.assertEq(arena.resultOf(task, 0).winners, 3);
        wrapUp();
        assertConserved(0);
        vm.assertEq(credit("ada"), DEPOSIT - MESSAGES);
    }

    /// @dev Dan's model knows the answers of shards that were posted, so it leads where it was measured before.
    function test_Lookup_WhatLeadsOnKnownDataEarnsNothingOnTheLastShard() public {
        begin(params());
        bytes memory tuned = _scores(20_000, 20_100, 20_200, 32_767);
        bytes memory fresh = _scores(20_000, 20_100, 20_200, 2900);
        for (uint256 round; round < 3; ++round) {
            publishAll(round);
            bytes memory vector = round == 2 ? fresh : tuned;
            _score(round, vector, vector, vector);
        }
        wrapUp();
        assertConserved(0);
        // At most the early rounds' tenth of the trainers' pool.
        uint256 trainersPool = (1000e18 - 15e18) * uint256(1000) / 1600;
        vm.assertLt(credit("dan"), DEPOSIT + trainersPool / 10);
    }

    /// @dev Walt always reports the top score; xena what held in the round before, at first a guess.
    function test_ZeroEffort_ReportersEarnNothing() public {
        string[5] memory names = ["vera", "walt", "xena", "yuri", "zoe"];
        validators = names;
        begin(params());
        bytes memory old = _scores(20_000, 20_000, 20_000, 20_000);
        for (uint256 round; round < 3; ++round) {
            publishAll(round);
            uint256 base = 21_000 + 300 * round;
            bytes memory honest = _scores(base, base + 1000, base + 2000, base + 3000);
            bytes[5] memory votes = [honest, _scores(32_767, 32_767, 32_767, 32_767), old, honest, honest];
            postKey(round);
            for (uint256 i; i < 5; ++i) {
                commit(i, round, votes[i]);
            }
            for (uint256 i; i < 5; ++i) {
                reveal(i, round, votes[i]);
            }
            settle(round);
            old = honest;
        }
        wrapUp();
        assertConserved(0);
        vm.assertEq(credit("walt"), DEPOSIT);
        vm.assertEq(credit("xena"), DEPOSIT);
        uint256 validatorsPool = (1000e18 - 17e18) * uint256(1000) / 2000;
        vm.assertApproxEqAbs(credit("vera"), DEPOSIT + validatorsPool / 3, 9);
    }

    // ── Models that are not the same to everybody ──────────────────────────────────────────────────────────────────

    /// @dev What each of four validators earns in a round that is scored like this, none of them slashed.
    function _earned(bytes memory walt, bytes memory vera) private returns (uint256[4] memory earned) {
        string[4] memory names = ["vera", "walt", "xena", "yuri"];
        validators = names;
        begin(_one());
        publishAll(0);
        postKey(0);
        for (uint256 i; i < 4; ++i) {
            commit(i, 0, i == 0 ? vera : walt);
        }
        for (uint256 i; i < 4; ++i) {
            reveal(i, 0, i == 0 ? vera : walt);
        }
        settle(0);
        wrapUp();
        assertConserved(0);
        for (uint256 i; i < 4; ++i) {
            vm.assertEq(staked(names[i]), 200e18, "slashed");
            earned[i] = credit(names[i]) - DEPOSIT;
        }
    }

    /// @dev Dan's model counts otherwise on vera's machine than on the others'. It costs her that model's agreement, no stake.
    function test_DivergentModel_SlashesNobody() public {
        uint256[4] memory earned =
            _earned(_scores(20_000, 21_000, 22_000, 23_000), _scores(20_000, 21_000, 22_000, 31_000));
        vm.assertEq(earned[1], earned[3]);
        // Three of four models, of which a half is the pass mark: half a claim.
        vm.assertApproxEqAbs(2 * earned[0], earned[1], 4);
        // Dan is ranked by what the majority saw.
        vm.assertEq(arena.resultOf(task, 0).best, 4);
    }

    /// @dev Dan serves his model to vera alone, who scores it best of all. To the others it is unavailable: it counts for
    /// nothing, and nobody is worse off for it but dan.
    function test_SelectiveAvailability_CostsTheTrainerAlone() public {
        uint256[4] memory earned = _earned(_scores(20_000, 21_000, 22_000, 1), _scores(20_000, 21_000, 22_000, 32_000));
        vm.assertApproxEqAbs(earned[0], earned[1], 4);
        vm.assertEq(arena.resultOf(task, 0).counted, 3);
        vm.assertEq(credit("dan"), DEPOSIT - MESSAGES);
        vm.assertEq(staked("dan"), 400e18, "unavailable is no fault");
    }

    // ── Copying and replay ─────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Walt copies vera's commitment, which waits in the mempool; xena waits for the first reveal.
    function test_ScoreCopying_CopiersAreSlashedAndEarnNothing() public {
        begin(_one());
        publishAll(0);
        postKey(0);
        bytes memory vector = fairScores(4);
        bytes32 commitment = scribe.scoreCommitment(task, 0, "vera", vector);
        vm.prank(addr("walt"));
        arena.commitScores(task, 0, 1, commitment);
        commit(0, 0, vector);
        vm.warp(arena.scheduleOf(task).maskEnd + 400);
        reveal(0, 0, vector);
        bytes32 salt = scribe.scoreSalt("vera", 0);
        for (uint256 place = 1; place < 3; ++place) {
            refused(
                addr(validators[place]),
                abi.encodeCall(IArena.revealKnownScores, (task, 0, place, salt, keccak256(vector))),
                abi.encodeWithSelector(WrongOpening.selector)
            );
        }
        skip(100);
        // A third of the weight is no quorum: nothing is paid on one validator's word.
        advance();
        assertEnded(Cause.QuorumMissed);
        wrapUp();
        assertConserved(0);
        vm.assertEq(staked("walt"), 200e18 - 40e18);
        vm.assertEq(staked("xena"), 200e18 - 20e18);
        vm.assertEq(credit("walt"), DEPOSIT);
        vm.assertEq(credit("xena"), DEPOSIT);
    }

    /// @dev Eve commits to what bob's handle committed, and sends his publication as hers.
    function test_ModelCopying_AnothersCommitmentCantBeOpened() public {
        trainers.push("eve");
        begin(_one());
        Submission memory copy = scribe.submission(task, 4, 0, "bob");
        send(4, copy);
        for (uint256 i; i < 4; ++i) {
            submit(i, 0);
        }
        publish(1, 0);
        Publication memory m = scribe.publication(task, 4, 0, "bob");
        bytes memory signature = scribe.sign("eve", m);
        bytes memory call = abi.encodeCall(IArena.publish, (m, Earlier(0, 0), signature));
        refused(relay, call, abi.encodeWithSelector(WrongOpening.selector));
    }

    /// @dev The same people do the same in a second Arena: what they sign for one is worth nothing in the other, nor on a
    /// fork of the chain.
    function test_I11_Replay_InAnotherArenaOrOnAFork() public {
        begin(params());
        Submission memory m = scribe.submission(task, 0, 0, "ada");
        bytes memory signature = scribe.sign("ada", m);
        bytes32 scoreCommitment = scribe.scoreCommitment(task, 0, "vera", fairScores(4));
        bytes32 domain = arena.domainSeparator();
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.assertNotEq(arena.domainSeparator(), domain);
        _refuse(abi.encodeCall(IArena.submit, (m, signature)));
        vm.chainId(chain);

        ArenaScribe.Mask memory k = scribe.mask(task, trainers, 0);
        _moveToAnotherArena();
        create(params());
        vm.assertEq(m.task, task, "the same number");
        enrolAll();
        drawRings();
        _refuse(
            abi.encodeCall(IArena.registerHandle, (task, k.ring, k.handle, k.openCommitment, k.consent, k.signature))
        );
        maskAll();
        _refuse(abi.encodeCall(IArena.submit, (m, signature)));
        publishAll(0);
        postKey(0);
        vm.prank(addr("vera"));
        arena.commitScores(task, 0, 0, scoreCommitment);
        commit(1, 0, fairScores(4));
        commit(2, 0, fairScores(4));
        bytes32 salt = scribe.scoreSalt("vera", 0);
        refused(
            relay,
            abi.encodeCall(IArena.revealScores, (task, 0, 0, salt, fairScores(4))),
            abi.encodeWithSelector(WrongOpening.selector)
        );
    }

    function _moveToAnotherArena() private {
        Arena.Modules memory modules = Arena(address(arena)).modules();
        arena = IArena(vm.deployCode("Arena.sol:Arena", abi.encode(modules, vault, ledger, MIN_PHASE)));
        scribe = ArenaScribe(vm.deployCode("ArenaScribe.sol:ArenaScribe", abi.encode(arena)));
        for (uint256 i; i < parties.length; ++i) {
            vm.startPrank(parties[i]);
            ledger.approve(address(arena), type(uint96).max);
            vault.approveEngine(address(arena), type(uint96).max);
            vault.stake(1000e18);
            vm.stopPrank();
        }
    }

    /// @dev Whom the signature seems to be by depends on where it is checked.
    function _refuse(bytes memory call) private {
        vm.prank(relay);
        (bool accepted, bytes memory reason) = address(arena).call(call);
        vm.assertFalse(accepted, "accepted");
        vm.assertEq(bytes32(bytes4(reason)), bytes32(WrongSignature.selector));
    }

    /// @dev Eve sees ada's enrolment in the mempool: its public key is ada's, so she can't enrol with it; nor keep ada out.
    function test_MempoolCopy_OfAnEnrolment() public {
        create(params());
        member("ada", 100);
        member("eve", 100);
        (uint256 x, uint256 y) = scribe.publicKey("ada");
        bytes memory call = abi.encodeCall(IArena.enrolTrainer, (task, 100 * TOKEN, x, y));
        refused(addr("eve"), call, abi.encodeWithSelector(WrongPublicKey.selector, addr("eve")));
        vm.assertEq(enrolTrainer("ada", 100), 0);
    }

    /// @dev Whoever sends ada's mask before her relay does registers ada's handle, and earns a relay's fee for it.
    function test_MempoolCopy_OfAMask() public {
        create(_one());
        enrolAll();
        drawRings();
        ArenaScribe.Mask memory m = scribe.mask(task, trainers, 0);
        vm.prank(keeper);
        arena.registerHandle(task, m.ring, m.handle, m.openCommitment, m.consent, m.signature);
        bytes memory call =
            abi.encodeCall(IArena.registerHandle, (task, m.ring, m.handle, m.openCommitment, m.consent, m.signature));
        refused(relay, call, abi.encodeWithSelector(HandleExists.selector, scribe.tagOf(task, "ada")));
        for (uint256 i = 1; i < 4; ++i) {
            mask(i);
        }
        play(0);
        wrapUp();
        vm.assertGt(credit("ada"), DEPOSIT);
        vm.assertEq(arena.claimRelay(task, keeper), 6 * 1e16);
        assertConserved(0);
    }

    // ── Absence ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Walt sees the others' scores first, and that his are outvoted; keeping them back saves him nothing.
    function test_I16_NonReveal_CostsAndEarnsNothing() public {
        begin(_one());
        publishAll(0);
        postKey(0);
        commitAll(0, fairScores(4));
        reveal(0, 0, fairScores(4));
        reveal(2, 0, fairScores(4));
        uint256 before = vm.snapshotState();
        reveal(1, 0, fairScores(4));
        settle(0);
        wrapUp();
        uint256 paid = credit("walt");
        vm.assertEq(staked("walt"), 200e18);
        vm.revertToState(before);
        vm.warp(arena.scheduleOf(task).maskEnd + 500);
        settle(0);
        wrapUp();
        vm.assertGt(paid, credit("walt"));
        vm.assertEq(credit("walt"), DEPOSIT);
        vm.assertEq(staked("walt"), 200e18 - 40e18);
        assertConserved(0);
    }

    /// @dev Dan never masks, cyd never publishes, xena never commits: each phase waits for its deadline, and no longer.
    function test_Veto_OfAbsentMembersFails() public {
        create(_one());
        enrolAll();
        drawRings();
        for (uint256 i; i < 3; ++i) {
            mask(i);
        }
        skip(100);
        submit(0, 0);
        submit(1, 0);
        submit(2, 0);
        publish(0, 0);
        publish(1, 0);
        vm.warp(arena.scheduleOf(task).maskEnd + 200);
        postKey(0);
        commit(0, 0, fairScores(2));
        commit(1, 0, fairScores(2));
        vm.warp(arena.scheduleOf(task).maskEnd + 400);
        reveal(0, 0, fairScores(2));
        reveal(1, 0, fairScores(2));
        settle(0);
        assertEnded(Cause.Completed);
        for (uint256 i; i < 3; ++i) {
            open(i);
        }
        tally(0);
        deliver(0, 0);
        deliver(1, 0);
        finish();
        assertConserved(QUOTA);
        vm.assertGt(credit("bob"), DEPOSIT);
        vm.assertGt(credit("vera"), DEPOSIT);
        vm.assertEq(staked("cyd"), 300e18 - 15e18);
        vm.assertEq(staked("dan"), 0);
        vm.assertEq(staked("xena"), 200e18 - 20e18);
    }

    /// @dev The creator lets the task hang at its key; the others have their stake back, it has nothing.
    function test_WithheldKey_CostsTheCreatorBountyAndBond() public {
        begin(_one());
        publishAll(0);
        vm.warp(arena.scheduleOf(task).maskEnd + 300);
        advance();
        assertEnded(Cause.KeyMissing);
        wrapUp();
        assertConserved(1100e18 - 3e18);
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1100e18);
        vm.assertEq(staked("dan"), 400e18);
        vm.assertEq(staked("vera"), 200e18);
    }

    /// @dev A key that comes at its deadline would leave validators less than their minimum to score.
    function test_LateKey_IsRefused() public {
        begin(_one());
        publishAll(0);
        uint256 end = arena.scheduleOf(task).maskEnd + 300;
        Shard[] memory shards = scribe.shards(1);
        bytes memory call = abi.encodeCall(IArena.postKey, (task, 0, scribe.shardKey(0), shards));
        vm.warp(end);
        refused(creator, call, wrongPhase());
        vm.warp(end - 1);
        postKey(0);
        assertPhase(Phase.Score, 0, end + 100);
    }

    /// @dev Data that validators can't use costs the creator as much, and validators nothing.
    function test_BadData_CostsTheCreatorBountyAndBond() public {
        begin(_one());
        publishAll(0);
        postKey(0);
        commitAll(0, "");
        revealAll(0, "");
        advance();
        assertEnded(Cause.DatasetInvalid);
        wrapUp();
        assertConserved(1100e18 - 3e18);
        vm.assertEq(ledger.creditOf(creator), DEPOSIT - 1100e18);
        vm.assertEq(staked("vera"), 200e18);
    }

    // ── Handles, stake, slashes ────────────────────────────────────────────────────────────────────────────────────

    /// @dev Dan sells his winning handle to cyd, with its nonce; the commitment names dan, so only he opens it.
    function test_HandleSelling_OnlyTheSellerCanOpen() public {
        begin(_one());
        play(0);
        (bytes32 tag, bytes32 nonce) = (scribe.tagOf(task, "dan"), scribe.openNonce("dan"));
        refused(
            addr("cyd"),
            abi.encodeCall(IArena.open, (task, 3, 2, tag, nonce)),
            abi.encodeWithSelector(WrongOpening.selector)
        );
        refused(
            addr("cyd"),
            abi.encodeCall(IArena.open, (task, 3, 3, tag, nonce)),
            abi.encodeWithSelector(NotAuthorized.selector, addr("cyd"))
        );
        wrapUp();
    }

    /// @dev Stake and delegations that come in the block of the lock, or after it, weigh and earn nothing.
    function test_I8_JustInTime_StakeAndDelegationEarnNothing() public {
        address jim = rich("jim");
        create(_one());
        member("vera", 200);
        delegateTo(addr("vera"), jim, 400e18);
        enrolAll();
        delegateTo(addr("vera"), jim, 400e18);
        vm.prank(addr("vera"));
        vault.stake(1000e18);
        nextBlock();
        drawRings();
        maskAll();
        play(0);
        wrapUp();
        vm.assertEq(credit("vera"), credit("walt"));
        refused(
            jim,
            abi.encodeCall(IArena.claimDelegation, (task, addr("vera"), jim)),
            abi.encodeWithSelector(NothingDelegated.selector, jim)
        );
        assertConserved(0);
    }

    /// @dev Dan asks for his stake back before he could be slashed, and never opens. Cyd does so too, but opens.
    function test_ExitBeforeSlash_SavesNothing() public {
        begin(_one());
        play(0);
        (uint24 epoch,) = exitAll(addr("dan"), addr("dan"));
        (uint24 honest,) = exitAll(addr("cyd"), addr("cyd"));
        for (uint256 i; i < 3; ++i) {
            open(i);
        }
        refused(
            addr("dan"),
            abi.encodeCall(IStakeVault.withdraw, (addr("dan"), epoch)),
            abi.encodeWithSelector(IStakeVault.ExitNotMature.selector, epoch, vault.maturityOf(epoch)),
            address(vault)
        );
        skip(100);
        _tallyAndDeliver();
        finish();
        vm.warp(vault.maturityOf(epoch));
        refused(
            addr("dan"),
            abi.encodeCall(IStakeVault.withdraw, (addr("dan"), epoch)),
            abi.encodeWithSelector(IStakeVault.NothingToWithdraw.selector, addr("dan"), epoch, addr("dan")),
            address(vault)
        );
        vm.prank(addr("cyd"));
        vm.assertEq(vault.withdraw(addr("cyd"), honest), 300e18);
    }

    /// @dev Eve concludes dan, who has not opened: his 400 tokens are burnt, she has the keeper's fee, the creator nothing.
    function test_SlashExtortion_NobodyGainsByASlash() public {
        begin(_one());
        play(0);
        for (uint256 i; i < 3; ++i) {
            open(i);
        }
        skip(100);
        _tallyAndDeliver();
        address eve = rich("eve");
        parties.push(eve);
        (uint256 burnt, uint256 creatorHad) = (token.balanceOf(DEAD), ledger.creditOf(creator));
        vm.expectEmit(address(arena));
        emit KeeperPaid(task, eve, 1e18);
        vm.prank(eve);
        arena.concludeTrainer(task, 3);
        vm.assertEq(token.balanceOf(DEAD) - burnt, 400e18);
        vm.assertEq(ledger.creditOf(eve), 1e18);
        vm.assertEq(ledger.creditOf(creator), creatorHad);
        vm.prank(eve);
        arena.concludeTrainer(task, 2);
        vm.assertEq(ledger.creditOf(eve), 1e18, "no fee without a fault");
    }

    // ── Creator and relays ─────────────────────────────────────────────────────────────────────────────────────────

    /// @dev The creator has a model's key only by the box that pays for it, and can't keep the pay back by doing nothing; a
    /// trainer gets none for a box that is not the published one.
    function test_UnpaidModels_BoxAndPayComeTogether() public {
        begin(_one());
        play(0);
        openAll();
        tally(0);
        Publication memory m = scribe.publication(task, 3, 0, "dan");
        bytes memory box = scribe.creatorBox("cyd", 0);
        bytes memory call = abi.encodeCall(IArena.deliver, (task, 0, 3, m.plaintextHash, m.manifestHash, box));
        refused(addr("dan"), call, abi.encodeWithSelector(WrongOpening.selector));
        deliver(3, 0);
        deliver(2, 0);
        uint256 end = arena.progressOf(task).endedAt + 200;
        bytes memory awaiting = abi.encodeWithSelector(AwaitingDelivery.selector, 0, end);
        refused(creator, abi.encodeCall(IArena.concludeTrainer, (task, 1)), awaiting);
        arena.concludeTrainer(task, 3);
        vm.assertGt(credit("dan"), DEPOSIT);
        vm.warp(end);
        finishRest();
        vm.assertEq(credit("ada"), DEPOSIT - MESSAGES);
        vm.assertEq(credit("bob"), DEPOSIT - MESSAGES);
        assertConserved(0);
    }

    /// @dev All but dan, who is concluded.
    function finishRest() private {
        for (uint256 i; i < 3; ++i) {
            arena.concludeTrainer(task, i);
            arena.concludeValidator(task, i);
        }
        arena.finish(task);
        arena.claimRelay(task, relay);
    }

    /// @dev A relay can drop a message, or send it once as it is.
    function test_Relay_CantReplayAlterOrCensor() public {
        begin(_one());
        Submission memory m = scribe.submission(task, 0, 0, "ada");
        m.last = false;
        bytes memory signature = scribe.sign("ada", m);
        bytes32 commitment = m.commitment;
        m.commitment = "another";
        _refuse(abi.encodeCall(IArena.submit, (m, signature)));
        m.commitment = commitment;
        // The relay that ada asked keeps it; another one sends it, and earns.
        address rita = rich("rita");
        bytes memory call = abi.encodeCall(IArena.submit, (m, signature));
        vm.prank(rita);
        arena.submit(m, signature);
        refused(relay, call, abi.encodeWithSelector(WrongNonce.selector, 1, 0));
        vm.assertEq(arena.relayUnitsOf(task, rita), 1);
        vm.assertEq(arena.relayUnitsOf(task, relay), 4 * 6);
        // Or ada herself, at the price of her name.
        m = scribe.submission(task, 0, 0, "ada");
        signature = scribe.sign("ada", m);
        vm.prank(addr("ada"));
        arena.submit(m, signature);
        vm.assertEq(arena.handleOf(task, 0).messages, 2);
    }

    // ── Nobody settles ─────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Walt waits until all locks are over, frees his own and leaves with his stake. What he earned goes to his delegator
    /// all the same.
    function test_NobodySettles_DelegatorsArePaidThoughTheirOperatorLeft() public {
        address olga = rich("olga");
        parties.push(olga);
        member("walt", 200);
        delegateTo(addr("walt"), olga, 300e18);
        nextBlock();
        begin(_one());
        playToSettle(0);
        uint256 before = vm.snapshotState();
        settle(0);
        wrapUp();
        uint256 due = arena.claimDelegation(task, addr("walt"), olga);
        uint256 own = credit("walt");
        vm.assertGt(due, 0);
        vm.revertToState(before);

        uint256 last = _lastSecond();
        bytes memory expire = abi.encodeCall(IStakeVault.expire, (address(arena), addr("walt"), task));
        vm.warp(last);
        bytes memory held = abi.encodeWithSelector(IStakeVault.LockNotExpired.selector, last);
        refused(addr("walt"), expire, held, address(vault));
        vm.warp(last + 1);
        vm.prank(addr("walt"));
        vault.expire(address(arena), addr("walt"), task);
        exitAll(addr("walt"), addr("walt"));
        exitAll(addr("walt"), olga);
        skip(30 days);
        settle(0);
        wrapUp();
        vm.assertEq(arena.claimDelegation(task, addr("walt"), olga), due);
        vm.assertEq(credit("walt"), own);
        vm.assertEq(vault.stakeOf(addr("walt")).locked, 0);
        assertConserved(0);
    }
}
