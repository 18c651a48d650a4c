"""What every aggregation rule is: parameters in, an aggregate and who made it out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from covey.federated.cohort import Cohort
from covey.federated.errors import TooFewUpdatesError
from covey.federated.fixed import Vector

STRICT = ConfigDict(extra="forbid", strict=True)
BPS = 10_000

Share = Annotated[int, Field(ge=0, lt=BPS // 2)]
"""Basis points of the clients that may be Byzantine, so that one parameter serves rounds of any size."""


@dataclass(frozen=True)
class Outcome:
    """aggregate: one integer per coordinate. selected: whose updates had weight in it (all, where it goes by
    coordinate).
    """

    aggregate: Vector
    selected: tuple[bool, ...]


class Rule(ABC):
    """An aggregation rule: a frozen pydantic dataclass of integers. `number` names it on chain.

    A rule is a function of the multiset of (update, samples) and of the cohort's other inputs, whatever the order of
    clients.
    """

    number: ClassVar[int]
    name: ClassVar[str]

    @abstractmethod
    def aggregate(self, cohort: Cohort) -> Outcome:
        """Raises TooFewUpdatesError if the cohort is too small for the rule's parameters, MissingInputError."""


def byzantine(share: int, count: int) -> int:
    """How many of `count` clients a share in basis points stands for, rounded down."""
    return share * count // BPS


def require(rule: Rule, count: int, least: int) -> None:
    """Raise TooFewUpdatesError unless `count` is at least `least`."""
    if count < least:
        raise TooFewUpdatesError(
            f"{rule.name} as set needs {least} updates; {count} came: wait for more or lower its share"
        )


def everybody(aggregate: Vector, cohort: Cohort) -> Outcome:
    """An outcome in which each update had weight."""
    return Outcome(aggregate, (True,) * cohort.count)


def picked(aggregate: Vector, weights: "list[int]") -> Outcome:
    """An outcome in which those had weight whose weight is not zero."""
    return Outcome(aggregate, tuple(weight > 0 for weight in weights))
