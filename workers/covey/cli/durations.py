"""Lengths of time as people write and read them: 90, 90s, 15m, 12h, 3d."""

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse(text: str) -> int:
    """Seconds. Raises ValueError saying what would be right."""
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1:] in _UNITS else (text, 1)
    if not number.isdecimal():
        raise ValueError(f"{text!r} is no length of time: write 90s, 15m, 12h or 3d")
    return int(number) * unit


def show(seconds: int) -> str:
    """The two largest units that are not zero: 1d 3h, 4m 10s."""
    parts = []
    for name, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
    return " ".join(parts[:2]) or "0s"
