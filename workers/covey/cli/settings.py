"""Settings that options give as text: JSON objects, and pairs of a name and a value."""

import json
from collections.abc import Iterable
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
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise CliError(f"--set {text} has no value", "write for example --set k1=3", Exit.USAGE)
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs
