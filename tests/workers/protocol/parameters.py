"""What holds for the parameters of every kind of task."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from covey.protocol.errors import ParamOutOfRange

Make = Callable[..., object]


def assert_range(make: Make, name: str, low: int, high: int, room: Mapping[str, object]) -> None:
    """`make` takes `name` from `low` to `high`, and says so where it refuses; `room` is what else that needs."""
    for value in (low, high):
        assert getattr(make(**{**room, name: value}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ParamOutOfRange) as refused:
            make(**{**room, name: value})
        assert refused.value.name == name
        assert f"from {low:,} to {high:,}" in str(refused.value)


def assert_defaults_documented(kind: type, page: str) -> None:
    """The page's table of parameters has the defaults of this dataclass, and no others."""
    text = (Path(__file__).parents[3] / "docs" / page).read_text()
    documented = {}
    for parameters, defaults in re.findall(r"^\| (`.*?) \|.*\| ([\d,·\s]+) \|$", text, re.MULTILINE):
        names = [snake(name) for name in re.findall(r"`(\w+)`", parameters)]
        values = [int(value.replace(",", "")) for value in re.split(r" · |, ", defaults)]
        documented |= dict(zip(names, values, strict=True))
    assert documented == {field.name: field.default for field in fields(kind) if field.default is not MISSING}


def snake(name: str) -> str:
    """A name of Solidity as Python writes it."""
    return re.sub(r"(?<!^)[A-Z]", lambda capital: f"_{capital[0]}", name).lower()
