"""Amounts of tokens as people write and read them: 1.5 is one and a half tokens, 1.5gwei and 15wei are less."""

from decimal import Decimal, InvalidOperation

_UNITS = {"gwei": 9, "wei": 0}
_TOKEN = 18
_MAX = (1 << 96) - 1
PLACES = 6
"""Digits after the point that are shown; `--json` has every wei."""


def parse(text: str) -> int:
    """Wei. Raises ValueError saying what would be right."""
    number, places = text.strip().replace(",", "").replace("_", ""), _TOKEN
    for unit, digits in _UNITS.items():
        if number.endswith(unit):
            number, places = number.removesuffix(unit).strip(), digits
            break
    try:
        amount = Decimal(number).scaleb(places)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no amount: write 1.5 for tokens, or 1.5gwei, or 15wei") from None
    if not amount.is_finite() or amount != int(amount) or not 0 <= amount <= _MAX:
        raise ValueError(f"{text!r} is negative, too large, or has parts of a wei")
    return int(amount)


def tokens(wei: int, places: int = PLACES) -> str:
    """Tokens with at most `places` digits after the point, rounded towards zero."""
    sign, wei = ("-" if wei < 0 else ""), abs(wei)
    whole, part = divmod(wei, 10**_TOKEN)
    digits = f"{part:0{_TOKEN}d}"[:places].rstrip("0")
    if not digits and not whole and part:
        return f"{sign}<0.{'0' * (places - 1)}1"
    return f"{sign}{whole:,}" + (f".{digits}" if digits else "")
