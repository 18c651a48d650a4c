"""Contract interfaces: encoding calls, decoding results, events and errors.

Structs go in as mappings, dataclasses or sequences, and come out as dicts by field name; addresses come out with their
checksum. Decoding never trusts the chain to send what the interface says.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from covey.chain.errors import BadArgument, ContractError
from covey.chain.wire import Log, Malformed

_ERROR_TEXT = keccak(b"Error(string)")[:4]
_PANIC = keccak(b"Panic(uint256)")[:4]


@dataclass(frozen=True)
class Parameter:
    """One parameter. `type` is canonical, with a struct written as its fields in brackets."""

    name: str
    type: str
    indexed: bool
    fields: tuple["Parameter", ...]  # of a struct, also inside arrays


@dataclass(frozen=True)
class Element:
    """A function, event, error or constructor."""

    name: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(parameter.type for parameter in self.inputs)})"

    @property
    def digest(self) -> bytes:
        """Its first 4 bytes select a function or error, all 32 an event."""
        return keccak(self.signature.encode())


@dataclass(frozen=True)
class Record:
    """A decoded event."""

    name: str
    arguments: Mapping[str, Any]
    log: Log


class Interface:
    """What one contract declares."""

    def __init__(self, name: str, abi: Sequence[Mapping[str, Any]]) -> None:
        self.name = name
        self.functions: dict[str, list[Element]] = {}  # overloads share a name
        self.events: list[Element] = []
        self.errors: list[Element] = []
        self.constructor = Element("constructor", (), ())
        for item in abi:
            element = Element(item.get("name", ""), _parameters(item.get("inputs")), _parameters(item.get("outputs")))
            match item["type"]:
                case "function":
                    self.functions.setdefault(element.name, []).append(element)
                case "event" if not item.get("anonymous"):
                    self.events.append(element)
                case "error":
                    self.errors.append(element)
                case "constructor":
                    self.constructor = element

    def function(self, name: str, arguments: int) -> Element:
        """The function of that name and number of arguments. Raises BadArgument."""
        for element in self.functions.get(name, ()):
            if len(element.inputs) == arguments:
                return element
        raise BadArgument(f"{self.name} has no function {name} of {arguments} arguments")


class Codebook:
    """Everything that logs and reverts of known contracts can say.

    `hints` tells, by an error's name, what a user can do about it.
    """

    def __init__(self, interfaces: Iterable[Interface], hints: Mapping[str, str] | None = None) -> None:
        self._hints = dict(hints or {})
        self._errors: dict[bytes, Element] = {}
        self._events: dict[tuple[bytes, int], Element] = {}
        for interface in interfaces:
            for error in interface.errors:
                self._errors.setdefault(error.digest[:4], error)
            for event in interface.events:
                indexed = sum(parameter.indexed for parameter in event.inputs)
                self._events.setdefault((event.digest, indexed), event)

    def topics(self, names: Collection[str]) -> tuple[bytes, ...]:
        """First topics of the events called so. Raises BadArgument for a name that nothing declares."""
        known = {event.name: event.digest for event in self._events.values()}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise BadArgument(f"no known contract has an event {unknown[0]}")
        return tuple(known[name] for name in names)

    def record(self, log: Log) -> Record | None:
        """The decoded event; None if no known interface has it. Raises Malformed if it has and the log doesn't fit."""
        if not log.topics:
            return None
        event = self._events.get((log.topics[0], len(log.topics) - 1))
        if event is None:
            return None
        topics = iter(log.topics[1:])
        values = iter(_decode([parameter for parameter in event.inputs if not parameter.indexed], log.data))
        arguments: dict[str, Any] = {}
        for parameter in event.inputs:
            if not parameter.indexed:
                arguments[parameter.name] = next(values)
            elif _is_word(parameter.type):
                arguments[parameter.name] = _decode([parameter], next(topics))[0]
            else:
                arguments[parameter.name] = next(topics)  # the hash of a value that isn't in the log
        return Record(event.name, arguments, log)

    def error(self, data: bytes) -> ContractError:
        """What a call that reverted with `data` says."""
        selector, body = data[:4], data[4:]
        try:
            if selector == _ERROR_TEXT:
                return ContractError("Error", {"reason": decode(["string"], body)[0]})
            if selector == _PANIC:
                return ContractError("Panic", {"code": decode(["uint256"], body)[0]})
            error = self._errors.get(selector)
            if error is not None:
                names = [parameter.name or str(index) for index, parameter in enumerate(error.inputs)]
                arguments = dict(zip(names, _decode(error.inputs, body), strict=True))
                return ContractError(error.name, arguments, self._hints.get(error.name, ""))
        except (Malformed, DecodingError, UnicodeDecodeError):
            pass
        return ContractError("Unknown", {"data": data})


