"""Small random alterations of inputs: of bytes, of JSON documents, of words as the EVM packs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

_WORD: Final = 32
_BYTES: Final = (b"", b"\0", b"\xff", b"\x80", b"\0" * 32, b"\xff" * 32, b'"', b"\\u0000", b"[" * 64, b"9" * 64)
_WORDS: Final = (
    *(0, 1, 31, 32, 33, 64, 96, 2**15 - 1, 2**15, 2**16, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, 2**160),
    *(2**255, 2**256 - 32, 2**256 - 1),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, 2**256, 10**4299, 1.5, 1e308, float("inf")),
    *(float("nan"), "", "0x", "0x0", "0x" + "0" * 64, "0x" + "f" * 64, "\0", "é", "\ud800", "x" * 5000, [], {}),
    *([[]], {"": {}}, [0] * 200),
)

Mutation = Callable[[bytes, Random], bytes]


def alter_bytes(data: bytes, random: Random) -> bytes:
    """One to four bytes or runs of bytes replaced, removed, put in, doubled."""
    out = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(out))
        to = min(len(out), at + random.choice((1, 1, 2, 8, 64)))
        match random.randrange(5):
            case 0 if at < len(out):
                out[at] ^= 1 << random.randrange(8)
            case 1:
                out[at:to] = random.randbytes(to - at)
            case 2:
                del out[at:to]
            case 3:
                out[at:at] = out[at:to]
            case _:
                out[at : random.choice((at, to))] = random.choice(_BYTES)
    return bytes(out)


def alter_json(data: bytes, random: Random) -> bytes:
    """One to three places of a JSON document replaced, removed or doubled; written canonically, as many readers demand.

    Falls back to bytes for what is no JSON.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return alter_bytes(data, random)
    for _ in range(random.randint(1, 3)):
        document = _alter_value(document, random)
    try:
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return alter_bytes(data, random)


def alter_words(data: bytes, random: Random) -> bytes:
    """One to three words of 32 bytes replaced by telling numbers or by one another, removed, doubled.

    What stands before the first whole word, such as a selector, is kept.
    """
    head, body = data[: len(data) % _WORD], data[len(data) % _WORD :]
    words = [body[i : i + _WORD] for i in range(0, len(body), _WORD)] or [bytes(_WORD)]
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(words))
        match random.randrange(6):
            case 0 | 1:
                words[at] = random.choice(_WORDS).to_bytes(_WORD)
            case 2:
                words[at] = random.choice(words)
            case 3:
                shifted = int.from_bytes(words[at]) + random.choice((-32, -1, 1, 32))
                words[at] = (shifted % 2**256).to_bytes(_WORD)
            case 4:
                words.insert(at, random.choice(words))
            case _ if len(words) > 1:
                del words[at]
            case _:
                words[at] = random.randbytes(_WORD)
    return head + b"".join(words)


def either(*mutations: Mutation) -> Mutation:
    """One of several, at random."""
    return lambda data, random: random.choice(mutations)(data, random)


def alter_part(split: Callable[[bytes], Sequence[bytes] | None], join: Callable[[Sequence[bytes]], bytes]) -> Mutation:
    """Alters one of the parts that `split` finds in an input, as JSON or as bytes, and joins them again."""

    def mutate(data: bytes, random: Random) -> bytes:
        found = split(data)
        if not found:
            return alter_bytes(data, random)
        parts = list(found)
        at = random.randrange(len(parts))
        parts[at] = random.choice((alter_json, alter_bytes))(parts[at], random)
        return join(parts)

    return mutate


def _alter_value(value: Any, random: Random) -> Any:
    """`value` with one place in it altered, mostly deep inside."""
    if not isinstance(value, dict | list) or not value or random.randrange(8) == 0:
        return _instead_of(value, random)
    places: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = random.choice(places)
    match random.randrange(8):
        case 0:
            del value[place]
        case 1 if isinstance(value, list):
            value.insert(place, random.choice(value))
        case 1:
            value[random.choice([*places, "", "extra"])] = value[place]
        case _:
            value[place] = _alter_value(value[place], random)
    return value


def _instead_of(value: Any, random: Random) -> Any:
    match value:
        case str() if value and random.randrange(2):
            return alter_bytes(value.encode(errors="replace"), random).decode(errors="replace")
        case bool():
            return not value
        case int() if random.randrange(2):
            return value + random.choice((-1, 1, value, -2 * value, 2**32))
        case _:
            return random.choice((*_VALUES, [value], {"": value}))
