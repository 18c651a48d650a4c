"""What the parameters of all kinds of tasks share: their ranges, and the order of the contract's struct."""

from dataclasses import astuple, dataclass, fields
from typing import Self, get_type_hints

from covey.protocol.errors import ParamOutOfRange

AMOUNT = 2**96 - 1
"""Largest sum of money, in wei."""

FEE = 2**80 - 1
"""Largest fee, in wei."""

LENGTH = 2**24 - 1
"""Longest phase, in seconds."""


def check(name: str, value: int, low: int, high: int) -> None:
    """Raises ParamOutOfRange if `value` is not in [low, high]."""
    if not low <= value <= high:
        raise ParamOutOfRange(name, value, low, high)


@dataclass(frozen=True)
class PhaseLengths:
    """Lengths of a task's phases in seconds. Raises ParamOutOfRange."""

    def __post_init__(self) -> None:
        self.check(1)

    def check(self, shortest: int) -> None:
        """Raises ParamOutOfRange if a phase is shorter than `shortest`, or longer than the chain can hold."""
        for field in fields(self):
            check(field.name, getattr(self, field.name), shortest, LENGTH)


@dataclass(frozen=True, kw_only=True)
class ParamStruct:
    """Parameters as the contract has them: integers, the last field being the PhaseLengths `lengths`."""

    @classmethod
    def from_abi(cls, values: tuple[int, ...]) -> Self:
        """From the contract's struct, in its order. Raises ParamOutOfRange."""
        names = [field.name for field in fields(cls)]
        lengths = get_type_hints(cls)[names[-1]](*values[len(names) - 1 :])
        return cls(**dict(zip(names, (*values[: len(names) - 1], lengths), strict=True)))

    def to_abi(self) -> tuple[int, ...]:
        """The contract's struct, in its order."""
        *values, lengths = astuple(self)
        return (*values, *lengths)
