"""Covey is deployed from the package alone, goes on where it was cut off, and is found again through its file."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covey.chain import (
    ContractError,
    Deployment,
    DeploymentError,
    Gateway,
    NoContract,
    Parameters,
    Sender,
    WrongChain,
    artefacts,
    deploy,
    plan,
)
from covey.chain.rpc import Rpc
from covey.journal import Journal
from covey.localnet import Localnet, Node, Settings
from covey.wallet import Signer

PARAMETERS = Parameters(unbonding=30 * 86_400, min_phase=5)


@pytest.fixture
def deployed(gateway: Gateway, sender: Sender) -> Deployment:
    return deploy(gateway, sender, PARAMETERS)


@pytest.mark.parametrize("node", Node)
def test_on_each_node(node: Node, tmp_path: Path) -> None:
    with (
        Localnet(node) as net,
        Gateway([net.url], codebook=artefacts.codebook()) as gateway,
        Journal(tmp_path / "journal.db") as journal,
    ):
        sender = Sender(gateway, Signer(net.keys[0]), journal)
        deployment = deploy(gateway, sender, PARAMETERS)
        deployment.check(gateway)
        contracts = deployment.contracts()
        assert gateway.read_each(
            [
                contracts.token.call("balanceOf", sender.address),
                contracts.vault.call("unbonding"),
                contracts.vault.call("token"),
                contracts.ledger.call("token"),
            ]
        ) == [plan.MAX_SUPPLY, PARAMETERS.unbonding, contracts.token.address, contracts.token.address]


def test_independent_steps_share_blocks(tmp_path: Path) -> None:
    with (
        Localnet(settings=Settings(block_time=1)) as net,
        Gateway([net.url], codebook=artefacts.codebook()) as gateway,
        Journal(tmp_path / "journal.db") as journal,
    ):
        deployment = deploy(gateway, Sender(gateway, Signer(net.keys[0]), journal), PARAMETERS)
        assert gateway.head().number - deployment.block <= 6


def test_with_a_token_that_exists(gateway: Gateway, sender: Sender, deployed: Deployment, tmp_path: Path) -> None:
    signer = Signer.from_hex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
    with Journal(tmp_path / "second.db") as journal:
        second = deploy(gateway, Sender(gateway, signer, journal), PARAMETERS, token=deployed.addresses.token)
    assert second.addresses.token == deployed.addresses.token
    assert second.addresses.vault != deployed.addresses.vault
    with Journal(tmp_path / "third.db") as journal, pytest.raises(NoContract, match="the token"):
        deploy(gateway, Sender(gateway, signer, journal), PARAMETERS, token=signer.address)


def test_it_goes_on_where_it_was_cut_off(
    net: Localnet, gateway: Gateway, sender: Sender, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Exception):
        pass

    sent = 0
    ask = Rpc.try_each

    def cutting(self: Rpc, batch: Any) -> Any:
        nonlocal sent
        sent += batch[0].method == "eth_sendRawTransaction"
        if sent == 4:
            raise Cut
        return ask(self, batch)

    monkeypatch.setattr(Rpc, "try_each", cutting)
    with pytest.raises(Cut):
        deploy(gateway, sender, PARAMETERS)
    monkeypatch.undo()
    deployment = deploy(gateway, sender, PARAMETERS)
    deployment.check(gateway)
    assert net.rpc("eth_getTransactionCount", signer.address, "latest") == hex(len(artefacts.CONTRACTS))
    assert deploy(gateway, sender, PARAMETERS) == deployment


def test_parameters_that_the_contracts_refuse(gateway: Gateway, sender: Sender) -> None:
    with pytest.raises(ContractError, match="InvalidUnbonding"):
        deploy(gateway, sender, Parameters(unbonding=1, min_phase=5))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment whose chain is gone: its file is what counts."""
    with (
        Localnet() as net,
        Gateway([net.url], codebook=artefacts.codebook()) as gateway,
        Journal(tmp_path_factory.mktemp("deployer") / "journal.db") as journal,
    ):
        return deploy(gateway, Sender(gateway, Signer(net.keys[0]), journal), PARAMETERS)


