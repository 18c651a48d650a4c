"""JSON read strictly: every field there, none besides, each in its range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NoReturn

MAX_LOGS: Final = 200_000
MAX_LOG_BYTES: Final = 128 * 2**10

_ADDRESS: Final = 20
_MAX_VALUES: Final = 16 * MAX_LOGS
"""More than that many logs and their blocks have. Three bytes of JSON can take a hundred of memory."""


class BundleError(ValueError):
    """Not a bundle. The message says what is wrong where."""


def parse(content: bytes) -> object:
    """The document, whose values are checked as they are taken."""
    if sum(map(content.count, b",[{")) > _MAX_VALUES:
        raise BundleError(f"the bundle has more values than {MAX_LOGS} logs and their blocks can have")
    try:
        root: object = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"the bundle is not JSON: {error}") from error
    return root


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("an object names a field twice")
    return fields


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def to_hex(value: bytes) -> str:
    """As documents have it."""
    return "0x" + value.hex()


def object_of(value: object, where: str, names: tuple[str, ...]) -> Mapping[str, object]:
    """An object of exactly these fields."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise BundleError(f"{where} has to be an object of exactly {', '.join(names)}")
    return value


def list_of(value: object, where: str) -> list[object]:
    """A list of any items."""
    if not isinstance(value, list):
        raise BundleError(f"{where} has to be a list")
    if len(value) > MAX_LOGS:
        raise BundleError(f"{where} has {len(value)} items; at most {MAX_LOGS} are read")
    return value


def number(value: object, where: str, bits: int) -> int:
    """A whole number of at most so many bits."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise BundleError(f"{where} has to be an integer of at most {bits} bits")
    return value


def hexadecimal(value: object, where: str, length: int | None) -> bytes:
    """Bytes of a given length, or of at most what a log may hold."""
    most = MAX_LOG_BYTES if length is None else length
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 2 + 2 * most:
        raise BundleError(f"{where} has to be 0x and the hexadecimal digits of at most {most} bytes")
    try:
        content = bytes.fromhex(value[2:])
    except ValueError as error:
        raise BundleError(f"{where} is not hexadecimal") from error
    if to_hex(content) != value or length not in (None, len(content)):
        raise BundleError(f"{where} has to be 0x and {length or 'whole'} bytes in lower-case hexadecimal digits")
    return content


def address(value: object, where: str) -> str:
    """`0x…` in lower case."""
    return to_hex(hexadecimal(value, where, _ADDRESS))
