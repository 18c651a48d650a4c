"""What a verb says: results on stdout (for people, or as JSON), everything else on stderr."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

_BOLD, _DIM, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
_PATIENCE = 0.4  # seconds before a step is announced

_CONTROLS = (*range(ord("\n")), *range(ord("\n") + 1, ord(" ")), *range(0x7F, 0xA0))
_TURNS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # right-to-left overrides and the like
_BROKEN = range(0xD800, 0xE000)  # bytes that are no text, which no stream takes
_UNSAFE = dict.fromkeys((*_CONTROLS, *_TURNS, *_BROKEN), "\N{REPLACEMENT CHARACTER}")
"""Titles, addresses and reasons are anybody's text: none may steer the terminal or turn what stands around it."""


@dataclass(frozen=True)
class Table:
    """`right` names the columns whose cells are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[str] = frozenset()

    def lines(self) -> Iterator[str]:
        """Aligned columns, two spaces apart, the headings first."""
        table = [list(self.columns), *map(list, self.rows)]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        for row in table:
            cells = [
                cell.rjust(width) if column in self.right else cell.ljust(width)
                for cell, width, column in zip(row, widths, self.columns, strict=True)
            ]
            yield "  ".join(cells).rstrip()


class Output:
    """One command's. With `json` nothing but one JSON value, or one per line, goes to stdout."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def result(self, facts: Mapping[str, Any] | Sequence[Any]) -> None:
        """The machine's form of what this command found out or did."""
        if self.as_json:
            print(json.dumps(facts, default=_plain, indent=2), flush=True)

    def event(self, facts: Mapping[str, Any]) -> None:
        """One line of a stream that goes on."""
        if self.as_json:
            print(json.dumps(facts, default=_plain, separators=(",", ":")), flush=True)

    def say(self, text: str = "") -> None:
        """A line of the result for people."""
        if not self.as_json:
            print(_safe(text), flush=True)

    def heading(self, text: str) -> None:
        if not self.as_json:
            print(_styled(text, _BOLD, sys.stdout), flush=True)

    def table(self, table: Table) -> None:
        if not self.as_json:
            first, *rest = table.lines()
            print(_styled(first, _DIM, sys.stdout))
            for line in rest:
                self.say(line)

    def note(self, text: str) -> None:
        """Progress, advice or a warning."""
        print(_styled(text, _DIM, sys.stderr), file=sys.stderr, flush=True)

    def failure(self, what: str, advice: str, kind: str, code: int) -> None:
        """Why the command failed, and what to do next."""
        print(_styled(f"error: {what}", _RED, sys.stderr), file=sys.stderr)
        if advice:
            print(_safe(f"next:  {advice}"), file=sys.stderr)
        sys.stderr.flush()
        self.event({"error": {"kind": kind, "message": what, "next": advice, "exit": code}})

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Shows that something is under way: a spinner on a terminal, lines elsewhere."""
        if colourful(sys.stderr):
            from rich.console import Console

            with Console(stderr=True).status(text):
                yield
            return
        self.note(f"{text} ...")
        began = time.monotonic()
        yield
        if (seconds := time.monotonic() - began) > _PATIENCE:
            self.note(f"{text}: done in {seconds:.1f} s")


def colourful(stream: TextIO) -> bool:
    """Whether colours and cursor movements make sense there (see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _styled(text: str, style: str, stream: TextIO) -> str:
    return f"{style}{_safe(text)}{_PLAIN}" if text and colourful(stream) else _safe(text)


def _safe(text: str) -> str:
    return text.translate(_UNSAFE)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)
