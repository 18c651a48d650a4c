"""Contracts are read in few requests, and what goes wrong is told in the contract's own words."""

import pytest

from covey.chain import Contract, ContractError, Gateway, NoContract, RpcGarbage, RpcRefused, artefacts
from covey.wallet import Signer
from tests.workers.chain.conftest import SUPPLY
from tests.workers.chain.endpoints import answers, endpoint

NOBODY = Signer(bytes(31) + b"\7").address


def test_many_reads_are_one_request(gateway: Gateway, token: Contract) -> None:
    calls = [token.call(name) for name in ("name", "symbol", "decimals", "totalSupply")]
    before = gateway.metrics.read()
    assert gateway.read_each(calls) == ["Covey", "COVEY", 18, SUPPLY]
    after = gateway.metrics.read()
    assert after.requests - before.requests == 1
    assert after.calls["eth_call"] - before.calls.get("eth_call", 0) == 4


def test_reads_of_the_past(gateway: Gateway, token: Contract) -> None:
    block = gateway.head().number
    assert gateway.read(token.call("totalSupply"), at=block) == SUPPLY
    with pytest.raises(NoContract):
        gateway.read(token.call("totalSupply"), at=0)


def test_an_address_without_code(gateway: Gateway, token: Contract) -> None:
    empty = Contract(NOBODY, token.interface)
    with pytest.raises(NoContract, match=NOBODY):
        gateway.read(empty.call("totalSupply"))
    with pytest.raises(NoContract, match="the vault"):
        gateway.require_code([("the token", token.address), ("the vault", NOBODY)])


def test_another_contract_at_the_address(gateway: Gateway, token: Contract) -> None:
    arena = Contract(token.address, artefacts.load("Arena").interface)
    with pytest.raises(ContractError):
        gateway.read(arena.call("advance", 1))
    mistaken = Contract(token.address, artefacts.load("StakeVault").interface)
    with pytest.raises(ContractError):
        gateway.read(mistaken.call("stakeOf", NOBODY))


def test_refusals_keep_their_meaning(gateway: Gateway) -> None:
    unrelated = RpcRefused("eth_call", -32000, "header not found")
    assert gateway.refusal(unrelated) is unrelated
    for bare in (RpcRefused("eth_call", 3, "failed"), RpcRefused("eth_call", -32000, "execution reverted: no")):
        assert str(gateway.refusal(bare)) == f"Error(reason={bare.reason})"


def test_a_result_that_does_not_fit(gateway: Gateway, token: Contract) -> None:
    results = {"eth_chainId": "0x1", "eth_call": "0x1234"}
    with (
        endpoint(answers(results)) as url,
        Gateway([url], codebook=gateway.codebook) as odd,
        pytest.raises(RpcGarbage, match="totalSupply"),
    ):
        odd.read(token.call("totalSupply"))


def test_a_node_without_blocks(gateway: Gateway) -> None:
    results = {"eth_chainId": "0x1", "eth_getBlockByNumber": None}
    with (
        endpoint(answers(results)) as url,
        Gateway([url], codebook=gateway.codebook) as empty,
        pytest.raises(RpcGarbage, match="in sync"),
    ):
        empty.head()
