#!/usr/bin/env python3
"""Runs the proofs of tests/proofs, and shows that each can fail.

halmos executes the check_... functions symbolically, z3 proves the facts of arithmetic.smt2. What is proven holds for
all inputs within the bound that the comment states; a counterexample, a timeout or a loop cut short is no proof. Then
each fault is put into a copy of the contracts, where the proof that it breaks must find a counterexample.
Exits 1 unless everything is as it should be.

tools/run python tools/proofs.py [--only REGEX]     make check-proofs runs it with the provers installed
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROOFS = Path("tests/proofs")
FACTS = PROOFS / "arithmetic.smt2"
BUILD = ROOT / "build/proofs"
PROVERS = BUILD / "provers/bin"
QUERY_SECONDS = 300
RUN_SECONDS = 1800
PROVEN, REFUTED = 0, 1
"""Exit codes of halmos for one function."""


@dataclass(frozen=True)
class Fault:
    """A line of a contract as it is and as it should not be; the proof that notices."""

    proof: str
    path: str
    was: str
    becomes: str


LIBRARIES, CUSTODY, ARENA = "contracts/libraries", "contracts/custody", "contracts/arena"
FAULTS = (
    Fault(
        "check_I12_atLeastComparesEveryLane", f"{LIBRARIES}/Lanes.sol", "((a | GUARD) - b) & GUARD", "(a - b) & GUARD"
    ),
    Fault("check_I12_sumAddsAllLanes", f"{LIBRARIES}/Lanes.sol", "(lanes * ONES) >> 240", "(lanes * ONES) >> 241"),
    Fault(
        "check_I12_acceptsExactlyTheMedians_4",
        f"{LIBRARIES}/ScoreMatrix.sol",
        "Lanes.atLeast(atLeast, grid.half) & ~",
        "Lanes.atLeast(atLeast, grid.half) | ~",
    ),
    Fault(
        "check_I2_charge",
        f"{CUSTODY}/Ledger.sol",
        "bucketOf[msg.sender][id] += amount",
        "bucketOf[msg.sender][id] = amount",
    ),
    Fault("check_I2_burn", f"{CUSTODY}/Ledger.sol", "_burn(amount);", ""),
    Fault(
        "check_I2_claim", f"{CUSTODY}/Ledger.sol", "creditOf[account] = credit - amount", "creditOf[account] = credit"
    ),
    Fault(
        "check_I3_trainerPoolsSumToTheirSide",
        f"{LIBRARIES}/RewardCurve.sol",
        "trainers - (rounds - 1) * early",
        "trainers - rounds * early",
    ),
    Fault(
        "check_I3_validatorPoolsSumToTheirSide",
        f"{LIBRARIES}/RewardCurve.sol",
        "validators - (rounds - 1) * equal",
        "equal",
    ),
    Fault("check_I3_paysSumToThePool_2", f"{LIBRARIES}/RewardCurve.sol", "pays[i] = due - paid;", "pays[i] = due;"),
    Fault(
        "check_I7_slashTakesItsPart",
        f"{CUSTODY}/StakeVault.sol",
        "uint256 taken = amount * reached / base;",
        "uint256 taken = reached;",
    ),
    Fault(
        "check_I7_exitTakesItsPart", f"{CUSTODY}/StakeVault.sol", "pool.shares -= shares;", "pool.shares -= shares / 2;"
    ),
    Fault(
        "check_I11_revealIsWhatWasCommittedTo",
        f"{ARENA}/Scoring.sol",
        "SCORES, block.chainid, address(this), task, round,",
        "SCORES, block.chainid, address(this), task, task,",
    ),
)


@dataclass(frozen=True)
class Verdict:
    proof: str
    proven: bool
    refuted: bool
    seconds: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="REGEX", help="proofs and faults whose name has this")
    only = re.compile(parser.parse_args().only)
    bounds = {name: bound for name, bound in _bounds() if only.search(name)}
    failures = 0

    print("Proofs", flush=True)
    verdicts = [*_facts(only), *_prove(ROOT, "|".join(bounds))] if bounds else _facts(only)
    for verdict in verdicts:
        failures += not verdict.proven
        bound = bounds.pop(verdict.proof, "over all integers")
        print(f"{'proven' if verdict.proven else 'FAILED':8} {verdict.seconds:5.0f} s  {verdict.proof}: {bound}")
    for name in bounds:
        failures += 1
        print(f"MISSING           {name}")

    print("\nFaults", flush=True)
    for fault in FAULTS:
        if not only.search(fault.proof):
            continue
        noticed = _noticed(fault)
        failures += not noticed
        print(f"{'noticed' if noticed else 'MISSED':8} {fault.proof}: {fault.was!r} -> {fault.becomes!r}", flush=True)
    return 1 if failures else 0


def _bounds() -> Iterator[tuple[str, str]]:
    """Every check_... function with the bound that its comment states."""
    for path in sorted((ROOT / PROOFS).glob("*.t.sol")):
        for comment, name in re.findall(r"((?:^ *///.*\n)*)^ *function (check_\w+)", path.read_text(), re.MULTILINE):
            words = " ".join(re.sub(r"^ *///", "", line).strip() for line in comment.splitlines())
            yield name, words.partition("Bound: ")[2].partition(". ")[0] or "STATES NO BOUND"


def _facts(only: re.Pattern[str]) -> list[Verdict]:
    """z3's verdict on each fact: none of its negations can be satisfied."""
    start = time.monotonic()
    text = (ROOT / FACTS).read_text()
    names = re.findall(r'\(echo "(.*)"\)', text)
    if not any(only.search(name) for name in names):
        return []
    answers = _run([str(PROVERS / "z3"), f"-T:{QUERY_SECONDS}", str(FACTS)], ROOT).split("\n")
    seconds = (time.monotonic() - start) / len(names)
    verdicts = {name: answers[answers.index(name) + 1] if name in answers else "" for name in names}
    return [Verdict(name, said == "unsat", said == "sat", seconds) for name, said in verdicts.items()]


