"""Carrying out the deployment plan with a Sender: a deployment that was cut off goes on where it stopped."""

from eth_typing import ChecksumAddress

from covey.chain.deployment import Deployment, Parameters
from covey.chain.errors import RpcGarbage
from covey.chain.gateway import Gateway
from covey.chain.plan import Step, deployment, steps
from covey.chain.sender import Sender


def deploy(
    gateway: Gateway, sender: Sender, parameters: Parameters, *, token: ChecksumAddress | None = None
) -> Deployment:
    """Deploys Covey, with a token of its own unless one is given, whose supply the sender's account gets.

    Steps that don't need each other are sent together. The sender's journal knows the steps by "deploy/<contract>": one
    journal is for one deployment. Raises NoContract if `token` is none, and what Sender raises.
    """
    if token is not None:
        gateway.require_code([("the token", token)])
    addresses: dict[str, ChecksumAddress] = {}
    blocks: list[tuple[int, bytes]] = []
    waiting = list(steps(parameters, token=token, holder=sender.address))
    while waiting:
        ready = [step for step in waiting if step.needs() <= addresses.keys()]
        for step in ready:
            sender.submit(_key(step), step.call(addresses))
        for step in ready:
            receipt = sender.wait(_key(step))
            if receipt.contract is None:
                raise RpcGarbage(f"the receipt of {step.contract} names no contract: check the RPC endpoint")
            addresses[step.contract] = receipt.contract
            blocks.append((receipt.block, receipt.block_hash))
        waiting = [step for step in waiting if step not in ready]
    block, block_hash = min(blocks)
    return deployment(parameters, addresses, token=token, chain_id=gateway.chain_id, block=block, block_hash=block_hash)


def _key(step: Step) -> str:
    return f"deploy/{step.contract}"
