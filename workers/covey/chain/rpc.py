"""JSON-RPC over HTTP to several endpoints that may fail, each in its own way.

An endpoint that fails is left for the next one, which then stays in use. Requests are bounded in time, size and number
of tries. Every answer is checked before it counts, so that an endpoint that answers nonsense is left like one that is
down. No request can do harm twice: what a node may already have received is only ever a read, or the same signed bytes.
None of that can be had from web3's HTTPProvider: covey.chain says why.
"""

import itertools
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError

from covey.chain import queries, wire
from covey.chain.errors import RpcError, RpcGarbage, RpcRefused, RpcTooLarge, RpcUnavailable, WrongChain
from covey.chain.metrics import RpcMetrics
from covey.chain.queries import Query
from covey.web import Server

S = TypeVar("S")
T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RpcPolicy:
    """How patient to be. Times in seconds, sizes in bytes. `timeout` is for a whole answer, to its last byte.

    All endpoints are tried `rounds` times, with a pause between rounds that starts at `pause` and doubles. An answer
    has at most `max_response` bytes and `max_values` values: three bytes of JSON can take a hundred of memory.
    """

    connect_timeout: float = 3.0
    timeout: float = 15.0
    rounds: int = 3
    pause: float = 0.25
    max_response: int = 16 << 20
    max_values: int = 500_000
    max_batch: int = 100


