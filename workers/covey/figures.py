"""Plots as small SVG files that are the same whenever they are made."""

from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def draw(folder: Path, figures: Mapping[str, Callable[[], Figure]]) -> list[Path]:
    """Makes the figures and writes each as NAME.svg; returns the files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "covey",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "axes.axisbelow": True,
        }
    ):
        for name, make in figures.items():
            paths.append(folder / f"{name}.svg")
            make().savefig(paths[-1], format="svg", metadata={"Date": None}, bbox_inches="tight")
    return paths


def axes(title: str, x: str, y: str, size: tuple[float, float] = (5.6, 3.2)) -> tuple[Figure, Axes]:
    """A figure of `size` inches with one plot in it."""
    figure = Figure(figsize=size)
    plot = figure.subplots()
    plot.set_title(title, loc="left", fontsize=10)
    plot.set_xlabel(x)
    plot.set_ylabel(y)
    return figure, plot
