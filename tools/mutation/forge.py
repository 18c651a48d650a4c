"""The contracts' tests as judges.

A mutant's code is put where forge left the original's, so that forge, which sees no changed source, compiles nothing.
"""

import json
import os
import resource
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue

from tools.mutation import plan
from tools.mutation.compiler import LEGACY, RELEASE, VIA_IR, Code, Compiler, DoesNotCompile, Pipeline, Target
from tools.mutation.mutant import Mutant
from tools.mutation.plan import Stage
from tools.mutation.verdict import BaselineFails, Verdict

CPU_SECONDS = 600
SETTINGS = {
    "FOUNDRY_FUZZ_RUNS": "64",
    "FOUNDRY_INVARIANT_RUNS": "8",
    "FOUNDRY_INVARIANT_DEPTH": "64",
    "FOUNDRY_SOLC": "./tools/mutation/solc_memo.sh",
}
"""A mutant that these few runs spare is told from the original by few inputs only."""


def judge(trees: Sequence[Path], mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Verdict]]:
    """Verdicts as they come, one at a time in each tree. Raises BaselineFails."""
    benches = [_Bench(tree) for tree in trees]
    free: SimpleQueue[_Bench] = SimpleQueue()
    for bench in benches:
        free.put(bench)

    def judged(mutant: Mutant) -> tuple[Mutant, Verdict]:
        bench = free.get()
        try:
            return mutant, bench.judge(mutant)
        finally:
            free.put(bench)

    pool = ThreadPoolExecutor(len(benches))
    try:
        paths = {mutant.path for mutant in mutants}
        benches[0].check({stage for path in paths for stage in plan.stages(trees[0], path)})
        for done in as_completed([pool.submit(judged, mutant) for mutant in mutants]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        for bench in benches:
            bench.close()


class _Bench:
    """One tree and one compiler."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._compiler = Compiler(tree)
        self._pipelines: dict[Target, Pipeline] = {}
        self._originals: dict[tuple[Target, Pipeline], Code] = {}

    def close(self) -> None:
        self._compiler.close()

    def check(self, stages: set[Stage]) -> None:
        """Raises BaselineFails if a stage's tests notice something in code that differs by its pipeline alone."""
        for stage in sorted(stages, key=lambda stage: stage.tests):
            with _Swapped(self._tree, {target: self._original(target) for target in stage.targets}):
                if self._test(stage) is not Verdict.SURVIVED:
                    raise BaselineFails(f"forge test --match-path '{stage.pattern}' fails without any mutant")

    def judge(self, mutant: Mutant) -> Verdict:
        """Of all its stages, until one notices it."""
        source = (self._tree / mutant.path).read_bytes()
        changed = {mutant.path: mutant.applied(source).decode()}
        codes: dict[Target, Code] = {}
        try:
            for stage in plan.stages(self._tree, mutant.path):
                codes |= {target: self._code(target, changed) for target in stage.targets if target not in codes}
                changes = [target for target in stage.targets if codes[target] != self._original(target)]
                if not changes:
                    continue
                with _Swapped(self._tree, {target: codes[target] for target in changes}):
                    verdict = self._test(stage)
                if verdict is not Verdict.SURVIVED:
                    return verdict
            return Verdict.EQUIVALENT if self._same_release(set(codes), changed) else Verdict.SURVIVED
        except DoesNotCompile:
            return Verdict.INVALID

    def _code(self, target: Target, changed: dict[str, str]) -> Code:
        self._original(target)
        return self._compiler.code([target], self._pipelines[target], changed)[target]

    def _original(self, target: Target) -> Code:
        """By the quickest pipeline that can compile it."""
        if target not in self._pipelines:
            try:
                self._originals[target, LEGACY] = self._compiler.code([target], LEGACY)[target]
                self._pipelines[target] = LEGACY
            except DoesNotCompile:
                self._originals[target, VIA_IR] = self._compiler.code([target], VIA_IR)[target]
                self._pipelines[target] = VIA_IR
        return self._originals[target, self._pipelines[target]]

    def _same_release(self, targets: set[Target], changed: dict[str, str]) -> bool:
        """Whether what is deployed is the same: the optimizer sees through what only looks different."""
        for target in sorted(targets):
            key = target, RELEASE
            if key not in self._originals:
                self._originals[key] = self._compiler.code([target], RELEASE)[target]
            if self._compiler.code([target], RELEASE, changed)[target] != self._originals[key]:
                return False
        return True

    def _test(self, stage: Stage) -> Verdict:
        choice = ["--match-path", stage.pattern, "--no-match-test", "^test_(Gas|I19)"]
        command: list[str | Path] = [self._tree / "tools/run", "forge", "test", "--fail-fast", *choice]
        run = subprocess.run(
            command,
            cwd=self._tree,
            env=os.environ | SETTINGS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_limit,
        )
        if "No tests" in run.stdout or "Compiling" in run.stdout:
            raise BaselineFails(f"forge test --match-path '{stage.pattern}' finds nothing compiled to test")
        if run.returncode == 0:
            return Verdict.SURVIVED
        return Verdict.TIMEOUT if run.returncode < 0 else Verdict.KILLED


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


class _Swapped:
    """Forge's output with other code in it, for a while."""

    def __init__(self, tree: Path, codes: dict[Target, Code]) -> None:
        self._out = tree / "build/forge/out"
        self._codes = codes
        self._kept: dict[Path, str] = {}

    def __enter__(self) -> None:
        for target, code in self._codes.items():
            path = self._out / Path(target.path).name / f"{target.name}.json"
            text = self._kept[path] = path.read_text()
            artefact = json.loads(text)
            artefact["bytecode"]["object"] = f"0x{code.creation}"
            artefact["deployedBytecode"]["object"] = f"0x{code.runtime}"
            path.write_text(json.dumps(artefact))

    def __exit__(self, *_: object) -> None:
        for path, text in self._kept.items():
            path.write_text(text)
