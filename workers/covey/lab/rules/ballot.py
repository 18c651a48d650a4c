"""What a rule is given, and what it answers."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from covey.lab.task import Task
from covey.lab.world import Flags, Ints, Reals

Memory = NDArray[Any] | None
"""What a rule keeps from one round of a task to the next; None before the first."""

LUCK = 2**30


@dataclass(frozen=True)
class Ballot:
    """One round of many tasks.

    `scores` (tasks, validators, models) are 15-bit scores; `turns` (tasks, validators) the places in which validators
    reveal, -1 where one does not; `active` (validators) those not benched. `first_rounds` (tasks, models) are the
    rounds in which these bytes were first published; `luck` (tasks, models), below 2^30, stands for the hash that
    breaks ties, keccak(shard key ‖ handle).
    """

    scores: Ints
    turns: Ints
    active: Flags
    first_rounds: Ints
    luck: Ints

    @property
    def revealed(self) -> Flags:
        return self.turns >= 0


@dataclass(frozen=True)
class Outcome:
    """What a rule makes of a ballot.

    `winners` (tasks) are the best models' lanes, -1 if there is none; `places` (tasks, models) ranks from 0, models
    that don't rank after all others. `trainer_shares` (tasks, models) and `validator_shares` (tasks, validators) are
    parts of the round's two pools: what is missing to 1 is refunded. `ended`: the task went no further, for want of a
    quorum.
    """

    winners: NDArray[np.int64]
    places: NDArray[np.int64]
    trainer_shares: Reals
    validator_shares: Reals
    memory: Memory
    ended: bool = False


class Rule(Protocol):
    """A way to pay. `reuses_a`: rounds before the last score on one and the same data set."""

    @property
    def name(self) -> str: ...

    @property
    def reuses_a(self) -> bool: ...

    def settle(self, task: Task, index: int, ballot: Ballot, memory: Memory) -> Outcome:
        """The outcome of round `index` (from 0)."""
        ...


def places_of(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each lane's place, from the lanes in order."""
    return np.argsort(order, axis=1)
