"""The Brownie scripts on Anvil: one deployment whoever makes it, and errors that say what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from covey.chain import Gateway, artefacts
from covey.cli.exits import Exit
from covey.localnet import Localnet
from tests.e2e.brownie_scripts import Scripts
from tests.e2e.one_round import FILE

pytestmark = pytest.mark.xdist_group("brownie")  # two Brownies at once tear each other's build folder

Document = dict[str, Any]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripts]:
    """A node that deploy.py was run on."""
    with Localnet() as net:
        scripts = Scripts(net, tmp_path_factory.mktemp("scripts") / "deployment.json")
        scripts.run("deploy.py", "1d", "5s")
        yield scripts


def test_the_script_and_the_command_make_the_same_deployment(scripts: Scripts, tmp_path: Path) -> None:
    with Localnet() as net:
        commanded = Scripts(net, tmp_path / "deployment.json")
        chosen = ("--unbonding", "1d", "--min-phase", "5s", "--rpc", net.url, "--deployment", str(commanded.file))
        environment = os.environ | {"COVEY_KEY": net.keys[0].hex()}
        subprocess.run([sys.executable, "-m", "covey", "deploy", *chosen], env=environment, check=True)
        one, other = scripts.deployment, commanded.deployment
        assert scripts.file.read_text().replace(one.block_hash, other.block_hash) == commanded.file.read_text()
        assert creations(scripts) == creations(commanded)
        assert "task 1" in commanded.run("create_task.py", str(FILE))


def creations(scripts: Scripts) -> list[str]:
    """What was sent to deploy, once all of it was found as the deployment file says."""
    with Gateway([scripts.net.url], codebook=artefacts.codebook()) as gateway:
        scripts.deployment.check(gateway)
    sent = []
    for number in range(1, len(artefacts.CONTRACTS) + 1):
        block = scripts.net.rpc("eth_getBlockByNumber", hex(number), True)
        assert isinstance(block, dict)
        sent += [transaction["input"] for transaction in block["transactions"]]
    return sent


def test_a_deployment_with_a_token_that_exists(scripts: Scripts, tmp_path: Path) -> None:
    second = Scripts(scripts.net, tmp_path / "second.json")
    second.run("deploy.py", "1d", "5s", scripts.deployment.addresses.token)
    assert second.deployment.addresses.token == scripts.deployment.addresses.token
    assert second.deployment.addresses.arena != scripts.deployment.addresses.arena


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("deploy.py",), Exit.SETUP, "Covey was deployed already"),
        (("settle.py", "7"), Exit.USAGE, "has no task 7"),
        (("inspect_task.py", "first"), Exit.USAGE, "'first' is no task"),
        (("create_task.py", "nowhere.json"), Exit.SETUP, "No such file"),
    ],
    ids=str,
)
def test_errors_say_what_to_do(scripts: Scripts, arguments: tuple[str, ...], status: Exit, message: str) -> None:
    check(scripts.attempt(*arguments), status, message)


def test_no_deployment_file(scripts: Scripts, tmp_path: Path) -> None:
    check(Scripts(scripts.net, tmp_path / "none.json").attempt("settle.py", "1"), Exit.SETUP, "no deployment file")


def test_an_account_without_tokens(scripts: Scripts) -> None:
    attempt = scripts.attempt("create_task.py", str(FILE), COVEY_KEY=scripts.net.keys[9].hex())
    check(attempt, Exit.REFUSED, "has 0 tokens, 1,100 are needed")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["params"].update(bountyy=1), "no 'bountyy'"),
        (lambda d: d["lengths"].pop("mask"), "lacks 'mask'"),
        (lambda d: d["params"].update(tau=2_000_000), "tau is 2,000,000: choose"),
        (lambda d: d["params"].update(rounds=2), "2 rounds and 1 shards"),
        (lambda d: d["params"].update(bounty=0.5), "params.bounty"),
        (lambda d: d["lengths"].update(key=4), "key is 4: choose"),
        (lambda d: d["shards"][0].update(key_hash="0x12"), "shards.0.key_hash"),
    ],
    ids=["unknown", "missing", "range", "shards", "type", "phase too short", "hash"],
)
def test_a_task_that_makes_no_sense(
    scripts: Scripts, tmp_path: Path, change: Callable[[Document], None], message: str
) -> None:
    document = json.loads(FILE.read_text())
    change(document)
    file = tmp_path / "task.json"
    file.write_text(json.dumps(document))
    check(scripts.attempt("create_task.py", str(file)), Exit.USAGE, message)


def check(done: subprocess.CompletedProcess[str], status: Exit, message: str) -> None:
    assert done.returncode == status, done.stdout + done.stderr
    shown = " ".join(done.stderr.split()).replace(" next: ", ": ")
    assert message in shown
    assert "next:" in done.stderr
    assert "Traceback" not in done.stderr
