"""Options that several verbs share. A verb takes a whole group as one parameter; `command.verb` spells it out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from covey.cli import amounts, durations


def _home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("covey", appauthor=False)


def amount(text: str | int) -> int:
    """Wei, for options and arguments that are amounts. Typer passes defaults through here, too."""
    return text if isinstance(text, int) else _usage(amounts.parse, text)


def duration(text: str | int) -> int:
    """Seconds, for options that are lengths of time."""
    return text if isinstance(text, int) else _usage(durations.parse, text)


def _usage(parse: Callable[[str], int], text: str) -> int:
    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Amount = Annotated[int, typer.Argument(parser=amount, metavar="AMOUNT", help="Tokens: 1.5, or 2gwei, or 3wei.")]

_NETWORK = "Network"
_ACCOUNT = "Account"


@dataclass(frozen=True)
class Place:
    """Where Covey keeps what is this user's."""

    home: Annotated[
        Path,
        typer.Option(
            envvar="COVEY_HOME",
            help="Folder of wallets, journals and the local store.",
            show_default="user's data folder",
        ),
    ] = field(default_factory=_home)


@dataclass(frozen=True)
class Network:
    """Which chain, and where Covey is on it."""

    rpc: Annotated[
        list[str],
        typer.Option(
            envvar="COVEY_RPC",
            help="Address of a node; may be given several times (in the variable: separated by spaces), in order of "
            "preference.",
            rich_help_panel=_NETWORK,
        ),
    ] = field(default_factory=lambda: ["http://127.0.0.1:8545"])
    deployment: Annotated[
        Path,
        typer.Option(
            envvar="COVEY_DEPLOYMENT", help="File that 'covey deploy' or 'covey up' wrote.", rich_help_panel=_NETWORK
        ),
    ] = Path("covey-deployment.json")


@dataclass(frozen=True)
class Account:
    """Whose key signs. COVEY_KEY may hold the key itself, in hexadecimal."""

    keystore: Annotated[
        str | None,
        typer.Option(
            envvar="COVEY_KEYSTORE",
            metavar="FILE|NAME",
            help="Key file (keystore V3), or the name of a wallet. Without it: the key in COVEY_KEY.",
            rich_help_panel=_ACCOUNT,
        ),
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option(
            envvar="COVEY_PASSWORD_FILE",
            help="File whose first line is the password. Without it: COVEY_PASSWORD, or a question at the terminal.",
            rich_help_panel=_ACCOUNT,
        ),
    ] = None


@dataclass(frozen=True)
class Content:
    """Where contents are."""

    store: Annotated[
        str | None,
        typer.Option(
            envvar="COVEY_STORE",
            metavar="STORE",
            help="dir:PATH, kubo:URL of a daemon's RPC, or gateway:URL to read only. Default: a folder in the home.",
            rich_help_panel=_NETWORK,
        ),
    ] = None


@dataclass(frozen=True)
class Work:
    """How a worker runs."""

    state: Annotated[
        Path | None,
        typer.Option(help="Folder of this worker's journal and models. Default: one in the home."),
    ] = None
    confirmations: Annotated[
        int, typer.Option(min=0, max=1000, help="Blocks to wait for on top of each transaction's.")
    ] = 0
    wait: Annotated[bool, typer.Option("--wait", help="If the task is not posted yet, wait for it.")] = False
