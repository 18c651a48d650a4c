"""What was checked, and the verdict, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

_MOST_FAULTS_SHOWN: Final = 20
_MOST_LETTERS: Final = 200


class Inconsistent(ValueError):
    """The logs contradict themselves so far that nothing after it can be judged."""


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: of what the rules demand with what the chain has."""

    group: str
    subject: str
    expected: str
    actual: str

    @property
    def passed(self) -> bool:
        return self.expected == self.actual


@dataclass(frozen=True, slots=True)
class Line:
    """An account's outcome: wei earned (delegators' part included), slashed, and the reasons for each."""

    who: str
    earned: int
    slashed: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """Everything that was checked about one task. `checks` counts on being complete: no check, no verdict."""

    title: str = ""
    checks: list[Check] = field(default_factory=list)
    accounts: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    def equal(self, group: str, subject: str, expected: object, actual: object) -> bool:
        """Check that the chain has what the rules demand."""
        self.checks.append(Check(group, subject, show(expected), show(actual)))
        return self.checks[-1].passed

    def holds(self, group: str, subject: str, held: bool, problem: str) -> bool:
        """Check a condition; `problem` says what is wrong when it does not hold."""
        return self.equal(group, subject, "holds", "holds" if held else problem)


def show(value: object) -> str:
    """A value in a line of text: whatever comes from the chain is bounded and can't move the cursor."""
    if isinstance(value, bytes):
        text = "0x" + value.hex()
    elif isinstance(value, tuple | list):
        text = "(" + ", ".join(show(item) for item in value) + ")"
    else:
        text = str(value)
    return text if text.isprintable() else ascii(text)


def text(report: Report, every_check: bool = False) -> str:
    """The report for people: a line for each group of checks, every fault, the accounts, the verdict."""
    return "\n".join(_lines(report, every_check)) + "\n"


def to_json(report: Report) -> str:
    """The report for programs."""
    return json.dumps(
        {
            "task": report.title,
            "verdict": "PASS" if report.passed else "FAIL",
            "checks": [{**asdict(check), "passed": check.passed} for check in report.checks],
            "accounts": [asdict(line) for line in report.accounts],
            "notes": report.notes,
        },
        indent=2,
    )


def _lines(report: Report, every_check: bool) -> Iterator[str]:
    yield report.title
    groups: dict[str, list[Check]] = {}
    for check in report.checks:
        groups.setdefault(check.group, []).append(check)
    for group, checks in groups.items():
        faults = [check for check in checks if not check.passed]
        mark, count = ("FAIL", f"{len(faults)} of {len(checks)} differ") if faults else ("ok  ", str(len(checks)))
        yield f"{mark} {group} ({count})"
        for check in checks if every_check else faults[:_MOST_FAULTS_SHOWN]:
            yield from _detail(check)
        if len(faults) > _MOST_FAULTS_SHOWN and not every_check:
            yield f"       … and {len(faults) - _MOST_FAULTS_SHOWN} more"
    if report.accounts:
        yield "accounts (wei)"
        for line in report.accounts:
            yield f"     {line.who}: earned {line.earned}, slashed {line.slashed}"
            for reason in line.reasons:
                yield f"       {reason}"
    for note in report.notes:
        yield f"note {note}"
    failed = sum(not check.passed for check in report.checks)
    verdict = "PASS: the chain did what the rules demand" if report.passed else "FAIL: the chain differs from the rules"
    yield f"{verdict} ({len(report.checks)} checks, {failed} failed)"


def _detail(check: Check) -> Iterator[str]:
    if check.passed:
        yield f"       {check.subject}: {_short(check.actual)}"
    else:
        yield f"       {check.subject}: expected {_short(check.expected)}, found {_short(check.actual)}"


def _short(value: str) -> str:
    return value if len(value) <= _MOST_LETTERS else value[:_MOST_LETTERS] + "…"
