"""Counting what a worker asks of the chain."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class RpcCounts:
    """`calls` per JSON-RPC method, each member of a batch counted; `requests` over HTTP; `failures` of them."""

    calls: dict[str, int]
    requests: int
    failures: int

    @property
    def total(self) -> int:
        return sum(self.calls.values())


class RpcMetrics:
    """Counters that threads share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._requests = 0
        self._failures = 0

    def count(self, methods: list[str]) -> None:
        with self._lock:
            self._calls.update(methods)
            self._requests += 1

    def count_failure(self) -> None:
        with self._lock:
            self._failures += 1

    def read(self) -> RpcCounts:
        with self._lock:
            return RpcCounts(dict(self._calls), self._requests, self._failures)
