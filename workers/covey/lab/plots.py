"""The plots of docs/economics.md."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure

from covey import figures
from covey.lab.findings import BOUNDS, Finding
from covey.lab.sweeps import Grid
from covey.lab.sweeps.majorities import SHARES
from covey.lab.world import Metric

_COLOURS = {"covey": "#0b6e4f", "flock": "#c08497", "yuma": "#5b7db1"}


def draw(folder: Path, findings: Sequence[Finding], grids: Mapping[str, Grid]) -> list[Path]:
    """Writes what can be drawn from these, and returns the files. Raises OSError."""
    plots: dict[str, Callable[[], Figure]] = {
        name: partial(plot, grids[name]) for name, plot in _GRIDS.items() if name in grids
    }
    if any(finding.bound is not None for finding in findings):
        plots["guessing-by-rule"] = partial(_by_rule, findings)
    return figures.draw(folder, plots)


def _by_rule(findings: Sequence[Finding]) -> Figure:
    names = [finding.strategy for finding in findings if finding.bound is not None]
    figure, axes = figures.axes("Validators that do not work", "", "income, % of honest pay")
    for place, (rule, colour) in enumerate(_COLOURS.items()):
        incomes = {finding.strategy: finding.income for finding in findings if finding.rule == rule}
        heights = [100 * incomes.get(name, 0) for name in names]
        axes.bar([i + (place - 1) * 0.27 for i in range(len(names))], heights, 0.25, color=colour, label=rule)
    axes.axhline(100 * BOUNDS[Metric.COUNTS], color="#333333", linewidth=0.8, linestyle="--", label="bound")
    axes.set_xticks(range(len(names)), names)
    axes.legend(frameon=False, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    return figure


def _tolerance(grid: Grid) -> Figure:
    figure, axes = figures.axes("ε for floats", "ε, in standard deviations of a reading", "%")
    noises = [float(row[0]) for row in grid.rows]
    for column, label, style in (
        (2, "last consensus, 50 models alike", "-"),
        (3, "knows all accuracies, 50 models alike", "--"),
        (6, "spread of honest pay", ":"),
        (7, "gain by merging stakes", "-."),
    ):
        axes.plot(noises, [100 * row[column] for row in grid.values], style, label=label, marker="o", markersize=3)
    axes.axhline(100 * BOUNDS[Metric.FLOATS], color="#333333", linewidth=0.8, linestyle="--")
    axes.set_ylim(0, 32)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _coalitions(grid: Grid) -> Figure:
    figure, axes = figures.axes(
        "Coalitions against the best model", "weight of the coalition, %", "rounds it changes, %"
    )
    for row, values in zip(grid.rows, grid.values, strict=True):
        rule, gap = row[:2]
        width = 1.2 + 0.4 * (rule == "covey")
        style = "-" if rule == "covey" else "--"
        axes.plot(
            [100 * share for share in SHARES],
            [100 * value for value in values],
            style,
            linewidth=width,
            marker="o",
            markersize=3,
            label=f"{rule}, {gap}",
        )
    axes.legend(frameon=False, fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
    axes.set_xlim(0, 50)
    axes.set_ylim(-3, 103)
    return figure


def _sybils(grid: Grid) -> Figure:
    figure, axes = figures.axes("One model under several handles", "handles", "part of the trainers' pool, %")
    handles = [int(column.split()[0]) for column in grid.columns[2:]]
    for row, values in zip(grid.rows, grid.values, strict=True):
        axes.plot(
            handles, [100 * value for value in values], marker="o", markersize=3, label=f"k1 {row[0]}, q {row[1]}"
        )
    axes.set_ylim(0, 103)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _divergence(grid: Grid) -> Figure:
    figure, axes = figures.axes("Models that diverge between machines", "divergent models, of 50", "minority keeps, %")
    lanes = [int(row[0].split()[0]) for row in grid.rows]
    for column, name in enumerate(grid.columns[1:]):
        axes.plot(lanes, [100 * row[column] for row in grid.values], marker="o", markersize=3, label=name)
    axes.set_ylim(0, 103)
    axes.legend(frameon=False, fontsize=8)
    return figure


_GRIDS = {"tolerance": _tolerance, "coalitions": _coalitions, "sybils": _sybils, "divergence": _divergence}
