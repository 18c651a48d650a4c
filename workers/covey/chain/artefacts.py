"""The compiled contracts that ship with the package: interfaces, and code to deploy without a compiler.

tools/export_abi.py writes them.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from covey.chain.abi import Codebook, Interface
from covey.chain.hints import HINTS

ENGINES = {
    "Arena": ("Tasks", "Enrolment", "Handles", "Scoring", "Settlement", "Conclusion"),
    "Alliance": ("Membership", "Rounds", "Settling"),
}
"""The contracts that run tasks, and each one's code, in the order of its constructor."""

MODULES = tuple(module for modules in ENGINES.values() for module in modules)

CONTRACTS = ("CoveyToken", "StakeVault", "Ledger", *ENGINES, *MODULES)


@dataclass(frozen=True)
class Artefact:
    """One compiled contract. `bytecode` deploys it once the constructor's arguments are appended."""

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes

    @property
    def interface(self) -> Interface:
        return Interface(self.name, self.abi)


@cache
def load(name: str) -> Artefact:
    """One of CONTRACTS."""
    document = json.loads(files("covey.chain").joinpath("abi", f"{name}.json").read_text())
    return Artefact(name, tuple(document["abi"]), bytes.fromhex(document["bytecode"].removeprefix("0x")))


@cache
def codebook() -> Codebook:
    """What every contract's events and errors mean."""
    return Codebook([load(name).interface for name in CONTRACTS], HINTS)


def abi_digest(names: Iterable[str] = CONTRACTS) -> str:
    """SHA-256 over the interfaces, in hexadecimal: versions of Covey that agree on it can use the same contracts."""
    abis = {name: load(name).abi for name in names}
    return hashlib.sha256(json.dumps(abis, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
