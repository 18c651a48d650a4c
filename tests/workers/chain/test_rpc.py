"""Endpoints fail in every way; the answer comes from one that works, or the error says what is wrong."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from covey.chain import RpcGarbage, RpcPolicy, RpcRefused, RpcUnavailable, WrongChain, queries
from covey.chain.errors import RpcError, RpcTooLarge
from covey.chain.rpc import Rpc
from covey.localnet import Localnet, free_port
from tests.workers.chain.endpoints import TRICKLES, Respond, always, answers, endpoint, slow, trickling

POLICY = RpcPolicy(connect_timeout=2.0, timeout=2.0, rounds=2, pause=0.01, max_response=1 << 20)
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture(scope="module")
def net() -> Iterator[Localnet]:
    """One node for all: nothing here changes its state."""
    with Localnet() as running:
        running.mine(30)
        yield running


GARBAGE: dict[str, Respond] = {
    "not JSON": always(200, b"<html>welcome</html>"),
    "nothing": always(200, b""),
    "deep": always(200, b"[" * 100_000),
    "a list": always(200, b"[]"),
    "a text": always(200, b'"hello"'),
    "another id": always(200, b'{"jsonrpc": "2.0", "id": 999, "result": "0x1"}'),
    "no result": always(200, b'{"jsonrpc": "2.0", "id": 1}'),
    "wrong type": answers({"eth_chainId": 31337}),
    "not hexadecimal": answers({"eth_chainId": "31337"}),
    "too many digits": answers({"eth_chainId": "0x" + "1" * 65}),
    "odd error": always(200, b'{"jsonrpc": "2.0", "id": 1, "error": "oops"}'),
    "huge": always(200, b" " * (2 << 20)),
    "too many values": always(200, b"[" + b"[]," * 300_000 + b"[]]"),
}
OUT_OF_ORDER: dict[str, Respond] = {
    "HTTP 500": always(500, b"{}"),
    "HTTP 429": always(429, b"slow down"),
    "HTTP 403": always(403, b"forbidden"),
    "unauthorised": answers({}),
    "slow": slow(5.0),
}


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_told_as_such(name: str) -> None:
    with endpoint(GARBAGE[name]) as url, pytest.raises(RpcGarbage, match=url):
        Rpc([url], policy=POLICY).ask(queries.balance(ACCOUNT))


@pytest.mark.parametrize("name", OUT_OF_ORDER)
def test_out_of_order_is_told_as_such(name: str) -> None:
    with endpoint(OUT_OF_ORDER[name]) as url, pytest.raises(RpcUnavailable, match=url):
        Rpc([url], policy=POLICY).ask(queries.balance(ACCOUNT))


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("name", [*GARBAGE, *OUT_OF_ORDER])
def test_the_next_endpoint_answers_instead(name: str, net: Localnet) -> None:
    with endpoint((GARBAGE | OUT_OF_ORDER)[name]) as bad:
        rpc = Rpc([bad, net.url], chain_id=31337, policy=POLICY)
        assert rpc.ask(queries.balance(ACCOUNT)) == 10**22
        failures = rpc.metrics.read().failures
        assert rpc.ask(queries.balance(ACCOUNT)) == 10**22
        assert rpc.metrics.read().failures == failures == 1, "the endpoint that works stays in use"


def test_a_dead_endpoint_is_left(net: Localnet) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    assert Rpc([dead, net.url], policy=POLICY).ask(queries.balance(ACCOUNT)) == 10**22
    with pytest.raises(RpcUnavailable, match=f"{dead} can't be reached"):
        Rpc([dead], policy=POLICY).ask(queries.chain_id())


def test_an_endpoint_that_dies_is_left_and_can_come_back() -> None:
    with Localnet() as second:
        with Localnet() as first:
            rpc = Rpc([first.url, second.url], policy=POLICY)
            assert rpc.ask(queries.balance(ACCOUNT)) == 10**22
            port = first.port
        assert rpc.ask(queries.balance(ACCOUNT)) == 10**22
        with Localnet(port=port):
            second.close()
            assert rpc.ask(queries.balance(ACCOUNT)) == 10**22


@pytest.mark.parametrize("part", TRICKLES)
def test_time_is_bounded_even_against_a_trickle(part: str) -> None:
    with trickling(part) as url, pytest.raises(RpcUnavailable, match=r"did not answer within 0\.2 s"):
        Rpc([url], policy=RpcPolicy(timeout=0.2, rounds=1)).ask(queries.chain_id())


def test_the_next_endpoint_answers_instead_of_a_trickle(net: Localnet) -> None:
    with trickling("header") as bad:
        assert Rpc([bad, net.url], policy=POLICY).ask(queries.balance(ACCOUNT)) == 10**22


def test_another_chain_is_refused_at_once(net: Localnet) -> None:
    with pytest.raises(WrongChain, match="serves chain 31337, this worker needs chain 1"):
        Rpc([net.url], chain_id=1, policy=RpcPolicy(pause=60)).ask(queries.balance(ACCOUNT))
    with endpoint(answers({"eth_chainId": "0x1"})) as other:
        assert Rpc([other, net.url], chain_id=31337, policy=POLICY).ask(queries.balance(ACCOUNT)) == 10**22


@pytest.mark.parametrize("name", ["huge", "too many values"])
def test_what_is_too_large_is_asked_for_once(name: str) -> None:
    with endpoint(GARBAGE[name]) as url:
        rpc = Rpc([url], chain_id=31337, policy=replace(POLICY, pause=60))
        with pytest.raises(RpcTooLarge, match="answers with more than"):
            rpc.ask(queries.balance(ACCOUNT))
        assert rpc.metrics.read().failures == 1


def test_all_failures_are_told(net: Localnet) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    with endpoint(always(200, b"?")) as bad, pytest.raises(RpcUnavailable) as caught:
        Rpc([dead, bad, net.url], chain_id=5, policy=POLICY).ask(queries.balance(ACCOUNT))
    assert all(part in str(caught.value) for part in (dead, bad, "serves chain 31337"))


def test_what_may_be_an_access_key_is_never_shown() -> None:
    url = f"http://user:hunter2@127.0.0.1:{free_port()}/v3/secretkey?token=alsosecret"
    with pytest.raises(RpcUnavailable) as caught:
        Rpc([url], policy=POLICY).ask(queries.chain_id())
    assert not any(secret in str(caught.value) for secret in ("hunter2", "secretkey", "alsosecret"))


@pytest.mark.parametrize("urls", [[], ["localhost:8545"], ["ftp://host"], ["http://"], ["http://h:port"]])
def test_what_is_no_address_is_refused(urls: list[str]) -> None:
    with pytest.raises(RpcError):
        Rpc(urls)


def test_a_refusal_is_an_answer(net: Localnet) -> None:
    rpc = Rpc([net.url], policy=POLICY)
    unknown = queries.Query("eth_nonsense", (), lambda value: value)
    with pytest.raises(RpcRefused, match="refused eth_nonsense") as caught:
        rpc.ask(unknown)
    assert caught.value.code == -32601
    assert rpc.metrics.read().failures == 0
    first, second = rpc.try_each([queries.chain_id(), unknown])
    assert first == 31337
    assert isinstance(second, RpcRefused)


def test_batches_are_split_and_stay_in_order(net: Localnet) -> None:
    rpc = Rpc([net.url], policy=RpcPolicy(max_batch=8))
    heads = rpc.ask_each([queries.block(number) for number in range(30)])
    assert [head.number for head in heads if head] == list(range(30))
    counts = rpc.metrics.read()
    assert counts.calls == {"eth_chainId": 1, "eth_getBlockByNumber": 30}
    assert counts.requests == 1 + 4
    assert counts.total == 31
