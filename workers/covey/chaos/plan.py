"""Which faults happen to whom and when: a pure function of a seed.

A fault is timed by its task's progress, never by a clock, so that a seed means the same on any machine. What it meets
there is up to the processes: the plan is the same each time, their interleaving is not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from covey.chaos.people import Group
from covey.chaos.stages import Stage, stages
from covey.protocol.phases import Phase

DEEPEST: Final = 12
"""Most blocks that a reorganisation replaces."""

_LATEST: Final = 6
"""Blocks into a stage at which its faults have begun."""

_OFFLINE_IN_TEN: Final = 3
"""Tasks of ten that lose the majority of their validators for a phase."""


class Kind(StrEnum):
    """What can be done to a network. `amount` and `blocks` of a Fault are said for each."""

    KILL = "worker killed"
    """kill -9; started again after `blocks`."""
    FREEZE = "worker frozen"
    """Stopped for `blocks`."""
    FULL_DISK = "disk full"
    """No file of the worker can grow for `blocks`; one that ends of it is started again after them."""
    RPC_SLOW = "RPC slow"
    """Every answer takes `amount` milliseconds, for `blocks`."""
    RPC_ERROR = "RPC error"
    """Every `amount`th request gets HTTP 503, for `blocks`; so for the others."""
    RPC_GARBAGE = "RPC garbage"
    RPC_DROPPED = "RPC connection dropped"
    RPC_UNANSWERED = "RPC answer lost"
    """The node gets the request and does what it says."""
    REORG = "reorganisation"
    """The last `amount` blocks are replaced by empty ones, and the node forgets their transactions."""
    FULL_BLOCKS = "blocks full"
    """A block holds `amount` gas, for `blocks`."""
    CLOCK = "clock skewed"
    """The chain's clock is moved `amount` seconds ahead of everybody's."""
    LOST_CONTENT = "content lost"
    """The store loses one content, chosen by `amount`, for `blocks`."""
    OFFLINE = "validator majority offline"
    """Through a whole phase, until stage `until` is over."""


_DECK: Final = (
    *(Kind.KILL,) * 5,
    *(Kind.FREEZE, Kind.FULL_DISK, Kind.RPC_SLOW, Kind.RPC_ERROR, Kind.RPC_DROPPED, Kind.RPC_UNANSWERED) * 2,
    *(Kind.REORG, Kind.FULL_BLOCKS, Kind.LOST_CONTENT) * 2,
    *(Kind.RPC_GARBAGE, Kind.CLOCK),
)
"""Faults are dealt from it, so that even a short plan has every kind."""

_AMOUNTS: Final = {
    Kind.RPC_SLOW: (200, 4_000),
    Kind.RPC_ERROR: (1, 3),
    Kind.RPC_GARBAGE: (1, 3),
    Kind.RPC_DROPPED: (1, 3),
    Kind.RPC_UNANSWERED: (1, 3),
    Kind.REORG: (1, DEEPEST),
    Kind.FULL_BLOCKS: (400_000, 1_500_000),
    Kind.CLOCK: (10, 60),
    Kind.LOST_CONTENT: (0, 1 << 16),
}
"""Ranges, both ends included."""

_BLOCKS: Final = (2, 10)

_NETWORKS: Final = frozenset({Kind.REORG, Kind.FULL_BLOCKS, Kind.CLOCK, Kind.LOST_CONTENT})
"""What befalls everybody at once."""


@dataclass(frozen=True)
class Fault:
    """One fault. It begins `after` blocks in stage `stage` (an index of `stages`) of the task of group `group`, or once
    that stage is over; it happens to `victims`, by name. `number` is its place in the plan, from 1."""

    number: int
    kind: Kind
    group: int
    stage: int
    after: int
    victims: tuple[str, ...] = ()
    amount: int = 0
    blocks: int = 0
    until: int = 0


def plan_faults(seed: int, faults: int, groups: Sequence[Group], keeper: str, rounds: int) -> tuple[Fault, ...]:
    """`faults` faults, evenly over the groups' tasks; in each task in the order in which they begin."""
    rng = random.Random(seed)
    share = [faults // len(groups) + (group < faults % len(groups)) for group in range(len(groups))]
    offline = {group for group in _sample(rng, len(groups), _OFFLINE_IN_TEN * len(groups) // 10) if share[group]}
    deck = _deal(rng)
    planned: list[Fault] = []
    for index, group in enumerate(groups):
        own: list[Fault] = []
        last = len(stages(rounds)) - 1
        alive = list(range(last + 1))
        if index in offline:
            fault = _offline(rng, index, group, rounds)
            own.append(fault)
            alive = [*range(fault.until + 1), last]  # the task ends there, without a quorum or with too few members
        people = [*(person.name for person in group.everybody), keeper]
        own += [_fault(rng, next(deck), index, rng.choice(alive), people) for _ in range(share[index] - len(own))]
        planned += sorted(own, key=lambda fault: (fault.stage, fault.after))
    return tuple(
        Fault(number, f.kind, f.group, f.stage, f.after, f.victims, f.amount, f.blocks, f.until)
        for number, f in enumerate(planned, 1)
    )


def _fault(rng: random.Random, kind: Kind, group: int, stage: int, people: Sequence[str]) -> Fault:
    victims = () if kind in _NETWORKS else (rng.choice(people),)
    amount = rng.randint(*_AMOUNTS[kind]) if kind in _AMOUNTS else 0
    if kind is Kind.LOST_CONTENT:  # the first task's store is empty until it is posted
        stage = max(stage, stages(1).index(Stage(Phase.ENROL)))
    return Fault(0, kind, group, stage, rng.randint(0, _LATEST), victims, amount, rng.randint(*_BLOCKS))


def _offline(rng: random.Random, index: int, group: Group, rounds: int) -> Fault:
    """A majority that is away through Enrol, Score or Reveal: the phases in which a validator has to act. It goes
    before Score begins, as an act takes a block, and stays for Score when it misses Reveal."""
    line = stages(rounds)
    round_ = rng.randrange(rounds)
    begin, end = rng.choice(
        (
            (Stage(Phase.NONE), Stage(Phase.ENROL)),
            (Stage(Phase.PUBLISH, round_), Stage(Phase.SCORE, round_)),
            (Stage(Phase.REVEAL, round_), Stage(Phase.REVEAL, round_)),
        )
    )
    majority = len(group.validators) // 2 + 1
    names = [person.name for person in group.validators]
    victims = tuple(names[i] for i in sorted(_sample(rng, len(names), majority)))
    return Fault(0, Kind.OFFLINE, index, line.index(begin), 0, victims, until=line.index(end))


def _deal(rng: random.Random) -> Iterator[Kind]:
    while True:
        deck = list(_DECK)
        rng.shuffle(deck)
        yield from deck


def _sample(rng: random.Random, of: int, count: int) -> list[int]:
    return rng.sample(range(of), count)
