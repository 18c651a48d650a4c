"""Settings that options give as text: JSON objects, pairs of a name and a value, files of names."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from covey.cli.exits import Exit
from covey.cli.failures import CliError


def json_object(option: str, text: str, example: str) -> dict[str, Any]:
    """The object that `option` holds. Raises CliError, which shows the `example`."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise CliError(f"{option} {text} is no JSON object", f"write for example {option} '{example}'", Exit.USAGE)
    return value


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """What --set NAME=VALUE options say. Raises CliError."""
    return {name.replace("-", "_"): value for name, value in _pairs("--set", texts, "k1=3")}


def scalars(option: str, texts: Iterable[str], example: str) -> dict[str, bool | int | float | str]:
    """What NAME=VALUE options say, values as in JSON; what is none stays text. Raises CliError, which shows the
    `example`.
    """
    return {name: _scalar(value) for name, value in _pairs(option, texts, example)}


def names_in(path: Path) -> tuple[str, ...]:
    """The names in a file: a JSON list. Raises CliError."""
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        names = None
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise CliError(f"{path} holds no list of names", 'write for example ["0.weight", "0.bias"] into it', Exit.USAGE)
    return tuple(names)


def _pairs(option: str, texts: Iterable[str], example: str) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise CliError(f"{option} {text} has no value", f"write for example {option} {example}", Exit.USAGE)
        yield name.strip(), value.strip()


def _scalar(text: str) -> bool | int | float | str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | str) else text
