"""What a role's pure decision says: the deeds that are due, most urgent first, or what it waits for."""

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Kinds of deeds, of all roles. The value names it to users, in the journal and to fault hooks."""

    # Anybody
    ADVANCE = "advance"
    SETTLE = "settle"
    TALLY = "tally"
    CONCLUDE_TRAINER = "conclude-trainer"
    CONCLUDE_VALIDATOR = "conclude-validator"
    CLAIM = "claim"
    # Trainers
    ENROL = "enrol"
    MASK = "mask"
    TRAIN = "train"
    SUBMIT = "submit"
    PUBLISH = "publish"
    OPEN = "open"
    DELIVER = "deliver"
    # Validators
    FETCH = "fetch"
    SCORE = "score"
    COMMIT = "commit"
    REVEAL = "reveal"
    # Keepers
    FINISH = "finish"
    CLAIM_RELAY = "claim-relay"
    # Creators
    POST_KEY = "post-key"
    COLLECT = "collect"
    # Clients of the Alliance; they also train, commit, publish, reveal and collect
    JOIN = "join"
    JUDGE = "judge"
    RESUME = "resume"


@dataclass(frozen=True)
class Act:
    """One deed. `place` tells several of one step apart: a round, a member's index, a round and a handle."""

    step: Step
    place: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "/".join((self.step, *map(str, self.place)))


@dataclass(frozen=True)
class Decision:
    """What is due now, or why nothing is.

    `acts`, the most urgent first, do not depend on each other. Without any, `reason` says what is waited for, and
    `until` (Unix seconds of the chain) when time alone will change that. `over`: nothing will ever be left to do.
    """

    acts: tuple[Act, ...] = ()
    reason: str = ""
    until: int | None = None
    over: bool = False


def act(step: Step, *place: int) -> Decision:
    """One deed."""
    return Decision((Act(step, place),))


def wait(reason: str, until: int | None = None) -> Decision:
    return Decision((), reason, until)


def over(reason: str) -> Decision:
    return Decision((), reason, over=True)
