"""Mutation testing: puts small faults into the code one at a time and runs the tests against each.

Exits 1 if fewer than 95 % of the judged mutants were killed, or if one survived that survivors.toml does not explain.
What was judged before is not judged again, but for survivors without an explanation. Runs on copies of the working tree
in build/mutation.
"""

import argparse
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.mutation import forge, pytests, python, solidity, tree
from tools.mutation.compiler import Compiler
from tools.mutation.mutant import Mutant
from tools.mutation.record import Record
from tools.mutation.report import Report
from tools.mutation.survivors import Explained
from tools.mutation.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
MUTATED = (
    "workers/covey/protocol",
    "contracts/libraries",
    "contracts/custody",
    "contracts/arena",
    "contracts/alliance",
)


def main() -> int:
    args = _arguments()
    record = Record(ROOT / "build/mutation/record.jsonl")
    explained = Explained.load()
    mutants = _mutants(args.paths)
    if not args.report:
        waiting = record.open(_sample(mutants, args.sample, args.seed), explained)
        print(f"{len(mutants)} mutants, {len(waiting)} of them to be judged", flush=True)
        for mutant, verdict in _judge(waiting, args.jobs):
            record.add(mutant, verdict)
            if verdict is Verdict.SURVIVED:
                print(f"survived: {mutant}", flush=True)
    report = Report.of(mutants, record, explained)
    print(report)
    for stale in explained.stale(mutants):
        print(f"survivors.toml explains what is no more: {stale}")
    return 0 if report.passes else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutation", description=__doc__)
    parser.add_argument(
        "paths", nargs="*", type=Path, default=[Path(path) for path in MUTATED], help="files or folders"
    )
    parser.add_argument("--sample", type=int, help="judge only so many of each file, chosen by --seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument("--report", action="store_true", help="judge nothing: print what is known")
    return parser.parse_args()


def _mutants(paths: list[Path]) -> list[Mutant]:
    compiler = Compiler(ROOT)
    try:
        return [mutant for path in paths for file in _files(ROOT / path) for mutant in _of(file, compiler)]
    finally:
        compiler.close()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted([*path.rglob("*.py"), *path.rglob("*.sol")])


def _of(file: Path, compiler: Compiler) -> Iterator[Mutant]:
    path, source = file.relative_to(ROOT).as_posix(), file.read_bytes()
    if file.suffix == ".py":
        return python.mutants(path, source)
    return solidity.mutants(path, source, compiler.ast(path))


def _sample(mutants: list[Mutant], size: int | None, seed: int) -> list[Mutant]:
    """In an order that is the same for the same seed, so that a larger sample holds the smaller one."""
    by_file: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_file.setdefault(mutant.path, []).append(mutant)
    chosen = []
    for path, candidates in by_file.items():
        random.Random(f"{seed} {path}").shuffle(candidates)
        chosen += candidates[:size]
    return chosen


def _judge(mutants: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, Verdict]]:
    by_language = {suffix: [m for m in mutants if m.path.endswith(suffix)] for suffix in (".py", ".sol")}
    if not mutants:
        return
    trees = tree.copies(ROOT, jobs)
    if by_language[".py"]:
        yield from pytests.judge(trees[0], by_language[".py"], jobs)
    if by_language[".sol"]:
        yield from forge.judge(trees, by_language[".sol"])


if __name__ == "__main__":
    sys.exit(main())
