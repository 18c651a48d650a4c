"""What every verb has in common: help with examples, quick starts, statuses, and errors without tracebacks."""

import importlib
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from covey.cli.command import verb
from covey.cli.exits import MEANINGS, Exit
from covey.cli.failures import RULES, explain
from covey.cli.main import app
from covey.cli.output import Output


def verbs() -> Iterator[tuple[str, ...]]:
    def walk(group: typer.Typer, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for command in group.registered_commands:
            assert command.callback is not None
            yield (*path, command.name or command.callback.__name__)
        for sub in group.registered_groups:
            assert sub.typer_instance is not None
            yield from walk(sub.typer_instance, (*path, sub.name) if isinstance(sub.name, str) else path)

    return walk(app, ())


@pytest.mark.parametrize("path", sorted(verbs()), ids=" ".join)
def test_every_verb_has_help_with_an_example_and_json(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*path, "--help"], env={"TERM": "dumb"}, terminal_width=200)
    assert result.exit_code == 0
    assert f"covey {' '.join(path)}" in result.stdout.split("Examples:")[1]
    assert "--json" in result.stdout
    assert "Exit status" in result.stdout


def test_the_design_s_verbs_are_there() -> None:
    wanted = """
        up; demo; deploy; train; validate; keep; claim; verify; status; task create; task show; task list; task watch;
        stake add; stake exit; stake withdraw; stake delegate; stake authorize; stake approve; stake show;
        wallet new; wallet import; wallet show; ledger deposit; ledger approve; ledger show"""
    assert {" ".join(path) for path in verbs()} >= {verb.strip() for verb in wanted.split(";")}


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from covey.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print(sorted({'torch', 'web3', 'numpy', 'httpx', 'urllib3', 'pydantic', 'eth_account'} & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
    # Of the processor, which other programs on this machine don't lengthen as they do the time on the clock.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "covey", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.7


def test_an_unknown_verb_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["trian"])
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert "train" in result.stderr


def test_every_status_is_documented() -> None:
    for status in Exit:
        assert f" {status.value} " in MEANINGS


@pytest.mark.parametrize("name", sorted(RULES))
def test_rules_name_errors_that_exist(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


@pytest.mark.parametrize(
    "module", ["wallet", "chain", "journal", "storage", "learning", "federated", "roles", "localnet", "sealing"]
)
def test_every_error_of_the_package_has_a_rule(module: str) -> None:
    errors = importlib.import_module(f"covey.{module}.errors")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        named = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
        assert next(name for name in named if name in RULES) != "builtins.Exception", kind


def raising(error: Exception) -> typer.Typer:
    failing = typer.Typer()

    @verb(failing, examples="fail")
    def fail(out: Output) -> None:
        """Fails."""
        raise error

    return failing


def test_an_error_is_two_lines_without_a_traceback() -> None:
    result = CliRunner().invoke(raising(ValueError("no\nsense")), [])
    assert result.exit_code == Exit.FAILED
    what, advice = result.stderr.splitlines()
    assert what == "error: ValueError: no | sense"
    assert advice.startswith("next:  ")
    assert result.stdout == ""


def test_with_json_an_error_is_on_stdout_too() -> None:
    result = CliRunner().invoke(raising(OSError(28, "No space left on device")), ["--json"])
    assert result.exit_code == Exit.SETUP
    assert '"kind":"OSError"' in result.stdout
    assert "next:" in result.stderr


def test_debug_shows_the_traceback() -> None:
    result = CliRunner().invoke(raising(ValueError("no sense")), ["--debug"])
    assert explain(ValueError("no sense")).exit == result.exit_code == Exit.FAILED


def test_ctrl_c_is_no_error() -> None:
    failing = typer.Typer()

    @verb(failing, examples="stop")
    def stop(out: Output) -> None:
        """Is interrupted."""
        raise KeyboardInterrupt

    result = CliRunner().invoke(failing, [])
    assert result.exit_code == Exit.INTERRUPTED
    assert "start the same command again" in result.stderr


def test_nothing_is_coloured_off_a_terminal() -> None:
    done = subprocess.run([sys.executable, "-m", "covey", "wallet", "new", "--help"], capture_output=True, check=True)
    assert b"\x1b" not in done.stdout
