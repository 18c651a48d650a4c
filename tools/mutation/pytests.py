"""The Python tests as judges: each mutant gets a process, forked from one that has loaded what no mutant touches.

Most mutants change what one function does. These are put into a process that has already collected all tests. What
survives there, or changes what happens when its module is loaded, is judged again by a process that loads everything
from the mutated source, and that also runs the tests which start a node.

Limits are of CPU time, so that a busy machine changes no verdict.
"""

import contextlib
import gc
import importlib
import importlib.abc
import importlib.util
import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from inspect import CO_OPTIMIZED
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from hypothesis import Phase, settings

from tools.mutation.mutant import Mutant
from tools.mutation.verdict import BaselineFails, Verdict

SOURCES = "workers"
TESTS = "tests/workers/protocol"
CPU_SECONDS = 20
"""Several times what all quick tests take."""
CHAIN_CPU_SECONDS = 300
"""The same, of those that start a node too."""
LOADED_BEFORE = ("coincurve", "eth_abi.abi", "eth_account", "eth_hash.auto", "numpy")

_FORK = get_context("fork")
_SURVIVED, _KILLED = 0, 1


def judge(tree: Path, mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, Verdict]]:
    """Verdicts as they come, `jobs` processes at a time. Raises BaselineFails."""
    for name in LOADED_BEFORE:
        importlib.import_module(name)
    whole = _start(_reloaded, tree, None)
    whole.join()
    if _end(whole) is not Verdict.SURVIVED:
        raise BaselineFails(f"pytest {TESTS} fails without any mutant: make it pass first")
    again: list[Mutant] = []
    receiver, sender = _FORK.Pipe(duplex=False)
    server = _start(_collected, tree, mutants, jobs, sender)
    sender.close()
    for index, verdict in _received(receiver):
        if verdict is Verdict.SURVIVED:
            again.append(mutants[index])
        else:
            yield mutants[index], verdict
    server.join()
    yield from _each(lambda mutant: _start(_reloaded, tree, mutant), again, jobs)


def _received(receiver: Connection) -> Iterator[tuple[int, Verdict]]:
    with contextlib.suppress(EOFError):
        while True:
            index, verdict = receiver.recv()
            yield index, Verdict(verdict)


def _each(
    start: Callable[[Mutant], BaseProcess], mutants: Sequence[Mutant], jobs: int
) -> Iterator[tuple[Mutant, Verdict]]:
    waiting, running = list(reversed(mutants)), dict[int, tuple[BaseProcess, Mutant]]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            process = start(mutant)
            running[process.sentinel] = process, mutant
        for sentinel in wait(list(running)):
            assert isinstance(sentinel, int)
            process, mutant = running.pop(sentinel)
            yield mutant, _end(process)


def _start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    process = _FORK.Process(target=target, args=arguments)
    process.start()
    return process


def _end(process: BaseProcess) -> Verdict:
    process.join()
    assert process.pid is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # a node that it left behind
    match process.exitcode:
        case 0:
            return Verdict.SURVIVED
        case int() as code if code < 0:
            return Verdict.TIMEOUT
        case _:
            return Verdict.KILLED


# -- In a process of its own -------------------------------------------------------------------------------------------


def _reloaded(tree: Path, mutant: Mutant | None) -> None:
    """Loads everything, the mutant in place of its module, and runs all tests."""
    _confine(CHAIN_CPU_SECONDS)
    _enter(tree)
    if mutant is not None:
        sys.meta_path.insert(0, _Mutated(tree, mutant))
    for tests in filter(None, (_quick(tree), _chain(tree))):
        if pytest.main([*_OPTIONS, *tests], plugins=[_Brief(mutant)]) != pytest.ExitCode.OK:
            os._exit(_KILLED)
    os._exit(_SURVIVED)


def _collected(tree: Path, mutants: Sequence[Mutant], jobs: int, sender: Connection) -> None:
    """Loads everything once, and lets a process of each mutant go on from there."""
    _enter(tree)
    pytest.main([*_OPTIONS, *_quick(tree)], plugins=[_Brief(None), _Server(tree, mutants, jobs, sender)])
    os._exit(_SURVIVED)


_OPTIONS = ("-x", "-q", "--hypothesis-seed=0")


def _quick(tree: Path) -> list[str]:
    return sorted(str(path) for path in (tree / TESTS).glob("test_*.py") if not path.stem.endswith("_chain"))


def _chain(tree: Path) -> list[str]:
    """Tests that start a node."""
    return sorted(str(path) for path in (tree / TESTS).glob("test_*_chain.py"))


