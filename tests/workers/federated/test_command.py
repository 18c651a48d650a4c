"""`covey fl grid` and `covey fl simulate` as their users meet them, and that docs/federated.md is what they make."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from typer.testing import CliRunner

from covey.cli.exits import Exit
from covey.cli.verbs.simulations import app
from covey.federated.attacks import ATTACKS
from covey.federated.grid import PLANS
from covey.federated.rules import RULES
from covey.lab.report import block_names

LINE = Path(__file__).parents[1] / "apps" / "apps" / "numpy_client"
DOCUMENT = Path(__file__).parents[3] / "docs" / "federated.md"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


SMALL = ("grid", "--rule", "fedavg", "--attack", "backdoor", "--split", "iid", "--rounds", "1")


def test_a_grid_becomes_tables_and_plots(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("Before.\n<!-- lab:fl-iid -->\nold\n<!-- lab:end -->\n<!-- lab:fl-best -->\n<!-- lab:end -->\n")
    code, out, err = run(*SMALL, "--tables", str(document), "--plots", str(tmp_path))
    assert code == 0, err
    assert "strongest" in out
    text = document.read_text()
    assert "| rule | none | backdoor | strongest | trigger works |" in text
    assert "| iid | fedavg |" in text
    assert "old" not in text
    assert [path.name for path in tmp_path.glob("*.svg")] == ["attacks-iid.svg"]


def test_a_simulation_is_told_round_by_round(tmp_path: Path) -> None:
    plot = tmp_path / "curve.svg"
    arguments = ("--clients", "8", "--per-round", "4", "--rounds", "3", "--every", "2", "--json", "--plot", str(plot))
    code, out, err = run("simulate", *arguments, "--rule", "trimmed-mean", "--rule-set", '{"share": 2500}')
    assert code == 0, err
    reports = json.loads(out)
    assert [report["accuracy"] is not None for report in reports] == [False, True, True]
    assert [report["received"] for report in reports] == [4, 4, 4]
    assert plot.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["grid", "--rule", "mean"], "no rule 'mean'"),
        (["grid", "--attack", "bribe"], "no attack"),
        (["grid", "--split", "fair"], "no split"),
        (["simulate", "--rule-set", "["], "no JSON object"),
        (["simulate", "--rule-set", "[]"], "no JSON object"),
        (["simulate", "--attack", "bribe"], "no attack"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: list[str], complaint: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert complaint in err
    assert "next:" in err


def test_an_app_is_simulated_from_a_file(tmp_path: Path) -> None:
    start, names = tmp_path / "start.safetensors", tmp_path / "names.json"
    start.write_bytes(save({name: np.zeros(1, np.float32) for name in ("slope", "intercept")}))
    names.write_text('["slope", "intercept"]')
    given = ("simulate-app", str(LINE), "--start", str(start), "--names", str(names))
    code, out, err = run(*given, "--clients", "6", "--per-round", "3", "--rounds", "4", "--every", "2", "--json")
    assert code == Exit.OK, err
    losses = [report["loss"] for report in json.loads(out)]
    assert losses[0] is None
    assert losses[3] < losses[1] < 1
    names.write_text("{}")
    code, _, err = run(*given)
    assert code == Exit.USAGE
    assert "no list of names" in err
    code, _, err = run(*given[:4], "--names", str(names), "--config", "lr")
    assert code == Exit.USAGE
    assert "--config lr has no value" in err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rule", "mean"], "no rule 'mean'"),
        (["--rule-set", '{"share": 1}'], "share"),
        (["--attackers", "3"], "attack"),
        (["--clients", "5", "--per-round", "6"], "clients a round"),
        (["--clients", "5000"], "too few"),
    ],
)
def test_federations_that_cannot_be_are_refused(arguments: list[str], complaint: str) -> None:
    code, _, err = run("simulate", *arguments)
    assert code == Exit.LEARNING
    assert complaint in err


def test_the_document_has_every_rule_and_attack() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert block_names(text) == ["fl-best", "fl-dirichlet", "fl-iid"]
    for block in ("fl-dirichlet", "fl-iid"):
        table = text.split(f"<!-- lab:{block} -->\n")[1].split("<!-- lab:end -->")[0]
        assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [f"| {plan}" for plan in PLANS]
        assert table.splitlines()[0].split(" | ")[2:-2] == list(ATTACKS)
    for kind in RULES.values():
        assert f"| {kind.number} | `{kind.name}` |" in text
    figures = {path.name for path in (DOCUMENT.parent / "figures" / "federated").glob("*.svg")}
    assert figures == {part.split(")")[0] for part in text.split("](figures/federated/")[1:]}
