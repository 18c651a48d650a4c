"""The `covey` command."""

from typing import Annotated

import typer

from covey.cli.exits import MEANINGS
from covey.cli.verbs import deploy, fl, lab, ledger, network, stake, status, task, verify, wallet, work

app = typer.Typer(
    name="covey",
    help="Train models together without trusting an operator.",
    epilog=MEANINGS,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"covey {version('covey')}")
        raise typer.Exit


@app.callback()
def covey(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Train models together without trusting an operator."""


app.add_typer(network.app)
app.add_typer(deploy.app)
app.add_typer(task.app, name="task")
app.add_typer(work.app)
app.add_typer(fl.app, name="fl")
app.add_typer(wallet.app, name="wallet")
app.add_typer(stake.app, name="stake")
app.add_typer(ledger.app, name="ledger")
app.add_typer(ledger.claiming)
app.add_typer(status.app)
app.add_typer(verify.app)
app.add_typer(lab.app)