def _prove(root: Path, functions: str) -> list[Verdict]:
    """halmos' verdicts on the functions of this name in a tree."""
    report = root / "build/proofs/report.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command = [PROVERS / "halmos", "--root", root, "--forge-build-out", "build/proofs/out", "--json-output", report]
    limits = ["--loop", "1000", "--solver-timeout-assertion", f"{QUERY_SECONDS}s", "--no-status", "--early-exit"]
    output = _run([*map(str, command), *limits, "--match-test", f"^({functions})\\("], root)
    if not report.exists():
        raise SystemExit(f"halmos made no report:\n{output}")
    tests = [test for tests in json.loads(report.read_text())["test_results"].values() for test in tests]
    return [
        Verdict(
            test["name"].partition("(")[0],
            proven=test["exitcode"] == PROVEN and not test["num_bounded_loops"],
            refuted=test["exitcode"] == REFUTED,
            seconds=test["time"][0],
        )
        for test in tests
    ]


def _noticed(fault: Fault) -> bool:
    """Whether the proof finds a counterexample in a copy with the fault, of which it compiles no other proof."""
    tree = BUILD / "faulty"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("contracts", str(PROOFS), "tools"):
        shutil.copytree(ROOT / folder, tree / folder)
    for file in ("foundry.toml", "tests/forge/Vm.sol"):
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tree / file)
    (tree / "node_modules").symlink_to(ROOT / "node_modules")
    for proof in (tree / PROOFS).glob("*.t.sol"):
        if f" {fault.proof}(" not in proof.read_text():
            proof.unlink()
    source = (tree / fault.path).read_text()
    if source.count(fault.was) != 1:
        raise SystemExit(f"{fault.path} should have exactly one {fault.was!r}")
    (tree / fault.path).write_text(source.replace(fault.was, fault.becomes))
    verdicts = _prove(tree, fault.proof)
    return [verdict.refuted for verdict in verdicts] == [True]


def _run(command: list[str], cwd: Path) -> str:
    """Output of a prover, whose exit code says no more than its report."""
    environment = {**os.environ, "PATH": f"{PROVERS}:{os.environ['PATH']}", "FOUNDRY_PROFILE": "proofs"}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_SECONDS
        )
    except subprocess.TimeoutExpired as late:
        raise SystemExit(f"no answer within {RUN_SECONDS} s: {' '.join(command)}") from late
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    sys.exit(main())
