"""A fresh anvil for each test, and a token on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from covey.chain import Contract, Gateway, RpcPolicy, Sender, SendPolicy, artefacts
from covey.chain.contract import deployment
from covey.journal import Journal
from covey.localnet import Localnet
from covey.wallet import Signer

IMPATIENT = RpcPolicy(rounds=2, pause=0.01)
SUPPLY = 10**24

OpenSender = Callable[..., Sender]


@pytest.fixture
def net() -> Iterator[Localnet]:
    with Localnet() as running:
        yield running


@pytest.fixture
def gateway(net: Localnet) -> Iterator[Gateway]:
    with Gateway([net.url], codebook=artefacts.codebook(), policy=IMPATIENT) as opened:
        yield opened


@pytest.fixture
def signer(net: Localnet) -> Signer:
    return Signer(net.keys[0])


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
def sender(gateway: Gateway, signer: Signer, journal: Journal) -> Sender:
    return Sender(gateway, signer, journal, SendPolicy(timeout=20, patience=2))


@pytest.fixture
def token(sender: Sender) -> Contract:
    """A CoveyToken whose supply the sender has."""
    artefact = artefacts.load("CoveyToken")
    receipt = sender.send("token", deployment(artefact.interface, artefact.bytecode, sender.address, SUPPLY))
    assert receipt.contract is not None
    return Contract(receipt.contract, artefact.interface)
