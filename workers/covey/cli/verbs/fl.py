"""covey fl: alliances, in which clients train a model together on data that stays with them."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.cli.settings import json_object, pairs, scalars
from covey.cli.verbs import simulations

app = typer.Typer(help="Train a model together on data that stays where it is.", no_args_is_help=True)
app.add_typer(simulations.app)

Number = Annotated[int, typer.Argument(min=1, help="Number of the alliance's task.")]

_TOKEN = 10**18


@verb(
    app,
    examples="""covey fl create --start models/task-1-round-3-handle-0.covey --pool 1000
    covey fl create --start mlp --data digits --pool 500 --rounds 5 --rule multi-krum --schedule demo
    covey fl create --start model.safetensors --names names.json --pool 500 --set epsilon=20000""",
)
def create(
    start: Annotated[
        str,
        typer.Option(help="A Covey model, a .safetensors file, or linear, mlp or cnn for a model that knows nothing."),
    ],
    pool: Annotated[int, typer.Option(parser=options.amount, metavar="AMOUNT", help="Tokens for clients and keepers.")],
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    data: Annotated[
        str | None, typer.Option(help="With linear, mlp or cnn: data whose shape and scale it is for. It stays here.")
    ] = None,
    names: Annotated[
        Path | None, typer.Option(help="JSON list of a .safetensors file's tensors, in the order of the app's model.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Labels, in the order of the model's outputs. Default: 0,1,..."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="What it is about.")] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Your own name for it: posting under the same name again finds it. Default: random."),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=255, help="Rounds.")] = 10,
    stake: Annotated[
        int, typer.Option(parser=options.amount, metavar="AMOUNT", help="Of a client, at least.", show_default="100")
    ] = 100 * _TOKEN,
    rule: Annotated[
        str, typer.Option(help="How updates are aggregated: fedavg, multi-krum, trimmed-mean, ...")
    ] = "fedavg",
    rule_set: Annotated[str, typer.Option("--rule-set", metavar="JSON", help="The rule's parameters.")] = "{}",
    mixing: Annotated[
        int, typer.Option(min=0, max=4999, help="Nearest-neighbour mixing first: basis points of clients left out.")
    ] = 0,
    schedule: Annotated[str, typer.Option(help="Lengths of phases: standard (days) or demo (seconds).")] = "standard",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other parameter of docs/alliance.md, section 2."),
    ] = None,
    arena_task: Annotated[int, typer.Option(min=0, help="The Arena's task that the model won, if it did.")] = 0,
) -> None:
    """Post an alliance's task. Nothing else is left to do for its creator."""
    from covey.cli.acts import alliances
    from covey.cli.acts.working import Common

    chosen = alliances.Start(start, data, names, classes, arena_task)
    aggregation = alliances.Aggregation(rule, json_object("--rule-set", rule_set, '{"share": 2000}'), mixing)
    terms = alliances.Terms(pool, rounds, stake, schedule, pairs(set_ or []))
    common = Common(network, account, place, content, work)
    alliances.create(common, title, reference, chosen, aggregation, terms, out)


