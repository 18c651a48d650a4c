"""Contract interfaces: encoding calls, decoding results, events and errors.

Structs go in as mappings, dataclasses or sequences, and come out as dicts by field name; addresses come out with their
checksum. Decoding never trusts the chain to send what the interface says; bytes of a string that are no UTF-8 come out
as `\\xff`.

Values are web3's codec's, which unlike eth_abi's refuses what is too short for its bytesN; their names are added here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from functools import cache, cached_property
from typing import Any

from eth_abi.codec import ABICodec
from eth_abi.exceptions import DecodingError, EncodingError
from eth_utils.abi import collapse_if_tuple
from eth_utils.crypto import keccak

from covey.chain import wire
from covey.chain.errors import BadArgument, ContractError
from covey.chain.wire import Log, Malformed

Parameter = dict[str, Any]
"""As in the contract's JSON interface."""


@dataclass(frozen=True)
class Element:
    """A function, event, error or constructor."""

    name: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]

    @cached_property
    def signature(self) -> str:
        return f"{self.name}({','.join(_types(self.inputs))})"

    @cached_property
    def digest(self) -> bytes:
        """Its first 4 bytes select a function or error, all 32 an event."""
        return keccak(self.signature.encode())


_BUILT_IN_ERRORS = (
    Element("Error", ({"name": "reason", "type": "string"},), ()),
    Element("Panic", ({"name": "code", "type": "uint256"},), ()),
)


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
            element = Element(item.get("name", ""), tuple(item.get("inputs", ())), tuple(item.get("outputs", ())))
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
        self._errors = {error.digest[:4]: error for error in _BUILT_IN_ERRORS}
        self._events: dict[tuple[bytes, int], Element] = {}
        for interface in interfaces:
            for error in interface.errors:
                self._errors.setdefault(error.digest[:4], error)
            for event in interface.events:
                indexed = sum(parameter["indexed"] for parameter in event.inputs)
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
        indexed = [_in_topic(parameter) for parameter in event.inputs if parameter["indexed"]]
        others = [parameter for parameter in event.inputs if not parameter["indexed"]]
        topics, data = iter(_decode(indexed, b"".join(log.topics[1:]))), iter(_decode(others, log.data))
        arguments = {parameter["name"]: next(topics if parameter["indexed"] else data) for parameter in event.inputs}
        return Record(event.name, arguments, log)

    def error(self, data: bytes) -> ContractError:
        """What a call that reverted with `data` says."""
        try:
            error = self._errors[data[:4]]
            values = _decode(error.inputs, data[4:])
        except (KeyError, Malformed):
            return ContractError("Unknown", {"data": data})
        names = [parameter["name"] or str(index) for index, parameter in enumerate(error.inputs)]
        return ContractError(error.name, dict(zip(names, values, strict=True)), self._hints.get(error.name, ""))


def encode_arguments(element: Element, arguments: Sequence[Any]) -> bytes:
    """Raises BadArgument."""
    try:
        values = [_to_abi(value, parameter) for value, parameter in zip(arguments, element.inputs, strict=True)]
        return _codec().encode(_types(element.inputs), values)
    except (EncodingError, ValueError, TypeError, KeyError) as error:
        raise BadArgument(f"{element.signature}: {error}") from error


def decode_arguments(element: Element, data: bytes) -> tuple[Any, ...]:
    """What `encode_arguments` made of a call's arguments. Raises Malformed."""
    return _decode(element.inputs, data)


def decode_result(element: Element, data: bytes) -> Any:
    """One output as its value, several as a tuple, none as None. Raises Malformed."""
    values = _decode(element.outputs, data)
    return values[0] if len(values) == 1 else values or None


@cache
def _codec() -> ABICodec:
    from web3 import Web3  # takes most of a second, which who only asks for help need not wait

    return Web3().codec


def _types(parameters: Sequence[Parameter]) -> list[str]:
    """Canonical, with a struct written as its fields in brackets."""
    return [collapse_if_tuple(parameter) for parameter in parameters]


def _in_topic(parameter: Parameter) -> Parameter:
    """How an indexed parameter is in its topic: as it is if that is one word, else its hash."""
    kind: str = parameter["type"]
    hashed = kind in ("string", "bytes", "tuple") or kind.endswith("]")
    return {"type": "bytes32"} if hashed else parameter


def _decode(parameters: Sequence[Parameter], data: bytes) -> tuple[Any, ...]:
    types = _types(parameters)
    try:
        # A string is encoded as bytes are. Contracts don't check that it is text, so that anybody may log any bytes.
        values = _codec().decode([kind.replace("string", "bytes") for kind in types], data)
    except (DecodingError, OverflowError) as error:
        raise Malformed(f"bytes that are no ({', '.join(types)})") from error
    return tuple(map(_from_abi, values, parameters))


def _to_abi(value: Any, parameter: Parameter) -> Any:
    """The nested tuples and lists that the codec takes."""
    if not parameter["type"].startswith("tuple"):
        return value
    if parameter["type"] != "tuple":
        item = _item(parameter)
        return [_to_abi(element, item) for element in value]
    fields: Sequence[Parameter] = parameter["components"]
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        names = [field["name"] for field in fields]
        if set(value) != set(names):
            raise ValueError(f"{parameter['name']} needs the fields {', '.join(names)}")
        value = [value[name] for name in names]
    return tuple(_to_abi(element, field) for element, field in zip(value, fields, strict=True))


def _from_abi(value: Any, parameter: Parameter) -> Any:
    match parameter["type"]:
        case "address":
            return wire.address(value)
        case "string":
            # Anybody may put anything into a string, and hashes are of its bytes.
            return value.decode(errors="surrogateescape")
        case "tuple":
            fields: Sequence[Parameter] = parameter["components"]
            return {field["name"]: _from_abi(part, field) for part, field in zip(value, fields, strict=True)}
        case str(kind) if kind.startswith(("address", "string", "tuple")):
            item = _item(parameter)
            return tuple(_from_abi(element, item) for element in value)
        case _:
            return value


def _item(array: Parameter) -> Parameter:
    """What an array's elements are."""
    return array | {"type": array["type"].rpartition("[")[0]}
