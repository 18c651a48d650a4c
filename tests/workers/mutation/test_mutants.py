"""Mutation testing: which faults it makes, what it remembers, and what it demands."""

import ast
from pathlib import Path

import pytest

from tools.mutation import python, solidity
from tools.mutation.compiler import LEGACY, Compiler, DoesNotCompile, Target
from tools.mutation.mutant import Mutant
from tools.mutation.record import Record
from tools.mutation.report import Report
from tools.mutation.survivors import Explained
from tools.mutation.verdict import Verdict

ROOT = Path(__file__).parents[3]

PYTHON = b'''"""Not this."""
from dataclasses import dataclass
@dataclass(frozen=True)
class A:
    n: "int" = 1
def f(x: int) -> bool:
    """Nor this."""
    if not x: raise ValueError("nor what an error says")
    return min(x, 2) < 3 and x in y
'''

SOLIDITY = b"""// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;
contract C {
    uint256 public n = 1;
    modifier m() { delete n; _; }
    function f(uint256 x) external m returns (uint256 y) {
        if (x < 2 && x != 0) n += x;
        assembly { y := add(x, n.slot) }
    }
}
"""


def changes(found: list[Mutant]) -> set[tuple[str, str]]:
    return {(mutant.was, mutant.becomes) for mutant in found}


def test_faults_of_python_are_where_it_decides_something() -> None:
    found = list(python.mutants("a.py", PYTHON))
    assert changes(found) == {
        ("1", "(1 + 1)"),
        ("not", ""),
        ('raise ValueError("nor what an error says")', "pass"),
        ("min", "max"),
        ("2", "(2 + 1)"),
        ("<", "<="),
        ("<", ">="),
        ("3", "(3 + 1)"),
        ("and", "or"),
        ("in", "not in"),
    }
    for mutant in found:
        ast.parse(mutant.applied(PYTHON))


def test_faults_of_solidity_are_where_it_decides_something(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "foundry.toml").write_text((ROOT / "foundry.toml").read_text())
    (tmp_path / "C.sol").write_bytes(SOLIDITY)
    compiler = Compiler(tmp_path)
    found = list(solidity.mutants("C.sol", SOLIDITY, compiler.ast("C.sol")))
    assert changes(found) == {
        ("1", "(1 + 1)"),
        ("m", ""),
        ("delete n;", "{}"),
        ("<", "<="),
        ("<", ">="),
        ("2", "(2 + 1)"),
        ("&&", "||"),
        ("!=", "=="),
        ("0", "(0 + 1)"),
        ("+", "-"),
        ("n += x;", "{}"),
        ("y := add(x, n.slot)", "{}"),
        ("add", "sub"),
    }
    target = Target.of("C.sol")
    original = compiler.code([target], LEGACY)
    for mutant in found:
        assert compiler.code([target], LEGACY, {"C.sol": mutant.applied(SOLIDITY).decode()}) != original
    with pytest.raises(DoesNotCompile):
        compiler.code([target], LEGACY, {"C.sol": "contract C { nonsense }"})
    compiler.close()


def test_only_unknown_mutants_and_survivors_are_judged_again(tmp_path: Path) -> None:
    killed, survived, unknown = list(python.mutants("a.py", PYTHON))[:3]
    record = Record(tmp_path / "record.jsonl")
    record.add(killed, Verdict.SURVIVED)
    record.add(killed, Verdict.KILLED)
    record.add(survived, Verdict.SURVIVED)
    known = Record(tmp_path / "record.jsonl")
    assert known.open([survived, killed, unknown], Explained({})) == [unknown, survived]
    reason = {(survived.path, survived.context, survived.was, survived.becomes): "no difference"}
    assert known.open([survived, killed, unknown], Explained(reason)) == [unknown]
    changed = [Mutant.of("a.py", PYTHON + b"\n", m.start, m.start + len(m.was), m.becomes) for m in (killed, survived)]
    assert record.open(changed, Explained({})) == changed


def test_an_unexplained_survivor_fails_a_run(tmp_path: Path) -> None:
    found = list(python.mutants("a.py", PYTHON)) * 10
    found = [Mutant.of(f"{i}.py", PYTHON, m.start, m.start + len(m.was), m.becomes) for i, m in enumerate(found)]
    record = Record(tmp_path / "record.jsonl")
    for mutant in found:
        record.add(mutant, Verdict.KILLED)
    assert Report.of(found, record, Explained({})).passes
    last = found[-1]
    record.add(last, Verdict.SURVIVED)
    report = Report.of(found, record, Explained({}))
    assert report.unexplained == (last,)
    assert not report.passes
    explained = Explained({(last.path, last.context, last.was, last.becomes): "no difference"})
    assert Report.of(found, record, explained).passes
    for mutant in found[:10]:
        record.add(mutant, Verdict.EQUIVALENT)
    assert Report.of(found, record, explained).rows[-1].judged == len(found) - 10
    for mutant in found[-10:]:
        record.add(mutant, Verdict.SURVIVED)
    assert not Report.of(found, record, explained).passes


def test_a_report_counts_by_file_and_by_folder(tmp_path: Path) -> None:
    record = Record(tmp_path / "record.jsonl")
    found = [mutant for path in ("a/x.py", "a/y.py", "b/z.py") for mutant in list(python.mutants(path, PYTHON))[:4]]
    for mutant, verdict in zip(
        found, [Verdict.KILLED, Verdict.TIMEOUT, Verdict.SURVIVED, Verdict.INVALID], strict=False
    ):
        record.add(mutant, verdict)
    assert str(Report.of(found, record, Explained({}))).splitlines()[2:8] == [
        "| a/x.py | 4 | 1 | 3 | 2 | 1 | 0 | 66.7 % |",
        "| a/y.py | 4 | 0 | 0 | 0 | 0 | 0 | - |",
        "| b/z.py | 4 | 0 | 0 | 0 | 0 | 0 | - |",
        "| a/ | 8 | 1 | 3 | 2 | 1 | 0 | 66.7 % |",
        "| b/ | 4 | 0 | 0 | 0 | 0 | 0 | - |",
        "| all | 12 | 1 | 3 | 2 | 1 | 0 | 66.7 % |",
    ]


def test_explained_survivors_are_found_by_their_line() -> None:
    explained = Explained.load()
    assert explained.reasons
    for (path, line, was, _), reason in explained.reasons.items():
        assert reason
        assert any(line == text.strip() and was in text for text in (ROOT / path).read_text().splitlines()), line
