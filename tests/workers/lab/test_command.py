"""`covey lab` as its users meet it, and that docs/economics.md is what it says."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from covey.cli.exits import Exit
from covey.cli.main import app
from covey.lab import report
from covey.lab.findings import Setup, strategies
from covey.lab.report import block_names, filled, markdown
from covey.lab.sweeps import SWEEPS

DOCS = Path(__file__).parents[3] / "docs"
ECONOMICS = DOCS / "economics.md"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["lab", *arguments])
    return result.exit_code, result.stdout, result.stderr


def facts(*arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_every_strategy_is_listed_and_studied_under_the_rules_that_define_it() -> None:
    assert [row["strategy"] for row in facts("--list")] == list(strategies())
    findings = facts("--rounds", "6", "--models", "12")["counts"]["findings"]
    assert {finding["strategy"] for finding in findings} == set(strategies())
    by_rule = {rule: [f["strategy"] for f in findings if f["rule"] == rule] for rule in ("covey", "flock", "yuma")}
    assert set(by_rule["covey"]) == set(strategies())
    assert set(by_rule["covey"]) - set(by_rule["yuma"]) == {"unopened", "withheld-key", "bad-hidden-set"}
    for finding in findings:
        assert finding["cost"] >= 0
        if finding["role"] in ("validator", "trainer"):
            assert None not in (finding["changed"], finding["moved"], finding["kept"])


def test_all_luck_follows_from_the_seed() -> None:
    study = ("random", "copier", "--rounds", "60", "--metric", "floats", "--models", "12")
    assert facts(*study) == facts(*study)
    assert facts(*study) != facts(*study, "--seed", "2")


def test_for_people_there_are_tables_and_a_verdict() -> None:
    code, out, err = run("prior", "sybil-2", "--rule", "covey", "--rounds", "30")
    assert code == 0
    assert "break-even stake" in out
    assert "≤ 2.0 %" in out
    assert out.rstrip().endswith("all 1 bounds hold")
    assert "prior, counts" in err


def test_a_crossed_bound_fails() -> None:
    """Of floats on so many examples that a model's true score is its score, to within the noise of a reading."""
    code, out, _ = run("prior", "--rule", "covey", "--metric", "floats", "--rounds", "60", "--examples", "1000000")
    assert code == Exit.FAILED
    assert "CROSSED" in out
    assert out.rstrip().endswith("crossed their bounds: prior (floats)")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bribe"], "no strategy 'bribe'"),
        (["--rule", "plutocracy"], "no rule"),
        (["--metric", "vibes"], "no metric"),
        (["honest", "--accuracy", "0.9", "0.6"], "make no sense"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(arguments: list[str], complaint: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert complaint in err
    assert "next:" in err


def test_plots_are_the_same_whenever_they_are_made(tmp_path: Path) -> None:
    drawn = []
    for name in ("a", "b"):
        run("constant", "prior", "--rounds", "3", "--models", "12", "--plots", str(tmp_path / name))
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert drawn[0] == drawn[1]
    assert list(drawn[0]) == ["guessing-by-rule.svg"]


def test_tables_replace_those_of_a_document(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("Before.\n\n<!-- lab:counts-validator -->\nold\n<!-- lab:end -->\n\nAfter.\n")
    code, _, _ = run("constant", "--rule", "covey", "--rounds", "3", "--models", "12", "--tables", str(document))
    assert code == 0
    text = document.read_text()
    assert text.startswith("Before.\n\n<!-- lab:counts-validator -->\n| strategy |")
    assert "| constant | covey |" in text
    assert "old" not in text
    document.write_text("<!-- lab:guessing -->\n<!-- lab:end -->\n")
    code, _, err = run("constant", "--rounds", "3", "--models", "12", "--tables", str(document))
    assert code == Exit.USAGE
    assert "--sweeps" in err


# -- docs/economics.md -------------------------------------------------------------------------------------------------


def test_the_document_s_tables_have_the_rows_that_the_command_makes() -> None:
    """With next to no rounds: labels and columns are the same, figures that need no luck too."""
    text = ECONOMICS.read_text("utf-8")
    setup = Setup(rounds=3)
    grids = {name: sweep(setup) for name, sweep in SWEEPS.items()}
    names = block_names(text)
    assert set(SWEEPS) <= set(names)
    for name in set(names) & set(grids):
        block = text.split(f"<!-- lab:{name} -->\n")[1].split("<!-- lab:end -->")[0]
        made = markdown(grids[name].columns, grids[name].rows)
        labels = len(grids[name].columns) - len(grids[name].values[0])
        assert first_cells(block, labels) == first_cells(made, labels), name
        if name in ("cap", "sybils", "penalties"):
            assert block == made, name


def test_the_document_shows_every_strategy_and_every_figure() -> None:
    text = ECONOMICS.read_text("utf-8")
    for name in strategies():
        assert f"| {name} | covey |" in text
    figures = {path.name for path in (DOCS / "figures").glob("*.svg")}
    assert figures == {part.split(")")[0] for part in text.split("](figures/")[1:]}
    assert all(path.stat().st_size < 60_000 for path in (DOCS / "figures").iterdir())
    assert "CROSSED" not in text


def first_cells(table: str, count: int) -> list[list[str]]:
    return [line.split(" | ")[:count] for line in table.splitlines() if "---" not in line and "--:" not in line]


def test_filling_leaves_all_else_alone() -> None:
    text = "a <!-- lab:x -->\n1\n<!-- lab:end --> b <!-- lab:y -->\n<!-- lab:end --> c"
    assert filled(text, {"x": "2\n", "y": "3\n"}) == (
        "a <!-- lab:x -->\n2\n<!-- lab:end --> b <!-- lab:y -->\n3\n<!-- lab:end --> c"
    )
    assert report.COLUMNS[:2] == ("strategy", "rule")
