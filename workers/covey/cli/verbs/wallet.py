"""covey wallet: keys in encrypted files."""

from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.output import Output

app = typer.Typer(help="Keys in encrypted files (keystore V3, as all Ethereum wallets use).", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A name in the home's wallets folder, or the path of a file.")]
Light = Annotated[bool, typer.Option("--light", help="Weak encryption, quick to open: for local networks only.")]


@verb(app, examples="covey wallet new alice")
def new(
    account: options.Account, place: options.Place, out: Output, name: Name = "default", light: Light = False
) -> None:
    """Make a new key; its password is asked for, or read as the options say."""
    from covey.cli.acts import wallets

    wallets.make(name, account, place, light, out)


@verb(app, "import", examples="COVEY_IMPORT=$(cat key.hex) covey wallet import alice")
def import_(
    account: options.Account,
    place: options.Place,
    out: Output,
    key: Annotated[
        str,
        typer.Option(
            envvar="COVEY_IMPORT",
            prompt="Private key",
            hide_input=True,
            help="64 hexadecimal digits; asked for if missing.",
        ),
    ],
    name: Name = "default",
    light: Light = False,
) -> None:
    """Encrypt a private key that you have. Prefer the variable or the question: others can see command lines."""
    from covey.cli.acts import wallets

    wallets.bring(name, key, account, place, light, out)


@verb(app, examples="covey wallet show --keystore alice --json")
def show(account: options.Account, place: options.Place, out: Output) -> None:
    """Show the chosen account's address, and the wallets that there are."""
    from covey.cli.acts import wallets

    wallets.show(account, place, out)
