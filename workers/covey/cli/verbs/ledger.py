"""covey ledger and covey claim: money for tasks, and from them."""

from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.output import Output

app = typer.Typer(
    help="Credit for bounties, bonds, message quotas, and alliances' pools and stakes.", no_args_is_help=True
)
claiming = typer.Typer()


@verb(app, examples="covey ledger deposit 500")
def deposit(
    amount: options.Amount, network: options.Network, account: options.Account, place: options.Place, out: Output
) -> None:
    """Pay tokens into your credit."""
    from covey.cli.acts import ledgers, session

    with session.sign_in(network, account, place, out) as signed_in:
        ledgers.deposit(signed_in, amount)


@verb(app, examples="covey ledger approve 500\ncovey ledger approve 500 --alliance\ncovey ledger approve 0")
def approve(
    ceiling: options.Amount,
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    alliance: Annotated[bool, typer.Option("--alliance", help="The Alliance instead: pools and stakes.")] = False,
) -> None:
    """Set what the Arena may still charge to your credit."""
    from covey.cli.acts import ledgers, session

    with session.sign_in(network, account, place, out) as signed_in:
        ledgers.approve(signed_in, ceiling, alliance)


@verb(app, examples="covey ledger show --json")
def show(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="Whose. Default: the chosen account's.")
    ] = None,
) -> None:
    """Show a credit, and what the Arena and the Alliance may charge to it."""
    from covey.cli.acts import ledgers, session

    with session.connect(network) as connection:
        ledgers.show(connection, address or session.address_of(account, place), out)


@verb(claiming, examples="covey claim\ncovey claim --keep")
def claim(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything in the credit, for coming tasks.")] = False,
) -> None:
    """Fetch what relaying and delegation earned, and take your credit out of the Ledger."""
    from covey.cli.acts import ledgers, session

    with session.sign_in(network, account, place, out) as signed_in:
        ledgers.claim(signed_in, keep)
