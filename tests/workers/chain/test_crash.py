"""kill -9 at any moment of sending: after a restart, exactly one transaction ends on the chain."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from covey.chain import Contract, Gateway, Sender, SendPolicy
from covey.journal import Journal, State
from covey.localnet import Localnet
from covey.wallet import Signer

OTHER = Signer(bytes(31) + b"\7").address

# Sends one transfer and dies at the moment that it was told.
VICTIM = """
import os, signal, sys
from pathlib import Path
from covey.chain import Contract, Gateway, Sender, artefacts
from covey.chain.rpc import Rpc
from covey.journal import Journal
from covey.wallet import KeyFromEnvironment, open_signer

moment, url, journal, token, other = sys.argv[1:]
ask = Rpc.try_each

def dying(self, batch):
    name = batch[-1].method
    if moment == f"before {name}":
        os.kill(os.getpid(), signal.SIGKILL)
    answers = ask(self, batch)
    if moment == f"after {name}":
        os.kill(os.getpid(), signal.SIGKILL)
    return answers

Rpc.try_each = dying
with Gateway([url], codebook=artefacts.codebook()) as gateway, Journal(Path(journal)) as opened:
    sender = Sender(gateway, open_signer(KeyFromEnvironment("VICTIM_KEY")), opened)
    contract = Contract(token, artefacts.load("CoveyToken").interface)
    sender.send("pay", contract.call("transfer", other, 5))
"""

MOMENTS = {
    "before eth_maxPriorityFeePerGas": State.PLANNED,  # planned, nothing signed
    "before eth_sendRawTransaction": State.SENT,  # in the journal, not broadcast
    "after eth_sendRawTransaction": State.SENT,  # broadcast
    "after eth_getTransactionReceipt": State.SENT,  # perhaps mined, not known to be
}


@pytest.mark.parametrize("mined", [True, False])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_sending(
    moment: str, mined: bool, net: Localnet, gateway: Gateway, token: Contract, tmp_path: Path
) -> None:
    net.rpc("evm_setAutomine", mined)
    signer, path = Signer(net.keys[1]), tmp_path / "victim.db"
    with Journal(tmp_path / "bank.db") as bank:
        rich = Sender(gateway, Signer(net.keys[0]), bank)
        rich.submit("stake", token.call("transfer", signer.address, 1_000))
        net.mine()
        rich.wait("stake")
    victim = subprocess.run(
        [sys.executable, "-c", VICTIM, moment, net.url, str(path), token.address, OTHER],
        env=os.environ | {"VICTIM_KEY": net.keys[1].hex()},
        timeout=30,
        check=False,
    )
    assert victim.returncode == -signal.SIGKILL
    with Journal(path) as journal:
        intent = journal.intents.get("pay")
        assert intent.state is MOMENTS[moment]
        sender = Sender(gateway, signer, journal, SendPolicy(timeout=20))
        sender.submit("pay", token.call("transfer", OTHER, 5))
        net.mine()
        receipt = sender.wait("pay")
        if intent.attempts:
            assert journal.intents.get("pay").attempts == intent.attempts, "the same bytes were sent again"
        assert sender.send("pay", token.call("transfer", OTHER, 5)) == receipt
    assert gateway.read(token.call("balanceOf", OTHER)) == 5
    assert net.rpc("eth_getTransactionCount", signer.address, "pending") == "0x1"
