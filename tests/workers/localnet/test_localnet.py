"""A local network starts, answers, and never outlives its owner."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eth_account import Account

from covey.localnet import Localnet, Node, NodeFailed, NodeMissing, PortTaken, Settings, dev_keys

OWNER = """
import sys, time
from covey.localnet import Localnet, Node
net = Localnet(Node(sys.argv[1]))
print(net.port, flush=True)
time.sleep(60)
"""


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def gone(port: int) -> bool:
    deadline = time.monotonic() + 60
    while answers(port) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not answers(port)


@contextmanager
def owner(node: Node) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen([sys.executable, "-c", OWNER, node], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("node", Node)
def test_starts_with_funded_accounts_and_ends_with_its_block(node: Node) -> None:
    with Localnet(node, settings=Settings(chain_id=4242, accounts=3, balance=7)) as net:
        assert net.rpc("eth_chainId") == hex(4242)
        assert len(net.keys) == 3
        for key in net.keys:
            assert net.rpc("eth_getBalance", Account.from_key(key).address, "latest") == hex(7 * 10**18)
        assert answers(net.port)
    assert gone(net.port)
    net.close()


def test_dev_keys_are_the_well_known_ones() -> None:
    assert dev_keys(2)[0].hex() == "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    assert Account.from_key(dev_keys(2)[1]).address == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.mark.parametrize("node", Node)
def test_block_time_mines_empty_blocks(node: Node) -> None:
    with Localnet(node, settings=Settings(block_time=1)) as net:
        deadline = time.monotonic() + 60
        while net.rpc("eth_blockNumber") == "0x0" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert net.rpc("eth_blockNumber") != "0x0"


def test_mine_adds_blocks() -> None:
    with Localnet() as net:
        net.mine(3)
        assert net.rpc("eth_blockNumber") == "0x3"
        with pytest.raises(NodeFailed, match="no_such_method"):
            net.rpc("no_such_method")


def test_a_taken_port_is_named_with_its_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is in use.*choose another port"):
            Localnet(port=port)


def test_a_start_that_fails_shows_the_nodes_own_words(tmp_path: Path) -> None:
    with pytest.raises(NodeFailed, match=r"(?s)anvil ended at once.*invalid"):
        Localnet(settings=Settings(mnemonic="not a mnemonic"), log=tmp_path / "log")


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("covey.localnet.nodes.__file__", str(tmp_path / "nodes.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NodeMissing, match="make setup"):
        Localnet()


@pytest.mark.parametrize(
    ("node", "how"),
    [
        (Node.ANVIL, signal.SIGKILL),
        (Node.ANVIL, signal.SIGTERM),
        (Node.ANVIL, signal.SIGINT),
        (Node.GANACHE, signal.SIGKILL),
    ],
)
def test_ends_with_its_owner_however_that_ends(node: Node, how: signal.Signals) -> None:
    with owner(node) as (process, port):
        assert answers(port)
        os.kill(process.pid, how)
        process.wait(60)
        assert gone(port)


def test_the_output_is_kept_in_the_log(tmp_path: Path) -> None:
    with Localnet(log=tmp_path / "anvil.log"):
        pass
    assert "Listening on 127.0.0.1" in (tmp_path / "anvil.log").read_text()
