"""What a worker and the process of its app say to each other: a JSON object and arrays, over a socket.

Nothing is unpickled: whatever an app does, the worker reads JSON and safetensors.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from safetensors import SafetensorError
from safetensors.numpy import load, save

from covey.apps.app import Array, Parameters

_LENGTHS: Final = struct.Struct("<QQ")
_MAX_WORDS: Final = 2**20
_MAX_ARRAYS: Final = 2**31
"""Bytes."""

_READ: Final = 2**20


class BadMessage(Exception):
    """The other side is gone, or says what it must not."""


@dataclass(frozen=True)
class Message:
    """`words` are JSON; `arrays` keep their order."""

    words: Mapping[str, Any]
    arrays: Parameters = field(default_factory=dict, repr=False)


def send(to: socket.socket, message: Message, seconds: float | None = None) -> None:
    """Raises TimeoutError if it takes longer, BadMessage if nobody is there."""
    words = json.dumps({**message.words, "names": list(message.arrays)}).encode()
    arrays = save(dict(message.arrays)) if message.arrays else b""
    to.settimeout(seconds)
    try:
        for part in (_LENGTHS.pack(len(words), len(arrays)), words, arrays):
            to.sendall(part)
    except TimeoutError:
        raise
    except OSError as error:
        raise BadMessage(str(error)) from error


def receive(from_: socket.socket, seconds: float | None = None) -> Message:
    """Raises TimeoutError if it takes longer, BadMessage."""
    deadline = None if seconds is None else time.monotonic() + seconds
    words_length, arrays_length = _LENGTHS.unpack(_exactly(from_, _LENGTHS.size, deadline))
    if words_length > _MAX_WORDS or arrays_length > _MAX_ARRAYS:
        raise BadMessage("a message is too long")
    words, arrays = _exactly(from_, words_length, deadline), _exactly(from_, arrays_length, deadline)
    try:
        said = json.loads(words)
        found: dict[str, Array] = load(arrays) if arrays else {}
        return Message(said, {name: found[name] for name in said.pop("names")})
    except (ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise BadMessage(f"a message can't be read: {error!r}") from error


def _exactly(from_: socket.socket, count: int, deadline: float | None) -> bytes:
    data = bytearray()
    while len(data) < count:
        from_.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-3))
        try:
            part = from_.recv(min(count - len(data), _READ))
        except TimeoutError:
            raise
        except OSError as error:
            raise BadMessage(str(error)) from error
        if not part:
            raise BadMessage("it ended")
        data += part
    return bytes(data)
