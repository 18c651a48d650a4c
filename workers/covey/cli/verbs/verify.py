"""covey verify: an independent verdict on a settlement."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.output import Output

app = typer.Typer()


@verb(
    app,
    examples="""covey verify 1
    covey verify 1 --export task-1.json
    covey verify task-1.json
    covey verify 1 --alliance --recompute
    covey verify task-1.json --compare --rpc https://another.node
    covey verify 1 --rescore --keystore validator
    covey verify 1 --rescore --keystore creator --device cuda""",
)
def verify(
    source: Annotated[str, typer.Argument(metavar="TASK|BUNDLE", help="A task's number, or a bundle's file.")],
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    out: Output,
    alliance: Annotated[bool, typer.Option("--alliance", help="The number is an alliance's.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write what was read as a bundle that needs no node.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Also compare a bundle with the chain.")] = False,
    rescore: Annotated[
        bool,
        typer.Option(
            "--rescore",
            help="Also score the models again: all of them for the account of a validator of the task, those delivered "
            "for its creator's.",
        ),
    ] = False,
    recompute: Annotated[
        bool,
        typer.Option("--recompute", help="Also aggregate an alliance's updates again."),
    ] = False,
    device: Annotated[str, typer.Option(help="Where to score: auto, cpu, cuda or cuda:INDEX.")] = "auto",
    every: Annotated[bool, typer.Option("--every", help="Show every single check.")] = False,
) -> Exit:
    """Re-derive a task's settlement from its events alone, and compare every wei. Exits 1 on a difference."""
    from covey.cli.acts import verifying

    rescoring = verifying.rescoring(account, place, content, device) if rescore else None
    recomputing = verifying.store_of(place, content) if recompute else None
    number = source.isdecimal()
    bundle = verifying.from_chain(network, int(source), alliance, out) if number else verifying.from_file(Path(source))
    if export is not None:
        verifying.save(bundle, export, out)
    against = network if compare and not number else None
    return verifying.judge(bundle, against, rescoring, recomputing, every, out)
