"""covey train, validate and keep: the workers."""

from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.cli.settings import json_object

app = typer.Typer()

Task = Annotated[int, typer.Option(min=1, help="Number of the task.")]
Stake = Annotated[
    int | None,
    typer.Option(
        parser=options.amount, metavar="AMOUNT", help="Tokens to lock. Default: the task's minimum.", show_default=False
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:INDEX.")]
Strategy = Annotated[str, typer.Option(hidden=True)]


@verb(
    app,
    examples="""covey train --task 1 --model cnn --relay http://127.0.0.1:8600
    covey train --task 1 --model mlp --hyper '{"hidden": [256, 64]}' --seed 7
    covey train --task 1 --with my_module:train --device cuda""",
)
def train(
    task: Task,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    with_: Annotated[
        str | None,
        typer.Option("--with", metavar="MODULE:FUNCTION", help="Your own trainer, see covey.learning.trainers."),
    ] = None,
    model: Annotated[str, typer.Option(help="Built-in architecture: linear, mlp or cnn.")] = "mlp",
    hyper: Annotated[str, typer.Option(metavar="JSON", help="Its hyper-parameters.")] = "{}",
    epochs: Annotated[int, typer.Option(min=1, help="Most epochs; training stops early by itself.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and batches: same seed, same model.")] = 0,
    device: Device = "auto",
    stake: Stake = None,
    relay: Annotated[
        list[str] | None,
        typer.Option(envvar="COVEY_RELAY", metavar="URL", help="Relay for the handle's messages; several in turn."),
    ] = None,
    only_relays: Annotated[
        bool, typer.Option("--only-relays", help="Never send them from your own account, which shows whose they are.")
    ] = False,
    strategy: Strategy = "honest",
) -> None:
    """Train for a task: enrol, register a handle, submit in every round, and be paid at the end."""
    from covey.cli.acts import working

    parameters = json_object("--hyper", hyper, '{"hidden": [64]}')
    choice = working.TrainingChoice(with_, model, parameters, epochs, seed, device)
    common = working.Common(network, account, place, content, work)
    gwei = _gwei(stake)
    working.train(common, task, choice, gwei, tuple(relay or ()), not only_relays, strategy, out)


@verb(app, examples="covey validate --task 1 --device auto")
def validate(
    task: Task,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    stake: Stake = None,
    device: Device = "auto",
    strategy: Strategy = "honest",
) -> None:
    """Validate a task: score every model of every round on hidden data, blind, and be paid for agreement."""
    from covey.cli.acts import working

    common = working.Common(network, account, place, content, work)
    working.validate(common, task, _gwei(stake), device, strategy, out)


@verb(app, examples="covey keep --relay 127.0.0.1:8600\ncovey keep --task 1 --task 2 --alliance 1")
def keep(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    content: options.Content,
    work: options.Work,
    out: Output,
    task: Annotated[
        list[int] | None, typer.Option(min=1, help="Keep these tasks only, and end with them. Default: all, for ever.")
    ] = None,
    alliance: Annotated[list[int] | None, typer.Option(min=1, help="The same, of the Alliance's tasks.")] = None,
    relay: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Relay handles' messages, for a fee, at this address.")
    ] = None,
    courtesy: Annotated[
        int,
        typer.Option(parser=options.duration, metavar="TIME", help="Accounts have this long to conclude themselves."),
    ] = 20,
) -> None:
    """Do whatever is due in tasks and alliances, for the keeper's fee, and relay messages."""
    from covey.cli.acts import working

    common = working.Common(network, account, place, content, work)
    working.keep(common, frozenset(task or ()), frozenset(alliance or ()), _address(relay), courtesy, out)


def _gwei(wei: int | None) -> int | None:
    return None if wei is None else wei // 10**9


def _address(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise CliError(f"--relay {text} is no address", "write for example --relay 127.0.0.1:8600", Exit.USAGE)
    return host, int(port)
