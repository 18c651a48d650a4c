// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AllianceTest} from "./AllianceTest.sol";

/// @notice Clients' places: the bench and isolation and the ways back, leaving, taking another's place.
contract AlliancePlacesTest is AllianceTest {
    function test_Bench_SlashesOnceAndComesBack() public {
        Params memory p = params();
        p.rounds = 4;
        begin(p, 5);
        commitUpdate(0);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        settle();
        vm.assertEq(stakeOf(1), 180e18);
        vm.assertEq(reputationOf(1), 2);
        refused(clients[0], abi.encodeCall(alliance.resume, (task, 0)), abi.encodeWithSelector(NotBenched.selector, 0));
        drawAny();
        vm.assertEq(alliance.roundOf(task).proposers | alliance.roundOf(task).voters, 29, "without 1");
        vm.expectEmit(address(alliance));
        emit ClientResumed(task, 1);
        vm.prank(clients[1]);
        alliance.resume(task, 1);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(stakeOf(1), 180e18, "once");
        vm.assertEq(alliance.roundOf(task).voters, 31, "frozen again");
    }

    /// At the threshold a fault isolates: the client sits out as many rounds as the threshold, then it is back.
    function test_Isolation_AndTheWayBack() public {
        Params memory p = params();
        (p.rounds, p.initialReputation) = (5, 2);
        begin(p, 6);
        propose();
        uint256[] memory voters = scribe.members(alliance.roundOf(task).voters);
        for (uint256 i; i < 3; ++i) {
            commitVote(voters[i], i == 0 ? against(voters[i]) : honest(voters[i]));
        }
        revealAll();
        settle();
        uint256 x = voters[0];
        vm.assertEq(reputationOf(x), 0);
        vm.assertEq(uint256(alliance.placesOf(task).isolated), 1 << x);
        vm.assertEq(alliance.roundOf(task).voters, uint256(63 ^ (1 << x)), "not in the next round");
        play();
        vm.assertEq(reputationOf(x), 1);
        play();
        vm.assertEq(reputationOf(x), 2);
        vm.assertEq(uint256(alliance.placesOf(task).isolated), 0);
        vm.assertEq(alliance.roundOf(task).voters, 63, "back");
    }

    function test_Quit_CountsUntilTheRoundIsOver() public {
        Params memory p = params();
        p.rounds = 3;
        begin(p, 5);
        vm.prank(clients[4]);
        alliance.quit(task, 4);
        refused(clients[4], abi.encodeCall(alliance.quit, (task, 4)), abi.encodeWithSelector(AlreadyDone.selector));
        refused(
            keeper, abi.encodeCall(alliance.collect, (task, 4)), abi.encodeWithSelector(NothingToCollect.selector, 4)
        );
        propose();
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(alliance.roundOf(task).voters, 15);
        uint256 due = stakeOf(4) + earnedBy(4);
        alliance.collect(task, 4);
        vm.assertEq(ledger.creditOf(clients[4]), DEPOSIT - 500e18 + due);
        alliance.collect(task, 3);
        vm.assertEq(stakeOf(3), 400e18, "earnings alone");
        vm.assertEq(earnedBy(3), 0);
        refused(
            clients[4],
            abi.encodeCall(alliance.join, (task, 100e18)),
            abi.encodeWithSelector(JoinedBefore.selector, clients[4])
        );
        address newcomer = operator("newcomer");
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 4, "the free place");
        assertConserved();
    }

    /// Who quits and then keeps silent is slashed like others, and free to go as before.
    function test_Quit_DoesNotExcuseSilence() public {
        Params memory p = params();
        p.rounds = 3;
        begin(p, 6);
        vm.prank(clients[0]);
        alliance.quit(task, 0);
        commitUpdate(1);
        commitUpdate(2);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(1);
        publish(2);
        voteAll(true, new uint256[](0));
        settle();
        vm.assertEq(uint256(alliance.placesOf(task).left), 1);
        vm.assertEq(uint256(alliance.placesOf(task).benched), 0);
        alliance.collect(task, 0);
        vm.assertEq(ledger.creditOf(clients[0]), DEPOSIT - 10e18);
        assertConserved();
    }

    /// The key that joined acts to the end, whatever key the operator takes then; the operator is paid.
    function test_Keys_ThoseThatJoinedStay() public {
        begin(params(), 5);
        bytes memory consent = signHotKey("hot", clients[0]);
        vm.prank(clients[0]);
        vault.authorize(addr("hot"), consent);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = earnedBy(0);
        uint256 held = ledger.creditOf(clients[0]);
        alliance.collect(task, 0);
        vm.assertEq(ledger.creditOf(clients[0]), held + due);
    }

    /// In a full task a place on the bench is free once its client missed a whole round there, and none before.
    function test_Join_TakesAPlaceLongOnTheBench() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (4, 5);
        begin(p, 5);
        address newcomer = operator("newcomer");
        _noPlaceFor(newcomer);
        _silenceOfOne();
        _noPlaceFor(newcomer);
        drawAny();
        _noPlaceFor(newcomer);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = stakeOf(1) + earnedBy(1);
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 1);
        vm.assertEq(due, 180e18, "less the slash");
        vm.assertEq(ledger.creditOf(clients[1]), DEPOSIT - 200e18 + due, "paid out");
        vm.assertEq(uint256(alliance.placesOf(task).benched), 0);
        assertConserved();
    }

    /// Who came back in time and is silent again has as much time again.
    function test_Bench_TimeToComeBackBeginsAnew() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (5, 5);
        begin(p, 5);
        address newcomer = operator("newcomer");
        _silenceOfOne();
        play();
        vm.prank(clients[1]);
        alliance.resume(task, 1);
        _noPlaceFor(newcomer);
        // Frozen without it: it is in from the round after.
        play();
        draw(3);
        _silenceOfOne();
        _noPlaceFor(newcomer);
        vm.assertEq(alliance.clientOf(task, 1).benchedIn, 3);
        play();
        assertPhase(Phase.Ended);
    }

    /// Who quits makes room in a full task once its round is over.
    function test_Join_TakesThePlaceOfOneWhoQuit() public {
        Params memory p = params();
        (p.rounds, p.maxClients) = (3, 5);
        begin(p, 5);
        vm.expectEmit(address(alliance));
        emit ClientLeft(task, 0);
        vm.prank(clients[0]);
        alliance.quit(task, 0);
        address newcomer = operator("newcomer");
        _noPlaceFor(newcomer);
        propose();
        voteAll(true, new uint256[](0));
        settle();
        uint256 due = stakeOf(0) + earnedBy(0);
        vm.prank(newcomer);
        vm.assertEq(alliance.join(task, 100e18), 0);
        vm.assertEq(ledger.creditOf(clients[0]), DEPOSIT - 100e18 + due);
        assertConserved();
    }

    function _noPlaceFor(address newcomer) private {
        bytes memory call = abi.encodeCall(alliance.join, (task, 100e18));
        refused(newcomer, call, abi.encodeWithSelector(NoPlaceFree.selector, task));
    }

    /// @dev Of the proposers 0 and 1, the second commits nothing.
    function _silenceOfOne() private {
        commitUpdate(0);
        vm.warp(alliance.clockOf(task).drawnAt + 100);
        publish(0);
        settle();
    }
}
