"""One target under atheris, which guides libFuzzer by the branches of Covey's code: python -m tests.fuzz.engine.

The arguments are the target's module and name, a folder with its seeds, and then libFuzzer's own. A process reads with
one target alone, and stops at the first finding.
"""

from __future__ import annotations

import logging
import re
import resource
import sys
import time
import warnings
from pathlib import Path
from random import Random
from typing import Final

import atheris

from tests.fuzz.limits import MAX_MEMORY, MAX_SECONDS, MIB
from tests.fuzz.target import Finding, Target, name_of

_INSTRUMENTED: Final = ["covey", "eth_abi"]


class Guard:
    """Reads inputs, each of which may take `MAX_MEMORY` more than the process has now, and `MAX_SECONDS` of processor
    time: whoever shares the machine is no finding. Tells of each new peak of memory."""

    def __init__(self, target: Target) -> None:
        self._target = target
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        self._base = _peak_memory()
        self._most = 0

    def probe(self, data: bytes) -> None:
        """As `Target.probe`; raises Finding for too much time or memory also."""
        began = time.process_time()
        self._target.probe(data)
        seconds = time.process_time() - began
        if seconds > MAX_SECONDS:
            raise Finding(f"{self._target.name}: input {name_of(data)} took {seconds:.0f} s")
        used = _peak_memory() - self._base
        if used >= self._most + MIB:
            self._most = used
            print(f"memory: {used // MIB} MiB", file=sys.stderr)
        if used > MAX_MEMORY:
            raise Finding(f"{self._target.name}: input {name_of(data)} took {used // MIB} MiB")


def _peak_memory() -> int:
    """The most bytes that this process had in memory."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found, "/proc tells of memory"
    return int(found[1]) * 1024


def main() -> None:
    module, name, seeds, *options = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=_INSTRUMENTED):
        from tests.fuzz.targets import targets_of

        target = next(one for one in targets_of(module) if one.name == name)
    for seed in sorted(Path(seeds).iterdir()):
        target.probe(seed.read_bytes())
    guard = Guard(target)
    _limit_address_space()

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if random.randrange(2):
            return bytes(atheris.Mutate(data, max_size))
        return target.mutate(data, random)[:max_size]

    atheris.Setup([sys.argv[0], *options], guard.probe, custom_mutator=mutate)
    atheris.Fuzz()


def _limit_address_space() -> None:
    """A reader that asks for far more than it may have gets a MemoryError, before the machine feels it."""
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 4 * MAX_MEMORY,) * 2)


if __name__ == "__main__":
    main()
