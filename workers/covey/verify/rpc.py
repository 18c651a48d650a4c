"""A JSON-RPC node, read with urllib alone. What it answers is bounded in size and time and checked for its form."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

from .bundle import MAX_TOPICS, Block, Log
from .strict import MAX_LOG_BYTES, MAX_LOGS
from .transport import opener

_MAX_ANSWER: Final = 16 * 2**20
_MAX_VALUES: Final = 500_000
"""Three bytes of JSON can take a hundred of memory."""

_TRIES: Final = 3
_MAX_REQUESTS: Final = MAX_LOGS + 50_000  # each log may be in a block of its own, which is asked for


class NodeError(Exception):
    """The node can't be reached, refuses, or answers nonsense. The message says which."""


class Refused(NodeError):
    """The node answered with an error, or with more than is read; a smaller question may succeed."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which logs to ask for; each topic is a list of alternatives, or None for any."""

    address: str
    topics: tuple[tuple[bytes, ...] | None, ...]

    def has(self, log: Log) -> bool:
        """Whether the log is one of those."""
        if log.address != self.address or len(log.topics) < len(self.topics):
            return False
        return all(some is None or topic in some for topic, some in zip(log.topics, self.topics, strict=False))


class Node:
    """A node by its HTTP address; `timeout` in seconds to connect, and again for the whole answer."""

    def __init__(self, url: str, timeout: float = 20.0) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise NodeError(f"{url!r} is no address of a node: use http://… or https://…")
        self._url = url
        self._timeout = timeout
        self._opener = opener()
        self._requests = 0

    def chain_id(self) -> int:
        return _number(self._ask("eth_chainId", []), "chain id")

    def head(self) -> int:
        """Number of the newest block."""
        return _number(self._ask("eth_blockNumber", []), "block number")

    def block(self, number: int) -> Block:
        """Hash and timestamp of a block."""
        answer = self._ask("eth_getBlockByNumber", [hex(number), False])
        if not isinstance(answer, dict) or _number(answer.get("number"), "block number") != number:
            raise NodeError(f"the node has no block {number}")
        timestamp = _number(answer.get("timestamp"), "timestamp")
        return Block(number, _bytes(answer.get("hash"), "block hash", 32), timestamp)

    def call(self, to: str, data: bytes, block: int) -> bytes:
        """What a view function returns."""
        answer = self._ask("eth_call", [{"to": to, "data": "0x" + data.hex()}, hex(block)])
        return _bytes(answer, "result of a call", None)

    def logs(self, wanted: Filter, first: int, last: int) -> list[tuple[Log, bytes]]:
        """All logs of blocks `first` to `last`, each with its block's hash. A range that the node refuses is halved."""
        found: list[tuple[Log, bytes]] = []
        size = last - first + 1
        while first <= last:
            try:
                found += self._page(wanted, first, min(first + size - 1, last))
            except Refused:
                if size == 1:
                    raise
                size = max(1, size // 2)
            else:
                first += size
        return found

    def _page(self, wanted: Filter, first: int, last: int) -> list[tuple[Log, bytes]]:
        topics = [None if one is None else ["0x" + topic.hex() for topic in one] for one in wanted.topics]
        where = {"address": wanted.address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        answer = self._ask("eth_getLogs", [where])
        if not isinstance(answer, list):
            raise NodeError("the node answered something that is no list of logs")
        logs = [_log(item) for item in answer]
        for log, _ in logs:
            if not wanted.has(log) or not first <= log.block <= last:
                raise NodeError("the node answered a log that it was not asked for")
        return logs

    def _ask(self, method: str, params: list[object]) -> object:
        self._requests += 1
        if self._requests > _MAX_REQUESTS:
            raise NodeError(f"more than {_MAX_REQUESTS} requests: name a later first block")
        body = json.dumps({"jsonrpc": "2.0", "id": self._requests, "method": method, "params": params}).encode()
        answer = self._post(method, body)
        if not isinstance(answer, dict) or answer.get("id") != self._requests:
            raise NodeError(f"{method}: the node answered something that is no JSON-RPC")
        if "error" in answer or "result" not in answer:
            raise Refused(f"{method}: the node refused: {str(answer.get('error'))[:300]!r}")
        return answer["result"]

    def _post(self, method: str, body: bytes) -> object:
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        for left in reversed(range(_TRIES)):
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    content = response.read(_MAX_ANSWER + 1)
                break
            except urllib.error.HTTPError as error:
                raise Refused(f"{method}: the node answered with HTTP status {error.code}") from error
            except TimeoutError as error:
                raise Refused(f"{method}: the node did not answer within {self._timeout:g} s") from error
            except (OSError, HTTPException) as error:
                if not left:
                    raise NodeError(f"{method}: the node can't be reached: {error}") from error
        if len(content) > _MAX_ANSWER or sum(map(content.count, b",[{")) > _MAX_VALUES:
            raise Refused(f"{method}: the answer has more than {_MAX_ANSWER} bytes, or {_MAX_VALUES} values")
        try:
            answer: object = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise NodeError(f"{method}: the node answered something that is no JSON") from error
        return answer


def _log(item: object) -> tuple[Log, bytes]:
    if not isinstance(item, dict) or item.get("removed"):
        raise NodeError("the node answered something that is no log of the chain: try again")
    topics = item.get("topics")
    if not isinstance(topics, list) or len(topics) > MAX_TOPICS:
        raise NodeError("the node answered a log without topics")
    log = Log(
        address="0x" + _bytes(item.get("address"), "address", 20).hex(),
        topics=tuple(_bytes(topic, "topic", 32) for topic in topics),
        data=_bytes(item.get("data"), "data", None),
        block=_number(item.get("blockNumber"), "block number"),
        transaction=_bytes(item.get("transactionHash"), "transaction hash", 32),
        index=_number(item.get("logIndex"), "log index"),
    )
    return log, _bytes(item.get("blockHash"), "block hash", 32)


def _number(value: object, what: str) -> int:
    if not isinstance(value, str) or not value.startswith("0x") or not 3 <= len(value) <= 66:
        raise NodeError(f"the node answered a {what} that is no number")
    try:
        return int(value, 16)
    except ValueError as error:
        raise NodeError(f"the node answered a {what} that is no number") from error


def _bytes(value: object, what: str, length: int | None) -> bytes:
    most = MAX_LOG_BYTES if length is None else length
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 2 + 2 * most:
        raise NodeError(f"the node answered a {what} that is not 0x and at most {most} bytes")
    try:
        content = bytes.fromhex(value[2:])
    except ValueError as error:
        raise NodeError(f"the node answered a {what} that is not hexadecimal") from error
    if length not in (None, len(content)):
        raise NodeError(f"the node answered a {what} of {len(content)} bytes")
    return content
