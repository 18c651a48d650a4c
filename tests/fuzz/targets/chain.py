"""What nodes answer and what contracts say, as workers read it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, ClassVar, Final
from unittest.mock import patch

from eth_utils.address import to_checksum_address

from covey.chain import artefacts, queries
from covey.chain.abi import Codebook, Element, decode_arguments, decode_result, encode_arguments
from covey.chain.deployment import Addresses, Deployment, DeploymentError, Parameters
from covey.chain.errors import ChainError
from covey.chain.queries import Query
from covey.chain.rpc import Rpc, RpcPolicy
from covey.chain.wire import Malformed
from tests.fuzz import files, mutation
from tests.fuzz.target import Target

ADDRESS: Final = to_checksum_address("0x" + "ab" * 20)
WORD: Final = 32
_CHAIN: Final = 31337


@cache
def codebook() -> Codebook:
    return artefacts.codebook()


@cache
def functions() -> tuple[Element, ...]:
    """Of all contracts."""
    interfaces = (artefacts.load(name).interface for name in artefacts.CONTRACTS)
    return tuple(one for interface in interfaces for same in interface.functions.values() for one in same)


def sample(parameter: dict[str, Any], items: int = 2) -> Any:
    """A value of a parameter; `items` is how long arrays are."""
    kind: str = parameter["type"]
    if kind.endswith("]"):
        base, _, length = kind[:-1].rpartition("[")
        return [sample({**parameter, "type": base}, items) for _ in range(int(length or items))]
    match kind:
        case "tuple":
            return tuple(sample(part, items) for part in parameter["components"])
        case "string":
            return "text"
        case "bytes":
            return b"bytes"
        case "address":
            return ADDRESS
        case "bool":
            return True
        case _ if kind.startswith("bytes"):
            return b"\1" * int(kind.removeprefix("bytes"))
    return 7


def encoded(parameters: tuple[dict[str, Any], ...]) -> bytes:
    """Sample values."""
    return encode_arguments(Element("", parameters, ()), [sample(parameter) for parameter in parameters])


def _picked(data: bytes) -> tuple[Element, bytes]:
    """The function that the first two bytes choose, and the rest."""
    return functions()[int.from_bytes(data[:2]) % len(functions())], data[2:]


def _read_call(data: bytes) -> None:
    """As arguments, and as a result; each may be Malformed alone."""
    element, body = _picked(data)
    for decode in (decode_arguments, decode_result):
        with suppress(Malformed):
            decode(element, body)


def _calls() -> list[bytes]:
    numbered = [(number.to_bytes(2), element) for number, element in enumerate(functions())]
    return [
        number + encoded(parameters)
        for number, element in numbered
        for parameters in (element.inputs, element.outputs)
        if parameters
    ]


def _call_extremes() -> list[bytes]:
    """Every pointer to one place, every length as large as it can be."""
    arrays = [
        number.to_bytes(2)
        for number, element in enumerate(functions())
        if any("[]" in p["type"] or p["type"] in ("bytes", "string") for p in (*element.inputs, *element.outputs))
    ]
    word = WORD.to_bytes(WORD)
    return [number + word * 4_000 for number in arrays] + [number + b"\xff" * 4_096 for number in arrays]


def _read_revert(data: bytes) -> None:
    str(codebook().error(data))


def _reverts() -> list[bytes]:
    interfaces = [artefacts.load(name).interface for name in artefacts.CONTRACTS]
    errors = [error.digest[:4] + encoded(error.inputs) for one in interfaces for error in one.errors]
    reason = Element("Error", ({"name": "", "type": "string"},), ())
    return [*errors, reason.digest[:4] + encoded(reason.inputs)]


_HEAD: Final = {
    "number": "0x1",
    "hash": "0x" + "11" * WORD,
    "parentHash": "0x" + "00" * WORD,
    "timestamp": "0x6553f100",
    "gasLimit": "0x1c9c380",
    "baseFeePerGas": "0x3b9aca00",
}
_LOG: Final = {
    "address": ADDRESS,
    "topics": ["0x" + "22" * WORD],
    "data": "0x00ff",
    "blockNumber": "0x1",
    "blockHash": "0x" + "11" * WORD,
    "transactionHash": "0x" + "33" * WORD,
    "transactionIndex": "0x0",
    "logIndex": "0x0",
    "removed": False,
}
_RECEIPT: Final = {
    "transactionHash": "0x" + "33" * WORD,
    "blockNumber": "0x1",
    "blockHash": "0x" + "11" * WORD,
    "status": "0x1",
    "gasUsed": "0x5208",
    "effectiveGasPrice": "0x3b9aca00",
    "contractAddress": None,
    "logs": [_LOG],
}
_REFUSAL: Final = {"code": 3, "message": "execution reverted", "data": {"result": "0x08c379a0"}}
RESULTS: Final = (_HEAD, [_LOG], _RECEIPT, "0x00ff", "0x7")
"""What a node answers to a block, logs, a receipt, a call, a number."""


def _batch() -> list[Query[Any]]:
    call = queries.Message(None, b"")
    return [
        queries.block(1),
        queries.logs(1, 1, []),
        queries.receipt(bytes(WORD)),
        queries.call(call),
        queries.nonce(ADDRESS, "latest"),
    ]


class _Canned:
    """A server whose answer is known before it is asked, in place of `covey.web.Server`: HTTP is fuzzed on its own."""

    status = 200
    answers: ClassVar[list[bytes]] = []

    def __init__(self, *_: object, **__: object) -> None:
        pass

    @contextmanager
    def ask(self, *_: object, **__: object) -> Iterator[_Canned]:
        yield self

    def stream(self) -> Iterator[bytes]:
        yield self.answers.pop(0)


def _read_answers(data: bytes) -> None:
    _Canned.answers = [answer(1, hex(_CHAIN)), data]
    with patch("covey.chain.rpc.Server", _Canned):
        rpc = Rpc(["http://node"], chain_id=_CHAIN, policy=RpcPolicy(rounds=1))
        rpc.try_each(_batch())


def answer(id_: int, result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id_, "result": result}).encode()


def _answers() -> list[bytes]:
    right = [{"jsonrpc": "2.0", "id": 2 + place, "result": result} for place, result in enumerate(RESULTS)]
    refused = [{"jsonrpc": "2.0", "id": 2 + place, "error": _REFUSAL} for place in range(len(RESULTS))]
    return [json.dumps(one).encode() for one in (right, refused, refused[0], {"error": _REFUSAL})]


def answer_extremes() -> list[bytes]:
    """As large as an answer may be, of what takes the most memory for its size; then, of what takes the most stack."""
    policy = RpcPolicy()
    size = policy.max_response - 2
    dense = (b"[],", b"[[]],", b"{},", b'{"":0},', b'"ab",', b"1.5,")
    many = [
        b"[" + one * min(size // len(one), policy.max_values // sum(map(one.count, b",[{")) - 1) + b"0]"
        for one in dense
    ]
    deep = b'{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"","data":' + b'{"data":' * 940 + b'""' + b"}" * 942
    return [
        *many,
        bytes(size),
        b"[" * size,
        b'{"jsonrpc":"2.0","id":2,"result":"0x' + b"00" * (size // 2 - 20) + b'"}',
        b'{"jsonrpc":"2.0","id":2,"result":"' + "\U0001f600".encode() * (size // 4 - 20) + b'"}',
        b'{"jsonrpc":"2.0","id":2,"result":' + b"9" * 2**20 + b"}",
        deep,
    ]


def _read_deployment(data: bytes) -> None:
    Deployment.load(files.holding(data))


def _deployments() -> list[bytes]:
    fixed = Addresses.model_validate(
        dict.fromkeys(("token", "vault", "ledger", "arena", "alliance"), ADDRESS) | {"modules": {"Tasks": ADDRESS}}
    )
    written = Deployment(
        chain_id=_CHAIN,
        block=1,
        block_hash="11" * WORD,
        addresses=fixed,
        parameters=Parameters(unbonding=5, min_phase=5),
        abi_digest=artefacts.abi_digest(),
    )
    return [json.dumps(written.model_dump(), indent=2).encode()]


_BY_WORDS = mutation.either(mutation.alter_words, mutation.alter_words, mutation.alter_bytes)
_BY_JSON = mutation.either(mutation.alter_json, mutation.alter_bytes)

TARGETS = (
    Target("call", _read_call, _calls, (), _call_extremes, _BY_WORDS),
    Target("revert", _read_revert, _reverts, (), mutate=_BY_WORDS),
    Target("rpc-answer", _read_answers, _answers, (ChainError,), answer_extremes, _BY_JSON),
    Target(
        "deployment-file",
        _read_deployment,
        _deployments,
        (DeploymentError,),
        lambda: [b"[" * 65_536, b'{"addresses":{"modules":{' + b'"":"",' * 9_000 + b'"":""}}}'],
        _BY_JSON,
    ),
)
