"""The events known to the verifier are those that the contracts declare."""

import re

import pytest

from covey.verify.events import KINDS, PARAMS
from tests.workers.verify.world import ROOT

STRUCTS = {"Params": PARAMS, "Shard": "(bytes32,bytes32,bytes32)", "Cause": "uint8"}
SOURCES = {"arena": "IArena.sol", "vault": "IStakeVault.sol", "ledger": "ILedger.sol"}


def declared(contract: str) -> dict[str, list[tuple[str, bool]]]:
    """Parameter types of each event in the Solidity source, and which are indexed."""
    source = (ROOT / "contracts/interfaces" / SOURCES[contract]).read_text()
    events = {}
    for name, body in re.findall(r"event (\w+)\(([^)]*)\)", source):
        parameters = [parameter.split() for parameter in body.split(",")]
        events[name] = [(abi_type(words[0]), "indexed" in words) for words in parameters]
    return events


def abi_type(name: str) -> str:
    plain = name.removesuffix("[]")
    return STRUCTS.get(plain, plain) + name.removeprefix(plain)


@pytest.mark.parametrize("contract", SOURCES)
def test_events_are_declared_so(contract: str) -> None:
    found = declared(contract)
    for kind in KINDS[contract].values():
        assert found[kind.name] == list(zip(kind.parameters, kind.indexed, strict=True)), kind.name


def test_every_event_of_the_arena_is_known() -> None:
    assert {kind.name for kind in KINDS["arena"].values()} == set(declared("arena"))


def test_the_parameters_are_those_of_the_struct() -> None:
    source = (ROOT / "contracts/interfaces/IArena.sol").read_text()
    body = re.search(r"struct Params \{(.*?)\}", source, re.DOTALL)
    assert body is not None
    fields = [line.split()[0] for line in body[1].split(";") if line.strip()]
    assert f"({','.join(fields)})" == PARAMS
