"""Transactions for benchmarks: many a block, from accounts that the node signs for."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from covey.chain import Call
from covey.localnet import Localnet

TRANSACTION_GAS = 2**24
TOGETHER = 200  # transactions a block
PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Deed:
    """A call, and whose it is."""

    sender: str
    call: Call


class Hands:
    """Carries deeds out on a node that mines when it is told to. Ends the program if one fails."""

    def __init__(self, net: Localnet) -> None:
        self.net = net
        self._client = httpx.Client(timeout=PATIENCE, trust_env=False)
        self.net.rpc("anvil_autoImpersonateAccount", True)

    def carry_out(self, deeds: Sequence[Deed]) -> None:
        """All of them, in as few blocks as may be."""
        self.net.rpc("evm_setAutomine", False)
        for start in range(0, len(deeds), TOGETHER):
            some = deeds[start : start + TOGETHER]
            nonces = self._nonces(some)
            asked = [transaction(deed, TRANSACTION_GAS) | {"nonce": hex(next(nonces[deed.sender]))} for deed in some]
            hashes = self.ask_each([("eth_sendTransaction", [asking]) for asking in asked])
            self.net.rpc("evm_mine")
            receipts = self.ask_each([("eth_getTransactionReceipt", [hash_]) for hash_ in hashes])
            for deed, receipt in zip(some, receipts, strict=True):
                require_success(deed, receipt)
        self.net.rpc("evm_setAutomine", True)

    def ask_each(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The answers to questions, asked at once."""
        batch = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in enumerate(calls)]
        answers = self._client.post(self.net.url, json=batch).json() if batch else []
        for answer in answers:
            if "error" in answer:
                raise SystemExit(f"the node refused: {answer['error']}")
        return [answer["result"] for answer in sorted(answers, key=lambda answer: answer["id"])]

    def close(self) -> None:
        self._client.close()

    def _nonces(self, deeds: Sequence[Deed]) -> dict[str, Iterator[int]]:
        """Of each sender, from the next one on: the node would give those of one batch the same."""
        senders = list(dict.fromkeys(deed.sender for deed in deeds))
        counts = self.ask_each([("eth_getTransactionCount", [sender, "latest"]) for sender in senders])
        return {sender: itertools.count(int(count, 16)) for sender, count in zip(senders, counts, strict=True)}


def transaction(deed: Deed, gas: int) -> dict[str, str]:
    """As the node is asked to send it."""
    return {**deed.call.message(None).encoded(), "from": deed.sender, "gas": hex(min(gas, TRANSACTION_GAS))}


def require_success(deed: Deed, receipt: Any) -> int:
    """Its gas."""
    if receipt is None or receipt["status"] != "0x1":
        raise SystemExit(f"{deed.call.function.name} failed: {receipt}")
    return int(receipt["gasUsed"], 16)
