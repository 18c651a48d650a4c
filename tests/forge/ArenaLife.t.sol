// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ArenaTest} from "./ArenaTest.sol";

/// @notice Whole tasks that go well, from posting to the last wei.
contract ArenaLifeTest is ArenaTest {
    /// @dev Everything from Open on, then the claims of relays: the bucket is empty.
    function _finish(uint256 rounds) private {
        openAll();
        for (uint256 round; round < rounds; ++round) {
            tally(round);
            deliverAll(round);
        }
        concludeAll();
        arena.finish(task);
        arena.claimRelay(task, relay);
        assertPhase(Phase.Finished);
        vm.assertEq(bucket(), 0, "bucket");
    }

    function test_I3_ATaskOfThreeRoundsPaysOutToTheLastWei() public {
        begin(params());
        for (uint256 round; round < 3; ++round) {
            play(round);
        }
        assertEnded(Cause.Completed);
        assertPhase(Phase.Open, 3, vm.getBlockTimestamp() + 100);
        _finish(3);
    }
}
