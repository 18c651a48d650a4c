"""Amounts of tokens as people write and read them: 1.5 is one and a half tokens, 1.5gwei and 15wei are less."""

import re
from typing import Final

_UNITS: Final = {"": 18, "gwei": 9, "wei": 0}
_AMOUNT: Final = re.compile(r"([0-9]+)(?:\.([0-9]+))?\s*(gwei|wei|)")
_TOKEN: Final = 18
_MAX: Final = (1 << 96) - 1
PLACES: Final = 6
"""Digits after the point that are shown; `--json` has every wei."""


def parse(text: str) -> int:
    """Wei. Raises ValueError saying what would be right."""
    match = _AMOUNT.fullmatch(text.strip().replace(",", "").replace("_", ""))
    if match is None:
        raise ValueError(f"{text!r} is no amount: write 1.5 for tokens, or 1.5gwei, or 15wei")
    whole, part, places = match[1], (match[2] or "").rstrip("0"), _UNITS[match[3]]
    if len(part) > places:
        raise ValueError(f"{text!r} has parts of a wei, of which there are none")
    wei = int(whole + part.ljust(places, "0"))
    if wei > _MAX:
        raise ValueError(f"{text!r} is more than there can be: 2^96 - 1 wei")
    return wei


def tokens(wei: int, places: int = PLACES) -> str:
    """Tokens with at most `places` digits after the point, rounded towards zero."""
    sign, wei = ("-" if wei < 0 else ""), abs(wei)
    whole, part = divmod(wei, 10**_TOKEN)
    digits = f"{part:0{_TOKEN}d}"[:places].rstrip("0")
    if not digits and not whole and part:
        return f"{sign}<0.{'0' * (places - 1)}1"
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")
