"""Commands that can't finish what they began: nothing happens twice, and nobody is left to guess."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from covey.cli.exits import Exit
from tests.workers.chain.endpoints import endpoint
from tests.workers.cli.conftest import Covey, Endow, start
from tests.workers.storage.disks import needs_mounts, on_disk

TOKEN = 10**18
STAKER, CREATOR = 12, 13
POST = ("task", "create", "--data", "breast-cancer", "--bounty", "50", "--rounds", "1", "--schedule", "demo")


@contextmanager
def no_blocks(covey: Covey) -> Iterator[None]:
    """Nothing is mined meanwhile; afterwards everything is."""
    covey.net.rpc("evm_setAutomine", False)
    try:
        yield
    finally:
        covey.net.mine()
        covey.net.rpc("evm_setAutomine", True)


def interrupt_once_sent(covey: Covey, arguments: tuple[str, ...], account: int) -> tuple[int, str]:
    """Runs a command and presses Ctrl-C when its transaction waits to be mined: exit status, and what it said."""
    with start(arguments, covey.environment(account)) as command:
        deadline = time.monotonic() + 60
        while covey.net.rpc("txpool_status") == {"pending": "0x0", "queued": "0x0"}:
            assert command.poll() is None, command.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(timeout=30)
    return command.returncode, errors


@pytest.fixture(scope="module")
def staked(covey: Covey, endow: Endow) -> None:
    endow(STAKER, 10)
    covey.ok("stake", "add", "10", account=STAKER)


def asked_out(covey: Covey) -> int:
    position = covey.ok("stake", "show", account=STAKER)["position"]
    return sum(int(one["tokens"]) for one in position["exits"])


@pytest.mark.usefixtures("staked")
def test_ctrl_c_after_sending_names_what_was_sent(covey: Covey) -> None:
    before = asked_out(covey)
    with no_blocks(covey):
        status, errors = interrupt_once_sent(covey, ("stake", "exit", "3"), STAKER)
    assert status == Exit.INTERRUPTED
    assert re.search(r"stopped after sending 0x[0-9a-f]{64}: .*'covey status' before you run this again", errors)
    assert asked_out(covey) == before + 3 * TOKEN


@pytest.mark.usefixtures("staked")
def test_a_node_that_fails_after_sending_is_told_with_what_was_sent(covey: Covey) -> None:
    before, gone = asked_out(covey), False

    def respond(request: object) -> tuple[int, bytes]:
        nonlocal gone
        if gone:
            return 503, b""
        gone = "eth_sendRawTransaction" in json.dumps(request)
        return 200, httpx.post(covey.net.url, json=request).content

    with endpoint(respond) as url:
        outcome = covey("stake", "exit", "2", account=STAKER, COVEY_RPC=url)
    assert outcome.code == Exit.CHAIN
    assert re.search(r"HTTP 503.*\(after sending 0x[0-9a-f]{64}\)", outcome.lines[0])
    assert "before you run this again" in outcome.lines[1]
    assert asked_out(covey) == before + 2 * TOKEN


@pytest.fixture(scope="module")
def rich(covey: Covey, endow: Endow) -> None:
    endow(CREATOR, 200)
    covey.ok("ledger", "deposit", "200", account=CREATOR)
    covey.ok("ledger", "approve", "200", account=CREATOR)


def posted(covey: Covey) -> int:
    return len(covey.ok("task", "list", "--all"))


def credit(covey: Covey) -> int:
    return int(covey.ok("ledger", "show", account=CREATOR)["credit"])


@pytest.mark.usefixtures("rich")
def test_ctrl_c_while_a_task_is_posted_tells_how_to_go_on(covey: Covey) -> None:
    before = posted(covey)
    with no_blocks(covey):
        status, errors = interrupt_once_sent(covey, (*POST, "--post-only"), CREATOR)
    assert status == Exit.INTERRUPTED
    told = re.search(r"start again with --reference (\w+)", errors)
    assert told is not None, errors
    assert covey(*POST, "--post-only", "--reference", told[1], account=CREATOR).code == Exit.OK
    assert posted(covey) == before + 1


@pytest.mark.usefixtures("rich")
def test_a_store_that_is_read_only(covey: Covey) -> None:
    before = posted(covey), credit(covey)
    outcome = covey(*POST, "--store", "gateway:http://127.0.0.1:1", account=CREATOR)
    assert outcome.code == Exit.STORE
    assert "only reads" in outcome.lines[0]
    assert outcome.lines[1] == "next:  publish through a dir:PATH or kubo:URL store"
    assert (posted(covey), credit(covey)) == before


@needs_mounts
@pytest.mark.usefixtures("rich")
def test_a_store_that_is_full(covey: Covey, tmp_path: Path) -> None:
    before = posted(covey), credit(covey)
    command = [sys.executable, "-m", "covey", *POST, "--store", f"dir:{tmp_path}"]
    full = on_disk(tmp_path, "size=16k", command)
    done = subprocess.run(
        full, env=os.environ | covey.environment(CREATOR), capture_output=True, text=True, check=False
    )
    assert done.returncode == Exit.STORE, done.stderr
    *_, error, advice = done.stderr.splitlines()
    assert error == f"error: no room in {tmp_path} (No space left on device)"
    assert advice == "next:  free space, or use another store"
    assert (posted(covey), credit(covey)) == before


def test_ctrl_c_while_the_command_still_loads() -> None:
    loading = "import signal, sys\nsys.addaudithook(lambda event, args: signal.raise_signal(signal.SIGINT)"
    loading += " if event == 'import' and args[0] == 'typer' else None)\nfrom covey.__main__ import main\nmain()"
    done = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (Exit.INTERRUPTED, "")
