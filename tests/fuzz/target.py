"""What is fuzzed: readers of bytes that anybody may have written, each as one function of those bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz import mutation


class Finding(Exception):
    """A reader did with an input what none may do. The message names the input by its hash."""


@dataclass(frozen=True)
class Target:
    """One reader: `read` returns, or raises one of `refusals`, the errors that its documentation promises.

    `seeds` makes valid inputs, with the product's own writers. `extremes` makes the worst that can be thought of:
    inputs as large as the reader takes, made to cost much. `mutate` alters an input along its structure. Fuzzers'
    inputs have at most `max_size` bytes; one takes about `cost` times as long as most readers' do.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    refusals: tuple[type[Exception], ...] = ()
    extremes: Callable[[], Sequence[bytes]] = tuple
    mutate: Callable[[bytes, Random], bytes] = mutation.alter_bytes
    max_size: int = 4096
    cost: int = 1

    def probe(self, data: bytes) -> None:
        """Read one input. Raises Finding for an error of another kind."""
        try:
            self.read(data)
        except self.refusals:
            pass
        except Exception as error:
            raise Finding(f"{self.name}: input {name_of(data)} raised {type(error).__name__}: {error}") from error


def name_of(data: bytes) -> str:
    """An input's SHA-1, by which libFuzzer names the file that it writes it to."""
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()
