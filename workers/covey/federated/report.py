"""Cells of the grid as rows of text, and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from covey.federated.grid import NONE, Cell, by_plan, strongest, verdict

VERDICT_COLUMNS = ("clients", "best rule", "honest, %", "its strongest attack", "attacked, %", "loss, points")


def columns(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Of the table of a split."""
    attacks = dict.fromkeys(cell.attack for cell in cells)
    return ("rule", *attacks, "strongest", *(["trigger works"] if "backdoor" in attacks else []))


def rows(cells: Sequence[Cell], split: str) -> list[tuple[str, ...]]:
    """One row per rule: accuracies in percent, without attack, by attack, and under the strongest for this rule."""
    table = []
    for plan, row in by_plan(cells, split).items():
        line = [plan, *(_percent(cell.accuracy) for cell in row.values())]
        line.append(_percent(strongest(row).accuracy) if row.keys() - {NONE} else "")
        if "backdoor" in row:
            line.append(_percent(row["backdoor"].backdoor or 0.0))
        table.append(tuple(line))
    return table


def verdicts(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """One row per split, with VERDICT_COLUMNS."""
    table: list[tuple[str, ...]] = []
    for split in dict.fromkeys(cell.split for cell in cells):
        best = verdict(cells, split)
        loss = f"{100 * best.loss:.1f}"
        table.append((split, best.plan, _percent(best.honest), best.attack, _percent(best.attacked), loss))
    return table


def to_json(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Everything, in plain numbers."""
    return [asdict(cell) for cell in cells]


def _percent(part: float) -> str:
    return f"{100 * part:.1f}"
