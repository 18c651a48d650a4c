"""Encoding and decoding agree with web3's, and nothing that a node may send breaks them."""

from dataclasses import dataclass
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from covey.chain import BadArgument, Codebook, Contract, ContractError, Interface, Log, artefacts
from covey.chain.abi import encode_arguments
from covey.chain.wire import Malformed

ADDRESS = Web3.to_checksum_address("0x" + "ab" * 20)
UINT = {"type": "uint256"}
POINT = [{"name": "x", **UINT}, {"name": "owner", "type": "address"}]
ABI: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "store",
        "inputs": [
            {"name": "points", "type": "tuple[2][]", "components": POINT},
            {"name": "pair", "type": "tuple", "components": [{"name": "p", "type": "tuple", "components": POINT}]},
            {"name": "data", "type": "bytes"},
        ],
        "outputs": [
            {"name": "points", "type": "tuple[2][]", "components": POINT},
            {"name": "owners", "type": "address[]"},
        ],
    },
    {"type": "function", "name": "claim", "inputs": [], "outputs": []},
    {"type": "function", "name": "claim", "inputs": [{"name": "amount", **UINT}], "outputs": [{"name": "", **UINT}]},
    {
        "type": "event",
        "name": "Stored",
        "inputs": [
            {"name": "id", "type": "uint256", "indexed": True},
            {"name": "owner", "type": "address", "indexed": True},
            {"name": "label", "type": "string", "indexed": True},
            {"name": "point", "type": "tuple", "indexed": False, "components": POINT},
            {"name": "note", "type": "string", "indexed": False},
        ],
    },
    {"type": "error", "name": "TooSmall", "inputs": [{"name": "got", **UINT}, {"name": "who", "type": "address"}]},
]
INTERFACE = Interface("Store", ABI)
CODEBOOK = Codebook([INTERFACE], {"TooSmall": "send more"})
ORACLE = Web3().eth.contract(address=ADDRESS, abi=ABI)


@dataclass
class Point:
    x: int
    owner: str


def test_calls_are_encoded_as_web3_does() -> None:
    points = [[(1, ADDRESS), (2, ADDRESS)], [(3, ADDRESS), (4, ADDRESS)]]
    expected = ORACLE.encode_abi("store", [points, ((5, ADDRESS),), b"\1\2"])
    by_mapping = [[{"x": x, "owner": owner} for x, owner in pair] for pair in points]
    by_dataclass = [[Point(*item) for item in pair] for pair in points]
    contract = Contract(ADDRESS, INTERFACE)
    for argument in (points, by_mapping, by_dataclass):
        call = contract.call("store", argument, {"p": Point(5, ADDRESS)}, b"\1\2")
        assert "0x" + call.data.hex() == expected


def test_overloads_are_told_apart_by_their_number_of_arguments() -> None:
    contract = Contract(ADDRESS, INTERFACE)
    assert contract.call("claim").data == keccak(b"claim()")[:4]
    assert contract.call("claim", 7).data[:4] == keccak(b"claim(uint256)")[:4]


def test_results_have_names_and_checksums() -> None:
    call = Contract(ADDRESS, INTERFACE).call("store", [], ((0, ADDRESS),), b"")
    data = encode(
        ["(uint256,address)[2][]", "address[]"], [[((1, ADDRESS.lower()), (2, ADDRESS.lower()))], [ADDRESS.lower()]]
    )
    assert call.result(data) == (
        (({"x": 1, "owner": ADDRESS}, {"x": 2, "owner": ADDRESS}),),
        (ADDRESS,),
    )
    assert Contract(ADDRESS, INTERFACE).call("claim").result(b"") is None
    assert Contract(ADDRESS, INTERFACE).call("claim", 1).result(encode(["uint256"], [9])) == 9