def _confine(cpu_seconds: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _enter(tree: Path) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    os.chdir(tree)
    sys.path[:0] = [str(tree / SOURCES), str(tree)]


class _Brief:
    """Examples come before properties, and the module's own tests before others. No counterexample is made smaller."""

    def __init__(self, mutant: Mutant | None) -> None:
        self._mutant = mutant

    def pytest_sessionstart(self) -> None:
        phases = [phase for phase in settings.default.phases if phase is not Phase.shrink]
        settings.register_profile("mutation", settings.default, phases=phases, database=None)
        settings.load_profile("mutation")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._mutant is not None:
            items[:] = _in_order(items, self._mutant)


def _in_order(items: Sequence[pytest.Item], mutant: Mutant) -> list[pytest.Item]:
    name = Path(mutant.path).stem
    own = re.compile(rf"import .*\b{name}\b|\.{name} import")
    others = {path: not own.search(path.read_text()) for path in {item.path for item in items}}

    def late(item: pytest.Item) -> tuple[bool, bool]:
        return hasattr(getattr(item, "obj", None), "hypothesis"), others[item.path]

    return sorted(items, key=late)


class _Server:
    """In place of running the tests: has them run by a process for each mutant that changes functions alone."""

    def __init__(self, tree: Path, mutants: Sequence[Mutant], jobs: int, sender: Connection) -> None:
        self._tree, self._mutants, self._jobs, self._sender = tree, mutants, jobs, sender

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        index = {mutant: i for i, mutant in enumerate(self._mutants)}
        every = _functions(self._tree)
        functions = {mutant: _changed_functions(self._tree, mutant, every) for mutant in self._mutants}
        for mutant in self._mutants:
            if not functions[mutant]:
                self._sender.send((index[mutant], Verdict.SURVIVED))
        gc.freeze()
        swapped = [mutant for mutant in self._mutants if functions[mutant]]

        def start(mutant: Mutant) -> BaseProcess:
            return _start(_swapped, session, mutant, functions[mutant])

        for mutant, verdict in _each(start, swapped, self._jobs):
            self._sender.send((index[mutant], verdict))
        return True


def _swapped(session: pytest.Session, mutant: Mutant, functions: dict[FunctionType, CodeType]) -> None:
    """Changes the functions and runs the collected tests."""
    _confine(CPU_SECONDS)
    for function, code in functions.items():
        function.__code__ = code
    items = _in_order(session.items, mutant)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            os._exit(_KILLED)
    os._exit(_SURVIVED)


def _functions(tree: Path) -> dict[tuple[str, str], list[FunctionType]]:
    """The sources' functions by file and qualified name."""
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for function in gc.get_objects():
        if type(function) is FunctionType and function.__code__.co_filename.startswith(str(tree / SOURCES)):
            found.setdefault((function.__code__.co_filename, function.__qualname__), []).append(function)
    return found


def _changed_functions(
    tree: Path, mutant: Mutant, functions: dict[tuple[str, str], list[FunctionType]]
) -> dict[FunctionType, CodeType]:
    """The functions that the mutant changes, with their new code; empty if it changes anything else."""
    path = tree / mutant.path
    source = path.read_bytes()
    try:
        new = compile(mutant.applied(source), str(path), "exec")
    except SyntaxError:
        return {}
    codes = _differences(compile(source, str(path), "exec"), new) or []
    return {function: code for code in codes for function in functions.get((str(path), code.co_qualname), ())}


def _differences(old: CodeType, new: CodeType) -> list[CodeType] | None:
    """The functions of `new` that differ from those of `old`; None if what encloses them does."""
    found: list[CodeType] = []
    for before, after in zip(old.co_consts, new.co_consts, strict=False):
        if not (isinstance(before, CodeType) and isinstance(after, CodeType)):
            continue
        if before.co_flags & CO_OPTIMIZED:
            found += [after] * (before != after)
        elif (inner := _differences(before, after)) is None:
            return None
        else:
            found += inner
    return found if _own(old) == _own(new) else None


def _own(code: CodeType) -> tuple[bytes, tuple[object, ...], tuple[str, ...]]:
    """What a module or class does itself."""
    constants = tuple((type(value), value) for value in code.co_consts if not isinstance(value, CodeType))
    return code.co_code, constants, code.co_names


class _Mutated(importlib.abc.MetaPathFinder):
    """Finds the mutant in place of its module."""

    def __init__(self, tree: Path, mutant: Mutant) -> None:
        self._path = tree / mutant.path
        self._name = ".".join(Path(mutant.path).relative_to(SOURCES).with_suffix("").parts)
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, _Loader(self._path, self._mutant))


class _Loader(importlib.abc.InspectLoader):
    def __init__(self, path: Path, mutant: Mutant) -> None:
        self._path, self._mutant = path, mutant

    def get_source(self, fullname: str) -> str:
        return self._mutant.applied(self._path.read_bytes()).decode()

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_source(fullname), str(self._path), "exec")
