"""Simulating federations, and showing what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from covey import figures
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.federated import report
from covey.federated.attacks import ATTACKS
from covey.federated.clients import LocalOptions, Population
from covey.federated.grid import NONE, PLANS, Cell, Study, play
from covey.federated.partition import SPLITS
from covey.federated.plan import plan_of
from covey.federated.plots import draw_grid, learning_curves
from covey.federated.simulation import RoundReport, Setup, simulate, started
from covey.lab.report import block_names, filled, markdown
from covey.learning.data import load, stratify

_GRID_SPLITS = ("iid", "dirichlet")
_HELD_OUT = 0.2
_TRUSTED = 0.05


# -- The grid ----------------------------------------------------------------------------------------------------------


def grid(
    study: Study, wanted: Mapping[str, Sequence[str]], plots: Path | None, tables: Path | None, out: Output
) -> None:
    """Plays, shows, draws and writes. wanted: names of rules, attacks and splits; empty means all."""
    plans = _chosen("rule", wanted["rule"], list(PLANS))
    attacks = [NONE, *_chosen("attack", wanted["attack"], list(ATTACKS))]
    splits = _chosen("split", wanted["split"], list(_GRID_SPLITS))
    _check_plots(plots)
    cells = []
    for split in splits:
        for plan in plans:
            with out.step(f"{plan}, {split}"):
                cells += [play(study, split, plan, attack) for attack in attacks]
    out.result(report.to_json(cells))
    for split in splits:
        out.heading(f"accuracy, %, {split} clients")
        head = report.columns(cells)
        out.table(Table(head, report.rows(cells, split), frozenset(head[1:])))
        out.say()
    out.table(Table(report.VERDICT_COLUMNS, report.verdicts(cells), frozenset(report.VERDICT_COLUMNS[2:3])))
    publish(cells, plots, tables, out)


def publish(cells: Sequence[Cell], plots: Path | None, tables: Path | None, out: Output) -> None:
    """Draws the plots and replaces the tables of a document."""
    for path in draw_grid(plots, cells) if plots is not None else []:
        out.note(f"drew {path}")
    if tables is not None:
        text = tables.read_text("utf-8")
        blocks = {"fl-best": markdown(report.VERDICT_COLUMNS, report.verdicts(cells))}
        for split in dict.fromkeys(cell.split for cell in cells):
            blocks[f"fl-{split}"] = markdown(report.columns(cells), report.rows(cells, split))
        missing = [name for name in block_names(text) if name not in blocks]
        if missing:
            raise CliError(f"{tables} has tables that this grid does not make: {', '.join(missing)}", "play all splits")
        tables.write_text(filled(text, blocks), "utf-8")
        out.note(f"wrote the tables of {tables}")


# -- One simulation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Wanted:
    """One federation, as the command line names it."""

    data: str
    label: str | None
    architecture: str
    clients: int
    per_round: int
    rounds: int
    split: str
    plan: dict[str, Any]
    options: LocalOptions
    attack: str | None
    attackers: int
    every: int
    seed: int

    def setup(self) -> Setup:
        split = _chosen("split", [self.split], list(SPLITS))[0]
        attack = ATTACKS[_chosen("attack", [self.attack], list(ATTACKS))[0]] if self.attack else None
        data = load(self.data, self.label)
        shares = [1 - _HELD_OUT - _TRUSTED, _HELD_OUT, _TRUSTED]
        train, test, trusted = (data.take(part) for part in stratify(data.y, shares, self.seed.to_bytes(8)))
        return Setup(
            model=started(train, self.architecture, {}, self.seed),
            population=Population(train, SPLITS[split](train.y, self.clients, self.seed)),
            test=test,
            plan=plan_of(**self.plan),
            options=self.options,
            rounds=self.rounds,
            per_round=self.per_round,
            attack=attack,
            attackers=self.attackers,
            trusted=trusted,
            evaluate_every=self.every,
            seed=self.seed,
        )


def run(wanted: Wanted, processes: int, plot: Path | None, out: Output) -> None:
    """Simulates one federation round by round."""
    _check_plots(plot)
    setup = wanted.setup()
    reports: list[RoundReport] = []
    with out.step(f"{setup.rounds:,} rounds of {setup.per_round:,} clients"):
        for done in simulate(setup, processes):
            reports.append(done)
            if done.accuracy is not None:
                out.note(f"round {done.round + 1}: accuracy {100 * done.accuracy:.1f} %")
    out.result([asdict(done) for done in reports])
    evaluated = [done for done in reports if done.accuracy is not None]
    out.table(Table(("round", "accuracy, %", "received", "had weight", "refused"), [_row(done) for done in evaluated]))
    if plot is not None:
        curve = [done.accuracy or 0.0 for done in evaluated]
        paths = figures.draw(
            plot.parent, {plot.stem: lambda: learning_curves({setup.plan.name: curve}, f"{wanted.clients:,} clients")}
        )
        out.note(f"drew {paths[0]}")


def _row(done: RoundReport) -> tuple[str, ...]:
    accuracy = f"{100 * (done.accuracy or 0.0):.1f}"
    return (str(done.round + 1), accuracy, str(done.received), str(done.selected), done.refused or "")


def _chosen(kind: str, given: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in given:
        if name not in known:
            raise CliError(f"there is no {kind} {name!r}", f"choose from {', '.join(known)}", Exit.USAGE)
    return list(dict.fromkeys(given)) or list(known)


def _check_plots(wanted: Path | None) -> None:
    if wanted is not None and find_spec("matplotlib") is None:
        raise CliError("plots need matplotlib, which is not installed", "pip install 'covey[dev]'")