@pytest.mark.parametrize(
    "arguments",
    [
        ([[(1, ADDRESS)]], ((5, ADDRESS),), b""),
        ([[(1, ADDRESS, 3), (1, ADDRESS)]], ((5, ADDRESS),), b""),
        ([], ((2**256, ADDRESS),), b""),
        ([], ({"x": 1, "holder": ADDRESS},), b""),
        ([], {"p": {"x": 1}}, b""),
        ([], ((5, "nobody"),), b""),
        ([], ((5, ADDRESS),), "text"),
        (None, None, None),
    ],
)
def test_what_does_not_fit_is_the_callers_fault(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(BadArgument, match="store"):
        Contract(ADDRESS, INTERFACE).call("store", *arguments)


@pytest.mark.parametrize("value", [b"", bytes(31), bytes(33), "text"])
def test_a_word_of_another_length_is_not_padded(value: bytes | str) -> None:
    claim = {"type": "function", "name": "claim", "inputs": [{"name": "key", "type": "bytes32"}], "outputs": []}
    with pytest.raises(BadArgument, match="claim"):
        Contract(ADDRESS, Interface("Box", [claim])).call("claim", value)


def test_unknown_functions_and_events() -> None:
    with pytest.raises(BadArgument, match="no function missing of 0"):
        Contract(ADDRESS, INTERFACE).call("missing")
    with pytest.raises(BadArgument, match="no function claim of 2"):
        Contract(ADDRESS, INTERFACE).call("claim", 1, 2)
    with pytest.raises(BadArgument, match="event Missing"):
        CODEBOOK.topics(["Stored", "Missing"])


def log(topics: list[bytes], data: bytes) -> Log:
    return Log(ADDRESS, tuple(topics), data, 7, bytes(32), bytes(32), 0)


SIGNATURE = keccak(b"Stored(uint256,address,string,(uint256,address),string)")
TOPICS = [SIGNATURE, (5).to_bytes(32), bytes.fromhex(ADDRESS[2:]).rjust(32, b"\0"), keccak(b"label")]
DATA = encode(["(uint256,address)", "string"], [(1, ADDRESS), "note"])


def test_events() -> None:
    record = CODEBOOK.record(log(TOPICS, DATA))
    assert record is not None
    assert record.name == "Stored"
    assert record.arguments == {
        "id": 5,
        "owner": ADDRESS,
        "label": keccak(b"label"),
        "point": {"x": 1, "owner": ADDRESS},
        "note": "note",
    }
    assert CODEBOOK.topics(["Stored"]) == (SIGNATURE,)
    assert CODEBOOK.record(log([], DATA)) is None
    assert CODEBOOK.record(log([keccak(b"Other()")], b"")) is None
    assert CODEBOOK.record(log(TOPICS[:2], DATA)) is None, "other indexed parameters: another event"


LENGTH = len(DATA) - 64  # where the length of the note stands


@pytest.mark.parametrize(
    "data",
    [
        b"",
        DATA[:-1],
        b"\xff" * 128,
        DATA[:-1] + b"\1",
        *(DATA[:LENGTH] + length.to_bytes(32) + DATA[-32:] for length in (33, 2**62, 2**63, 2**64, 2**256 - 1)),
    ],
)
def test_events_that_do_not_fit_are_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        CODEBOOK.record(log(TOPICS, data))


def test_nobody_can_log_a_text_that_stops_its_readers() -> None:
    record = CODEBOOK.record(log(TOPICS, DATA[:-32] + b"a\xff\xfe\n".ljust(32, b"\0")))
    assert record is not None
    assert record.arguments["note"] == "a\udcff\udcfe\n"
    texts = {"type": "function", "name": "texts", "inputs": [], "outputs": [{"name": "", "type": "string[]"}]}
    call = Contract(ADDRESS, Interface("Texts", [texts])).call("texts")
    assert call.result(encode(["bytes[]"], [[b"\xff", b"ok"]])) == ("\udcff", "ok")
    assert str(CODEBOOK.error(keccak(b"Error(string)")[:4] + encode(["bytes"], [b"\xc0"]))) == "Error(reason=\\udcc0)"


def test_errors() -> None:
    error = CODEBOOK.error(keccak(b"TooSmall(uint256,address)")[:4] + encode(["uint256", "address"], [3, ADDRESS]))
    assert (error.name, error.arguments, error.hint) == ("TooSmall", {"got": 3, "who": ADDRESS}, "send more")
    assert str(error) == f"TooSmall(got=3, who={ADDRESS}): send more"
    assert str(CODEBOOK.error(keccak(b"Error(string)")[:4] + encode(["string"], ["no"]))) == "Error(reason=no)"
    assert CODEBOOK.error(keccak(b"Panic(uint256)")[:4] + encode(["uint256"], [17])).arguments == {"code": 17}
    assert CODEBOOK.error(b"").name == "Unknown"
    assert str(CODEBOOK.error(b"\1\2\3\4")) == "Unknown(data=0x01020304)"


@given(st.sampled_from([b"", keccak(b"Error(string)")[:4], keccak(b"TooSmall(uint256,address)")[:4]]), st.binary())
def test_any_revert_is_some_error(selector: bytes, body: bytes) -> None:
    assert isinstance(CODEBOOK.error(selector + body), ContractError)


@given(st.binary(max_size=400))
def test_any_log_is_decoded_or_malformed(data: bytes) -> None:
    try:
        record = CODEBOOK.record(log(TOPICS, data))
    except Malformed:
        return
    assert record is not None


def test_every_function_and_event_of_covey_has_the_signature_that_web3_finds() -> None:
    for name in artefacts.CONTRACTS:
        artefact = artefacts.load(name)
        oracle = Web3().eth.contract(abi=artefact.abi)
        ours = {element.signature for overloads in artefact.interface.functions.values() for element in overloads}
        assert ours == {function.signature for function in oracle.all_functions()}
        assert {event.signature for event in artefact.interface.events} == {
            event.signature for event in oracle.all_events()
        }


def test_constructor_arguments() -> None:
    constructor = artefacts.load("CoveyToken").interface.constructor
    assert encode_arguments(constructor, (ADDRESS, 5)) == encode(["address", "uint96"], [ADDRESS, 5])
