"""Phases as a pure function of schedule, counters and time."""

from dataclasses import astuple, replace
from random import Random

import pytest

from covey.protocol.params import Lengths
from covey.protocol.phases import Cause, Clock, Phase, Progress, RoundProgress, Status, rounds_run
from covey.protocol.schedule import Schedule
from tests.workers.protocol.rounds import random_params

LENGTHS = Lengths(enrol=100, mask=100, submit=10, publish=20, key=30, score=40, reveal=50, open=1000)
SCHEDULE = Schedule(enrol_end=100, lengths=LENGTHS, rounds=2)
FIRST, SECOND = 200, 350  # starts of Submit if nothing closes early
RUNNING = Progress(
    Status.RUNNING, trainers=3, validators=4, handles=2, active=4, active_weight=30_000, total_weight=30_000
)
EMPTY = RoundProgress()
FROZEN = RoundProgress(committed=2, done=2, published=2)
KEYED = replace(FROZEN, key_posted=True)
SCORED = replace(KEYED, score_commits=4)
REVEALED = replace(SCORED, reveals=4, weight=30_000)


def clock(now: int, progress: Progress = RUNNING, first: RoundProgress = EMPTY, second: RoundProgress = EMPTY) -> Clock:
    return Clock(SCHEDULE, progress, (first, second), now)


def test_numbers_are_the_contracts() -> None:
    assert list(Status) == list(range(7))
    assert list(Cause) == list(range(7))
    assert list(Phase) == list(range(16))


def test_nothing_happened_at_first() -> None:
    assert astuple(Progress()) == (Status.ENROLLING, *[0] * 12)
    assert astuple(EMPTY) == (0,) * 8


def test_enrol_begins_with_the_block_that_creates_the_task() -> None:
    params = random_params(Random(1))
    assert Schedule.of(params, 1000) == Schedule(1000 + params.lengths.enrol, params.lengths, params.rounds)


def test_deadlines_are_absolute() -> None:
    ends = [SCHEDULE.submit_end, SCHEDULE.publish_end, SCHEDULE.key_end, SCHEDULE.score_end, SCHEDULE.reveal_end]
    assert SCHEDULE.draw_end == 150
    assert [end(0) for end in ends] == [210, 230, 260, 300, 350]
    assert [end(1) for end in ends] == [360, 380, 410, 450, 500]
    assert SCHEDULE.open_end(777) == 1777
    assert SCHEDULE.delivery_end(777) == 2777


@pytest.mark.parametrize(
    ("now", "progress", "phase"),
    [
        (0, Progress(Status.NONE), Phase.NONE),
        (99, Progress(), Phase.ENROL),
        (100, Progress(), Phase.CLOSE_ENROL),
        (150, replace(RUNNING, status=Status.DRAWING), Phase.DRAW_RINGS),
        (199, RUNNING, Phase.MASK),
        (200, RUNNING, Phase.SUBMIT),
        (150, replace(RUNNING, handles=3), Phase.SUBMIT),
        (0, replace(RUNNING, status=Status.FINISHED), Phase.FINISHED),
        (500, replace(RUNNING, status=Status.CANCELLED), Phase.CONCLUDE),
        (500, replace(RUNNING, status=Status.CANCELLED, concluded=7), Phase.FINISH),
    ],
)
def test_phases_of_a_task(now: int, progress: Progress, phase: Phase) -> None:
    current = clock(now, progress).current()
    assert (current.phase, current.round) == (phase, 0)


@pytest.mark.parametrize(
    ("now", "first", "phase", "deadline"),
    [
        (205, EMPTY, Phase.SUBMIT, 210),
        (205, replace(FROZEN, published=0), Phase.PUBLISH, 230),
        (210, replace(FROZEN, done=0, published=1), Phase.PUBLISH, 230),
        (211, RoundProgress(committed=0, done=2), Phase.SETTLE, None),
        (230, replace(FROZEN, published=0), Phase.SETTLE, None),
        (205, FROZEN, Phase.POST_KEY, 260),
        (260, FROZEN, Phase.SETTLE, None),
        (205, KEYED, Phase.SCORE, 300),
        (299, replace(KEYED, score_commits=3), Phase.SCORE, 300),
        (300, replace(KEYED, score_commits=3), Phase.REVEAL, 350),
        (205, SCORED, Phase.REVEAL, 350),
        (350, SCORED, Phase.SETTLE, None),
        (205, REVEALED, Phase.SETTLE, None),
    ],
)
def test_phases_of_a_round(now: int, first: RoundProgress, phase: Phase, deadline: int | None) -> None:
    current = clock(now, first=first).current()
    assert (current.phase, current.round, current.deadline) == (phase, 0, deadline)


