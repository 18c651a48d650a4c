"""A table of figures that vary with parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """A table of figures. `values` has the numbers behind the cells, row by row, for plots and `--json`."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: tuple[tuple[float, ...], ...]


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def grid(
    name: str,
    title: str,
    columns: Sequence[str],
    labels: Sequence[Sequence[str]],
    values: Sequence[Sequence[float]],
    show: Callable[[float], str] = percent,
) -> Grid:
    rows = tuple((*label, *map(show, row)) for label, row in zip(labels, values, strict=True))
    return Grid(name, title, tuple(columns), rows, tuple(map(tuple, values)))
