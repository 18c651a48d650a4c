"""Deploys Covey and writes the deployment file, as `covey deploy` does.

tools/run brownie run scripts/deploy.py --network anvil
tools/run brownie run scripts/deploy.py main 1d 5s --network ganache

Arguments, all optional: the unbonding time (30d), the shortest phase of any task (5m), and the address of a token;
without one, a new token is made whose whole supply goes to the account. See `scripts/desk.py` for the environment.

The plan, the file and the code are those of `covey.chain`; Brownie only signs and sends. The code is what forge
compiled and `tools/export_abi.py` put into the package, not what Brownie compiles: the two append different metadata to
it, and a deployment should be the same bytes whoever makes it. `tests/contracts` follows the plan with Brownie's code.
"""

import brownie
from eth_typing import ChecksumAddress

from covey.chain import Deployment, Parameters, plan
from covey.cli import durations
from covey.cli.acts.session import parse_address
from covey.cli.failures import CliError
from covey.cli.output import Table
from scripts.desk import deployment_file, opened, understood


def main(unbonding: str = "30d", min_phase: str = "5m", token: str = "") -> Deployment:
    with opened() as desk:
        path = deployment_file()
        if path.exists():
            raise CliError(
                f"{path} exists: Covey was deployed already",
                "use that deployment, or name another file in COVEY_DEPLOYMENT",
            )
        parameters = Parameters(
            unbonding=understood(durations.parse, unbonding), min_phase=understood(durations.parse, min_phase)
        )
        currency = parse_address(token) if token else None
        if currency is not None:
            desk.gateway.require_code([("the token", currency)])
        addresses: dict[str, ChecksumAddress] = {}
        blocks = []
        for step in plan.steps(parameters, token=currency, holder=desk.address):
            receipt = desk.send(f"deploying {step.contract}", step.call(addresses))
            addresses[step.contract] = receipt.contract_address
            blocks.append(receipt.block_number)
        first = brownie.web3.eth.get_block(min(blocks))
        deployment = plan.deployment(
            parameters,
            addresses,
            token=currency,
            chain_id=desk.gateway.chain_id,
            block=first["number"],
            block_hash=bytes(first["hash"]),
        )
        deployment.save(path)
        desk.out.table(Table(("contract", "address"), list(addresses.items())))
        desk.out.say(f"chain {deployment.chain_id}, block {deployment.block}; written to {path}")
        return deployment