def test_phase_closes_early_once_everybody_acted() -> None:
    assert clock(201, first=replace(FROZEN, done=1, published=0)).in_round(0).phase is Phase.SUBMIT
    assert clock(201, first=replace(FROZEN, published=1)).in_round(0).phase is Phase.PUBLISH
    assert clock(201, first=replace(SCORED, score_commits=3)).in_round(0).phase is Phase.SCORE
    assert clock(201, first=replace(SCORED, reveals=3)).in_round(0).phase is Phase.REVEAL


def test_next_round_submits_while_this_one_waits_to_be_settled() -> None:
    assert clock(205, first=SCORED).in_round(1).phase is Phase.NONE
    assert clock(205, first=REVEALED).in_round(1).phase is Phase.SUBMIT
    assert clock(205, first=REVEALED, second=FROZEN).in_round(1).phase is Phase.POST_KEY
    # Scoring waits for the settlement, which tells who is active.
    assert clock(205, first=REVEALED, second=SCORED).in_round(1).phase is Phase.SCORE
    assert clock(205, replace(RUNNING, settled=1), REVEALED, SCORED).in_round(1).phase is Phase.REVEAL
    assert clock(231, first=replace(FROZEN, published=0)).in_round(1).phase is Phase.SUBMIT


def test_rounds_that_have_not_opened() -> None:
    assert clock(99, Progress()).in_round(0).phase is Phase.NONE
    assert clock(200, replace(RUNNING, status=Status.ENDED)).in_round(0).phase is Phase.NONE
    assert clock(199).in_round(0).phase is Phase.NONE
    assert clock(205, first=REVEALED).in_round(2).phase is Phase.NONE
    assert clock(205, replace(RUNNING, settled=1), REVEALED, REVEALED).in_round(2).phase is Phase.NONE


@pytest.mark.parametrize(
    ("now", "first", "settles", "advances"),
    [
        (205, SCORED, False, False),
        (205, REVEALED, True, False),
        (205, replace(REVEALED, committed=1, published=1), True, False),
        (205, replace(REVEALED, weight=15_000), False, True),  # no quorum
        (205, replace(REVEALED, invalid_weight=15_001), False, True),
        (205, replace(REVEALED, invalid_weight=15_000), True, False),
        (260, FROZEN, False, True),  # the key did not come
        (230, EMPTY, False, True),  # nothing published
    ],
)
def test_what_a_keeper_may_do(now: int, first: RoundProgress, settles: bool, advances: bool) -> None:
    at = clock(now, first=first)
    assert (at.settle_due(), at.advance_due()) == (settles, advances)


def test_enrolment_is_closed_and_rings_drawn_by_a_keeper() -> None:
    assert not clock(99, Progress()).advance_due()
    assert clock(100, Progress()).advance_due()
    assert clock(120, replace(RUNNING, status=Status.DRAWING)).advance_due()
    assert not clock(120).advance_due()


def test_open_closes_when_every_handle_is_opened() -> None:
    ended = replace(RUNNING, status=Status.ENDED, settled=2, ended_at=500, untallied=1, cause=Cause.COMPLETED)
    assert clock(1499, ended).current().phase is Phase.OPEN
    assert clock(1500, ended).current().phase is Phase.TALLY
    assert clock(501, replace(ended, opened=2)).current().phase is Phase.TALLY
    assert clock(1500, replace(ended, untallied=0)).current().phase is Phase.CONCLUDE
    assert clock(1500, replace(ended, untallied=0, concluded=7)).current().phase is Phase.FINISH


def test_round_that_ended_the_task_counts_for_faults() -> None:
    assert rounds_run(replace(RUNNING, settled=2, cause=Cause.COMPLETED)) == 2
    assert rounds_run(replace(RUNNING, settled=1, cause=Cause.QUORUM_MISSED)) == 2
