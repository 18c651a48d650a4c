"""covey up and covey demo: a whole network on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.output import Output

app = typer.Typer()

_CHAOS = "Chaos"


@verb(app, examples="covey demo\ncovey demo --folder demo --json")
def demo(
    out: Output,
    folder: Annotated[Path | None, typer.Option(help="Keep logs, journals, models and the bundle here.")] = None,
) -> Exit:
    """See it all once: blind scoring of real models, an alliance that goes on from the best, pay, slashes, verdicts."""
    from covey.cli.acts import demo as acts

    return acts.demo(folder, out)


@verb(
    app,
    examples="""covey up
    covey up --workers 6 --rounds 2 --family tabular --data breast-cancer --seed 7 --port 0
    covey up --chaos 1
    covey up --chaos 1 --tasks 1 --faults 20 --rounds 2""",
)
def up(
    out: Output,
    workers: Annotated[
        int, typer.Option(min=1, max=30, help="Trainers; there are as many validators, three at least.")
    ] = 3,
    rounds: Annotated[int, typer.Option(min=1, max=8, help="Rounds of the first task.")] = 3,
    family: Annotated[str, typer.Option(help="image-classification or tabular.")] = "image-classification",
    data: Annotated[
        str, typer.Option(help="digits, breast-cancer, or a path: .npz, .csv, a folder of images.")
    ] = "digits",
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Of the node; 0 picks a free one.")] = 8545,
    folder: Annotated[Path, typer.Option(help="Everything goes here; what an earlier network left is removed.")] = Path(
        ".covey/network"
    ),
    chaos: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="Play tasks to their end under faults that this seed chooses; check that nobody honest lost by them.",
            rich_help_panel=_CHAOS,
        ),
    ] = None,
    tasks: Annotated[int, typer.Option(min=1, max=50, help="Tasks to play.", rich_help_panel=_CHAOS)] = 10,
    faults: Annotated[int, typer.Option(min=0, max=5_000, help="Faults in all.", rich_help_panel=_CHAOS)] = 200,
) -> Exit:
    """Run a whole network to play with, until Ctrl-C: a node, contracts, workers, and a first task."""
    if chaos is not None:
        from covey.chaos.run import Chaos
        from covey.cli.acts import chaos as trial

        game = Chaos(chaos, tasks, faults, workers, rounds, family, data, port)
        return trial.chaos(game, folder, out)
    from covey.cli.acts import demo as acts

    return acts.up(acts.Play(workers, rounds, family, data, seed, port), folder, out)
