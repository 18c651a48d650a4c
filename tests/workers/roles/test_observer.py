"""What a worker keeps of the chain: tasks that are the same however often it starts, and whatever fails meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from covey.chain import Gateway, RpcError
from covey.journal import Journal
from covey.roles.arena import ARENA
from covey.roles.observer import Observer
from covey.roles.task import TaskState
from tests.e2e.network import Network
from tests.workers.chain.conftest import IMPATIENT
from tests.workers.chain.endpoints import endpoint, forwarding

MEMBERS = (1, 2, 3)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Two tasks; trainers joined the first after the second was posted."""
    with Network(tmp_path_factory.mktemp("observer"), accounts=4) as network:
        first, arena = network.post_with_uri("ipfs://one"), network.contracts.arena
        network.net.rpc("evm_increaseTime", 100)
        network.post_with_uri("ipfs://two")
        for account in MEMBERS:
            network.net.rpc("evm_increaseTime", 10)
            key = network.signers[account].public_key
            x, y = int.from_bytes(key[:32]), int.from_bytes(key[32:])
            network.send(account, arena.call("enrolTrainer", first, 100 * 10**9, x, y))
        yield network


def observe(gateway: Gateway, network: Network, folder: Path) -> dict[int, TaskState]:
    """What a worker that starts now knows."""
    with Journal(folder / "journal.sqlite") as journal:
        observer = Observer(ARENA, gateway, journal, network.deployment, None)
        observer.update(gateway.head())
        return observer.tasks


def without_times(request: Any, answer: Any) -> Any:
    """The answer of a node whose logs don't tell their block's time."""
    if request["method"] == "eth_getLogs":
        for log in answer["result"]:
            del log["blockTimestamp"]
    return answer


def test_a_worker_that_starts_again_knows_the_same_and_asks_for_no_more(network: Network, tmp_path: Path) -> None:
    first = observe(network.gateway, network, tmp_path)
    assert {task: len(state.trainers) for task, state in first.items()} == {1: len(MEMBERS), 2: 0}
    before = network.gateway.metrics.read().calls
    assert observe(network.gateway, network, tmp_path) == first
    after = network.gateway.metrics.read().calls
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "eth_getBlockByNumber": 1  # the head
    }


def test_times_are_asked_for_where_logs_lack_them(network: Network, tmp_path: Path) -> None:
    with (
        endpoint(forwarding(network.net, without_times)) as url,
        Gateway([url], codebook=network.gateway.codebook, policy=IMPATIENT) as gateway,
    ):
        (tmp_path / "timeless").mkdir()
        expected = observe(network.gateway, network, tmp_path)
        assert observe(gateway, network, tmp_path / "timeless") == expected
        assert observe(gateway, network, tmp_path / "timeless") == expected


def test_a_failure_between_reading_and_adding_up_loses_nothing(network: Network, tmp_path: Path) -> None:
    failing = True
    read = ("latest", hex(network.deployment.block - 1))  # by the follower; other blocks are asked for their time

    def fail(request: Any, answer: Any) -> Any:
        if request["method"] == "eth_getLogs":
            return without_times(request, answer)
        if failing and request["method"] == "eth_getBlockByNumber" and request["params"][0] not in read:
            return answer | {"result": "garbage"}
        return answer

    (tmp_path / "failing").mkdir()
    expected = observe(network.gateway, network, tmp_path)
    with (
        endpoint(forwarding(network.net, fail)) as url,
        Gateway([url], codebook=network.gateway.codebook, policy=IMPATIENT) as gateway,
        Journal(tmp_path / "failing" / "journal.sqlite") as journal,
    ):
        observer = Observer(ARENA, gateway, journal, network.deployment, None)
        with pytest.raises(RpcError):
            observer.update(gateway.head())
        assert list(observer.records())
        failing = False
        observer.update(gateway.head())
        assert observer.tasks == expected


def test_what_the_chain_takes_back_is_forgotten(network: Network, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        observer = Observer(ARENA, network.gateway, journal, network.deployment, None)
        assert observer.update(network.gateway.head()) == 0
        before = dict(observer.tasks)
        snapshot = network.net.rpc("evm_snapshot")
        network.post_with_uri("ipfs://three")
        observer.update(network.gateway.head())
        assert set(observer.tasks) - set(before) == {3}
        network.net.rpc("evm_revert", snapshot)
        network.net.mine(2)
        assert observer.update(network.gateway.head()) == 1
        assert observer.tasks == before


def test_a_forgotten_task_is_known_again_when_the_chain_takes_something_back(network: Network, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        observer = Observer(ARENA, network.gateway, journal, network.deployment, None)
        observer.update(network.gateway.head())
        before = dict(observer.tasks)
        snapshot = network.net.rpc("evm_snapshot")
        observer.forget(1)
        network.post_with_uri("ipfs://three")
        assert observer.update(network.gateway.head()) == 0
        assert set(observer.tasks) == {2, 3}
        assert observer.forgotten == {1}
        network.net.rpc("evm_revert", snapshot)
        network.net.mine(2)
        assert observer.update(network.gateway.head()) == 1
        assert observer.tasks == before
        assert observer.forgotten == set()
