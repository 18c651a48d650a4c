"""The relay takes what handles signed, and nothing else, at its own pace."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from covey.chain.contract import Call
from covey.localnet import free_port
from covey.protocol.phases import Status
from covey.roles.config import Notice, RelayConfig
from covey.roles.context import Context, opened
from covey.roles.couriers import MESSAGES_PATH
from covey.roles.errors import RelayPortTaken
from covey.roles.messages import HandleKeys, HandleMessages
from covey.roles.relay import RateLimit, Relay
from covey.wallet import Signer
from tests.e2e.network import Network

KEEPER, TRAINER, OTHER, THIRD, VALIDATOR = 1, 2, 3, 4, 5


@dataclass
class Stage:
    """A task whose trainers are to register their handles."""

    network: Network
    context: Context
    task: int
    notices: list[Notice]

    def mask(self, account: int, member: int) -> Call:
        signer = self.network.signers[account]
        return self.messages(account).mask(self.network.state(self.task), member, signer.export(), signer.address)

    def messages(self, account: int) -> HandleMessages:
        keys = HandleKeys(self.context.scope(self.task, "trainer"), self.network.signers[account].worker_secret())
        return HandleMessages(self.context.contracts.arena, self.context.domain, keys)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    notices: list[Notice] = []
    with Network(tmp_path_factory.mktemp("relay"), accounts=6) as network:
        task = network.post()
        arena = network.contracts.arena
        for account in (TRAINER, OTHER, THIRD):
            key = network.signers[account].public_key
            x, y = int.from_bytes(key[:32]), int.from_bytes(key[32:])
            network.send(account, arena.call("enrolTrainer", task, 100 * 10**9, x, y))
        shards = network.read(arena.call("shardsHashOf", task))
        network.send(VALIDATOR, arena.call("enrolValidator", task, 100 * 10**9, b"b" * 32, shards))
        network.skip_to(network.state(task).created_at + network.lengths.enrol)
        network.send(KEEPER, arena.call("advance", task))
        network.net.mine()
        network.send(KEEPER, arena.call("advance", task))
        assert network.state(task).status is Status.RUNNING
        with opened(network.config(KEEPER), notices.append) as context:
            yield Stage(network, context, task, notices)


def post(relay: str, body: bytes) -> httpx.Response:
    return httpx.post(relay + MESSAGES_PATH, content=body, trust_env=False)


@pytest.fixture
def config() -> RelayConfig:
    return RelayConfig(port=free_port())


@pytest.fixture
def relay(stage: Stage, config: RelayConfig) -> Iterator[str]:
    with Relay(stage.context, config):
        yield f"http://127.0.0.1:{config.port}"


def test_a_handle_is_registered_and_the_relay_earns_its_fee(stage: Stage, relay: str) -> None:
    message = stage.mask(TRAINER, 0)
    assert post(relay, message.data).status_code == 202
    deadline = time.monotonic() + 60
    while not stage.network.state(stage.task).handles:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    state = stage.network.state(stage.task)
    assert state.handles[0].address == stage.messages(TRAINER).address
    assert state.relays == {stage.network.signers[KEEPER].address: 6}
    again = post(relay, message.data)  # replayed
    assert again.status_code == 422
    assert "HandleExists" in again.text


def test_what_the_chain_would_refuse_costs_nothing(stage: Stage, relay: str) -> None:
    before = stage.network.gateway.balance(stage.context.sender.address)
    good = stage.mask(OTHER, 1).data
    altered = bytearray(good)
    altered[4 + 3 * 32] ^= 1  # the commitment to whoever opens the handle
    refused = post(relay, bytes(altered))
    assert refused.status_code == 422
    assert "WrongSignature" in refused.text
    stranger = Signer.generate()
    messages = stage.messages(OTHER)
    with pytest.raises(ValueError, match="ring does not hold"):
        messages.mask(stage.network.state(stage.task), 1, stranger.export(), stranger.address)
    assert stage.network.gateway.balance(stage.context.sender.address) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"\0" * 4, b"garbage", b"\xff" * 1000],
)
def test_what_is_no_message_is_refused(stage: Stage, relay: str, body: bytes) -> None:
    response = post(relay, body)
    assert response.status_code == 400


def test_other_calls_of_the_arena_are_refused(stage: Stage, relay: str) -> None:
    for call in (
        stage.context.contracts.arena.call("advance", stage.task),
        stage.context.contracts.arena.call("finish", stage.task),
        stage.context.contracts.vault.call("stake", 5),
    ):
        assert post(relay, call.data).status_code == 400


def test_half_a_message_is_refused(stage: Stage, relay: str) -> None:
    assert post(relay, stage.mask(OTHER, 1).data[:100]).status_code == 400


def test_a_message_with_impossible_lengths_is_refused(stage: Stage, relay: str) -> None:
    data = stage.mask(OTHER, 1).data
    at = 4 + int.from_bytes(data[4 + 4 * 32 :][:32])  # where the length of the handle's consent stands
    for length in (2**62, 2**63, 2**256 - 1):
        assert post(relay, data[:at] + length.to_bytes(32) + data[at + 32 :]).status_code == 400


def test_a_body_too_large_is_not_read(stage: Stage, relay: str, config: RelayConfig) -> None:
    assert post(relay, b"x" * (config.max_body + 1)).status_code == 413


def test_a_body_too_slow_is_given_up(stage: Stage) -> None:
    config = RelayConfig(port=free_port(), timeout=0.5)
    head = f"POST {MESSAGES_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc".encode()
    with Relay(stage.context, config), socket.create_connection(("127.0.0.1", config.port)) as connection:
        connection.sendall(head)
        connection.settimeout(10)
        assert b" 408 " in connection.recv(1000)


def test_one_address_has_its_rate(stage: Stage) -> None:
    config = RelayConfig(port=free_port(), per_minute=3)
    with Relay(stage.context, config):
        relay = f"http://127.0.0.1:{config.port}"
        assert [post(relay, b"x").status_code for _ in range(5)] == [400, 400, 400, 429, 429]


def test_rates_recover_and_forget() -> None:
    limit = RateLimit(60)
    assert all(limit.take("a", 0.0) for _ in range(60))
    assert not limit.take("a", 0.0)
    assert limit.take("b", 0.0)
    assert limit.take("a", 1.1)
    assert not limit.take("a", 1.2)


def test_a_taken_port_is_told(stage: Stage, relay: str, config: RelayConfig) -> None:
    with pytest.raises(RelayPortTaken, match=str(config.port)), Relay(stage.context, replace(config)):
        pass


def test_nothing_of_a_handle_shows_its_trainer(stage: Stage) -> None:
    """The message names neither the trainer's address nor its place."""
    data = stage.mask(OTHER, 1).data
    words = {data[4 + i : 36 + i] for i in range(0, len(data) - 4, 32)}
    assert bytes.fromhex(stage.network.signers[OTHER].address[2:]).rjust(32, b"\0") not in words


def test_a_message_does_not_wait_for_the_block_of_another(stage: Stage, relay: str) -> None:
    node = stage.network.net
    node.rpc("evm_setAutomine", False)
    for sent, (account, member) in enumerate(((OTHER, 1), (THIRD, 2)), start=1):
        assert post(relay, stage.mask(account, member).data).status_code == 202
        deadline = time.monotonic() + 60
        while node.rpc("txpool_status") != {"pending": hex(sent), "queued": "0x0"}:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    node.mine()
    node.rpc("evm_setAutomine", True)
    registered = [record.log.block for record in stage.network.records() if record.name == "HandleRegistered"]
    assert registered[-1] == registered[-2]
