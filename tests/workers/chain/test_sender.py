"""Each intent happens exactly once, whoever interferes."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_utils.crypto import keccak

from covey.chain import (
    BadArgument,
    Call,
    Contract,
    ContractError,
    FeeTooHigh,
    Gateway,
    InsufficientFunds,
    NonceContention,
    RpcUnavailable,
    Sender,
    SendPolicy,
    TransactionReverted,
    TransactionStuck,
    artefacts,
)
from covey.chain.abi import Element
from covey.chain.attempts import Attempt
from covey.journal import IntentConflict, Journal, JournalForeign, State
from covey.localnet import Localnet, Settings
from covey.wallet import SignedTransaction, Signer
from tests.workers.chain.conftest import IMPATIENT, SUPPLY
from tests.workers.chain.endpoints import endpoint

OTHER = Signer(bytes(31) + b"\7").address
QUICK = SendPolicy(timeout=20, patience=2)


def nonce(net: Localnet, account: str) -> int:
    return int(str(net.rpc("eth_getTransactionCount", account, "latest")), 16)


def received(gateway: Gateway, token: Contract, account: str = OTHER) -> int:
    return int(gateway.read(token.call("balanceOf", account)))


@contextmanager
def mining(net: Localnet, before: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Mines a block every 50 ms, while the node mines none by itself."""
    stop = threading.Event()

    def mine() -> None:
        while not stop.wait(0.05):
            before()
            net.mine()

    miner = threading.Thread(target=mine)
    miner.start()
    try:
        yield
    finally:
        stop.set()
        miner.join()


def test_the_same_key_sends_once(net: Localnet, gateway: Gateway, sender: Sender, token: Contract) -> None:
    call = token.call("transfer", OTHER, 5)
    first = sender.send("pay", call)
    assert sender.send("pay", call) == first
    assert received(gateway, token) == 5
    (record,) = gateway.records(first)
    assert (record.name, record.arguments) == ("Transfer", {"from": sender.address, "to": OTHER, "value": 5})
    assert sender.unfinished() == ()


def test_another_deed_under_the_same_key_is_refused(sender: Sender, token: Contract) -> None:
    sender.send("pay", token.call("transfer", OTHER, 5))
    with pytest.raises(IntentConflict):
        sender.send("pay", token.call("transfer", OTHER, 6))


def test_many_can_be_on_their_way_at_once(net: Localnet, gateway: Gateway, sender: Sender, token: Contract) -> None:
    net.rpc("evm_setAutomine", False)
    keys = [f"pay/{index}" for index in range(20)]
    for key in keys:
        sender.submit(key, token.call("transfer", OTHER, 1))
    assert received(gateway, token) == 0
    net.mine()
    assert len({sender.wait(key).block for key in keys}) == 1
    assert received(gateway, token) == 20


def test_what_the_contract_refuses_is_not_sent(
    net: Localnet, gateway: Gateway, sender: Sender, token: Contract
) -> None:
    before = nonce(net, sender.address)
    with pytest.raises(ContractError, match="ERC20InsufficientAllowance") as caught:
        sender.send("take", token.call("transferFrom", OTHER, sender.address, 5))
    assert caught.value.arguments == {"spender": sender.address, "allowance": 0, "needed": 5}
    assert nonce(net, sender.address) == before
    with pytest.raises(ContractError, match="ERC20InsufficientBalance"):
        gateway.read(token.call("transfer", OTHER, SUPPLY + 1), sender=sender.address)


def set_balance(net: Localnet, token: Contract, account: str, amount: int) -> None:
    """Behind everybody's back: OpenZeppelin's balances are in slot 0."""
    slot = keccak(bytes.fromhex(account[2:]).rjust(32, b"\0") + bytes(32))
    net.rpc("anvil_setStorageAt", token.address, "0x" + slot.hex(), "0x" + amount.to_bytes(32).hex())


