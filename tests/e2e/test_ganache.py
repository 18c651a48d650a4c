"""A whole round on Ganache: deployed, posted, settled and shown by the scripts."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from covey.chain import Gateway, artefacts
from covey.cli.acts.following import read_tasks
from covey.cli.acts.session import Connection
from covey.localnet import Localnet, Node
from covey.protocol.commitments import Domain
from covey.protocol.params import GWEI
from covey.roles.arena import ARENA
from covey.roles.task import TaskState
from covey.wallet import Signer
from tests.e2e.brownie_scripts import Scripts
from tests.e2e.expected import check_conclusions
from tests.e2e.one_round import CREATOR, FILE, PARAMS, TRAINERS, VALIDATORS, OneRound

pytestmark = pytest.mark.xdist_group("brownie")  # two Brownies at once tear each other's build folder

TASK = 1


@pytest.fixture
def scripts(tmp_path: Path) -> Iterator[Scripts]:
    with Localnet(Node.GANACHE) as net:
        yield Scripts(net, tmp_path / "deployment.json")


def state_of(scripts: Scripts, gateway: Gateway) -> TaskState:
    deployment = scripts.deployment
    return read_tasks(Connection(gateway, deployment, deployment.contracts()), ARENA, frozenset({TASK}))[TASK]


def test_a_whole_round(scripts: Scripts) -> None:
    scripts.run("deploy.py", "1d", "5s")
    scripts.run("create_task.py", str(FILE))
    addresses = scripts.deployment.addresses
    signers = [Signer(key) for key in scripts.net.keys]
    domain = Domain(scripts.deployment.chain_id, addresses.arena)
    people = OneRound(signers, addresses.vault, addresses.ledger, domain, TASK)
    contracts = scripts.deployment.contracts()

    with Gateway([scripts.net.url], codebook=artefacts.codebook()) as gateway:
        scripts.play(people.funding())
        scripts.play(people.enrolment())
        assert "members enrol" in scripts.run("settle.py", str(TASK))
        scripts.sleep(PARAMS.lengths.enrol)
        assert "the rings are drawn" in scripts.run("settle.py", str(TASK))
        scripts.net.mine()
        assert "trainers register their handles" in scripts.run("settle.py", str(TASK))

        scripts.play(people.masks(gateway.read(contracts.arena.call("seedOf", TASK))))
        scripts.play(people.submissions())
        scripts.play(people.publications())
        scripts.play([people.key()])
        scripts.play(people.commitments())
        scripts.play(people.reveals())
        assert "trainers open their handles" in scripts.run("settle.py", str(TASK))
        shown = scripts.run("inspect_task.py", str(TASK))
        assert "settled" in shown
        assert "ended because  completed" in shown

        scripts.play(people.openings())
        scripts.play(people.deliveries())
        assert f"task {TASK}: finished" in scripts.run("settle.py", str(TASK))
        assert all(signers[i].address in scripts.run("inspect_task.py", str(TASK)) for i in (*TRAINERS, *VALIDATORS))

        # The money is where the protocol says, to the wei, and the independent verifier agrees.
        check_conclusions(state_of(scripts, gateway))
        everybody = [signers[i].address for i in (CREATOR, *TRAINERS, *VALIDATORS)]
        credits_ = gateway.read_each([contracts.ledger.call("creditOf", address) for address in everybody])
        quotas = len(TRAINERS) * PARAMS.quota * PARAMS.relay_fee
        assert sum(credits_) == PARAMS.bounty + PARAMS.bond + quotas
        assert gateway.read(contracts.ledger.call("bucketOf", addresses.arena, TASK)) == 0
        for account, stake in (TRAINERS | VALIDATORS).items():
            held = gateway.read(contracts.vault.call("stakeOf", signers[account].address))
            assert (held["locked"], held["ownTokens"]) == (0, stake * GWEI)
    verdict = subprocess.run(
        [sys.executable, "-m", "covey.verify", str(TASK), "--rpc", scripts.net.url, "--arena", addresses.arena],
        capture_output=True,
        text=True,
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
