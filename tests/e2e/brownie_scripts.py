"""Running `scripts/` as a user does, and playing a task on the node that they work on."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from covey.chain.deployment import Deployment
from covey.localnet import Localnet
from covey.wallet import Signer
from tests.e2e.one_round import Step

ROOT = Path(__file__).parents[2]
_TIMEOUT = 600  # seconds: Brownie compiles all contracts first if any changed


@dataclass(frozen=True)
class Scripts:
    """`file` is the deployment file."""

    net: Localnet
    file: Path

    @property
    def deployment(self) -> Deployment:
        return Deployment.load(self.file)

    def run(self, name: str, *arguments: str) -> str:
        """What a script that succeeds says."""
        done = self.attempt(name, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"COVEY_RPC": self.net.url, "COVEY_DEPLOYMENT": str(self.file)}
        return subprocess.run(
            ["tools/run", "brownie", "run", f"scripts/{name}", "main", *arguments, "--network", "rpc"],
            cwd=ROOT,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )

    def play(self, steps: Iterable[Step]) -> None:
        """Sends the steps from the node's own accounts."""
        contracts = self.deployment.contracts()
        for step in steps:
            call = getattr(contracts, step.contract).call(step.function, *step.arguments)
            message = {
                "from": Signer(self.net.keys[step.sender]).address,
                "to": call.to,
                "data": "0x" + call.data.hex(),
            }
            transaction = self.net.rpc("eth_sendTransaction", message | {"gas": hex(10_000_000)})
            receipt = self.net.rpc("eth_getTransactionReceipt", transaction)
            assert isinstance(receipt, dict)
            assert receipt["status"] == "0x1", step

    def sleep(self, seconds: int) -> None:
        """Moves the chain's clock forward."""
        self.net.rpc("evm_increaseTime", seconds)
        self.net.mine()
