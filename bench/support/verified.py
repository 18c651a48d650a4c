"""What it takes to verify a bundle off-line, measured and shown."""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from support.machine import machine

from covey.verify.bundle import TaskBundle, write_bundle

_VERIFIER: Final = Path(__file__).parents[2] / "workers/covey/verify"

# In a process of its own, since a child's peak of memory counts what its parent held when it was born.
_WATCH: Final = """
import json, resource, subprocess, sys
process = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
print(json.dumps({"status": process.returncode, "output": process.stdout, "seconds": seconds, "memory": memory}))
"""


@dataclass(frozen=True)
class Figures:
    """One task, of which `size` says how large it is: checks that passed, seconds of the processor, and the most memory
    that was held at once."""

    size: Mapping[str, int]
    logs: int
    bundle_mib: float
    checks: int
    seconds: float
    memory_mib: float


def verified(size: Mapping[str, int], bundle: TaskBundle, file: Path) -> Figures:
    """The verifier on its own, on the bundle's file. Raises SystemExit unless it passes."""
    file.write_bytes(write_bundle(bundle))
    alone = [sys.executable, "-I", "-S"]
    answer = json.loads(subprocess.check_output([*alone, "-c", _WATCH, *alone, str(_VERIFIER), str(file)]))
    verdict = answer["output"].splitlines()[-1]
    if answer["status"]:
        raise SystemExit(f"{file}: {verdict}")
    return Figures(
        size=size,
        logs=len(bundle.logs),
        bundle_mib=file.stat().st_size / 2**20,
        checks=int(verdict.rpartition("(")[2].split()[0]),
        seconds=answer["seconds"],
        memory_mib=answer["memory"],
    )


def show(figures: Sequence[Figures], steps: Mapping[str, float], as_json: bool) -> None:
    """Prints a table, or JSON; `steps` are seconds of parts of the last task."""
    here = {"machine": machine(), "python": platform.python_version()}
    if as_json:
        print(json.dumps({**here, "tasks": [asdict(f) for f in figures], "steps": dict(steps)}))
        return
    console = Console(width=140)
    console.print(f"{here['machine']}, Python {here['python']}")
    console.print(_table(figures))
    for name, seconds in steps.items():
        console.print(f"{name:>26}  {seconds:6.1f} s")


def _table(figures: Sequence[Figures]) -> Table:
    shown = Table(*figures[0].size, "logs", "bundle, MiB", "checks", "seconds", "ms per log", "memory, MiB")
    for f in figures:
        shown.add_row(
            *(f"{n:,}" for n in (*f.size.values(), f.logs)),
            f"{f.bundle_mib:.1f}",
            f"{f.checks:,}",
            f"{f.seconds:.1f}",
            f"{1000 * f.seconds / f.logs:.2f}",
            f"{f.memory_mib:,.0f}",
        )
    return shown
