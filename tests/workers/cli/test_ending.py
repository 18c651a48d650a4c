"""The command's exit status is its own, whatever its threads are doing and wherever its words go."""

import subprocess
import sys
from pathlib import Path

from covey.cli.exits import Exit

TRAINING = """
import sys, threading
import torch
import covey.__main__, covey.cli.main

def train():
    layer, x = torch.nn.Linear(64, 64), torch.ones(64, 64)
    while True:
        layer(x).sum().backward()
        training.set()

def app():
    threading.Thread(target=train, daemon=True).start()
    training.wait()
    print("over")
    sys.exit(6)

training = threading.Event()
covey.cli.main.app = app
covey.__main__.main()
"""


def test_a_command_that_ends_while_it_trains_ends_with_its_status() -> None:
    done = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (6, "over\n", "")


def test_a_command_that_has_no_room_for_its_words_ends_with_its_status(tmp_path: Path) -> None:
    missing = ("task", "show", "1", "--json", "--deployment", str(tmp_path / "nowhere.json"))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-m", "covey", *missing], stdout=full, stderr=full, check=False)
    assert done.returncode == Exit.SETUP