class TestFile:
    @pytest.fixture
    def path(self, described: Deployment, tmp_path: Path) -> Iterator[Path]:
        described.save(tmp_path / "nets" / "local.json")
        return tmp_path / "nets" / "local.json"

    def test_round_trip(self, described: Deployment, path: Path) -> None:
        assert Deployment.load(path) == described
        assert [item.name for item in path.parent.iterdir()] == ["local.json"]

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(DeploymentError, match="there is no deployment file"):
            Deployment.load(tmp_path / "none.json")

    def test_unreadable(self, described: Deployment, tmp_path: Path) -> None:
        with pytest.raises(DeploymentError, match="can't be read"):
            Deployment.load(tmp_path)
        (tmp_path / "file").write_text("")
        with pytest.raises(DeploymentError, match="can't be written"):
            described.save(tmp_path / "file" / "local.json")

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 50_000, b" " * (1 << 17)], ids=range(6))
    def test_no_json(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(DeploymentError, match="no deployment file"):
            Deployment.load(path)

    @pytest.mark.parametrize(
        "changes",
        [
            {"format": "covey-deployment/9"},
            {"chain_id": 0},
            {"block": -1},
            {"block_hash": "0x00"},
            {"parameters": {"unbonding": 1}},
            {"addresses": {}},
            {"extra": 1},
        ],
        ids=str,
    )
    def test_malformed(self, path: Path, changes: dict[str, Any]) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
        with pytest.raises(DeploymentError, match=f"no deployment file of this version .{next(iter(changes))}"):
            Deployment.load(path)

    def test_addresses_are_checked(self, described: Deployment, path: Path) -> None:
        document = json.loads(path.read_text())
        mistyped = described.addresses.vault.swapcase().replace("0X", "0x")
        path.write_text(json.dumps(document | {"addresses": document["addresses"] | {"vault": mistyped}}))
        with pytest.raises(DeploymentError, match="checksum"):
            Deployment.load(path)

    def test_another_version(self, path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"abi_digest": "00" * 32}))
        with pytest.raises(DeploymentError, match="another version"):
            Deployment.load(path)


def test_a_chain_that_is_not_the_deployments(deployed: Deployment, gateway: Gateway) -> None:
    with (
        Localnet() as reset,
        Gateway([reset.url], codebook=gateway.codebook) as elsewhere,
        pytest.raises(NoContract, match="token"),
    ):
        deployed.check(elsewhere)
    with (
        Localnet(settings=Settings(chain_id=7)) as other,
        Gateway([other.url], codebook=gateway.codebook) as elsewhere,
        pytest.raises(WrongChain),
    ):
        deployed.check(elsewhere)
    moved = deployed.model_copy(update={"block_hash": "00" * 32})
    with pytest.raises(DeploymentError, match="the chain was reset"):
        moved.check(gateway)


@pytest.mark.slow
def test_the_packaged_contracts_are_those_of_the_sources() -> None:
    root = Path(__file__).parents[3]
    command = [root / "tools/run", "python", root / "tools/export_abi.py", "--check"]
    check = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout + check.stderr + "\nrun: tools/run python tools/export_abi.py"


def test_every_error_of_the_contracts_has_advice() -> None:
    declared = {error.name for name in artefacts.CONTRACTS for error in artefacts.load(name).interface.errors}
    assert set(artefacts.HINTS) == declared


def test_steps_come_after_those_they_need() -> None:
    seen: set[str] = set()
    for step in plan.steps(PARAMETERS, token=None, holder=Signer.generate().address):
        assert step.needs() <= seen
        seen.add(step.contract)
    assert seen == set(artefacts.CONTRACTS)
