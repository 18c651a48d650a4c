"""Events, as workers read them and as the verifier does: what the stricter one takes, both read alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

from covey.chain import artefacts
from covey.chain.abi import Element
from covey.chain.wire import Log, Malformed
from covey.verify.abi import AbiError
from covey.verify.records import UnknownEvent, decode_event
from tests.fuzz import mutation
from tests.fuzz.target import Target
from tests.fuzz.targets.chain import ADDRESS, WORD, codebook, encoded

_CONTRACTS: Final = {
    "Arena": "arena",
    "Alliance": "alliance",
    "StakeVault": "vault",
    "Ledger": "ledger",
    "CoveyToken": "token",
}
_STRUCTS: Final = ("raw_params", "raw_shards")


@cache
def _events() -> tuple[tuple[str, Element], ...]:
    return tuple(
        (short, event) for name, short in _CONTRACTS.items() for event in artefacts.load(name).interface.events
    )


def _read_event(data: bytes) -> None:
    """Two bytes that choose an event, its other topics, its data."""
    contract, event = _events()[int.from_bytes(data[:2]) % len(_events())]
    end = 2 + WORD * sum(parameter["indexed"] for parameter in event.inputs)
    topics = (event.digest, *(data[i : i + WORD].ljust(WORD, b"\0") for i in range(2, end, WORD)))
    strict = loose = None
    with suppress(AbiError, UnknownEvent):
        strict = decode_event(contract, topics, data[end:])
    with suppress(Malformed):
        loose = codebook().record(Log(ADDRESS, topics, data[end:], 1, bytes(WORD), bytes(WORD), 0))
    if strict is not None:
        assert loose is not None, "the verifier reads an event that workers don't"
        assert _plain(tuple(strict)) == _plain(loose.arguments), "two readings of one event"


def _plain(value: Any) -> Any:
    """Without names, and addresses without a checksum."""
    if isinstance(value, Mapping):
        return tuple(map(_plain, value.values()))
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.lower() if isinstance(value, str) else value


def _logs() -> list[bytes]:
    def split(event: Element, indexed: bool) -> bytes:
        return encoded(tuple(p for p in event.inputs if p["indexed"] == indexed))

    return [
        number.to_bytes(2) + split(event, True) + split(event, False) for number, (_, event) in enumerate(_events())
    ]


TARGETS = (
    Target(
        "event",
        _read_event,
        _logs,
        extremes=lambda: [number.to_bytes(2) + WORD.to_bytes(WORD) * 4_096 for number in range(len(_events()))],
        mutate=mutation.either(mutation.alter_words, mutation.alter_words, mutation.alter_bytes),
    ),
)