@verb(
    app,
    examples="""covey fl join 1 --data scans.npz
    covey fl join 1 --data clients/3.csv --epochs 5 --learning-rate 0.01 --proximal 0.1
    covey fl join 1 --app quickstart-pytorch/ --partition 3/10 --config lr=0.01
    covey fl join 1 --app my_flock_model.py --data scans/ --samples 1200""",
)
def join(
    task: Number,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    data: Annotated[
        str | None, typer.Option(help="Your data: .npz, .csv, or a folder of images. It stays here.")
    ] = None,
    app_: Annotated[
        Path | None, typer.Option("--app", help="Your own training: a Flower app's folder, or a FLock model's file.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="How many examples a FLock model trains on.")] = 1,
    partition: Annotated[str, typer.Option(metavar="I/N", help="Which part of N a Flower app takes.")] = "0/1",
    config: simulations.AppConfig = None,
    time_limit: Annotated[
        int,
        typer.Option(parser=options.duration, metavar="DURATION", help="For anything an app does.", show_default="1h"),
    ] = 3600,
    label: Annotated[str | None, typer.Option(help="Label column of a CSV file. Default: the last.")] = None,
    image_side: Annotated[int | None, typer.Option(min=1, help="Resize images to squares of this side.")] = None,
    epochs: Annotated[int, typer.Option(min=1, max=1000, help="Epochs in a round.")] = 2,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples in a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Of plain SGD.")] = 0.05,
    proximal: Annotated[float, typer.Option(help="FedProx: how strongly to stay near the global model.")] = 0.0,
    held_out: Annotated[
        float, typer.Option(min=0.01, max=0.9, help="Share of the data that votes are based on.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Of batches and of the split: same seed, same update.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:INDEX.")] = "auto",
    stake: Annotated[
        int | None,
        typer.Option(parser=options.amount, metavar="AMOUNT", help="Default: the task's minimum.", show_default=False),
    ] = None,
    strategy: Annotated[str, typer.Option(hidden=True)] = "honest",
) -> None:
    """Take part in an alliance: train when drawn as a proposer, judge when drawn as a voter, and be paid."""
    from covey.apps.isolated import Source
    from covey.cli.acts import joining
    from covey.cli.acts.working import Common

    own = joining.OwnTraining(label, image_side, epochs, batch_size, learning_rate, proximal, held_out, seed, device)
    index, count = _partition(partition)
    given = scalars("--config", config or [], "lr=0.01")
    app = None if app_ is None else Source(app_, None if data is None else Path(data), samples, index, count, given)
    choice = joining.AppChoice(data, app, time_limit, own)
    joining.join(Common(network, account, place, content, work), task, choice, stake, strategy, out)


@verb(app, "quit", examples="covey fl quit 1")
def quit_(task: Number, network: options.Network, account: options.Account, place: options.Place, out: Output) -> None:
    """Leave an alliance for good. The running round still counts; 'covey fl join' then collects stake and pay."""
    from covey.cli.acts import alliances, session

    with session.sign_in(network, account, place, out) as signed_in:
        alliances.leave(signed_in, task)


@verb(app, examples="covey fl status 1\ncovey fl status 1 --json")
def status(task: Number, network: options.Network, out: Output) -> None:
    """Show an alliance's task: phase, rounds, clients, and what each of them earned, lost, and why."""
    from covey.cli.acts import alliances, session

    with session.connect(network) as connection:
        alliances.show(connection, task, out)


@verb(
    app, examples="covey fl fetch 1 model.covey\ncovey fl fetch 1 model.safetensors --store kubo:http://127.0.0.1:5001"
)
def fetch(
    task: Number,
    file: Annotated[Path, typer.Argument(help="Where the model is written to.")],
    network: options.Network,
    place: options.Place,
    content: options.Content,
    out: Output,
) -> None:
    """Write an alliance's model, as the rounds so far left it, to a file."""
    from covey.cli.acts import fetching, session

    with session.connect(network) as connection:
        fetching.fetch(connection, task, file, content, place, out)


@verb(app, "list", examples="covey fl list")
def list_(network: options.Network, out: Output) -> None:
    """List the newest alliances, and what they wait for."""
    from covey.cli.acts import alliances, session

    with session.connect(network) as connection:
        alliances.show_list(connection, out)


@verb(app, examples="covey fl watch 1")
def watch(task: Number, network: options.Network, out: Output) -> None:
    """Follow an alliance's task live until it is over."""
    from covey.cli.acts import alliances, session

    with session.connect(network) as connection:
        alliances.watch(connection, task, out)


def _partition(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not index.isdecimal() or not count.isdecimal() or not int(index) < int(count):
        raise CliError(f"--partition {text} is none of N", "write for example --partition 0/10", Exit.USAGE)
    return int(index), int(count)
