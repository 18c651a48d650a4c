"""`covey up --chaos`: a short run, all of it real."""

import json
from pathlib import Path

import pytest

from covey.cli.exits import Exit
from tests.e2e.test_demo import assert_nothing_is_left, running


@pytest.mark.slow
def test_a_network_under_faults_loses_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    options = ("--tasks", "1", "--faults", "12", "--rounds", "1", "--workers", "2")
    data = ("--family", "tabular", "--data", "breast-cancer", "--port", "0", "--folder", str(folder))
    with running("up", "--chaos", "1", *options, *data, "--json") as process:
        out, errors = process.communicate(timeout=900)
    outcome = json.loads(out[out.rindex("\n{\n") :])
    assert (process.returncode, outcome["violations"]) == (Exit.OK, []), errors
    assert sum(outcome["injected"].values()) + sum(outcome["missed"].values()) == 12
    assert [(task["cause"], task["verifier"]) for task in outcome["tasks"]] == [("COMPLETED", "PASS")]
    assert_nothing_is_left(folder)
