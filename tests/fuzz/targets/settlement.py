"""Whole tasks, up to the verdict: the verifier has one on any bundle, however forged, and on any node's answers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any, Final
from unittest.mock import patch
from urllib.request import Request

from covey.verify.abi import words
from covey.verify.alliance.export import export_alliance
from covey.verify.bundle import AllianceBundle, TaskBundle, read_bundle, seal, write_bundle
from covey.verify.check import verify
from covey.verify.export import export
from covey.verify.keccak import keccak256
from covey.verify.rpc import Node, NodeError
from covey.verify.strict import BundleError
from tests.fuzz import mutation
from tests.fuzz.target import Target


def _verify(data: bytes) -> None:
    """A bundle whose digest is right, as its forger would see to."""
    verify(seal(read_bundle(data)))


_ALLIANCES: Final = 8


@cache
def _tasks() -> tuple[TaskBundle, ...]:
    """Tasks that were played on a chain: first the Arena's, last the Alliance's."""
    from covey.localnet import Localnet
    from tests.workers.verify.alliances import LOCALNET, Season
    from tests.workers.verify.stories import STORIES
    from tests.workers.verify.world import World, build

    build()
    with Localnet() as net:
        world = World(net.url)
        played = [STORIES[name](world) for name in ("none_opened", "data_invalid")]
        arenas = [export(Node(net.url), world.arena.address.lower(), run.task) for run in played]
    with Localnet(settings=LOCALNET) as net:
        season = Season(net)
        alliances = sorted(season.play(_ALLIANCES), key=lambda bundle: -len(bundle.logs))
        return (*arenas, *alliances[:2], season.play_silence())


def _alter_bundle(data: bytes, random: Random) -> bytes:
    """Alters words of some logs, or leaves logs out, doubles or moves them; else any part of the document."""
    try:
        bundle = read_bundle(data)
    except BundleError:
        return mutation.alter_json(data, random)
    logs = list(bundle.logs)
    for _ in range(random.randint(1, 4) if logs else 0):
        place = random.randrange(len(logs))
        log = logs[place]
        match random.randrange(8):
            case 0 if len(logs) > 1:
                del logs[place]
            case 1:
                where = {"block": log.block, "index": log.index, "transaction": log.transaction}
                logs[place] = replace(random.choice(logs), **where)
            case 2 | 3 if log.topics:
                topics = list(log.topics)
                topics[random.randrange(len(topics))] = random.choice([t for one in logs for t in one.topics])
                logs[place] = replace(log, topics=tuple(topics))
            case 4:
                return mutation.alter_json(data, random)
            case _:
                logs[place] = replace(log, data=mutation.alter_words(log.data, random))
    return write_bundle(replace(bundle, logs=tuple(logs)))


_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")


class _ForgedNode:
    """A node by what it would answer, in place of urllib: views by their selector, blocks and logs."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def open(self, request: Request, timeout: float) -> io.BytesIO:
        assert isinstance(request.data, bytes)
        asked = json.loads(request.data)
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": self._result(asked["method"], asked["params"])}
        return io.BytesIO(json.dumps(answer).encode())

    def _result(self, method: str, params: list[Any]) -> Any:
        known = self._answers.get(method)
        match method:
            case "eth_call" if isinstance(known, dict):
                return known.get(params[0]["data"][:10])
            case "eth_getBlockByNumber" if isinstance(known, dict):
                return known.get(params[0])
            case "eth_getLogs" if isinstance(known, list):
                return [log for log in known if _is_asked_for(log, params[0])]
            case _:
                return known


def _is_asked_for(log: Any, wanted: Mapping[str, Any]) -> bool:
    """As a node selects logs; what is none it gives to everybody."""
    if not isinstance(log, dict) or not isinstance(log.get("topics"), list) or log.get("address") != wanted["address"]:
        return not isinstance(log, dict)
    pairs = zip(log["topics"], wanted["topics"], strict=False)
    return len(log["topics"]) >= len(wanted["topics"]) and all(some is None or topic in some for topic, some in pairs)


def _export(data: bytes) -> None:
    """What to ask about is no part of the answers, but stands beside them."""
    try:
        answers = json.loads(data)
        exported = {"arena": export, "alliance": export_alliance}[answers["engine"]]
        contract, task = answers["contract"], answers["task"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return
    if isinstance(contract, str) and _ADDRESS.fullmatch(contract) and type(task) is int and 0 <= task < 2**256:
        with patch("covey.verify.rpc.opener", lambda: _ForgedNode(answers)):
            verify(exported(Node("http://node"), contract, task))


def _views(bundle: TaskBundle) -> dict[str, str | int]:
    """What the contracts answer."""
    contracts = bundle.contracts
    views: dict[str, str | int] = {"ledger()": contracts.ledger, "token()": contracts.token}
    if isinstance(bundle, AllianceBundle):
        return views
    clock = bundle.clock
    return views | {
        "vault()": bundle.contracts.vault,
        "unbonding()": clock.unbonding,
        "maturityOf(uint24)": clock.genesis + clock.unbonding,
        "epochLength()": clock.epoch_length,
    }


def _answers_about(bundle: TaskBundle) -> bytes:
    engine = "alliance" if isinstance(bundle, AllianceBundle) else "arena"
    blocks = {block.number: block for block in bundle.blocks}
    hashes = {number: "0x" + block.hash.hex() for number, block in blocks.items()} | {bundle.last: "0x" + "ee" * 32}
    return json.dumps(
        {
            "engine": engine,
            "contract": getattr(bundle.contracts, engine),
            "task": bundle.task,
            "eth_chainId": hex(bundle.chain_id),
            "eth_blockNumber": hex(bundle.last),
            "eth_call": {
                "0x" + keccak256(name.encode())[:4].hex(): "0x" + words(value).hex()
                for name, value in _views(bundle).items()
            },
            "eth_getBlockByNumber": {
                hex(number): {
                    "number": hex(number),
                    "hash": hash_,
                    "timestamp": hex(blocks[number].timestamp if number in blocks else 0),
                }
                for number, hash_ in hashes.items()
            },
            "eth_getLogs": [
                {
                    "address": log.address,
                    "topics": ["0x" + topic.hex() for topic in log.topics],
                    "data": "0x" + log.data.hex(),
                    "blockNumber": hex(log.block),
                    "blockHash": hashes[log.block],
                    "transactionHash": "0x" + log.transaction.hex(),
                    "logIndex": hex(log.index),
                }
                for log in bundle.logs
            ],
        }
    ).encode()


TARGETS = (
    Target(
        "settlement",
        _verify,
        lambda: [write_bundle(task) for task in _tasks()],
        (BundleError,),
        mutate=_alter_bundle,
        max_size=2**17,
        cost=20,
    ),
    Target(
        "export",
        _export,
        lambda: [_answers_about(_tasks()[0]), _answers_about(_tasks()[-1])],
        (NodeError,),
        mutate=mutation.either(mutation.alter_json, mutation.alter_json, mutation.alter_bytes),
        max_size=2**17,
        cost=20,
    ),
)
