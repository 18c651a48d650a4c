"""The phase clock in Python and the Arena's own: the same phase, round and deadline at any moment of any life."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from covey.localnet import Localnet
from covey.protocol.phases import Clock, Current, Phase, RoundProgress, Status
from tests.workers.protocol.harness import SETTINGS, Function
from tests.workers.protocol.lives import life

ARENA = "0x000000000000000000000000000000000000a4e4"
NOW = 2_000_000_000
LIVES, BATCH = 200, 100

EARLY = {
    Phase.SUBMIT: lambda clock, round: clock.schedule.mask_end + round * clock.schedule.lengths.round,
    Phase.PUBLISH: lambda clock, round: clock.schedule.submit_end(round),
    Phase.POST_KEY: lambda clock, round: clock.schedule.publish_end(round),
    Phase.SCORE: lambda clock, round: clock.schedule.key_end(round),
    Phase.REVEAL: lambda clock, round: clock.schedule.score_end(round),
    Phase.SETTLE: lambda clock, round: clock.schedule.reveal_end(round),
}
"""When a round's phase would begin if nobody acted but at the last second."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Function]:
    """From tasks, as the contract's structs, to the phases that the Arena's code finds."""
    with Localnet(settings=SETTINGS) as net:
        yield Function.of(net, "PhaseStage.sol", "ask", beside={ARENA: "contracts/arena/Arena.sol"})


def test_any_moment_of_random_lives(ask: Function) -> None:
    random = Random(20_261_121)
    clocks = [at_now(clock) for _ in range(LIVES) for clock in life(random, created_at=10**6)]
    for first in range(0, len(clocks), BATCH):
        batch = clocks[first : first + BATCH]
        (answers,) = ask(ARENA, [scene(random, clock) for clock in batch], now=NOW)
        assert list(answers) == [expected(clock) for clock in batch]
    assert covered(clocks) == everything()


def at_now(clock: Clock) -> Clock:
    """The same moment at another time: all in a block have one."""
    later = NOW - clock.now
    schedule = replace(clock.schedule, enrol_end=clock.schedule.enrol_end + later)
    progress = replace(clock.progress, ended_at=clock.progress.ended_at and clock.progress.ended_at + later)
    return replace(clock, schedule=schedule, progress=progress, now=NOW)


def covered(clocks: Sequence[Clock]) -> set[tuple[Phase, str]]:
    """Phases of tasks, and those of rounds that opened early or in the round after the one to be settled."""
    found: set[tuple[Phase, str]] = set()
    for clock in clocks:
        current, p = clock.current(), clock.progress
        found.add((current.phase, "task"))
        if p.status is Status.RUNNING:
            for round in range(p.settled, min(p.settled + 2, clock.schedule.rounds)):
                phase = clock.in_round(round).phase
                if phase in EARLY and clock.now < EARLY[phase](clock, round):
                    found.add((phase, "early" if round == p.settled else "ahead"))
        after_open = p.status is Status.ENDED and current.phase is not Phase.OPEN
        if after_open and clock.now < clock.schedule.open_end(p.ended_at):
            found.add((current.phase, "early"))
    return found


def everything() -> set[tuple[Phase, str]]:
    tasks = {(phase, "task") for phase in Phase if phase is not Phase.NONE}
    rounds = {(phase, "early") for phase in (*EARLY, Phase.TALLY, Phase.CONCLUDE, Phase.FINISH)}
    ahead = {(phase, "ahead") for phase in (Phase.SUBMIT, Phase.PUBLISH, Phase.POST_KEY, Phase.SCORE, Phase.SETTLE)}
    return tasks | rounds | ahead


def expected(clock: Clock) -> tuple[Any, ...]:
    """The harness's struct `Answer`."""
    rounds = [clock.in_round(round) for round in range(clock.schedule.rounds + 1)]
    return (*answer(clock.current()), tuple(r.phase for r in rounds), tuple(r.deadline or 0 for r in rounds))


def answer(current: Current) -> tuple[int, int, int]:
    return current.phase, current.round, current.deadline or 0


def scene(random: Random, clock: Clock) -> tuple[Any, ...]:
    """The harness's struct `Scene`. What no phase depends on is whatever it is."""
    p, s = clock.progress, clock.schedule
    lengths = (s.lengths.submit, s.lengths.publish, s.lengths.key, s.lengths.score, s.lengths.reveal, s.lengths.open)
    schedule = (s.enrol_end, s.mask_end, *lengths, s.rounds, random.getrandbits(16))
    members = (p.trainers, p.validators, p.handles, p.opened, p.concluded, p.active)
    unseen = (*(random.getrandbits(16) for _ in range(3)), random.getrandbits(40))
    progress = (p.status, p.cause, p.settled, p.untallied, *members, *unseen, p.ended_at)
    counters = [(r.committed, r.done, r.published, random.getrandbits(32)) for r in clock.rounds]
    return schedule, progress, counters, [panel(random, r) for r in clock.rounds]


def panel(random: Random, r: RoundProgress) -> tuple[Any, ...]:
    """Some of 96 validators committed, and some of those revealed."""
    committed = random.sample(range(96), r.score_commits)
    revealed = random.sample(committed, r.reveals)
    bits = (sum(1 << i for i in members) for members in (committed, revealed))
    return (r.key_posted, *bits, random.getrandbits(16), random.getrandbits(16), random.getrandbits(8))
