"""The documents name tests and link to each other; what they name exists."""

import ast
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ERRORS = ROOT / "docs" / "errors.md"

NAMED = re.compile(r"`(tests/[\w./-]+?\.(?:py|t\.sol|sol))(?:::?([\w:]+))?`")
"""A file, and perhaps a test in it: `tests/a.py::Class::test_b`, `tests/forge/A.t.sol:test_b`."""

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\|(?!-)(.+)\|$", re.MULTILINE)

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@cache
def functions_of(file: Path) -> frozenset[str]:
    """The names of a file's functions, those of classes as Class::function."""
    text = file.read_text()
    if file.suffix == ".sol":
        return frozenset(re.findall(r"\bfunction (\w+)\(", text))
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return frozenset(names)


@every_document
def test_tests_that_a_document_names_exist(document: Path) -> None:
    missing = []
    for name, test in NAMED.findall(document.read_text()):
        file = ROOT / name
        if not file.is_file() or (test and test not in functions_of(file)):
            missing.append(f"{name} {test}")
    assert missing == []


def test_every_error_is_shown_by_a_test() -> None:
    rows = [row.split(" | ") for row in ROW.findall(ERRORS.read_text())]
    entries = [cells for cells in rows if cells[0].strip() != "what goes wrong"]
    assert len(entries) > 60
    assert [cells[0] for cells in entries if len(cells) != 4 or not NAMED.search(cells[3])] == []


@cache
def anchors_of(document: Path) -> frozenset[str]:
    """What a link's fragment can name, by GitHub's rule: headings in lower case, without punctuation, hyphenated."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(document.read_text()):
        path, _, fragment = unquote(link).partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = document.parent / path if path else document
        if not target.exists() or (fragment and fragment not in anchors_of(target)):
            broken.append(link)
    assert broken == []
