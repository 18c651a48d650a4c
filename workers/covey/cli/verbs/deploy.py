"""covey deploy: the contracts onto a chain."""

from typing import Annotated

import typer

from covey.cli import options
from covey.cli.command import verb
from covey.cli.output import Output

app = typer.Typer()

_MONTH = 30 * 86_400


@verb(app, examples="covey deploy --rpc http://127.0.0.1:8545 --deployment local.json --unbonding 1d --min-phase 5s")
def deploy(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    out: Output,
    token: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="ERC-20 token to use. Default: a new one, all of it yours.")
    ] = None,
    unbonding: Annotated[
        int,
        typer.Option(
            parser=options.duration,
            metavar="TIME",
            help="From asking stake out to getting it; no task can last longer.",
            show_default="30d",
        ),
    ] = _MONTH,
    min_phase: Annotated[
        int,
        typer.Option(parser=options.duration, metavar="TIME", help="Shortest phase of any task.", show_default="5m"),
    ] = 300,
) -> None:
    """Deploy Covey's contracts and write the deployment file that everything else starts from."""
    from covey.chain import Parameters
    from covey.cli.acts.deploying import deploy_all

    deploy_all(network, account, place, Parameters(unbonding=unbonding, min_phase=min_phase), token, out)
