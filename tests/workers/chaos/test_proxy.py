"""Each worker's way to the node: who has trouble, has it alone, and only until it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from covey.chain import queries
from covey.chain.errors import RpcError, RpcGarbage, RpcUnavailable
from covey.chain.rpc import Rpc, RpcPolicy
from covey.chaos.plan import Kind
from covey.chaos.rpc import Proxy
from tests.workers.chain.endpoints import Respond, answers, endpoint

CHAIN = 31_337
ONCE = RpcPolicy(rounds=1, timeout=5)


@contextmanager
def asked(respond: Respond) -> Iterator[tuple[Proxy, list[Any]]]:
    """A proxy to a node that answers so, and the requests that the node got."""
    got: list[Any] = []

    def note(request: Any) -> tuple[int, bytes]:
        got.append(request)
        return respond(request)

    with endpoint(note) as url, Proxy(url) as proxy:
        yield proxy, got


def chain_id(proxy: Proxy, name: str) -> int:
    rpc = Rpc([proxy.address(name)], policy=ONCE)
    try:
        return rpc.ask(queries.chain_id())
    finally:
        rpc.close()


NODE = answers({"eth_chainId": hex(CHAIN)})


@pytest.mark.parametrize(
    ("kind", "error", "reaches"),
    [
        (Kind.RPC_ERROR, RpcUnavailable, False),
        (Kind.RPC_GARBAGE, RpcGarbage, False),
        (Kind.RPC_DROPPED, RpcUnavailable, False),
        (Kind.RPC_UNANSWERED, RpcUnavailable, True),
    ],
)
def test_a_trouble_befalls_one_person_until_it_ends(kind: Kind, error: type[RpcError], reaches: bool) -> None:
    with asked(NODE) as (proxy, got):
        end = proxy.trouble("one", kind, 1)
        with pytest.raises(error):
            chain_id(proxy, "one")
        assert bool(got) == reaches
        assert chain_id(proxy, "other") == CHAIN
        end()
        assert chain_id(proxy, "one") == CHAIN


def test_a_trouble_may_spare_requests_in_between() -> None:
    with asked(NODE) as (proxy, _):
        proxy.trouble("one", Kind.RPC_ERROR, 3)
        outcomes = []
        for _ in range(6):
            try:
                chain_id(proxy, "one")
                outcomes.append(True)
            except RpcError:
                outcomes.append(False)
        assert set(outcomes) == {True, False}


def test_a_slow_answer_is_the_nodes_answer() -> None:
    with asked(NODE) as (proxy, got):
        proxy.trouble("one", Kind.RPC_SLOW, 20)
        assert chain_id(proxy, "one") == CHAIN
        assert [request["method"] for request in got] == ["eth_chainId"] * len(got)