class Rpc:
    """Asks typed queries; fails over. Threads may share it.

    `chain_id` is what every endpoint must serve; None takes the first endpoint's. Raises RpcUnavailable, RpcGarbage or
    WrongChain when no endpoint gives a usable answer, RpcRefused when a node refuses the request.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        policy: RpcPolicy = RpcPolicy(),
        metrics: RpcMetrics | None = None,
    ) -> None:
        if not urls:
            raise RpcUnavailable("no RPC address is set: name at least one, such as http://127.0.0.1:8545")
        self.metrics = metrics or RpcMetrics()
        self._policy = policy
        self._chain_id = chain_id
        self._endpoints = [_Endpoint(url, policy, self.metrics) for url in urls]
        self._current = 0

    @property
    def chain_id(self) -> int:
        """The chain that the endpoints serve."""
        if self._chain_id is None:
            self._chain_id = self._with_failover(lambda endpoint: endpoint.chain_id())
        return self._chain_id

    def require_chain(self, expected: int) -> None:
        """Raises WrongChain."""
        if self.chain_id != expected:
            raise WrongChain("the RPC address", expected, self.chain_id)

    def ask(self, query: Query[T]) -> T:
        return self.ask_each([query])[0]

    def ask_each(self, batch: Sequence[Query[T]]) -> list[T]:
        """The answers of a batch, in order, in as few requests as possible. Raises RpcRefused if one is refused."""
        return [accepted(answer) for answer in self.try_each(batch)]

    def ask_with(self, first: Query[S], others: Sequence[Query[T]]) -> tuple[S, list[T]]:
        """As `ask_each`, for a batch whose first answer is of another type."""
        answer, answers = self.try_with(first, others)
        return accepted(answer), [accepted(answer) for answer in answers]

    def try_each(self, batch: Sequence[Query[T]]) -> list[T | RpcRefused]:
        """As `ask_each`, with each refusal in its place."""
        answers: list[T | RpcRefused] = []
        for start in range(0, len(batch), self._policy.max_batch):
            answers += self._try_batch(batch[start : start + self._policy.max_batch])
        return answers

    def try_with(self, first: Query[S], others: Sequence[Query[T]]) -> tuple[S | RpcRefused, list[T | RpcRefused]]:
        """As `ask_with`, with each refusal in its place."""
        answers: list[Any] = self.try_each([first, *others])
        return answers[0], answers[1:]

    def close(self) -> None:
        for endpoint in self._endpoints:
            endpoint.close()

    def _try_batch(self, batch: Sequence[Query[T]]) -> list[T | RpcRefused]:
        expected = self.chain_id

        def attempt(endpoint: "_Endpoint") -> list[T | RpcRefused]:
            if endpoint.chain_id() != expected:
                raise WrongChain(endpoint.label, expected, endpoint.chain_id())
            return endpoint.try_each(batch)

        return self._with_failover(attempt)

    def _with_failover(self, attempt: Callable[["_Endpoint"], T]) -> T:
        failures: dict[str, RpcError] = {}
        for round_ in range(self._policy.rounds):
            if round_:
                time.sleep(self._policy.pause * 2 ** (round_ - 1))
            for _ in self._endpoints:
                current = self._current
                endpoint = self._endpoints[current]
                try:
                    return attempt(endpoint)
                except RpcError as error:
                    _log.warning("%s", error)
                    self.metrics.count_failure()
                    failures[endpoint.label] = error
                    self._current = (current + 1) % len(self._endpoints)
            if all(isinstance(error, WrongChain | RpcTooLarge) for error in failures.values()):
                break  # patience does not help
        raise _summary(list(failures.values()))


class _Endpoint:
    """One RPC address. `label` names it without what may be an access key."""

    def __init__(self, url: str, policy: RpcPolicy, metrics: RpcMetrics) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError
            self._server = Server(
                url,
                timeout=policy.timeout,
                connect_timeout=policy.connect_timeout,
                headers={"Content-Type": "application/json", "Accept-Encoding": "gzip"},
            )
        except (ValueError, HTTPError):
            raise RpcUnavailable("an RPC address starts with http:// or https:// and names a host") from None
        self.label = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        self._policy = policy
        self._metrics = metrics
        self._ids = itertools.count(1)
        self._chain_id: int | None = None

    def chain_id(self) -> int:
        """What this endpoint serves, asked again after it failed: another node may have taken its place."""
        if self._chain_id is None:
            answer = self.try_each([queries.chain_id()])[0]
            if isinstance(answer, RpcRefused):
                raise RpcUnavailable(f"{self.label} serves nobody: {answer}")
            self._chain_id = answer
        return self._chain_id

    def try_each(self, batch: Sequence[Query[T]]) -> list[T | RpcRefused]:
        """Raises RpcUnavailable, RpcGarbage."""
        try:
            ids = list(itertools.islice(self._ids, len(batch)))
            self._metrics.count([query.method for query in batch])
            answers = self._answers(self._post(_encode(batch, ids)), ids)
            return [self._interpret(query, answers[id_]) for query, id_ in zip(batch, ids, strict=True)]
        except RpcError:
            self._chain_id = None
            raise

    def close(self) -> None:
        self._server.close()

    def _post(self, body: bytes) -> object:
        content = bytearray()
        try:
            with self._server.ask("POST", body=body) as response:
                for piece in response.stream():
                    content += piece
                    if len(content) > self._policy.max_response:
                        raise RpcTooLarge(f"{self.label} answers with more than {self._policy.max_response >> 20} MiB")
        except (HTTPError, OSError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError):
                raise RpcUnavailable(f"{self.label} did not answer within {self._policy.timeout:g} s") from None
            raise RpcUnavailable(f"{self.label} can't be reached ({error}): check that the node runs there") from None
        if sum(map(content.count, b",[{")) > self._policy.max_values:
            raise RpcTooLarge(f"{self.label} answers with more than {self._policy.max_values:,} values")
        if response.status == 429 or response.status >= 500:
            raise RpcUnavailable(f"{self.label} answers HTTP {response.status}: it is overloaded or out of order")
        try:
            parsed: object = json.loads(content)
        except (ValueError, RecursionError):
            if response.status < 300:
                raise self._garbage("what is not JSON") from None
            raise RpcUnavailable(f"{self.label} answers HTTP {response.status}: check address and access") from None
        return parsed

    def _answers(self, document: object, ids: list[int]) -> dict[int, dict[str, object]]:
        """The answer to each id."""
        if isinstance(document, dict) and "error" in document:
            return dict.fromkeys(ids, document)  # also how a node refuses a batch as a whole
        items = document if isinstance(document, list) else [document]
        answers = {item["id"]: item for item in items if isinstance(item, dict) and isinstance(item.get("id"), int)}
        if len(items) != len(ids) or set(answers) != set(ids):
            raise self._garbage("something else than was asked for")
        return answers

    def _interpret(self, query: Query[T], answer: dict[str, object]) -> T | RpcRefused:
        match answer:
            case {"error": {"code": int(code), "message": str(reason), **rest}}:
                return RpcRefused(query.method, code, reason, wire.revert_data(rest.get("data")))
            case {"result": result}:
                try:
                    return query.parse(result)
                except wire.Malformed as error:
                    raise self._garbage(f"{error} to {query.method}") from None
            case _:
                raise self._garbage(f"neither a result nor an error to {query.method}")

    def _garbage(self, what: str) -> RpcGarbage:
        return RpcGarbage(f"{self.label} answers {what}: check that this is the address of an Ethereum node")


def _encode(batch: Sequence[Query[object]], ids: Sequence[int]) -> bytes:
    calls = [
        {"jsonrpc": "2.0", "id": id_, "method": query.method, "params": query.parameters}
        for query, id_ in zip(batch, ids, strict=True)
    ]
    return json.dumps(calls[0] if len(calls) == 1 else calls).encode()


def accepted(answer: T | RpcRefused) -> T:
    """The answer. Raises RpcRefused if it is a refusal."""
    if isinstance(answer, RpcRefused):
        raise answer
    return answer


def _summary(failures: list[RpcError]) -> RpcError:
    """One error for all: of their kind if they agree."""
    if len(failures) == 1:
        return failures[0]
    kinds = {type(failure) for failure in failures}
    if kinds == {WrongChain}:
        return failures[0]
    kind = RpcGarbage if all(issubclass(kind, RpcGarbage) for kind in kinds) else RpcUnavailable
    return kind("no RPC endpoint gave a usable answer: " + "; ".join(map(str, failures)))
