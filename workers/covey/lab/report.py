"""Findings and grids as rows of text, as JSON, and as tables inside a Markdown document."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import isinf
from typing import Any

from covey.lab.findings import Finding, Role
from covey.lab.sweeps import Grid

COLUMNS = (
    "strategy",
    "rule",
    "cost",
    "income",
    "±",
    "break-even stake",
    "winner changed",
    "pay moved",
    "others keep",
    "bound",
)
"""Cost and break-even stake in tokens, the others as parts."""

_BLOCK = re.compile(r"(<!-- lab:([a-z-]+) -->\n).*?(<!-- lab:end -->)", re.DOTALL)


def cells(finding: Finding) -> tuple[str, ...]:
    """One row of a table with COLUMNS."""
    bound = "" if finding.bound is None else f"≤ {_part(finding.bound)}{'' if finding.holds else ' CROSSED'}"
    return (
        finding.strategy,
        finding.rule,
        _tokens(finding.cost),
        _part(finding.income),
        _part(2 * finding.error),
        _stake(finding.break_even),
        _part(finding.changed),
        _part(finding.moved),
        _part(finding.kept),
        bound,
    )


def to_json(findings: Sequence[Finding], grids: Sequence[Grid]) -> dict[str, Any]:
    """Everything, in plain numbers; an infinite break-even stake is null, as is what a rule does not define."""
    return {"findings": [_plain(finding) for finding in findings], "grids": [asdict(grid) for grid in grids]}


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; numbers are aligned to the right by its readers."""
    numbers = [all(re.match(r"^[−≤\-\d<]|^$|never", row[i]) for row in rows) for i in range(len(columns))]
    lines = [columns, ["--:" if number else "---" for number in numbers], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def blocks(findings: Mapping[str, Sequence[Finding]], grids: Sequence[Grid]) -> dict[str, str]:
    """Markdown by name of block: `counts-validator` and so on for findings by metric and role, a grid's own name."""
    tables = {grid.name: markdown(grid.columns, grid.rows) for grid in grids}
    for metric, found in findings.items():
        for role in Role:
            rows = [cells(finding) for finding in found if finding.role is role]
            tables[f"{metric}-{role}"] = markdown(COLUMNS, rows)
    return tables


def filled(document: str, tables: Mapping[str, str]) -> str:
    """The document with every block `<!-- lab:NAME -->` … `<!-- lab:end -->` replaced.

    :raises KeyError: the document has a block that is not among the tables
    """
    return _BLOCK.sub(lambda match: f"{match[1]}{tables[match[2]]}{match[3]}", document)


def block_names(document: str) -> list[str]:
    """The names of its blocks, in order."""
    return [match[2] for match in _BLOCK.finditer(document)]


def _plain(finding: Finding) -> dict[str, Any]:
    facts = asdict(finding) | {"holds": finding.holds}
    if finding.break_even is not None and isinf(finding.break_even):
        facts |= {"break_even": None}
    return facts


def _part(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _tokens(value: float) -> str:
    return f"{value:,.2f}"


def _stake(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if isinf(value) else f"{value:,.1f}"
