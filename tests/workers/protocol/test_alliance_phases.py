"""Phases of an Alliance as a pure function of clock, round and time."""

from dataclasses import replace

import pytest

from covey.protocol.alliance.params import Lengths
from covey.protocol.alliance.phases import Clock, Current, Phase, RoundProgress, Status

PROPOSE_END, PUBLISH_END, VOTE_END, REVEAL_END = 1010, 1030, 1060, 1100
EMPTY = RoundProgress(proposers=0b00011, voters=0b11100)
PROPOSED = replace(EMPTY, committed=0b00011)
PUBLISHED = replace(PROPOSED, opened=0b00011)
VOTED = replace(PUBLISHED, committed=0b11111)
REVEALED = replace(VOTED, opened=0b11111)


def clock(now: int, progress: RoundProgress = EMPTY, status: Status = Status.RUNNING) -> Clock:
    return Clock(
        join_end=100,
        lengths=Lengths(join=100, propose=10, publish=20, vote=30, reveal=40),
        min_updates=2,
        status=status,
        round=3,
        drawn_at=1000,
        progress=progress,
        now=now,
    )


def test_nobody_acted_at_first() -> None:
    assert RoundProgress() == RoundProgress(proposers=0, opened=0, voters=0, committed=0)


@pytest.mark.parametrize(
    ("now", "status", "phase", "deadline"),
    [
        (99, Status.NONE, Phase.NONE, None),
        (99, Status.JOINING, Phase.JOIN, 100),
        (100, Status.JOINING, Phase.FREEZE, None),
        (99, Status.DRAWING, Phase.DRAW, None),
        (99, Status.ENDED, Phase.ENDED, None),
    ],
)
def test_phases_of_a_task(now: int, status: Status, phase: Phase, deadline: int | None) -> None:
    assert clock(now, status=status).current() == Current(phase, 3, deadline)


@pytest.mark.parametrize(
    ("now", "progress", "phase", "deadline"),
    [
        (1000, EMPTY, Phase.PROPOSE, PROPOSE_END),
        (1009, replace(EMPTY, committed=0b01), Phase.PROPOSE, PROPOSE_END),
        (1010, replace(EMPTY, committed=0b01), Phase.PUBLISH, PUBLISH_END),
        (1010, EMPTY, Phase.SETTLE, None),  # nobody committed: nothing to publish
        (1000, PROPOSED, Phase.PUBLISH, PUBLISH_END),  # early
        (1029, replace(PROPOSED, opened=0b10), Phase.PUBLISH, PUBLISH_END),
        (1030, replace(PROPOSED, opened=0b10), Phase.SETTLE, None),  # one of the two updates that it takes
        (1010, replace(EMPTY, committed=0b01, opened=0b01), Phase.SETTLE, None),
        (1000, PUBLISHED, Phase.VOTE, VOTE_END),
        (1059, replace(PUBLISHED, committed=0b01111), Phase.VOTE, VOTE_END),
        (1060, replace(PUBLISHED, committed=0b01111), Phase.REVEAL, REVEAL_END),
        (1060, PUBLISHED, Phase.SETTLE, None),  # nobody voted
        (1000, VOTED, Phase.REVEAL, REVEAL_END),
        (1099, replace(VOTED, opened=0b01111), Phase.REVEAL, REVEAL_END),
        (1100, replace(VOTED, opened=0b01111), Phase.SETTLE, None),
        (1000, REVEALED, Phase.SETTLE, None),
        (1060, replace(VOTED, committed=0b01111, opened=0b01111), Phase.SETTLE, None),
    ],
)
def test_phases_of_a_round(now: int, progress: RoundProgress, phase: Phase, deadline: int | None) -> None:
    assert clock(now, progress).current() == Current(phase, 3, deadline)


def test_what_was_opened_by_role() -> None:
    half = replace(VOTED, opened=0b10110)
    assert half.published == 0b00010
    assert half.revealed == 0b10100


def test_what_is_due() -> None:
    due = {
        phase: (moment.advance_due(), moment.settle_due())
        for moment in (
            clock(99, status=Status.JOINING),
            clock(100, status=Status.JOINING),
            clock(99, status=Status.DRAWING),
            clock(1000),
            clock(1000, REVEALED),
            clock(1000, status=Status.ENDED),
        )
        for phase in [moment.current().phase]
    }
    assert due == {
        Phase.JOIN: (False, False),
        Phase.FREEZE: (True, False),
        Phase.DRAW: (True, False),
        Phase.PROPOSE: (False, False),
        Phase.SETTLE: (False, True),
        Phase.ENDED: (False, False),
    }
