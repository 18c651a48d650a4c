"""kill -9 at any moment: after a restart, exactly one transaction ends on the chain, and each event is read once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from covey.chain import Contract, EventFollower, Filter, Gateway, Sender, SendPolicy
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


# Follows a token's events two blocks at a time, and dies with the second page, which it has kept or not.
FOLLOWER = """
import os, signal, sys
from pathlib import Path
from covey.chain import EventFollower, Filter, FollowPolicy, Gateway, artefacts
from covey.chain.rpc import Rpc
from covey.journal import Journal

kept, url, journal, token, start = sys.argv[1:]
pages = 0

def count():
    global pages
    pages += 1
    if pages == 2:
        os.kill(os.getpid(), signal.SIGKILL)

if kept == "False":
    ask = Rpc.ask_with
    def dying(self, *batch):
        answers = ask(self, *batch)
        count()
        return answers
    Rpc.ask_with = dying
with Gateway([url], codebook=artefacts.codebook()) as gateway, Journal(Path(journal)) as opened:
    follower = EventFollower(gateway, opened.feed("token"), Filter((token,), int(start)), FollowPolicy(page=2))
    for _ in follower.sync(gateway.head()):
        if kept == "True":
            count()
"""


@pytest.mark.parametrize("kept", [True, False])
def test_killed_while_following(
    kept: bool, net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
) -> None:
    first = gateway.head().number + 1
    with Journal(tmp_path / "payer.db") as journal:
        payer = Sender(gateway, signer, journal)
        for value in range(6):
            payer.send(f"pay {value}", token.call("transfer", OTHER, value))
    path = tmp_path / "victim.db"
    arguments = [str(kept), net.url, str(path), token.address, str(first)]
    victim = subprocess.run([sys.executable, "-c", FOLLOWER, *arguments], timeout=30, check=False)
    assert victim.returncode == -signal.SIGKILL
    with Journal(path) as journal:
        follower = EventFollower(gateway, journal.feed("token"), Filter((token.address,), first))
        before = [record.arguments["value"] for record in follower.records()]
        assert before == list(range(4 if kept else 2))
        new = [record.arguments["value"] for changes in follower.sync(gateway.head()) for record in changes.new]
        assert before + new == list(range(6))
