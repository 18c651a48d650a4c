"""What the verifier reads: bundles, and nodes' answers."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final
from unittest.mock import patch

from covey.verify.bundle import (
    AllianceBundle,
    AllianceContracts,
    ArenaBundle,
    ArenaContracts,
    Block,
    Clock,
    Log,
    TaskBundle,
    read_bundle,
    seal,
    write_bundle,
)
from covey.verify.rpc import Filter, Node, NodeError
from covey.verify.strict import BundleError
from tests.fuzz import mutation
from tests.fuzz.target import Target
from tests.fuzz.targets.chain import ADDRESS, RESULTS, answer, answer_extremes

_MIB: Final = 2**20


def _read_bundle(data: bytes) -> None:
    bundle = read_bundle(data)
    assert read_bundle(write_bundle(bundle)) == bundle


def _small() -> tuple[TaskBundle, TaskBundle]:
    """Of the Arena, and of the Alliance."""
    addresses = ["0x" + f"{number:02x}" * 20 for number in (1, 2, 3, 4)]
    common: dict[str, Any] = {
        "chain_id": 31337,
        "task": 1,
        "first": 1,
        "last": 9,
        "blocks": (Block(5, b"h" * 32, 1_700_000_000),),
        "logs": (Log(addresses[0], (bytes(32),), b"data", 5, b"t" * 32, 0),),
    }
    arena = ArenaBundle(contracts=ArenaContracts(*addresses), clock=Clock(1, 2, 3), **common)
    return seal(arena), seal(AllianceBundle(contracts=AllianceContracts(*addresses[:3]), **common))


def _seeds() -> list[bytes]:
    return [write_bundle(bundle) for bundle in _small()]


def _bundle_extremes() -> list[bytes]:
    whole = json.loads(write_bundle(_small()[0]))
    log = json.dumps(whole["logs"][0], separators=(",", ":"))
    start = json.dumps(whole | {"logs": []}, separators=(",", ":")).removesuffix("}").replace('"logs":[],', "")
    return [
        b"[" * _MIB,
        (start + ',"logs":[' + ",".join(["[]"] * _MIB) + "]}").encode(),
        (start + ',"logs":[' + ",".join([log] * 20_000) + "]}").encode(),
        (start + ',"logs":[' + log.replace("0x64617461", "0x" + "00" * (64 * 2**10)) + "]}").encode(),
    ]


class _Canned:
    """A node's answer, in place of urllib: HTTP is fuzzed on its own."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, *_: object, **__: object) -> _Canned:
        return self

    def __enter__(self) -> _Canned:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int) -> bytes:
        return self._content[:size]


def _read_answer(data: bytes) -> None:
    """The same answer to every question; each may fail alone."""
    with patch("covey.verify.rpc.opener", lambda: _Canned(data)):
        for ask in (
            lambda node: node.head(),
            lambda node: node.block(1),
            lambda node: node.call(ADDRESS.lower(), b"", 1),
            lambda node: node.logs(Filter(ADDRESS.lower(), ()), 1, 1),
        ):
            with suppress(NodeError):
                ask(Node("http://node"))


_BY_JSON = mutation.either(mutation.alter_json, mutation.alter_bytes)

TARGETS = (
    Target(
        "bundle",
        _read_bundle,
        lambda: [write_bundle(one) for one in _small()],
        (BundleError,),
        _bundle_extremes,
        _BY_JSON,
    ),
    Target(
        "verifiers-rpc-answer",
        _read_answer,
        lambda: [*(answer(1, result) for result in RESULTS), b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000}}'],
        extremes=lambda: [one.replace(b'"id":2', b'"id":1') for one in answer_extremes()],
        mutate=_BY_JSON,
    ),
)