def test_a_reverted_transaction_tells_why_and_may_be_sent_again(
    net: Localnet, gateway: Gateway, sender: Sender, token: Contract
) -> None:
    call = token.call("transfer", OTHER, 5)
    net.rpc("evm_setAutomine", False)
    sender.submit("pay", call)
    set_balance(net, token, sender.address, 4)
    net.mine()
    net.rpc("evm_setAutomine", True)
    with pytest.raises(TransactionReverted, match="ERC20InsufficientBalance") as caught:
        sender.wait("pay")
    assert isinstance(caught.value.cause, ContractError)
    assert caught.value.cause.arguments["balance"] == 4
    assert "pay" in sender.unfinished()
    with pytest.raises(BadArgument, match="submit it first"):
        sender.wait("pay")
    with pytest.raises(ContractError, match="ERC20InsufficientBalance"):
        sender.send("pay", call)
    set_balance(net, token, sender.address, 5)
    assert sender.send("pay", call).succeeded
    assert received(gateway, token) == 5


def test_an_account_without_funds(gateway: Gateway, token: Contract, tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "poor.db") as journal,
        pytest.raises(InsufficientFunds, match="send it the chain's coin"),
    ):
        Sender(gateway, Signer.generate(), journal).send("approve", token.call("approve", OTHER, 5))


def test_a_journal_serves_one_account(gateway: Gateway, sender: Sender, journal: Journal) -> None:
    with pytest.raises(JournalForeign):
        Sender(gateway, Signer.generate(), journal)


class Raced(Signer):
    """Another program sends from the same account just before this one does."""

    __slots__ = ("race",)

    def sign_transaction(self, transaction: Mapping[str, Any]) -> SignedTransaction:
        self.race()
        return super().sign_transaction(transaction)


class TestSharedKey:
    @pytest.fixture
    def raced(self, signer: Signer) -> Raced:
        raced = Raced(signer.export().reveal())
        raced.race = lambda: None
        return raced

    @pytest.fixture
    def ours(self, gateway: Gateway, raced: Raced, tmp_path: Path) -> Iterator[Sender]:
        with Journal(tmp_path / "ours.db") as journal:
            yield Sender(gateway, raced, journal, QUICK)

    @pytest.mark.parametrize("automine", [True, False])
    def test_a_nonce_taken_in_between(
        self,
        net: Localnet,
        gateway: Gateway,
        sender: Sender,
        token: Contract,
        ours: Sender,
        raced: Raced,
        automine: bool,
    ) -> None:
        net.rpc("evm_setAutomine", automine)
        theirs: list[str] = []

        def race() -> None:
            if len(theirs) < 3:
                theirs.append(f"theirs/{len(theirs)}")
                sender.submit(theirs[-1], token.call("transfer", OTHER, 1))

        raced.race = race
        ours.submit("ours", token.call("transfer", OTHER, 100))
        with mining(net):
            assert ours.wait("ours").succeeded
            assert all(sender.wait(key).succeeded for key in theirs)
        assert received(gateway, token) == 100 + len(theirs)

    def test_without_end(
        self, net: Localnet, gateway: Gateway, sender: Sender, token: Contract, ours: Sender, raced: Raced
    ) -> None:
        races = iter(range(100))
        raced.race = lambda: sender.submit(f"theirs/{next(races)}", token.call("transfer", OTHER, 1))
        with pytest.raises(NonceContention, match="each its own key"):
            ours.send("ours", token.call("transfer", OTHER, 100))
        raced.race = lambda: None
        before = received(gateway, token)
        with mining(net):
            ours.send("ours", token.call("transfer", OTHER, 100))
        assert received(gateway, token) == before + 100

    def test_two_programs_at_once(
        self, net: Localnet, gateway: Gateway, sender: Sender, token: Contract, ours: Sender
    ) -> None:
        net.rpc("evm_setAutomine", False)

        def work(who: Sender, name: str) -> None:
            for index in range(10):
                who.send(f"{name}/{index}", token.call("transfer", OTHER, 1))

        before = nonce(net, sender.address)
        with mining(net), ThreadPoolExecutor() as pool:
            for result in [pool.submit(work, who, name) for who, name in ((sender, "a"), (ours, "b"))]:
                result.result(60)
        assert received(gateway, token) == 20
        assert nonce(net, sender.address) == before + 20


