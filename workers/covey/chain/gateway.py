"""The one way to the chain: every role and every command reads it through a Gateway."""

from collections.abc import Sequence
from threading import Event
from typing import Any

from eth_typing import ChecksumAddress

from covey.chain import queries, wire
from covey.chain.abi import Codebook, Record
from covey.chain.contract import Call
from covey.chain.errors import ChainError, ContractError, NoContract, RpcGarbage, RpcRefused
from covey.chain.heads import Heads
from covey.chain.metrics import RpcMetrics
from covey.chain.queries import Tag
from covey.chain.rpc import Rpc, RpcPolicy
from covey.chain.wire import Head, Receipt
from covey.closing import Closing

_REVERTED = 3  # the code that most nodes give to an execution that reverted


class Gateway(Closing):
    """Reads contracts, blocks and receipts through endpoints that may fail. Threads may share it.

    `codebook` holds the interfaces that errors and events are decoded with. Raises RpcError when no endpoint gives a
    usable answer, ContractError when a contract refuses.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        codebook: Codebook,
        chain_id: int | None = None,
        policy: RpcPolicy | None = None,
        metrics: RpcMetrics | None = None,
    ) -> None:
        self.codebook = codebook
        self.rpc = Rpc(urls, chain_id=chain_id, policy=policy or RpcPolicy(), metrics=metrics)
        self.heads = Heads(self.rpc)

    @property
    def chain_id(self) -> int:
        return self.rpc.chain_id

    @property
    def metrics(self) -> RpcMetrics:
        return self.rpc.metrics

    def read(self, call: Call, *, sender: ChecksumAddress | None = None, at: Tag = "latest") -> Any:
        """The result of a call that changes nothing. Raises ContractError, NoContract."""
        return self.read_each([call], sender=sender, at=at)[0]

    def read_each(
        self, calls: Sequence[Call], *, sender: ChecksumAddress | None = None, at: Tag = "latest"
    ) -> list[Any]:
        """The results of several calls, asked for together. Raises what the first that fails raises."""
        answers = self.rpc.try_each([queries.call(call.message(sender), at) for call in calls])
        return [self._result(call, answer) for call, answer in zip(calls, answers, strict=True)]

    def refusal(self, refused: RpcRefused) -> ChainError:
        """What a node's refusal to run a call means: a ContractError if the contract reverted, else the refusal."""
        if refused.data:
            return self.codebook.error(refused.data)
        if refused.code == _REVERTED or "revert" in refused.reason.lower():
            return ContractError("Error", {"reason": refused.reason})
        return refused

    def records(self, receipt: Receipt) -> tuple[Record, ...]:
        """The events of a transaction that known interfaces declare."""
        try:
            return tuple(record for log in receipt.logs if (record := self.codebook.record(log)))
        except wire.Malformed as error:
            raise RpcGarbage(f"the node's receipt holds {error}") from error

    def head(self) -> Head:
        """The newest block, asked for now."""
        return self.heads.refresh()

    def wait_for_block(self, seen: Head, timeout: float, interrupt: Event | None = None) -> Head:
        """Blocks until there is another newest block than `seen`, at most `timeout` seconds, or until `interrupt` is
        set; returns the newest."""
        return self.heads.wait(seen, timeout, interrupt)

    def receipt(self, transaction: bytes) -> Receipt | None:
        return self.rpc.ask(queries.receipt(transaction))

    def balance(self, account: ChecksumAddress) -> int:
        """In wei."""
        return self.rpc.ask(queries.balance(account))

    def require_code(self, contracts: Sequence[tuple[str, ChecksumAddress]]) -> None:
        """Raises NoContract for the first (name, address) without code."""
        codes = self.rpc.ask_each([queries.code(address) for _, address in contracts])
        for (name, address), code in zip(contracts, codes, strict=True):
            if not code:
                raise NoContract(address, name)

    def close(self) -> None:
        self.rpc.close()

    def _result(self, call: Call, answer: bytes | RpcRefused) -> Any:
        if isinstance(answer, RpcRefused):
            raise self.refusal(answer)
        if not answer and call.function.outputs and call.to is not None:
            raise NoContract(call.to)
        try:
            return call.result(answer)
        except wire.Malformed as error:
            raise RpcGarbage(f"{call.function.signature} gave {error}: check the deployment file") from error
