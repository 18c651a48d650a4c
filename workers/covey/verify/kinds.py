"""How contracts' events are encoded: their kinds, registered by the modules that declare them as types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from .abi import AbiError, Tuple, Word, decode, parse_type, split_types
from .keccak import keccak256

Event = tuple[Any, ...]
"""Any event: a named tuple of its parameters."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one event is encoded."""

    name: str
    parameters: tuple[str, ...]
    indexed: tuple[bool, ...]
    in_data: Tuple
    make: Callable[..., Any]

    @property
    def topic(self) -> bytes:
        return keccak256(f"{self.name}({','.join(self.parameters)})".encode())

    def decode(self, topics: Sequence[bytes], data: bytes) -> Event:
        """The event in a log with these topics and data. Raises AbiError."""
        if len(topics) != 1 + sum(self.indexed):
            raise AbiError(f"{self.name} with {len(topics)} topics")
        from_topics, from_data = iter(topics[1:]), iter(decode(self.in_data, data))
        values = (
            Word(name).read(next(from_topics)) if indexed else next(from_data)
            for name, indexed in zip(self.parameters, self.indexed, strict=True)
        )
        made: Event = self.make(*values)
        return made


Kinds = dict[bytes, Kind]
"""A contract's events by their first topic; the modules that declare them fill it."""

_TOPICS: Final[dict[type, bytes]] = {}
_EventClass = TypeVar("_EventClass", bound=type)


def event(kinds: Kinds, signature: str) -> Callable[[_EventClass], _EventClass]:
    """Add a class to a contract's events; parameters are `type` or `type*` (indexed), in the order of its fields."""
    name, _, rest = signature.partition("(")
    parts = split_types(rest.removesuffix(")"))
    plain = tuple(part.removesuffix("*") for part in parts)
    indexed = tuple(part.endswith("*") for part in parts)
    in_data = Tuple(tuple(parse_type(part) for part in parts if not part.endswith("*")))

    def register(cls: _EventClass) -> _EventClass:
        kind = Kind(name, plain, indexed, in_data, cls)
        kinds[kind.topic] = kind
        _TOPICS[cls] = kind.topic
        return cls

    return register


def topic_of(event: type[Event]) -> bytes:
    """First topic of the logs of an event class."""
    return _TOPICS[event]
