"""covey stake: tokens at stake, and who may act with them."""

from pathlib import Path
from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output

app = typer.Typer(help="Tokens at stake: in, out, delegated, and who may act with them.", no_args_is_help=True)

_SOMEBODY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

Operator = Annotated[str, typer.Argument(metavar="OPERATOR", help="Address of the operator.")]
OfOperator = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Operator that you delegated to. Default: your own stake.")
]
Engine = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Contract to approve. Default: the Arena.")]


@verb(app, examples="covey stake add 100 --keystore cold")
def add(
    amount: options.Amount, network: options.Network, account: options.Account, place: options.Place, out: Output
) -> None:
    """Put tokens at stake."""
    from covey.cli.acts import session, staking

    with session.sign_in(network, account, place, out) as signed_in:
        staking.add(signed_in, amount)


@verb(
    app,
    "exit",
    examples=f"covey stake exit 40\ncovey stake exit --all --operator {_SOMEBODY}",
)
def exit_(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    amount: Annotated[
        int | None, typer.Argument(parser=options.amount, metavar="AMOUNT", help="Tokens to ask out.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Ask out all there is.")] = False,
    operator: OfOperator = None,
) -> None:
    """Ask stake out; it can be withdrawn after the unbonding time. Locks don't prevent it, but still reach it."""
    from covey.cli.acts import session, staking

    if (amount is None) != everything:
        raise CliError("name an amount or --all, and not both", "see 'covey stake exit --help'", Exit.USAGE)
    with session.sign_in(network, account, place, out) as signed_in:
        staking.ask_out(signed_in, amount, operator)


@verb(app, examples="covey stake withdraw")
def withdraw(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    operator: OfOperator = None,
) -> None:
    """Take out what was asked out and is mature."""
    from covey.cli.acts import session, staking

    with session.sign_in(network, account, place, out) as signed_in:
        staking.withdraw(signed_in, operator)


@verb(app, examples=f"covey stake delegate {_SOMEBODY} 25")
def delegate(
    operator: Operator,
    amount: options.Amount,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
) -> None:
    """Put tokens behind an operator: they share its pay, and its slashes."""
    from covey.cli.acts import session, staking

    with session.sign_in(network, account, place, out) as signed_in:
        staking.delegate(signed_in, operator, amount)


@verb(app, examples="covey stake authorize --hot-keystore hot --keystore cold\ncovey stake authorize --self")
def authorize(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    hot_key: Annotated[
        str | None, typer.Argument(metavar="[HOT_KEY]", help="Address of a key that was yours before.")
    ] = None,
    itself: Annotated[bool, typer.Option("--self", help="The staking key itself.")] = False,
    hot_keystore: Annotated[
        str | None, typer.Option(metavar="FILE|NAME", help="Key file of the hot key, which signs that it agrees.")
    ] = None,
    hot_password_file: Annotated[
        Path | None, typer.Option(help="Its password's file, if it is not the account's.")
    ] = None,
) -> None:
    """Let a hot key act for this account in tasks, so that the staking key can stay cold."""
    from covey.cli.acts import session, staking

    if [hot_key is not None, itself, hot_keystore is not None].count(True) != 1:
        raise CliError(
            "name a hot key, --hot-keystore or --self, and one of them only",
            "see 'covey stake authorize --help'",
            Exit.USAGE,
        )
    with session.sign_in(network, account, place, out) as signed_in:
        signer = None
        if hot_keystore is not None:
            password = hot_password_file or account.password_file
            signer = session.signer_of(options.Account(hot_keystore, password), place)
        staking.authorize(signed_in, hot_key, signer)


@verb(app, examples="covey stake approve 100")
def approve(
    ceiling: options.Amount,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    engine: Engine = None,
) -> None:
    """Set how much of your stake the Arena may have locked at once."""
    from covey.cli.acts import session, staking

    with session.sign_in(network, account, place, out) as signed_in:
        staking.approve(signed_in, ceiling, engine)


@verb(app, examples="covey stake activate")
def activate(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    engine: Engine = None,
) -> None:
    """Make a raised approval effective, once its time has come."""
    from covey.cli.acts import session, staking

    with session.sign_in(network, account, place, out) as signed_in:
        staking.activate(signed_in, engine)


@verb(app, examples=f"covey stake show\ncovey stake show {_SOMEBODY} --json")
def show(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    operator: Annotated[
        str | None, typer.Argument(metavar="[OPERATOR]", help="Address. Default: the chosen account.")
    ] = None,
) -> None:
    """Show an operator's stake, locks, hot key and approval, and what leaves."""
    from covey.cli.acts import session, staking

    address = operator or session.address_of(account, place)
    with session.connect(network) as connection:
        staking.show(connection, address, None if operator else session.address_of(account, place), out)
