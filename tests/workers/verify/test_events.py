"""The events known to the verifier are those that the contracts declare."""

import re
from functools import cache

import pytest

from covey.verify import custody
from covey.verify.alliance import events as alliance
from covey.verify.events import PARAMS, ArenaEvent
from covey.verify.kinds import topic_of
from covey.verify.records import KINDS
from tests.workers.verify.world import ROOT

SOURCES = {
    "arena": ("IArena.sol", {"Params": PARAMS, "Shard": "(bytes32,bytes32,bytes32)", "Cause": "uint8"}),
    "alliance": (
        "IAlliance.sol",
        {
            "Params": alliance.PARAMS,
            "Terms": alliance.TERMS,
            "Update": alliance.UPDATE,
            "Result": alliance.RESULT,
            "Vote": alliance.VOTE,
            "Conclusion": alliance.CONCLUSION,
            "Outcome": "uint8",
            "Verdict": "uint8",
            "Cause": "uint8",
        },
    ),
    "vault": ("IStakeVault.sol", {}),
    "ledger": ("ILedger.sol", {}),
}
ENGINES = {"arena": ArenaEvent, "alliance": alliance.AllianceEvent}
ENUMS = {"Outcome": alliance.Outcome, "Verdict": alliance.Verdict, "Cause": alliance.Cause}


@cache
def source_of(contract: str) -> str:
    return (ROOT / "contracts/interfaces" / SOURCES[contract][0]).read_text()


def declared(contract: str) -> dict[str, list[tuple[str, bool]]]:
    """Parameter types of each event in the Solidity source, and which are indexed."""
    events = {}
    for name, body in re.findall(r"event (\w+)\(([^)]*)\)", source_of(contract)):
        parameters = [parameter.split() for parameter in body.split(",")]
        events[name] = [(abi_type(contract, words[0]), "indexed" in words) for words in parameters]
    return events


def abi_type(contract: str, name: str) -> str:
    plain = name.removesuffix("[]")
    return SOURCES[contract][1].get(plain, plain) + name.removeprefix(plain)


@pytest.mark.parametrize("contract", SOURCES)
def test_events_are_declared_so(contract: str) -> None:
    found = declared(contract)
    for kind in KINDS[contract].values():
        assert found[kind.name] == list(zip(kind.parameters, kind.indexed, strict=True)), kind.name


@pytest.mark.parametrize("contract", ENGINES)
def test_every_event_of_an_engine_is_known(contract: str) -> None:
    assert {kind.name for kind in KINDS[contract].values()} == set(declared(contract))
    assert {kind.make for kind in KINDS[contract].values()} == set(ENGINES[contract].__args__)


def test_custody_and_token_are_known() -> None:
    assert topic_of(custody.Transfer) in KINDS["token"]
    assert topic_of(custody.Staked) in KINDS["vault"]
    assert topic_of(custody.Charged) in KINDS["ledger"]


@pytest.mark.parametrize(
    ("contract", "struct"),
    [(contract, name) for contract, (_, structs) in SOURCES.items() for name, kind in structs.items() if "(" in kind],
)
def test_structs_have_the_fields_of_the_source(contract: str, struct: str) -> None:
    body = re.search(rf"struct {struct} \{{(.*?)\}}", source_of(contract), re.DOTALL)
    assert body is not None
    fields = [abi_type(contract, line.split()[0]) for line in body[1].split(";") if line.strip()]
    assert f"({','.join(fields)})" == SOURCES[contract][1][struct]


@pytest.mark.parametrize("name", ENUMS)
def test_enumerations_have_the_numbers_of_the_source(name: str) -> None:
    body = re.search(rf"enum {name} \{{(.*?)\}}", source_of("alliance"), re.DOTALL)
    assert body is not None
    members = re.findall(r"[A-Z]\w*", body[1])
    assert [re.sub(r"\B([A-Z])", r"_\1", member).upper() for member in members] == [one.name for one in ENUMS[name]]
