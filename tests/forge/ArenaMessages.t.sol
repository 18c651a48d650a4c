// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IArena} from "../../contracts/interfaces/IArena.sol";
import {RingSignature} from "../../contracts/libraries/RingSignature.sol";
import {Rings} from "../../contracts/libraries/Rings.sol";
import {ArenaScribe} from "./ArenaScribe.sol";
import {ArenaTest} from "./ArenaTest.sol";

/// @notice Handles' messages that are refused: masks, commitments and publications that are altered, replayed, copied, late
/// or too many.
contract ArenaMessagesTest is ArenaTest {
    function _mask(ArenaScribe.Mask memory m) private view returns (bytes memory) {
        return abi.encodeCall(IArena.registerHandle, (task, m.ring, m.handle, m.openCommitment, m.consent, m.signature));
    }

    function _refuseMask(ArenaScribe.Mask memory m, bytes memory reason) private {
        refused(relay, _mask(m), reason);
    }

    /// @dev Where the chain of challenges breaks depends on the ring's order.
    function _refuseMask(ArenaScribe.Mask memory m) private {
        vm.prank(relay);
        (bool accepted,) = address(arena).call(_mask(m));
        vm.assertFalse(accepted);
    }

    /// @dev The signature is not by the handle `expected`; by whom it looks depends on what was altered.
    function _refuseSignature(bytes memory call, address expected) private {
        vm.prank(relay);
        (bool accepted, bytes memory reason) = address(arena).call(call);
        vm.assertFalse(accepted, "accepted");
        vm.assertEq(bytes32(bytes4(reason)), bytes32(WrongSignature.selector));
        address named;
        assembly ("memory-safe") {
            named := mload(add(reason, 0x24))
        }
        vm.assertEq(named, expected);
    }

    /// @dev So that all can enrol in a second task.
    function _stakeAgain() private {
        for (uint256 i; i < 4; ++i) {
            vm.prank(addr(trainers[i]));
            vault.stake(1000e18);
        }
        for (uint256 i; i < 3; ++i) {
            vm.prank(addr(validators[i]));
            vault.stake(1000e18);
        }
    }

    // ── Masks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function _toMask() private {
        create(params());
        enrolAll();
        drawRings();
    }

    function test_I21_AlteredMaskIsRefused() public {
        _toMask();
        ArenaScribe.Mask memory good = scribe.mask(task, trainers, 0);
        ArenaScribe.Mask memory m = scribe.mask(task, trainers, 0);
        m.ring = 1;
        _refuseMask(m, abi.encodeWithSelector(Rings.NoSuchRing.selector));

        // Another handle, another opener: without the handle's consent, and with it.
        m = scribe.mask(task, trainers, 0);
        m.handle = scribe.handleOf("bob");
        _refuseSignature(_mask(m), m.handle);
        bytes memory notThis = abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 1);
        m.consent = scribe.consent(task, "bob", m.openCommitment);
        _refuseMask(m, notThis);
        m = scribe.mask(task, trainers, 0);
        m.openCommitment = scribe.openCommitment("bob");
        _refuseSignature(_mask(m), m.handle);
        m.consent = scribe.consent(task, "ada", m.openCommitment);
        _refuseMask(m, notThis);

        m = scribe.mask(task, trainers, 0);
        m.consent[64] = bytes1(uint8(m.consent[64]) ^ 1);
        _refuseSignature(_mask(m), m.handle);
        m.consent = "";
        _refuseSignature(_mask(m), m.handle);

        _refuseAlteredSignature();
        register(good);
        vm.assertEq(arena.progressOf(task).handles, 1);
    }

    function _refuseAlteredSignature() private {
        ArenaScribe.Mask memory m = scribe.mask(task, trainers, 0);
        m.signature.c0 += 1;
        _refuseMask(m, abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 0));
        m = scribe.mask(task, trainers, 0);
        m.signature.members[2][2] += 1;
        _refuseMask(m, abi.encodeWithSelector(RingSignature.MultipleMismatch.selector, 2));
        m = scribe.mask(task, trainers, 0);
        m.signature.inverse += 1;
        _refuseMask(m, abi.encodeWithSelector(RingSignature.InverseMismatch.selector));
        m = scribe.mask(task, trainers, 0);
        m.signature.tagX += 1;
        _refuseMask(m, abi.encodeWithSelector(RingSignature.InvalidTag.selector));
        m = scribe.mask(task, trainers, 0);
        (m.signature.members[0], m.signature.members[1]) = (m.signature.members[1], m.signature.members[0]);
        _refuseMask(m, abi.encodeWithSelector(RingSignature.KeyMismatch.selector, 0));
        m = scribe.mask(task, trainers, 0);
        assembly ("memory-safe") {
            mstore(mload(add(mload(add(m, 0x80)), 0x80)), 3)
        }
        _refuseMask(m, abi.encodeWithSelector(RingSignature.RingSizeMismatch.selector));
    }

    /// @dev One handle for each trainer: a mask counts once, and so does its author.
    function test_I21_SecondHandleIsRefused() public {
        _toMask();
        mask(0);
        bytes memory exists = abi.encodeWithSelector(HandleExists.selector, scribe.tagOf(task, "ada"));
        _refuseMask(scribe.mask(task, trainers, 0), exists);
        bytes32 commitment = scribe.openCommitment("ada");
        address other = scribe.handleOf("another");
        bytes memory consent = scribe.consent(task, "another", commitment);
        _refuseMask(scribe.maskOf(task, trainers, 0, other, commitment, consent), exists);
    }

    function test_I21_OutsiderHasNoMask() public {
        _toMask();
        // Eve puts her own key where ada's stands.
        trainers[0] = "eve";
        _refuseMask(scribe.mask(task, trainers, 0));
    }

    /// @dev Who was evicted is in no ring.
    function test_I21_EvictedTrainerHasNoMask() public {
        Params memory p = params();
        p.maxTrainers = 4;
        create(p);
        enrolAll();
        member("eve", 500);
        enrolTrainer("eve", 110);
        drawRings();
        _refuseMask(scribe.mask(task, trainers, 0));
    }

    /// @dev The same trainers in the same order, one task later, or on another chain.
    function test_I21_MaskIsForOneTaskAndChain() public {
        _toMask();
        ArenaScribe.Mask memory m = scribe.mask(task, trainers, 0);
        vm.chainId(2);
        _refuseSignature(_mask(m), m.handle);
        vm.chainId(31_337);
        _stakeAgain();
        _toMask();
        _refuseSignature(_mask(m), m.handle);
        m.consent = scribe.consent(task, "ada", m.openCommitment);
        _refuseMask(m);
    }

    function test_I21_MaskForAnotherRingIsRefused() public {
        trainers = new string[](0);
        for (uint256 i; i < 17; ++i) {
            trainers.push(string.concat("trainer ", vm.toString(i)));
        }
        Params memory p = params();
        p.maxTrainers = 17;
        create(p);
        enrolAll();
        drawRings();
        ArenaScribe.Mask memory m = scribe.mask(task, trainers, 0);
        m.ring = 1 - m.ring;
        // Rings of nine and eight.
        _refuseMask(m, abi.encodeWithSelector(RingSignature.RingSizeMismatch.selector));
    }

    function test_I11_MessagesAreForThisArenaOnThisChain() public view {
        bytes32 domain = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes memory fields = abi.encode(domain, keccak256("Covey Arena"), keccak256("1"), block.chainid, arena);
        vm.assertEq(arena.domainSeparator(), keccak256(fields));
    }

    // ── Submit ─────────────────────────────────────────────────────────────────────────────────────────────────────

    function _submit(Submission memory m, bytes memory signature) private pure returns (bytes memory) {
        return abi.encodeCall(IArena.submit, (m, signature));
    }

    function _next() private view returns (Submission memory) {
        return scribe.submission(task, 0, 0, "ada");
    }

    function _signed(Submission memory m) private view returns (bytes memory) {
        return _submit(m, scribe.sign("ada", m));
    }

    function test_I11_AlteredSubmissionIsRefused() public {
        begin(params());
        bytes memory signature = scribe.sign("ada", _next());
        address handle = scribe.handleOf("ada");
        Submission memory m = _next();
        m.index = 1;
        _refuseSignature(_submit(m, signature), scribe.handleOf("bob"));
        (m = _next()).index = 9;
        _refuseSignature(_submit(m, signature), address(0));
        (m = _next()).round = 1;
        refused(relay, _submit(m, signature), wrongPhase());
        (m = _next()).commitment = ~m.commitment;
        _refuseSignature(_submit(m, signature), handle);
        (m = _next()).commitment = 0;
        _refuseSignature(_submit(m, signature), handle);
        (m = _next()).last = false;
        _refuseSignature(_submit(m, signature), handle);
        (m = _next()).nonce = 1;
        _refuseSignature(_submit(m, signature), handle);
        (m = _next()).expiry += 1;
        _refuseSignature(_submit(m, signature), handle);
        signature[64] = bytes1(uint8(signature[64]) ^ 7);
        _refuseSignature(_submit(_next(), signature), handle);
        _refuseSignature(_submit(_next(), ""), handle);
        _refuseSignature(_submit(_next(), new bytes(65)), handle);
        vm.assertEq(arena.handleOf(task, 0).messages, 0);
    }

    function test_RelayedMessageCountsOnce() public {
        begin(params());
        Submission memory m = _next();
        m.last = false;
        bytes memory call = _signed(m);
        send(0, m);
        refused(relay, call, abi.encodeWithSelector(WrongNonce.selector, 1, 0));
        m.nonce = 2;
        refused(relay, _signed(m), abi.encodeWithSelector(WrongNonce.selector, 1, 2));
        m.nonce = 1;
        m.expiry = vm.getBlockTimestamp() - 1;
        refused(relay, _signed(m), abi.encodeWithSelector(MessageExpired.selector, m.expiry));
        m.expiry = vm.getBlockTimestamp();
        send(0, m);
        submit(0, 0);
        refused(relay, _signed(_next()), abi.encodeWithSelector(AlreadyFinal.selector, 0));
    }

    function test_MessagesOverTheQuotaAreRefused() public {
        begin(params());
        Submission memory m;
        for (uint256 i; i < 20 - 6; ++i) {
            m = _next();
            m.last = false;
            send(0, m);
        }
        refused(relay, _signed(_next()), abi.encodeWithSelector(QuotaExhausted.selector, 20));
        vm.assertEq(arena.relayUnitsOf(task, relay), 4 * 6 + 14);
    }

    function test_MessageForAnotherTaskIsRefused() public {
        begin(params());
        bytes memory signature = scribe.sign("ada", _next());
        uint256 first = task;
        _stakeAgain();
        begin(params());
        vm.assertNotEq(first, task);
        Submission memory m = _next();
        _refuseSignature(_submit(m, signature), scribe.handleOf("ada"));
    }

    // ── Publish ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _opening() private view returns (Publication memory) {
        return scribe.publication(task, 0, 0, "ada");
    }

    function _publish(Publication memory m, bytes memory signature) private pure returns (bytes memory) {
        return abi.encodeCall(IArena.publish, (m, Earlier(0, 0), signature));
    }

    function _signed(Publication memory m) private view returns (bytes memory) {
        return _publish(m, scribe.sign("ada", m));
    }

    function _toPublish() private {
        begin(params());
        for (uint256 i; i < 4; ++i) {
            submit(i, 0);
        }
    }

    function test_I11_AlteredPublicationIsRefused() public {
        _toPublish();
        bytes memory signature = scribe.sign("ada", _opening());
        address handle = scribe.handleOf("ada");
        Publication memory m = _opening();
        m.index = 1;
        _refuseSignature(_publish(m, signature), scribe.handleOf("bob"));
        (m = _opening()).round = 1;
        refused(relay, _publish(m, signature), wrongPhase());
        (m = _opening()).manifestHash = ~m.manifestHash;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).plaintextHash = ~m.plaintextHash;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).creatorBoxHash = ~m.creatorBoxHash;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).salt = ~m.salt;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).cid = "bafk";
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).firstRound = 1;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).nonce += 1;
        _refuseSignature(_publish(m, signature), handle);
        (m = _opening()).expiry += 1;
        _refuseSignature(_publish(m, signature), handle);
        vm.assertEq(arena.roundOf(task, 0).published, 0);
    }

    function test_PublicationHasToMatchTheCommitment() public {
        _toPublish();
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        Publication memory m = _opening();
        m.manifestHash = ~m.manifestHash;
        refused(relay, _signed(m), wrong);
        (m = _opening()).salt = ~m.salt;
        refused(relay, _signed(m), wrong);
        (m = _opening()).cid = string(new bytes(129));
        refused(relay, _signed(m), abi.encodeWithSelector(TooLong.selector, 129, 128));
        (m = _opening()).expiry = vm.getBlockTimestamp() - 1;
        refused(relay, _signed(m), abi.encodeWithSelector(MessageExpired.selector, m.expiry));
        // Published before it was, or in a round to come.
        (m = _opening()).firstRound = 1;
        refused(relay, _signed(m), wrong);
        publish(0, 0);
        (m = _opening()).nonce = 2;
        refused(relay, _signed(m), abi.encodeWithSelector(AlreadyDone.selector));
    }

    /// @dev What validators bind their scores to; and the longest CID.
    function test_I11_ModelsAreHashedInTheOrderOfTheirPublication() public {
        _toPublish();
        Publication memory m = scribe.publication(task, 1, 0, "bob");
        m.cid = string(new bytes(128));
        send(1, m, Earlier(0, 0));
        bytes32 first = keccak256(abi.encode(0, scribe.handleOf("bob"), m.plaintextHash, m.manifestHash));
        vm.assertEq(arena.lanesHashOf(task, 0), first);
        m = _opening();
        publish(0, 0);
        bytes32 both = keccak256(abi.encode(first, scribe.handleOf("ada"), m.plaintextHash, m.manifestHash));
        vm.assertEq(arena.lanesHashOf(task, 0), both);
    }

    function test_WhoPassedHasNothingToPublish() public {
        begin(params());
        Submission memory m = _next();
        m.last = false;
        send(0, m);
        pass(0, 0);
        for (uint256 i = 1; i < 4; ++i) {
            submit(i, 0);
        }
        refused(relay, _signed(_opening()), abi.encodeWithSelector(WrongOpening.selector));
    }

    /// @dev A commitment that was made for another chain, arena, task, round or handle can't be opened.
    function test_I11_CommitmentsOfElsewhereCantBeOpened() public {
        begin(params());
        bytes32[5] memory replayed = [
            scribe.modelCommitmentAt(2, address(arena), task, 0, "ada"),
            scribe.modelCommitmentAt(block.chainid, address(ledger), task, 0, "ada"),
            scribe.modelCommitmentAt(block.chainid, address(arena), task + 1, 0, "ada"),
            scribe.modelCommitmentAt(block.chainid, address(arena), task, 1, "ada"),
            scribe.modelCommitmentAt(block.chainid, address(arena), task, 0, "bob")
        ];
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 5; ++i) {
            Submission memory m = _next();
            m.commitment = replayed[i];
            send(0, m);
            for (uint256 j = 1; j < 4; ++j) {
                submit(j, 0);
            }
            refused(relay, _signed(_opening()), abi.encodeWithSelector(WrongOpening.selector));
            vm.revertToState(state);
        }
        // Nor does bob, who copied ada's commitment, get anywhere with what she publishes.
        bytes32 copied = _next().commitment;
        Submission memory theft = scribe.submission(task, 1, 0, "bob");
        theft.commitment = copied;
        send(1, theft);
        submit(0, 0);
        submit(2, 0);
        submit(3, 0);
        publish(0, 0);
        Publication memory opened = _opening();
        (opened.index, opened.nonce) = (1, 1);
        bytes memory call = abi.encodeCall(IArena.publish, (opened, Earlier(0, 0), scribe.sign("bob", opened)));
        refused(relay, call, abi.encodeWithSelector(WrongOpening.selector));
    }

    /// @dev The same bytes in a later round count from the first, if that is proven.
    function test_EarlierPublicationIsProven() public {
        begin(params());
        play(0);
        for (uint256 i; i < 4; ++i) {
            submit(i, 1);
        }
        Publication memory first = _opening();
        Publication memory m = scribe.publication(task, 0, 1, "ada");
        (m.plaintextHash, m.firstRound) = (first.plaintextHash, 0);
        bytes memory signature = scribe.sign("ada", m);
        bytes memory wrong = abi.encodeWithSelector(WrongOpening.selector);
        refused(relay, abi.encodeCall(IArena.publish, (m, Earlier(0, 0), signature)), wrong);
        Earlier memory earlier = Earlier(first.creatorBoxHash, ~first.manifestHash);
        refused(relay, abi.encodeCall(IArena.publish, (m, earlier, signature)), wrong);
        earlier = Earlier(~first.creatorBoxHash, first.manifestHash);
        refused(relay, abi.encodeCall(IArena.publish, (m, earlier, signature)), wrong);
        // Bob's proof is not ada's.
        Publication memory his = scribe.publication(task, 1, 0, "bob");
        Publication memory hers = scribe.publication(task, 0, 1, "ada");
        (hers.plaintextHash, hers.firstRound) = (his.plaintextHash, 0);
        earlier = Earlier(his.creatorBoxHash, his.manifestHash);
        refused(relay, abi.encodeCall(IArena.publish, (hers, earlier, scribe.sign("ada", hers))), wrong);
        send(0, m, Earlier(first.creatorBoxHash, first.manifestHash));
        vm.assertEq(arena.roundOf(task, 1).published, 1);
    }
}
