"""Field types of the JSON documents that workers publish: one spelling each, checked when read."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from covey.storage import Cid

_HEX: Final = re.compile(r"0x(?:[0-9a-f]{2})*")


def _read_hex(value: object) -> object:
    if isinstance(value, str):
        if not _HEX.fullmatch(value):
            raise ValueError("not lower-case hex after 0x")
        return bytes.fromhex(value[2:])
    return value


def _check_cid(value: str) -> str:
    return str(Cid.parse(value))


HexBytes = Annotated[bytes, BeforeValidator(_read_hex), PlainSerializer(lambda value: "0x" + value.hex())]
Word = Annotated[HexBytes, Field(min_length=32, max_length=32)]
"""32 bytes."""

CidText = Annotated[str, AfterValidator(_check_cid)]
