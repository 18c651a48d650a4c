"""Plots of simulations: accuracy by rule and attack, and over the rounds."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from covey import figures
from covey.federated.grid import NONE, Cell, by_plan

_CURVES = "sign-flip"
_SHOWN = ("fedavg", "norm-bounding", "median", "krum", "nnm + fedavg")


def draw_grid(folder: Path, cells: Sequence[Cell]) -> list[Path]:
    """A map of accuracies for each split, and learning curves under sign flipping. Returns the files. Raises
    OSError.
    """
    splits = dict.fromkeys(cell.split for cell in cells)
    plots = {f"attacks-{split}": partial(_map, by_plan(cells, split), split) for split in splits}
    for split in splits:
        shown = [c for c in cells if (c.split, c.attack) == (split, _CURVES) and c.plan in _SHOWN]
        curves = {c.plan: {number: 100 * value for number, value in enumerate(c.curve, 1)} for c in shown}
        if curves:
            plots[f"curves-{split}"] = partial(learning_curves, curves, f"A fifth flips signs, {split} clients")
    return figures.draw(folder, plots)


def learning_curves(curves: Mapping[str, Mapping[int, float]], title: str, measure: str = "accuracy, %") -> Figure:
    """Of each name, the measure after rounds, which count from 1."""
    figure, axes = figures.axes(title, "round", measure)
    for name, curve in curves.items():
        axes.plot(list(curve), list(curve.values()), label=name, linewidth=1.2)
    axes.set_ylim(0, 100 if measure.endswith("%") else None)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _map(rows: Mapping[str, Mapping[str, Cell]], split: str) -> Figure:
    attacks = list(dict.fromkeys(attack for row in rows.values() for attack in row if attack != NONE))
    values = np.array([[100 * row[attack].accuracy for attack in attacks] for row in rows.values()])
    size = 1.6 + 0.55 * len(attacks), 0.7 + 0.24 * len(rows)
    figure, axes = figures.axes(f"Accuracy under attack, %, {split} clients", "", "", size)
    axes.imshow(values, vmin=0, vmax=100, cmap="RdYlGn", aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(attacks)), attacks, rotation=40, ha="right")
    axes.set_yticks(range(len(rows)), list(rows))
    axes.grid(visible=False)
    return figure
