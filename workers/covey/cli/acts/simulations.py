"""Simulating federations, and showing what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.federation import Federation
from covey.cli.output import Output, Table
from covey.cli.settings import names_in
from covey.federated import report
from covey.federated.attacks import ATTACKS
from covey.federated.clients import Population
from covey.federated.crew import Crew, crew_of
from covey.federated.grid import NONE, PLANS, Cell, Study, play
from covey.federated.hosting import AppJob, AppReport, AppSetup, simulate_app
from covey.federated.partition import SPLITS
from covey.federated.plan import plan_of
from covey.federated.simulation import RoundReport, Setup, job_of, simulate, started
from covey.lab.report import block_names, filled, markdown
from covey.learning.data import load, stratify
from covey.learning.local import LocalOptions
from covey.roles.alliance.models import GlobalModel

J = TypeVar("J")

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
    if plots is not None:
        from covey.federated.plots import draw_grid  # matplotlib is not always there

        for path in draw_grid(plots, cells):
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
    """What one of Covey's families is trained on, as the command line names it."""

    data: str
    label: str | None
    architecture: str
    split: str
    options: LocalOptions
    attack: str | None
    attackers: int

    def setup(self, federation: Federation) -> Setup:
        split = _chosen("split", [self.split], list(SPLITS))[0]
        attack = ATTACKS[_chosen("attack", [self.attack], list(ATTACKS))[0]] if self.attack else None
        data, seed = load(self.data, self.label), federation.seed
        shares = [1 - _HELD_OUT - _TRUSTED, _HELD_OUT, _TRUSTED]
        train, test, trusted = (data.take(part) for part in stratify(data.y, shares, seed.to_bytes(8)))
        return Setup(
            model=started(train, self.architecture, {}, seed),
            population=Population(train, SPLITS[split](train.y, federation.clients, seed)),
            test=test,
            plan=plan_of(**federation.plan()),
            options=self.options,
            rounds=federation.rounds,
            per_round=federation.per_round,
            attack=attack,
            attackers=self.attackers,
            trusted=trusted,
            evaluate_every=federation.every,
            seed=seed,
        )


@dataclass(frozen=True)
class WantedApp:
    """A Flower app, and the model that it starts from, as the command line names them."""

    folder: Path
    data: Path | None
    config: Mapping[str, bool | int | float | str]
    start: Path
    names: Path

    def setup(self, federation: Federation) -> AppSetup:
        model = GlobalModel.decode(self.start.read_bytes(), names_in(self.names))
        plan = plan_of(**federation.plan())
        job = AppJob(self.folder, federation.clients, model.coordinates, plan.fraction_bits, self.data, self.config)
        return AppSetup(
            job, model.parameters, plan, federation.rounds, federation.per_round, federation.every, federation.seed
        )


def run(wanted: Wanted, federation: Federation, out: Output) -> None:
    """Simulates one federation round by round. Raises CliError, LearningError, FederatedError."""
    _check_plots(federation.plot)
    setup = wanted.setup(federation)
    reports, curve = list[RoundReport](), dict[int, float]()
    with out.step(_headline(federation)):
        for done in simulate(setup, _crew(job_of(setup), federation)):
            reports.append(done)
            if done.accuracy is not None:
                curve[done.round + 1] = 100 * done.accuracy
                out.note(f"round {done.round + 1}: accuracy {100 * done.accuracy:.1f} %")
    _show(reports, curve, "accuracy, %", federation, out)


def run_app(wanted: WantedApp, federation: Federation, out: Output) -> None:
    """Simulates one federation of an app round by round. Raises CliError, AppError, LearningError, FederatedError."""
    _check_plots(federation.plot)
    setup = wanted.setup(federation)
    reports, curve = list[AppReport](), dict[int, float]()
    with out.step(_headline(federation)):
        for done in simulate_app(setup, _crew(setup.job, federation)):
            reports.append(done)
            if done.loss is not None:
                curve[done.round + 1] = done.loss
                out.note(f"round {done.round + 1}: loss {done.loss:.4f}")
    _show(reports, curve, "loss", federation, out)


def _headline(federation: Federation) -> str:
    return f"{federation.rounds:,} rounds of {federation.per_round:,} clients"


def _crew(job: J, federation: Federation) -> Crew[J]:
    """Raises CliError, if Ray is wanted and is not there."""
    if federation.ray is None:
        return crew_of(job, federation.processes)
    if find_spec("ray") is None:
        raise CliError("--ray needs Ray, which is not installed", "pip install 'covey[ray]'")
    from covey.federated.over_ray import OverRay

    return OverRay(job, federation.processes, federation.ray)


def _show(
    reports: Sequence[RoundReport | AppReport],
    curve: Mapping[int, float],
    measure: str,
    federation: Federation,
    out: Output,
) -> None:
    """curve: the measure after rounds, which count from 1."""
    digits = 1 if measure.endswith("%") else 4
    rows = [
        (str(number), f"{value:.{digits}f}", str(done.received), str(done.selected), done.refused or "")
        for number, value in curve.items()
        for done in reports[number - 1 : number]
    ]
    out.result([asdict(done) for done in reports])
    out.table(Table(("round", measure, "received", "had weight", "refused"), rows))
    if federation.plot is not None:
        from covey import figures
        from covey.federated.plots import learning_curves

        plot, title = federation.plot, f"{federation.clients:,} clients"
        rule = str(federation.plan()["rule"]["name"])
        for path in figures.draw(plot.parent, {plot.stem: lambda: learning_curves({rule: curve}, title, measure)}):
            out.note(f"drew {path}")


def _chosen(kind: str, given: Sequence[str], known: Sequence[str]) -> list[str]:
    for name in given:
        if name not in known:
            raise CliError(f"there is no {kind} {name!r}", f"choose from {', '.join(known)}", Exit.USAGE)
    return list(dict.fromkeys(given)) or list(known)


def _check_plots(wanted: Path | None) -> None:
    if wanted is not None and find_spec("matplotlib") is None:
        raise CliError("plots need matplotlib, which is not installed", "pip install 'covey[dev]'")