class TestStuck:
    @pytest.fixture(autouse=True)
    def no_automine(self, net: Localnet, token: Contract) -> None:
        net.rpc("evm_setAutomine", False)

    def test_a_better_offer_replaces_what_is_too_cheap(
        self, net: Localnet, gateway: Gateway, sender: Sender, token: Contract, journal: Journal
    ) -> None:
        sender.submit("pay", token.call("transfer", OTHER, 5))
        offered = Attempt.decoded(journal.intents.get("pay").attempts[-1]).offer.most
        with mining(net, lambda: net.rpc("anvil_setNextBlockBaseFeePerGas", hex(offered * 3 // 2))):
            receipt = sender.wait("pay")
        attempts = [Attempt.decoded(content) for content in journal.intents.get("pay").attempts]
        assert len(attempts) > 1
        assert len({attempt.nonce for attempt in attempts}) == 1
        assert receipt.gas_price > offered
        assert received(gateway, token) == 5

    def test_offers_end_at_the_limit(
        self, net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
    ) -> None:
        with Journal(tmp_path / "limited.db") as journal:
            limit = 5 * 10**9
            limited = Sender(gateway, signer, journal, SendPolicy(timeout=1, patience=1, fee_limit=limit))
            limited.submit("pay", token.call("transfer", OTHER, 5))
            with (
                mining(net, lambda: net.rpc("anvil_setNextBlockBaseFeePerGas", hex(limit + 1))),
                pytest.raises(TransactionStuck, match="go on waiting"),
            ):
                limited.wait("pay")
            attempts = [Attempt.decoded(content) for content in journal.intents.get("pay").attempts]
            assert all(attempt.offer.most <= limit for attempt in attempts)
            with pytest.raises(FeeTooHigh, match=r"the limit is 5\.000"):
                limited.submit("next", token.call("transfer", OTHER, 5))

    def test_what_the_pool_dropped_is_sent_again(
        self, net: Localnet, gateway: Gateway, sender: Sender, token: Contract
    ) -> None:
        sender.submit("pay", token.call("transfer", OTHER, 5))
        net.rpc("anvil_dropAllTransactions")
        with mining(net):
            assert sender.wait("pay").succeeded
        assert received(gateway, token) == 5

    def test_waiting_ends_in_time_and_can_go_on(
        self, net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
    ) -> None:
        call = token.call("transfer", OTHER, 5)
        with Journal(tmp_path / "hasty.db") as journal:
            hasty = Sender(gateway, signer, journal, SendPolicy(timeout=0.3))
            with pytest.raises(TransactionStuck, match=r"not mined within 0 s"):
                hasty.send("pay", call)
            assert hasty.unfinished() == ("pay",)
            net.mine()
            assert hasty.send("pay", call).succeeded
        assert received(gateway, token) == 5

    def test_confirmations_are_waited_for(
        self, net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
    ) -> None:
        with Journal(tmp_path / "careful.db") as journal:
            careful = Sender(gateway, signer, journal, SendPolicy(timeout=20, confirmations=3))
            careful.submit("pay", token.call("transfer", OTHER, 5))
            with mining(net):
                receipt = careful.wait("pay")
                assert gateway.heads.latest().number >= receipt.block + 3


def test_what_a_reorganisation_took_back_is_sent_again(
    net: Localnet, gateway: Gateway, sender: Sender, token: Contract
) -> None:
    call = token.call("transfer", OTHER, 5)
    sender.send("pay", call)
    net.rpc("anvil_reorg", 1, [])
    net.rpc("anvil_dropAllTransactions")
    assert received(gateway, token) == 0
    assert sender.send("pay", call).succeeded
    assert received(gateway, token) == 5


def test_a_hole_that_a_reorganisation_left_before_a_transaction_is_filled(
    net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
) -> None:
    with Journal(tmp_path / "unlucky.db") as journal:
        sender = Sender(gateway, signer, journal, QUICK)
        sender.send("before", token.call("transfer", OTHER, 1))
        before = nonce(net, signer.address)
        sender.send("first", token.call("transfer", OTHER, 5))
        net.rpc("evm_setAutomine", False)
        sender.submit("second", token.call("transfer", OTHER, 7))
        net.rpc("anvil_reorg", 1, [])
        net.rpc("anvil_dropAllTransactions")
        with mining(net):
            assert sender.wait("second").succeeded
    net.rpc("evm_setAutomine", True)
    assert received(gateway, token) == 8
    assert nonce(net, signer.address) == before + 2


def test_an_endpoint_that_fails_after_taking_the_transaction(
    net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path
) -> None:
    def forward(request: Any) -> tuple[int, bytes]:
        answer = httpx.post(net.url, json=request).content
        return (500, b"") if "eth_sendRawTransaction" in json.dumps(request) else (200, answer)

    with (
        endpoint(forward) as unreliable,
        Gateway([unreliable, net.url], codebook=gateway.codebook, policy=IMPATIENT) as both,
        Gateway([unreliable], codebook=gateway.codebook, policy=IMPATIENT) as alone,
        Journal(tmp_path / "unlucky.db") as journal,
    ):
        before = nonce(net, signer.address)
        Sender(both, signer, journal, QUICK).send("pay", token.call("transfer", OTHER, 5))
        lonely = Sender(alone, signer, journal, QUICK)
        with pytest.raises(RpcUnavailable):
            lonely.send("again", token.call("transfer", OTHER, 7))
        assert journal.intents.get("again").state is State.SENT
        assert lonely.wait("again").succeeded
        assert received(gateway, token) == 12
        assert nonce(net, signer.address) == before + 2


@pytest.mark.parametrize("lost", [False, True])
def test_a_node_that_counts_a_block_before_it_shows_it(
    net: Localnet, gateway: Gateway, signer: Signer, token: Contract, tmp_path: Path, lost: bool
) -> None:
    """`lost`: so is the answer to the transaction, so that it is sent again and its nonce is taken."""
    shown = gateway.head().number
    hidden, sent = 8, 0

    def forward(request: Any) -> tuple[int, bytes]:
        nonlocal hidden, sent
        answers = []
        for item in request if isinstance(request, list) else [request]:
            if item["method"] in ("eth_getTransactionReceipt", "eth_getBlockByNumber") and sent:
                hidden -= 1
            if item["method"] == "eth_sendRawTransaction":
                sent += 1
            answer = httpx.post(net.url, json=item).json()
            if sent and hidden > 0:
                if item["method"] == "eth_getTransactionReceipt":
                    answer["result"] = None
                if item["method"] == "eth_getBlockByNumber" and item["params"][0] == "latest":
                    answer = httpx.post(net.url, json=item | {"params": [hex(shown), False]}).json()
            answers.append(answer)
        if lost and sent == 1 and request["method"] == "eth_sendRawTransaction":
            return 500, b""
        return 200, json.dumps(answers if isinstance(request, list) else answers[0]).encode()

    with (
        endpoint(forward) as hasty,
        Gateway([hasty], codebook=gateway.codebook, policy=IMPATIENT) as alone,
        Journal(tmp_path / "hasty.db") as journal,
    ):
        alone.head()
        net.mine()  # so that the newest block is not the one that was seen last
        shown += 1
        before = nonce(net, signer.address)
        sender = Sender(alone, signer, journal, QUICK)
        assert sender.send("pay", token.call("transfer", OTHER, 5)).succeeded
        assert received(gateway, token) == 5
        assert nonce(net, signer.address) == before + 1


def test_a_chain_without_a_base_fee(tmp_path: Path) -> None:
    with (
        Localnet(settings=Settings(hardfork="berlin")) as old,
        Gateway([old.url], codebook=artefacts.codebook()) as gateway,
        Journal(tmp_path / "old.db") as journal,
    ):
        sender = Sender(gateway, Signer(old.keys[0]), journal)
        gift = Call(OTHER, b"", Element("", (), ()), value=9)
        assert sender.send("gift", gift).succeeded
        assert gateway.balance(OTHER) == 9


def test_few_questions_for_one_transaction(net: Localnet, gateway: Gateway, sender: Sender, token: Contract) -> None:
    gateway.head()
    before = gateway.metrics.read()
    sender.send("pay", token.call("transfer", OTHER, 5))
    after = gateway.metrics.read()
    # Prepare, send, look; and if that was too early, a new block and another look.
    assert after.requests - before.requests in (3, 5)
    assert after.total - before.total in (4 + 1 + 2, 4 + 1 + 2 + 1 + 2)
