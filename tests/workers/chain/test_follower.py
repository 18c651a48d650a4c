"""Events are read once and in order, taken back when the chain takes them back, and remembered."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.chain import (
    ChainReset,
    Contract,
    EventFollower,
    Filter,
    FollowPolicy,
    Gateway,
    Record,
    RpcGarbage,
    RpcRefused,
    RpcUnavailable,
    Sender,
)
from covey.journal import Journal
from covey.localnet import Localnet
from covey.wallet import Signer
from tests.workers.chain.conftest import IMPATIENT
from tests.workers.chain.endpoints import endpoint, forwarding

OTHER = Signer(bytes(31) + b"\7").address


@dataclass
class View:
    """What a worker keeps: the values transferred, in order."""

    values: list[int] = field(default_factory=list)

    def follow(self, follower: EventFollower, gateway: Gateway) -> None:
        for changes in follower.sync(gateway.head()):
            for record in reversed(changes.undone):
                assert self.values.pop() == record.arguments["value"]
            self.values += [record.arguments["value"] for record in changes.new]


def pay(net: Localnet, token: Contract, value: int) -> None:
    """A transfer, sent by the node itself, and mined."""
    call = token.call("transfer", OTHER, value)
    account = Signer(net.keys[0]).address
    sent = net.rpc("eth_sendTransaction", {"from": account, "to": token.address, "data": "0x" + call.data.hex()})
    while net.rpc("eth_getTransactionReceipt", sent) is None:
        time.sleep(0.01)


def on_chain(net: Localnet, token: Contract) -> list[int]:
    """The truth, asked for directly."""
    criteria = {"address": token.address, "fromBlock": "0x1", "toBlock": "latest"}
    logs: Any = net.rpc("eth_getLogs", criteria)
    return [int(log["data"], 16) for log in logs][1:]  # the first is the minting


@pytest.fixture
def start(net: Localnet, token: Contract) -> int:
    return int(str(net.rpc("eth_blockNumber")), 16) + 1


@pytest.fixture
def follower(gateway: Gateway, journal: Journal, token: Contract, start: int) -> EventFollower:
    return EventFollower(gateway, journal.feed("token"), Filter((token.address,), start))


def test_every_event_once_and_in_order(
    net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    view = View()
    for value in range(1, 4):
        pay(net, token, value)
    view.follow(follower, gateway)
    assert view.values == [1, 2, 3]
    view.follow(follower, gateway)
    net.mine(2)
    pay(net, token, 4)
    view.follow(follower, gateway)
    assert view.values == [1, 2, 3, 4]


def test_a_restart_goes_on_from_the_journal(
    net: Localnet, gateway: Gateway, token: Contract, start: int, tmp_path: Path
) -> None:
    filter_ = Filter((token.address,), start)
    pay(net, token, 1)
    with Journal(tmp_path / "worker.db") as journal:
        View().follow(EventFollower(gateway, journal.feed("token"), filter_), gateway)
    pay(net, token, 2)
    with Journal(tmp_path / "worker.db") as journal:
        follower = EventFollower(gateway, journal.feed("token"), filter_)
        view = View([record.arguments["value"] for record in follower.records()])
        assert view.values == [1]
        view.follow(follower, gateway)
        assert view.values == [1, 2]


def test_one_new_block_costs_one_question(
    net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    View().follow(follower, gateway)
    for value in range(5):
        pay(net, token, value)
        head = gateway.head()
        before = gateway.metrics.read().calls
        assert len([record for changes in follower.sync(head) for record in changes.new]) == 1
        after = gateway.metrics.read().calls
        assert {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)} == {
            "eth_getLogs": 1
        }


@pytest.mark.parametrize("depth", [1, 2, 5, 12])
def test_a_reorganisation_is_undone(
    depth: int, net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    view = View()
    for value in range(1, 13):
        pay(net, token, value)
        view.follow(follower, gateway)
    assert view.values == list(range(1, 13))
    net.rpc("anvil_reorg", depth, [])
    net.rpc("anvil_dropAllTransactions")
    view.follow(follower, gateway)
    assert view.values == on_chain(net, token)
    assert len(view.values) == 12 - depth
    pay(net, token, 99)
    view.follow(follower, gateway)
    assert view.values == on_chain(net, token)


def test_a_reorganisation_noticed_late_over_a_gap(
    net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    view = View()
    for value in range(1, 7):
        pay(net, token, value)
    view.follow(follower, gateway)
    net.rpc("anvil_reorg", 4, [])
    net.mine(10)
    pay(net, token, 99)
    view.follow(follower, gateway)
    assert view.values == on_chain(net, token)


def test_a_chain_that_becomes_shorter(
    net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    view = View()
    pay(net, token, 1)
    snapshot = net.rpc("evm_snapshot")
    pay(net, token, 2)
    pay(net, token, 3)
    view.follow(follower, gateway)
    net.rpc("evm_revert", snapshot)
    view.follow(follower, gateway)
    pay(net, token, 4)
    view.follow(follower, gateway)
    assert view.values == [1, 4]
    assert [record.arguments["value"] for record in follower.records()] == [1, 4]


def test_a_restart_during_a_reorganisation(
    net: Localnet, gateway: Gateway, token: Contract, start: int, tmp_path: Path
) -> None:
    filter_ = Filter((token.address,), start)
    with Journal(tmp_path / "worker.db") as journal:
        for value in range(1, 6):
            pay(net, token, value)
            View().follow(EventFollower(gateway, journal.feed("token"), filter_), gateway)
    net.rpc("anvil_reorg", 3, [])
    net.rpc("anvil_dropAllTransactions")
    pay(net, token, 99)
    with Journal(tmp_path / "worker.db") as journal:
        follower = EventFollower(gateway, journal.feed("token"), filter_)
        view = View([record.arguments["value"] for record in follower.records()])
        view.follow(follower, gateway)
        assert view.values == on_chain(net, token) == [1, 2, 99]


def test_another_chain_is_told(gateway: Gateway, token: Contract, start: int, journal: Journal, net: Localnet) -> None:
    pay(net, token, 1)
    filter_ = Filter((token.address,), start)
    View().follow(EventFollower(gateway, journal.feed("token"), filter_), gateway)
    with Localnet() as other, Gateway([other.url], codebook=gateway.codebook) as reset:
        other.rpc("evm_increaseTime", 1_000)
        other.mine(10)
        with pytest.raises(ChainReset, match="start with a new journal"):
            View().follow(EventFollower(reset, journal.feed("token"), filter_), reset)


def test_confirmations_keep_recent_blocks_out(
    net: Localnet, gateway: Gateway, journal: Journal, token: Contract, start: int
) -> None:
    careful = EventFollower(
        gateway, journal.feed("careful"), Filter((token.address,), start), FollowPolicy(confirmations=2)
    )
    view = View()
    for value in range(1, 5):
        pay(net, token, value)
        view.follow(careful, gateway)
    assert view.values == [1, 2]
    net.rpc("anvil_reorg", 2, [])
    net.rpc("anvil_dropAllTransactions")
    view.follow(careful, gateway)
    assert view.values == [1, 2]
    net.mine(4)
    view.follow(careful, gateway)
    assert view.values == [1, 2]


def test_pages_shrink_until_the_node_agrees(
    net: Localnet, gateway: Gateway, journal: Journal, token: Contract, start: int
) -> None:
    asked: list[int] = []

    def narrow(request: Any, answer: Any) -> Any:
        if request["method"] == "eth_getLogs":
            criteria = request["params"][0]
            width = int(criteria["toBlock"], 16) - int(criteria["fromBlock"], 16) + 1
            asked.append(width)
            if width > 10:
                return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32005, "message": "range too large"}}
        return answer

    for value in range(1, 40):
        pay(net, token, value)
    with (
        endpoint(forwarding(net, narrow)) as url,
        Gateway([url], codebook=gateway.codebook, policy=IMPATIENT) as limited,
    ):
        follower = EventFollower(limited, journal.feed("paged"), Filter((token.address,), start), FollowPolicy(page=64))
        view = View()
        view.follow(follower, limited)
        assert view.values == list(range(1, 40))
        assert len(asked) < 25


def test_pages_shrink_where_events_are_dense(
    net: Localnet, gateway: Gateway, journal: Journal, token: Contract, start: int
) -> None:
    for value in range(1, 20):
        pay(net, token, value)
    net.mine(20)
    policy = FollowPolicy(page=8, events=4)
    follower = EventFollower(gateway, journal.feed("paged"), Filter((token.address,), start), policy)
    pages = [[record.arguments["value"] for record in changes.new] for changes in follower.sync(gateway.head())]
    assert [len(page) for page in pages] == [8, 4, 4, 3, 0, 0, 0], "from an event in each block on, and then none"
    assert [value for page in pages for value in page] == list(range(1, 20))


def test_a_node_that_never_agrees(net: Localnet, gateway: Gateway, journal: Journal, token: Contract) -> None:
    def refuse(request: Any, answer: Any) -> Any:
        if request["method"] == "eth_getLogs":
            return {"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": "no logs here"}}
        return answer

    with (
        endpoint(forwarding(net, refuse)) as url,
        Gateway([url], codebook=gateway.codebook, policy=IMPATIENT) as useless,
        pytest.raises(RpcRefused, match="no logs here"),
    ):
        View().follow(EventFollower(useless, journal.feed("none"), Filter((token.address,), 1)), useless)


@pytest.mark.parametrize("change", ["address", "blockNumber", "data"])
def test_events_that_make_no_sense_are_refused(
    change: str, net: Localnet, gateway: Gateway, journal: Journal, token: Contract, start: int
) -> None:
    nonsense = {"address": "0x" + "11" * 20, "blockNumber": "0xffffff", "data": "0x"}

    def distort(request: Any, answer: Any) -> Any:
        if request["method"] == "eth_getLogs":
            for log in answer["result"]:
                log[change] = nonsense[change]
        return answer

    pay(net, token, 1)
    with (
        endpoint(forwarding(net, distort)) as url,
        Gateway([url], codebook=gateway.codebook, policy=IMPATIENT) as liar,
        pytest.raises(RpcGarbage),
    ):
        View().follow(EventFollower(liar, journal.feed("lies"), Filter((token.address,), start)), liar)
    view = View()
    view.follow(EventFollower(gateway, journal.feed("lies"), Filter((token.address,), start)), gateway)
    assert view.values == [1], "nothing of it was kept"


def test_a_node_that_goes_down_loses_nothing(
    net: Localnet, gateway: Gateway, token: Contract, follower: EventFollower
) -> None:
    pay(net, token, 1)
    head = gateway.head()
    net.close()
    with pytest.raises(RpcUnavailable):
        list(follower.sync(head))
    assert list(follower.records()) == []


def test_other_contracts_events_are_left_out(
    net: Localnet, gateway: Gateway, sender: Sender, journal: Journal, token: Contract, start: int
) -> None:
    pay(net, token, 1)
    elsewhere = EventFollower(gateway, journal.feed("elsewhere"), Filter((OTHER,), start))
    selected = EventFollower(
        gateway,
        journal.feed("approvals"),
        Filter((token.address,), start, (gateway.codebook.topics(["Approval"]),)),
    )
    sender.send("approve", token.call("approve", OTHER, 7))
    records: list[Record] = []
    for follower in (elsewhere, selected):
        records += [record for changes in follower.sync(gateway.head()) for record in changes.new]
    assert [record.name for record in records] == ["Approval"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(1, 3)),
        st.tuples(st.just("mine"), st.integers(1, 3)),
        st.tuples(st.just("reorg"), st.integers(1, 4)),
        st.tuples(st.just("follow"), st.just(0)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_history_ends_with_what_is_on_chain(
    steps: list[tuple[str, int]], net: Localnet, gateway: Gateway, token: Contract, tmp_path_factory: Any
) -> None:
    snapshot = net.rpc("evm_snapshot")
    path = tmp_path_factory.mktemp("history") / "worker.db"
    net.mine(5)
    filter_ = Filter((token.address,), int(str(net.rpc("eth_blockNumber")), 16) - 3)
    journal = Journal(path)
    follower, view = EventFollower(gateway, journal.feed("token"), filter_), View()
    value = 0
    try:
        for step, amount in [*steps, ("mine", 1), ("follow", 0)]:
            match step:
                case "pay":
                    for _ in range(amount):
                        value += 1
                        pay(net, token, value)
                case "mine":
                    net.mine(amount)
                case "reorg":
                    net.rpc("anvil_reorg", amount, [])
                    net.rpc("anvil_dropAllTransactions")
                case "follow":
                    view.follow(follower, gateway)
                case _:
                    journal.close()
                    journal = Journal(path)
                    follower = EventFollower(gateway, journal.feed("token"), filter_)
                    view = View([record.arguments["value"] for record in follower.records()])
        assert view.values == on_chain(net, token)
    finally:
        journal.close()
        net.rpc("evm_revert", snapshot)
