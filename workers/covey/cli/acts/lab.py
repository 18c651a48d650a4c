"""Running the attack lab, and showing what it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.lab import report
from covey.lab.findings import Finding, Role, Setup, strategies
from covey.lab.findings import study as findings_of
from covey.lab.rules import RULES
from covey.lab.sweeps import SWEEPS, Grid
from covey.lab.world import Metric, World


@dataclass(frozen=True)
class Wanted:
    """What to study; an empty list means all, of metrics the first."""

    strategies: Sequence[str]
    rules: Sequence[str]
    metrics: Sequence[str]
    rounds: int
    seed: int
    validators: int
    models: int
    examples: int
    accuracy: tuple[float, float]

    def setup(self, metric: str) -> Setup:
        weakest, best = self.accuracy
        if not 0 < weakest <= best < 1:
            raise CliError(
                f"accuracies from {weakest} to {best} make no sense", "write for example --accuracy 0.6 0.9", Exit.USAGE
            )
        world = World(examples=self.examples, metric=Metric(metric), weakest=weakest, best=best)
        return Setup(world, self.validators, self.models, self.rounds, self.seed)


def show_strategies(out: Output) -> None:
    known = strategies()
    out.result([{"strategy": name, "role": role, "about": about} for name, (role, about) in known.items()])
    out.table(
        Table(("strategy", "role", "what it does"), [(name, role, about) for name, (role, about) in known.items()])
    )


def study(wanted: Wanted, sweeps: bool, plots: Path | None, tables: Path | None, out: Output) -> Exit:
    """Studies, shows, draws and writes; FAILED if a strategy crosses its bound."""
    names = _chosen("strategy", wanted.strategies, list(strategies()), "covey lab --list")
    rules = _chosen("rule", wanted.rules, list(RULES), "covey lab --help")
    metrics = _chosen("metric", wanted.metrics or [Metric.COUNTS], list(Metric), "covey lab --help")
    if plots is not None and find_spec("matplotlib") is None:
        raise CliError("plots need matplotlib, which is not installed", "pip install 'covey[dev]'")
    found = {metric: _findings(wanted.setup(metric), names, rules, metric, out) for metric in metrics}
    grids = _grids(wanted.setup(metrics[0]), out) if sweeps else []
    _show(found, grids, out)
    if plots is not None:
        from covey.lab.plots import draw

        for path in draw(plots, found[metrics[0]], {grid.name: grid for grid in grids}):
            out.note(f"drew {path}")
    if tables is not None:
        _write(tables, found, grids)
        out.note(f"wrote the tables of {tables}")
    everything = [finding for findings in found.values() for finding in findings]
    return Exit.OK if all(finding.holds for finding in everything) else Exit.FAILED


def _chosen(kind: str, given: Sequence[str], known: Sequence[str], where: str) -> list[str]:
    for name in given:
        if name not in known:
            raise CliError(f"there is no {kind} {name!r}", f"choose from what '{where}' names", Exit.USAGE)
    return list(dict.fromkeys(given)) or list(known)


def _findings(setup: Setup, names: Sequence[str], rules: Sequence[str], metric: str, out: Output) -> list[Finding]:
    findings: list[Finding] = []
    for name in names:
        with out.step(f"{name}, {metric}"):
            for rule in rules:
                findings += findings_of(setup, name, rule)
    return findings


def _grids(setup: Setup, out: Output) -> list[Grid]:
    grids = []
    for name, sweep in SWEEPS.items():
        with out.step(f"varying parameters: {name}"):
            grids.append(sweep(setup))
    return grids


def _show(found: dict[str, list[Finding]], grids: Sequence[Grid], out: Output) -> None:
    out.result({metric: report.to_json(findings, grids) for metric, findings in found.items()})
    right = frozenset(report.COLUMNS) - {"strategy", "rule"}
    for metric, findings in found.items():
        for role in Role:
            rows = [report.cells(finding) for finding in findings if finding.role is role]
            if rows:
                out.heading(f"{role}s, {metric}")
                out.table(Table(report.COLUMNS, rows, right))
                out.say()
    for grid in grids:
        out.heading(grid.title)
        out.table(Table(grid.columns, grid.rows, frozenset(grid.columns)))
        out.say()
    crossed = [f"{f.strategy} ({m})" for m, findings in found.items() for f in findings if not f.holds]
    bounded = sum(f.bound is not None for findings in found.values() for f in findings)
    if bounded:
        out.say(f"crossed their bounds: {', '.join(crossed)}" if crossed else f"all {bounded} bounds hold")


def _write(document: Path, found: dict[str, list[Finding]], grids: Sequence[Grid]) -> None:
    text = document.read_text("utf-8")
    blocks = report.blocks(found, grids)
    missing = [name for name in report.block_names(text) if name not in blocks]
    if missing:
        raise CliError(
            f"{document} has tables that this study does not make: {', '.join(missing)}",
            "add --sweeps, and --metric for each metric that it shows",
            Exit.USAGE,
        )
    document.write_text(report.filled(text, blocks), "utf-8")
