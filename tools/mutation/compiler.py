"""The pinned Solidity compiler as a server: loading it takes longer than compiling a small contract."""

import json
import os
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

SERVER = Path(__file__).with_name("solc_server.js")


class DoesNotCompile(Exception):
    """The compiler refuses the source."""


@dataclass(frozen=True)
class Pipeline:
    """A way from source to code. All mean the same; they differ in how long they take, and in what they can compile."""

    via_ir: bool
    optimizer: bool


LEGACY = Pipeline(via_ir=False, optimizer=False)
VIA_IR = Pipeline(via_ir=True, optimizer=False)
RELEASE = Pipeline(via_ir=True, optimizer=True)
"""What foundry.toml says, and what is deployed."""


@dataclass(frozen=True, order=True)
class Target:
    """A contract and the file it is in."""

    path: str
    name: str

    @classmethod
    def of(cls, path: str) -> Self:
        """The contract that is called as its file."""
        return cls(path, Path(path).stem)


@dataclass(frozen=True)
class Code:
    """What the EVM runs, as hex: `creation` deploys, `runtime` is deployed."""

    creation: str
    runtime: str


class Compiler:
    """Compiles sources of `tree`; the node process ends with this object's `close`."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._forge = tomllib.loads((tree / "foundry.toml").read_text())["profile"]["default"]
        self._process = subprocess.Popen(
            ["node", SERVER], cwd=tree, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ)
        )

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def ast(self, path: str) -> dict[str, Any]:
        """Of the file as it is."""
        answer = self._ask(self._sources([path]), {path: {"": ["ast"]}}, VIA_IR)
        tree: dict[str, Any] = answer["sources"][path]["ast"]
        return tree

    def code(
        self, targets: Iterable[Target], pipeline: Pipeline, changed: Mapping[str, str] | None = None
    ) -> dict[Target, Code]:
        """Of `targets`, with `changed` file texts by path. Raises DoesNotCompile."""
        wanted = list(targets)
        selection: dict[str, dict[str, list[str]]] = {}
        for target in wanted:
            outputs = ["evm.bytecode.object", "evm.deployedBytecode.object"]
            selection.setdefault(target.path, {})[target.name] = outputs
        answer = self._ask(self._sources(selection, changed or {}), selection, pipeline)
        found = {target: answer["contracts"][target.path][target.name]["evm"] for target in wanted}
        return {
            target: Code(evm["bytecode"]["object"], evm["deployedBytecode"]["object"]) for target, evm in found.items()
        }

    def _sources(self, paths: Iterable[str], changed: Mapping[str, str] | None = None) -> dict[str, dict[str, str]]:
        texts = {path: (self._tree / path).read_text() for path in paths} | dict(changed or {})
        return {path: {"content": text} for path, text in texts.items()}

    def _ask(self, sources: dict[str, Any], selection: dict[str, Any], pipeline: Pipeline) -> dict[str, Any]:
        request = {
            "language": "Solidity",
            "sources": sources,
            "settings": {
                "remappings": self._forge["remappings"],
                "viaIR": pipeline.via_ir,
                "evmVersion": self._forge["evm_version"],
                "optimizer": {"enabled": pipeline.optimizer, "runs": self._forge["optimizer_runs"]},
                "metadata": {"bytecodeHash": self._forge["bytecode_hash"]},
                "outputSelection": selection,
            },
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        errors = [error["formattedMessage"] for error in answer.get("errors", ()) if error["severity"] == "error"]
        if errors:
            raise DoesNotCompile(errors[0])
        return answer