def encode_arguments(element: Element, arguments: Sequence[Any]) -> bytes:
    """Raises BadArgument."""
    try:
        values = [_to_abi(value, parameter) for value, parameter in zip(arguments, element.inputs, strict=True)]
        return encode([parameter.type for parameter in element.inputs], values)
    except (EncodingError, ValueError, TypeError, KeyError) as error:
        raise BadArgument(f"{element.signature}: {error}") from error


def decode_result(element: Element, data: bytes) -> Any:
    """One output as its value, several as a tuple, none as None. Raises Malformed."""
    values = _decode(element.outputs, data)
    return values[0] if len(values) == 1 else values or None


def _parameters(items: Sequence[Mapping[str, Any]] | None) -> tuple[Parameter, ...]:
    return tuple(map(_parameter, items or ()))


def _parameter(item: Mapping[str, Any]) -> Parameter:
    fields = _parameters(item.get("components"))
    kind: str = item["type"]
    if kind.startswith("tuple"):
        kind = f"({','.join(field.type for field in fields)}){kind.removeprefix('tuple')}"
    return Parameter(item.get("name", ""), kind, item.get("indexed", False), fields)


def _is_word(kind: str) -> bool:
    """Whether an indexed parameter is in its topic as it is, not hashed."""
    return not (kind in ("string", "bytes") or kind.endswith("]") or kind.endswith(")"))


def _decode(parameters: Sequence[Parameter], data: bytes) -> tuple[Any, ...]:
    try:
        values = decode([parameter.type for parameter in parameters], data)
    except (DecodingError, UnicodeDecodeError) as error:
        raise Malformed(f"bytes that are no ({', '.join(parameter.type for parameter in parameters)})") from error
    return tuple(_from_abi(value, parameter) for value, parameter in zip(values, parameters, strict=True))


def _to_abi(value: Any, parameter: Parameter, depth: int | None = None) -> Any:
    """The nested tuples and lists that eth_abi takes. `depth`: array dimensions left, all at first."""
    if not parameter.fields:
        return value
    depth = _dimensions(parameter) if depth is None else depth
    if depth:
        return [_to_abi(item, parameter, depth - 1) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        if set(value) != {field.name for field in parameter.fields}:
            raise ValueError(f"{parameter.name} needs the fields {', '.join(field.name for field in parameter.fields)}")
        value = [value[field.name] for field in parameter.fields]
    return tuple(_to_abi(item, field) for item, field in zip(value, parameter.fields, strict=True))


def _from_abi(value: Any, parameter: Parameter, depth: int | None = None) -> Any:
    if parameter.type.startswith("address"):
        return _checksums(value)
    if not parameter.fields:
        return value
    depth = _dimensions(parameter) if depth is None else depth
    if depth:
        return tuple(_from_abi(item, parameter, depth - 1) for item in value)
    return {field.name: _from_abi(item, field) for item, field in zip(value, parameter.fields, strict=True)}


def _dimensions(parameter: Parameter) -> int:
    return parameter.type.rpartition(")")[2].count("[")


def _checksums(value: Any) -> Any:
    return _checksum(value) if isinstance(value, str) else tuple(map(_checksums, value))


@lru_cache(maxsize=4096)
def _checksum(text: str) -> ChecksumAddress:
    return to_checksum_address(text)
