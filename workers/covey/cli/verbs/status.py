"""covey status: what an account has to know."""

from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.output import Output

app = typer.Typer()


@verb(app, examples="covey status\ncovey status 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json")
def status(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="Any account. Default: the chosen one.")
    ] = None,
) -> None:
    """Explain everything of an account that is locked, due, claimable, leaving or refused, and why."""
    from covey.cli.acts import session, statuses

    with session.connect(network) as connection:
        statuses.show(connection, address or session.address_of(account, place), out)
