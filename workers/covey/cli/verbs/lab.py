"""covey lab: what every way to behave earns and costs."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.output import Output

app = typer.Typer()


@verb(
    app,
    examples="""covey lab
    covey lab --list
    covey lab constant last-consensus cabal --rule covey --rounds 30000 --seed 7
    covey lab --metric floats --examples 200 --models 12 --accuracy 0.93 0.99
    covey lab --metric counts --metric floats --sweeps --plots docs/figures --tables docs/economics.md""",
)
def lab(
    out: Output,
    strategies: Annotated[
        list[str] | None, typer.Argument(metavar="[STRATEGY]...", help="Ways to behave. Default: all.")
    ] = None,
    rule: Annotated[
        list[str] | None, typer.Option(help="covey, flock or yuma; may be given several times. Default: all.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="counts or floats; may be given twice.", show_default="counts")
    ] = None,
    rounds: Annotated[int, typer.Option(min=3, max=10_000_000, help="Rounds to simulate for each.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="All luck follows from it.")] = 1,
    validators: Annotated[int, typer.Option(min=3, max=96, help="Validators of a task.")] = 20,
    models: Annotated[int, typer.Option(min=12, max=500, help="Models of a round.")] = 50,
    examples: Annotated[int, typer.Option(min=20, max=10_000_000, help="Examples of a shard.")] = 1000,
    accuracy: Annotated[
        tuple[float, float], typer.Option(metavar="LOW HIGH", help="True accuracies of trained models.")
    ] = (0.6, 0.9),
    sweeps: Annotated[bool, typer.Option("--sweeps", help="Also the tables that vary the parameters.")] = False,
    plots: Annotated[Path | None, typer.Option(help="Folder to draw plots into, as SVG.")] = None,
    tables: Annotated[Path | None, typer.Option(help="Markdown file whose tables to replace by these.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Say which strategies there are, and stop.")] = False,
) -> Exit | None:
    """Attack economics: cost, income and effect of every strategy. Exits 1 if one crosses its bound."""
    from covey.cli.acts import lab as act

    if list_:
        act.show_strategies(out)
        return None
    wanted = act.Wanted(
        strategies or [], rule or [], metric or [], rounds, seed, validators, models, examples, accuracy
    )
    return act.study(wanted, sweeps, plots, tables, out)
