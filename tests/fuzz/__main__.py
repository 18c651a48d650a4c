"""The nightly search: every target under atheris, a million inputs in all. `make fuzz` runs it.

Exits 1 if a reader did what none may: raise an error that it does not document, take over ten seconds or 256 MiB for
one input, or crash. The input is then in build/fuzz/findings, and read again by the command that is printed with it.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Final

from tests.fuzz.limits import MAX_MEMORY, MAX_SECONDS, MIB
from tests.fuzz.target import Target, name_of
from tests.fuzz.targets import ALL, targets_of

_ROOT: Final = Path(__file__).parents[2]
_WORK: Final = _ROOT / "build" / "fuzz"
_INPUTS: Final = 1_000_000
_CHATTER: Final = ("#", "***", "WARNING: ", "Running: ", "Executed ", "memory: ", "stat::")
"""How lines of libFuzzer's begin that say nothing about a finding."""


@dataclass(frozen=True)
class Outcome:
    """What one run showed: branches `covered` at the end, `new` ones since the seeds, MiB of `memory` for one input."""

    inputs: int
    seconds: float
    covered: int
    new: int
    memory: int
    finding: str | None


def main() -> int:
    options = _parser().parse_args()
    chosen = [(module, target) for module in ALL for target in targets_of(module)]
    if options.targets:
        chosen = [(module, target) for module, target in chosen if target.name in options.targets]
    shares = sum(1 / target.cost for _, target in chosen)
    print(f"seed {options.seed}; each target: its seeds, its extremes, then\n")
    print(f"{'target':22} {'inputs':>9} {'seconds':>8} {'per s':>7} {'branches':>8} {'new':>5} {'MiB':>5}  finding")
    outcomes = []
    for module, target in chosen:
        # Rounded up: what a cost divides must not be missing from the whole.
        inputs = int(options.inputs / shares / target.cost) + 1
        outcome = _search(module, target, inputs, options.seed)
        outcomes.append(outcome)
        print(_line(target.name, outcome), flush=True)
    findings = [outcome.finding for outcome in outcomes if outcome.finding]
    total = sum(outcome.inputs for outcome in outcomes)
    print(f"\n{total:,} inputs in {sum(one.seconds for one in outcomes):,.0f} s; {len(findings)} findings")
    for finding in findings:
        print(f"\n{finding}")
    return 1 if findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzzes every reader of untrusted bytes.")
    parser.add_argument("targets", nargs="*", help="only these (default: all)")
    parser.add_argument("--inputs", type=int, default=_INPUTS, help=f"in all (default {_INPUTS:,})")
    random = SystemRandom().randrange(1, 2**31)
    parser.add_argument("--seed", type=int, default=random, help="of the random choices (default: another each time)")
    return parser


def _search(module: str, target: Target, inputs: int, seed: int) -> Outcome:
    """Reads seeds and extremes, then what the fuzzer makes of the seeds and of what earlier runs kept."""
    seeds = _write(_WORK / "seeds" / target.name, target.seeds())
    extremes = _write(_WORK / "extremes" / target.name, target.extremes())
    corpus = _WORK / "corpus" / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    engine = [sys.executable, "-m", "tests.fuzz.engine", module, target.name, str(seeds), *_limits(target)]
    with tempfile.TemporaryDirectory(prefix="covey-fuzz-") as scratch:
        environment = {**os.environ, "TMPDIR": scratch}
        known = sorted([*seeds.iterdir(), *extremes.iterdir()])
        log, status = _run([*engine, *map(str, known)], environment)
        if status == 0:
            search = [f"-runs={inputs}", f"-seed={seed}", f"-max_len={target.max_size}", str(corpus), str(seeds)]
            found, status = _run([*engine, "-len_control=0", "-print_final_stats=1", *search], environment)
            log += found
    return _outcome(target, engine, log, status, time.monotonic() - began)


def _limits(target: Target) -> list[str]:
    findings = _WORK / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    # The guard inside sees what one input takes; this stops a process that the guard can't, in C for long or for ever.
    memory = f"-rss_limit_mb={4 * MAX_MEMORY // MIB}"
    return [f"-timeout={12 * MAX_SECONDS}", memory, f"-artifact_prefix={findings}/{target.name}-"]


def _write(folder: Path, contents: Sequence[bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for content in contents:
        (folder / name_of(content)).write_bytes(content)
    return folder


def _run(command: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """What it said, and its exit status."""
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    lines = done.stdout.decode(errors="replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith("INFO: ")), done.returncode


def _outcome(target: Target, engine: list[str], log: str, status: int, seconds: float) -> Outcome:
    covered = [int(found) for found in re.findall(r"cov: (\d+)", log)]
    finding = None
    if status:
        written = re.findall(r"(?:Running:|Test unit written to) (\S+)", log)
        again = " ".join([f"PYTHONPATH={os.environ.get('PYTHONPATH', '')} python", *engine[1:], *written[-1:]])
        told = "\n".join(line for line in log.splitlines() if not line.startswith(_CHATTER))
        finding = f"{target.name}: exit status {status}\n{told[-4_000:]}\nRead it again: {again}"
    return Outcome(
        inputs=_stat(log, "number_of_executed_units"),
        seconds=seconds,
        covered=max(covered, default=0),
        new=max(covered, default=0) - min(covered, default=0),
        memory=max(map(int, re.findall(r"memory: (\d+) MiB", log)), default=0),
        finding=finding,
    )


def _stat(log: str, name: str) -> int:
    found = re.search(rf"stat::{name}:\s+(\d+)", log)
    return int(found[1]) if found else 0


def _line(name: str, one: Outcome) -> str:
    speed = one.inputs / one.seconds if one.seconds else 0
    figures = f"{one.inputs:9,} {one.seconds:8.1f} {speed:7,.0f} {one.covered:8,} {one.new:5,} {one.memory:5,}"
    return f"{name:22} {figures}  {'FOUND' if one.finding else '-'}"


if __name__ == "__main__":
    sys.exit(main())
