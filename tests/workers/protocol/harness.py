"""Functions of Solidity code that a call to a real node brings along: nothing is deployed, nothing stays."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from covey.localnet import Localnet, Settings

ROOT = Path(__file__).parents[3]
ARTIFACTS = Path(os.environ.get("FOUNDRY_OUT", ROOT / "build/forge/out"))
SETTINGS = Settings(gas_limit=10**9)
"""Of a node whose calls may do a lot."""

_AT = "0x00000000000000000000000000000000000c0de5"


@dataclass(frozen=True)
class Function:
    """One function of a harness. `codes` are of other addresses that it needs, `now` is the time of its block."""

    net: Localnet
    signature: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    codes: Mapping[str, str]

    @classmethod
    def of(cls, net: Localnet, source: str, name: str, beside: Mapping[str, str] | None = None) -> Self:
        """`name` of the contract in tests/forge that is called as its file, `beside` sources by their address."""
        built = artifact(f"tests/forge/{source}")
        (function,) = (entry for entry in built["abi"] if entry.get("name") == name)
        inputs, outputs = (tuple(map(_abi_type, function[side])) for side in ("inputs", "outputs"))
        codes = {at: _code(artifact(other)) for at, other in (beside or {}).items()}
        return cls(net, f"{name}({','.join(inputs)})", inputs, outputs, {_AT: _code(built), **codes})

    def __call__(self, *arguments: object, now: int | None = None) -> tuple[Any, ...]:
        """What it returns. Raises NodeFailed where it reverts."""
        data = keccak(self.signature.encode())[:4] + encode(self.inputs, arguments)
        call = {"to": _AT, "data": "0x" + data.hex(), "gas": hex(SETTINGS.gas_limit)}
        codes = {at: {"code": code} for at, code in self.codes.items()}
        block = {} if now is None else {"time": hex(now)}
        answer = str(self.net.rpc("eth_call", call, "latest", codes, block))
        return decode(self.outputs, bytes.fromhex(answer[2:]))


def artifact(source: str) -> dict[str, Any]:
    """Of the contract that is called as its file, compiled if it is not yet."""
    subprocess.run([ROOT / "tools/run", "forge", "build", source], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    path = ARTIFACTS / Path(source).name / f"{Path(source).stem}.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _code(built: dict[str, Any]) -> str:
    return str(built["deployedBytecode"]["object"])


def _abi_type(field: dict[str, Any]) -> str:
    kind = str(field["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_abi_type, field['components']))})" + kind.removeprefix("tuple")
