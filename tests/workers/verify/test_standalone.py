"""The command, and the folder on its own: no environment, no package, nothing but Python."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import covey.verify
from covey.verify.bundle import ArenaBundle, seal, write_bundle
from covey.verify.cli import AGREES, DIFFERS, UNREADABLE, main
from tests.workers.verify.world import World

BundleOf = Callable[[str], ArenaBundle]

FOLDER = Path(covey.verify.__file__).parent


@pytest.fixture
def right(bundle_of: BundleOf, tmp_path: Path) -> Path:
    path = tmp_path / "right.json"
    path.write_bytes(write_bundle(bundle_of("key_missing")))
    return path


@pytest.fixture
def wrong(bundle_of: BundleOf, tmp_path: Path) -> Path:
    """One wei less in the last payment."""
    bundle = bundle_of("key_missing")
    place = max(i for i, log in enumerate(bundle.logs) if log.address == bundle.contracts.ledger)
    log = bundle.logs[place]
    less = replace(log, data=(int.from_bytes(log.data) - 1).to_bytes(32))
    path = tmp_path / "wrong.json"
    path.write_bytes(write_bundle(seal(replace(bundle, logs=(*bundle.logs[:place], less, *bundle.logs[place + 1 :])))))
    return path


def run_alone(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Python without site-packages, environment variables, user folder or working directory in its path."""
    command = [sys.executable, "-I", "-S", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_copied_folder_runs_anywhere(right: Path, wrong: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "checker"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    passed, failed = run_alone(copy, right), run_alone(copy, wrong)
    assert (passed.returncode, passed.stderr) == (AGREES, "")
    assert passed.stdout.splitlines()[-1].startswith("PASS")
    assert (failed.returncode, failed.stderr) == (DIFFERS, "")
    assert "FAIL money" in failed.stdout


def test_as_a_module(right: Path) -> None:
    command = [sys.executable, "-m", "covey.verify", str(right)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == AGREES


def test_json_for_programs(right: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(right), "--json"]) == AGREES
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "PASS"
    assert all(check["passed"] for check in report["checks"])


def test_every_check_is_printed_on_request(right: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(right)])
    few = capsys.readouterr().out.count("\n")
    main([str(right), "--every"])
    assert capsys.readouterr().out.count("\n") > 3 * few


def test_from_a_node_and_into_a_file(world: World, bundle_of: BundleOf, tmp_path: Path) -> None:
    task, path = bundle_of("free").task, tmp_path / "task.json"
    arena = world.arena.address
    assert main([str(task), "--rpc", world.url, "--arena", arena, "--export", str(path)]) == AGREES
    assert main([str(path), "--rpc", world.url]) == AGREES


def test_a_bundle_that_the_node_does_not_have(world: World, bundle_of: BundleOf, tmp_path: Path) -> None:
    """The content's address settles nothing, so that only the node tells."""
    bundle = bundle_of("free")
    altered = []
    for log in bundle.logs:
        at = log.data.find(b"bafyt0")
        data = log.data[:at] + b"bafyt9" + log.data[at + 6 :] if at >= 0 else log.data
        altered.append(replace(log, data=data))
    path = tmp_path / "forged.json"
    path.write_bytes(write_bundle(seal(replace(bundle, logs=tuple(altered)))))
    assert main([str(path)]) == AGREES
    assert main([str(path), "--rpc", world.url]) == DIFFERS


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.json"],
        [str(FOLDER / "keccak.py")],
        ["7"],
        ["7", "--rpc", "http://127.0.0.1:1", "--arena", "0x12"],
        ["7", "--rpc", "http://127.0.0.1:1", "--arena", "0x" + "ab" * 20],
        ["7", "--rpc", "file:///etc/passwd", "--arena", "0x" + "ab" * 20],
    ],
)
def test_what_can_not_be_verified_says_why(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == UNREADABLE
    assert "cannot verify: " in capsys.readouterr().err


def test_an_unknown_task_or_contract(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["999", "--rpc", world.url, "--arena", world.arena.address]) == UNREADABLE
    assert "has no task 999" in capsys.readouterr().err
    assert main(["1", "--rpc", world.url, "--arena", world.token.address]) == UNREADABLE


def test_only_the_standard_library_is_imported() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import verify.cli; print(*sys.modules)"
    found = run_alone("-c", code, FOLDER.parent)
    names = {name.partition(".")[0] for name in found.stdout.split()}
    assert names - sys.stdlib_module_names - {"verify", "__main__"} == set()
