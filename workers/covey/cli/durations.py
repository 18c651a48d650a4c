"""Lengths of time as people write and read them: 90, 90s, 15m, 12h, 3d."""

import re

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse(text: str) -> int:
    """Seconds. Raises ValueError saying what would be right."""
    match = re.fullmatch(r"([0-9]{1,9})([dhms]?)", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no length of time: write 90s, 15m, 12h or 3d")
    return int(match[1]) * _UNITS[match[2] or "s"]


def show(seconds: int) -> str:
    """The two largest units that are not zero: 1d 3h, 4m 10s."""
    parts = []
    for name, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts[:2]) or "0s"
