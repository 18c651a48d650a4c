"""Deploying Covey by the plan that the Brownie script follows too."""

from pathlib import Path

from covey.chain import Deployment, DeploymentError, Gateway, Parameters, Sender, deploy
from covey.chain.artefacts import codebook
from covey.cli import options
from covey.cli.acts.session import parse_address, signer_of
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output, Table
from covey.journal import Journal
from covey.protocol.params import GWEI


def deploy_all(
    network: options.Network,
    account: options.Account,
    place: options.Place,
    parameters: Parameters,
    token: str | None,
    out: Output,
) -> None:
    """Deploys, and writes the deployment file; goes on where an interrupted deployment stopped."""
    path = network.deployment
    if path.exists():
        raise CliError(
            f"{path} exists: Covey was deployed already",
            "use that deployment, or name another file with --deployment",
            Exit.SETUP,
        )
    signer = signer_of(account, place)
    currency = None if token is None else parse_address(token)
    memory = path.with_name(path.name + ".journal")
    _make_folder(path.parent)
    with Gateway(network.rpc, codebook=codebook()) as gateway:
        with Journal(memory) as journal, out.step("deploying"):
            before = gateway.balance(signer.address)
            deployment = deploy(gateway, Sender(gateway, signer, journal), parameters, token=currency)
            spent = before - gateway.balance(signer.address)
        deployment.save(path)
    for left in path.parent.glob(memory.name + "*"):
        left.unlink()
    _show(deployment, path, spent, out)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeploymentError(f"{folder} can't be made ({error.strerror}): name another deployment file") from error


def _show(deployment: Deployment, path: Path, spent: int, out: Output) -> None:
    out.result({"file": str(path), "spent_wei": str(spent), **deployment.model_dump()})
    addresses = deployment.addresses
    named = (
        ("token", addresses.token),
        ("vault", addresses.vault),
        ("ledger", addresses.ledger),
        ("arena", addresses.arena),
        ("alliance", addresses.alliance),
    )
    out.table(Table(("contract", "address"), named))
    out.say(
        f"chain {deployment.chain_id}, block {deployment.block}; gas cost {spent / GWEI:,.0f} gwei; written to {path}"
    )
