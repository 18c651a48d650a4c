"""covey task: post tasks, and look at them."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.output import Output
from covey.cli.settings import pairs

app = typer.Typer(help="Post tasks, and look at them.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(min=1, help="Number of the task.")]
Models = Annotated[Path | None, typer.Option(help="Folder for the models you pay for. Default: one in the home.")]

_TOKEN = 10**18


@verb(
    app,
    examples="""covey task create --data digits --bounty 1000
    covey task create --data scans/ --image-side 32 --bounty 5000 --rounds 5 --title 'Scans, 5 classes'
    covey task create --data table.csv --label outcome --bounty 800 --set k1=3 --set enrol=2d --reference outcome-1""",
)
def create(
    data: Annotated[
        str,
        typer.Option(
            help="digits, breast-cancer, or a path: .npz, .csv, or a folder with one folder of images per class."
        ),
    ],
    bounty: Annotated[
        int, typer.Option(parser=options.amount, metavar="AMOUNT", help="Tokens for trainers, validators and keepers.")
    ],
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    title: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Your own name for it: posting under the same name again finds it. Default: random."),
    ] = None,
    family: Annotated[str | None, typer.Option(help="Kind of task. Default: by the data's shape.")] = None,
    label: Annotated[str | None, typer.Option(help="Label column of a CSV file. Default: the last.")] = None,
    image_side: Annotated[int | None, typer.Option(min=1, help="Resize images to squares of this side.")] = None,
    rounds: Annotated[int, typer.Option(min=1, max=8, help="Rounds; the last scores on set B.")] = 3,
    bond: Annotated[
        int | None,
        typer.Option(
            parser=options.amount,
            metavar="AMOUNT",
            help="Tokens burnt if the data is bad. Default: bounty / 10.",
            show_default=False,
        ),
    ] = None,
    trainer_stake: Annotated[
        int, typer.Option(parser=options.amount, metavar="AMOUNT", help="Of a trainer, at least.", show_default="100")
    ] = 100 * _TOKEN,
    validator_stake: Annotated[
        int,
        typer.Option(parser=options.amount, metavar="AMOUNT", help="Least stake of a validator.", show_default="100"),
    ] = 100 * _TOKEN,
    schedule: Annotated[str, typer.Option(help="Lengths of phases: standard (days) or demo (seconds).")] = "standard",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other parameter of docs/protocol.md, section 2."),
    ] = None,
    models: Models = None,
    post_only: Annotated[
        bool, typer.Option("--post-only", help="Don't stay to post the keys: 'covey task serve' has to do it in time.")
    ] = False,
) -> None:
    """Post a task, then stay: post each round's key in time, and collect the models that you pay for."""
    from covey.cli.acts import posting
    from covey.cli.acts.working import Common

    terms = posting.Terms(bounty, bond, trainer_stake, validator_stake, schedule, pairs(set_ or []))
    choice = posting.DataChoice(data, family, label, image_side)
    common = Common(network, account, place, content, work)
    posting.create(common, title, reference, choice, rounds, terms, not post_only, models, out)


@verb(app, examples="covey task serve 1 --keystore creator")
def serve(
    task: Number,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    models: Models = None,
) -> None:
    """Go on as a task's creator: post keys in time, collect the models."""
    from covey.cli.acts import posting
    from covey.cli.acts.working import Common

    posting.serve(Common(network, account, place, content, work), task, models, out)


@verb(app, examples="covey task show 1\ncovey task show 1 --json")
def show(task: Number, network: options.Network, place: options.Place, content: options.Content, out: Output) -> None:
    """Show a task: rules, phase, members, and the leaderboard of every round."""
    from covey.cli.acts import session, tasks

    with session.connect(network) as connection:
        tasks.show(connection, task, content.store or f"dir:{place.home / 'store'}", out)


@verb(app, "list", examples="covey task list --all")
def list_(
    network: options.Network,
    out: Output,
    everything: Annotated[bool, typer.Option("--all", help="All, not only the newest 20.")] = False,
) -> None:
    """List tasks, the newest first, and what they wait for."""
    from covey.cli.acts import session, tasks

    with session.connect(network) as connection:
        tasks.show_list(connection, everything, out)


@verb(app, examples="covey task watch 1")
def watch(task: Number, network: options.Network, out: Output) -> None:
    """Follow a task live until it is finished."""
    from covey.cli.acts import session, tasks

    with session.connect(network) as connection:
        tasks.watch(connection, task, out)
