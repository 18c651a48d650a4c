"""Strict decoding of ABI-encoded values, and packing of words for hashing.

Only one encoding of a value is taken, the one that Solidity writes: padding is zero, the tails of dynamic values follow
one another without gaps, nothing stands behind the last. So no two byte strings decode to the same values.

Source: https://docs.soliditylang.org/en/latest/abi-spec.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Value = int | bool | str | bytes | tuple["Value", ...]

WORD: Final = 32


class AbiError(ValueError):
    """Bytes that are not the encoding of the expected types."""


@dataclass(frozen=True, slots=True)
class Word:
    """A value of one word: uint8 … uint256 (also enums), address, bool, bytes32."""

    name: str

    def read(self, word: bytes) -> Value:
        if self.name == "bytes32":
            return word
        number = int.from_bytes(word)
        if self.name == "address":
            return "0x" + word[12:].hex() if number < 1 << 160 else self._refuse(number)
        if self.name == "bool":
            return bool(number) if number < 2 else self._refuse(number)
        return number if number < 1 << int(self.name.removeprefix("uint")) else self._refuse(number)

    def _refuse(self, number: int) -> Value:
        raise AbiError(f"{number} is out of the range of {self.name}")


@dataclass(frozen=True, slots=True)
class Bytes:
    """bytes, or string."""

    text: bool


@dataclass(frozen=True, slots=True)
class Tuple:
    """A struct, or the parameters of a function or event."""

    parts: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """An array of any length."""

    item: Type


Type = Word | Bytes | Tuple | Array

_WORDS: Final = frozenset({"address", "bool", "bytes32", *(f"uint{bits}" for bits in range(8, 257, 8))})


def parse_type(text: str) -> Type:
    """Read a type such as `uint96`, `(bytes32,string)` or `uint256[]`."""
    if text.endswith("[]"):
        return Array(parse_type(text[:-2]))
    if text.startswith("(") and text.endswith(")"):
        return Tuple(tuple(parse_type(part) for part in split_types(text[1:-1])))
    if text in ("bytes", "string"):
        return Bytes(text == "string")
    if text in _WORDS:
        return Word(text)
    raise AbiError(f"{text!r} is no type that is read here")


def split_types(text: str) -> list[str]:
    """Split `a,(b,c),d` at the commas outside of parentheses."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]] if text else []


def decode(types: Tuple, data: bytes) -> tuple[Value, ...]:
    """The values of `types` that `data` encodes. Raises AbiError."""
    values, end = _read_sequence(types.parts, data, 0)
    if end != len(data):
        raise AbiError(f"{len(data)} bytes where the values take {end}")
    return values


def words(*values: int | str | bytes) -> bytes:
    """ABI encoding of one-word values: numbers, addresses (`0x…`), 32-byte words."""
    return b"".join(_word(value) for value in values)


def _word(value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(WORD)
    word = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else value
    return word.rjust(WORD, b"\0")


def _size(kind: Type) -> int | None:
    """Bytes of a static type's encoding; None for a dynamic type."""
    if isinstance(kind, Word):
        return WORD
    if isinstance(kind, Tuple):
        sizes = [_size(part) for part in kind.parts]
        static = [size for size in sizes if size is not None]
        return sum(static) if len(static) == len(sizes) else None
    return None


def _read_sequence(kinds: tuple[Type, ...], data: bytes, base: int) -> tuple[tuple[Value, ...], int]:
    """Values of consecutive components whose encoding begins at `base`, and where it ends."""
    tail = base + sum(_size(kind) or WORD for kind in kinds)
    place, values = base, list[Value]()
    for kind in kinds:
        if _size(kind) is None:
            if base + _number(data, place) != tail:
                raise AbiError(f"the offset at byte {place} does not point to the next free byte, {tail - base}")
            value, tail = _read_dynamic(kind, data, tail)
            place += WORD
        else:
            value, place = _read_static(kind, data, place)
        values.append(value)
    return tuple(values), tail


def _read_static(kind: Type, data: bytes, place: int) -> tuple[Value, int]:
    if isinstance(kind, Tuple):
        return _read_sequence(kind.parts, data, place)
    if not isinstance(kind, Word):
        raise AbiError("a dynamic type where a static one is due")
    return kind.read(_take(data, place, WORD)), place + WORD


def _read_dynamic(kind: Type, data: bytes, place: int) -> tuple[Value, int]:
    if isinstance(kind, Tuple):
        return _read_sequence(kind.parts, data, place)
    length = _number(data, place)
    place += WORD
    if isinstance(kind, Array):
        # Every item takes a word at least, so a longer array can't be there.
        if length > (len(data) - place) // WORD:
            raise AbiError(f"an array of {length} items at byte {place} of {len(data)}")
        return _read_sequence((kind.item,) * length, data, place)
    if length > len(data) - place:
        raise AbiError(f"{length} bytes at byte {place} of {len(data)}")
    content, padding = _take(data, place, length), -length % WORD
    if any(_take(data, place + length, padding)):
        raise AbiError(f"the padding at byte {place + length} is not zero")
    end = place + length + padding
    # Anybody may put anything into a string, and hashes are of its bytes.
    text = isinstance(kind, Bytes) and kind.text
    return content.decode(errors="surrogateescape") if text else content, end


def _number(data: bytes, place: int) -> int:
    return int.from_bytes(_take(data, place, WORD))


def _take(data: bytes, place: int, length: int) -> bytes:
    if place + length > len(data):
        raise AbiError(f"{len(data)} bytes end before byte {place + length}")
    return data[place : place + length]
