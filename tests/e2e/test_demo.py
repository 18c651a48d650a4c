"""`covey demo` and `covey up`: whole networks of processes, which end with their owner, however that ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from covey.cli.exits import Exit
from tests.e2e.network import PATIENCE


@contextmanager
def running(*arguments: str, **variables: str) -> Iterator["subprocess.Popen[str]"]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVEY_")}
    environment = inherited | variables
    process = subprocess.Popen(
        [sys.executable, "-m", "covey", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that have to do with a network in `folder`, by their arguments or log files."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            names = [os.readlink(link) for link in (process / "fd").iterdir()]
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in " ".join([*names, line]):
            found.append(line)
    return found


def assert_nothing_is_left(folder: Path) -> None:
    deadline = time.monotonic() + 15
    while left_running(folder):
        assert time.monotonic() < deadline, left_running(folder)
        time.sleep(0.2)


def events(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def await_stage(process: "subprocess.Popen[str]", stage: str) -> None:
    for event in events(process):
        if event.get("stage") == stage:
            return
    _, errors = process.communicate()
    raise AssertionError(f"ended before {stage}: {errors}")


@pytest.mark.slow
def test_the_demonstration_shows_what_it_promises(tmp_path: Path) -> None:
    with running("demo", "--folder", str(tmp_path / "net"), "--json") as process:
        out, errors = process.communicate(timeout=2 * PATIENCE)
    assert process.returncode == Exit.OK, errors
    assert_nothing_is_left(tmp_path / "net")

    told = [json.loads(line) for line in out.splitlines()]
    arena, alliance = (next(event for event in told if event["kind"] == kind) for kind in ("story", "alliance"))
    assert alliance == told[-1]
    check_arena(arena)
    check_alliance(alliance)


def check_arena(story: dict[str, Any]) -> None:
    assert (story["verdict"], story["problems"]) == ("PASS", [])
    accounts = {line["name"]: line for line in story["accounts"]}
    earning = {
        "linear",
        "small-mlp",
        "large-mlp",
        "cnn",
        *(f"validator-{i}" for i in range(1, 5)),
        "keeper",
        "delegator",
    }
    assert all(accounts[name]["earned"] > 0 for name in earning)
    assert {name for name, line in accounts.items() if line["slashed"]} == {"malformer", "silent"}
    assert all(accounts[name]["earned"] == 0 for name in ("free-rider", "malformer", "lazy", "silent"))
    assert [len(board["models"]) for board in story["rounds"]] == [6, 6, 6]
    assert {"settle", "mask", "enrol trainer", "claim delegation pay"} <= {line["step"] for line in story["gas"]}


def check_alliance(story: dict[str, Any]) -> None:
    assert (story["verdict"], story["problems"]) == ("PASS", [])
    before, *after = story["accuracy"]
    assert len(after) == len(story["rounds"]) == 5
    assert after[-1] > before
    clients = {line["name"]: line for line in story["clients"]}
    assert len(clients) == 10
    lost = {name for name, line in clients.items() if any("did not do its part" in reason for reason in line["why"])}
    assert lost == {story["vanished"]}
    honest = set(clients) - {"idler", "poisoner", story["vanished"]}
    assert clients["poisoner"]["slashed"] > 0
    assert clients["poisoner"]["earned"] < sum(clients[name]["earned"] for name in honest) / len(honest)
    assert sum(story["money"]["came"].values()) == sum(story["money"]["went"].values())


TRAINER = """
from covey.learning.families import family_of
from covey.learning.task import TrainOptions

def train(data, task, progress):
    family = family_of(task.family)
    return family.train(data, task, TrainOptions(family.architecture("linear"), seed=99), progress)
"""


@pytest.mark.slow
def test_a_network_to_play_with_takes_others_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    (tmp_path / "mine.py").write_text(TRAINER)
    options = ("--workers", "2", "--rounds", "1", "--family", "tabular", "--data", "breast-cancer", "--seed", "3")
    with running("up", *options, "--port", "0", "--folder", str(folder), "--json") as process:
        stream = events(process)
        given = next(event for event in stream if event["kind"] == "up")["environment"]
        environment = os.environ | given
        covey = [sys.executable, "-m", "covey"]
        again = subprocess.run([*covey, "up", "--port", "0", "--folder", str(folder)], capture_output=True, check=False)
        assert again.returncode == Exit.SETUP
        joined = [*covey, "train", "--task", "1", "--with", "mine:train", "--device", "cpu", "--json"]
        with subprocess.Popen(joined, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as trainer:
            notices, _ = trainer.communicate(timeout=PATIENCE)
        assert trainer.returncode == Exit.OK
        deeds = [notice["text"] for notice in map(json.loads, notices.splitlines()) if notice["kind"] == "did"]
        assert {"enrol", "open", "deliver/0"} <= set(deeds)  # what a relay sent for its handle is not among them
        shown = subprocess.run([*covey, "status", "--json"], env=environment, capture_output=True, check=True)
        earned = [item for item in json.loads(shown.stdout)["items"] if item["kind"] == "earned"]
        assert [int(item["amount"]) > 0 for item in earned] == [True]
        await_stage(process, "finish")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == Exit.OK
    assert_nothing_is_left(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.slow
def test_nothing_is_left_however_the_owner_ends(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "net"
    with running("up", "--workers", "2", "--port", "0", "--folder", str(folder), "--json") as process:
        deadline = time.monotonic() + 60
        while len(left_running(folder)) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        assert process.wait(30) == (-number if number is signal.SIGKILL else Exit.INTERRUPTED)
    assert_nothing_is_left(folder)


@pytest.mark.slow
def test_ctrl_c_in_the_demonstration_leaves_no_files(tmp_path: Path) -> None:
    with running("demo", TMPDIR=str(tmp_path)) as process:
        deadline = time.monotonic() + 60
        while len(left_running(tmp_path)) < 8:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == Exit.INTERRUPTED
    assert_nothing_is_left(tmp_path)
    assert not list(tmp_path.iterdir())
