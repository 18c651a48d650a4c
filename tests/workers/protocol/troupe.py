"""Many accounts before one Alliance on a real node: a transaction plays what all of them do in a block."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress

from covey.chain import artefacts, plan, wire
from covey.chain.abi import Codebook, Interface, Record
from covey.chain.contract import Call, Contract, deployment
from covey.chain.deployment import Parameters
from covey.localnet import Localnet, NodeFailed
from tests.workers.protocol.harness import SETTINGS, Function, artifact

MIN_PHASE = 10
_PARAMETERS = Parameters(min_phase=MIN_PHASE, unbonding=10**6)


@dataclass(frozen=True)
class Act:
    """What a member does."""

    member: int
    call: Call


class Troupe:
    """Operators that are their own hot keys, each with `deposit` wei in the Ledger, which the Alliance may charge."""

    def __init__(self, net: Localnet, size: int, deposit: int) -> None:
        self._net = net
        net.rpc("evm_setAutomine", False)
        self._sender = wire.list_of(wire.address)(net.rpc("eth_accounts"))[0]
        at: dict[str, ChecksumAddress] = {}
        for step in plan.steps(_PARAMETERS, token=None, holder=self._sender):
            at[step.contract] = self._deploy(step.call(at))
        token, vault, self._ledger, self.alliance = (
            Contract(at[name], artefacts.load(name).interface)
            for name in ("CoveyToken", "StakeVault", "Ledger", "Alliance")
        )
        stage = artifact("tests/forge/Troupe.sol")
        interface, code = Interface("Troupe", stage["abi"]), bytes.fromhex(stage["bytecode"]["object"][2:])
        self._stage = Contract(self._deploy(deployment(interface, code, size)), interface)
        self._sights, self._phases = (Function.of(net, "Troupe.sol", name) for name in ("look", "phases"))
        self._book = Codebook([self.alliance.interface])
        self.members: tuple[ChecksumAddress, ...] = tuple(self._ask(self._stage.call("all")))
        for member in self.members:
            self._send(token.call("transfer", member, deposit))
        begin = [
            token.call("approve", self._ledger.address, deposit),
            self._ledger.call("deposit", deposit),
            self._ledger.call("approve", self.alliance.address, deposit),
        ]
        own = [vault.call("authorize", member, b"") for member in self.members]
        self._play([Act(i, call) for i in range(size) for call in (*begin, own[i])])

    def play(self, acts: Iterable[Act], now: int) -> list[Record]:
        """Mines a block of that time in which they act; the Alliance's events."""
        self._net.rpc("evm_setNextBlockTimestamp", now)
        logs = wire.list_of(wire.log)(self._play(acts)["logs"])
        records = [self._book.record(log) for log in logs if log.address == self.alliance.address]
        return [record for record in records if record is not None]

    def refuses(self, call: Call, now: int) -> bool:
        """Whether the call would revert in a block of that time."""
        request = {"to": call.to, "data": "0x" + call.data.hex(), "gas": hex(SETTINGS.gas_limit)}
        try:
            self._net.rpc("eth_call", request, "latest", {}, {"time": hex(now)})
        except NodeFailed as failed:
            return "revert" in str(failed)
        return False

    def look(self, tasks: Sequence[int], places: int, now: int) -> Sequence[tuple[Any, ...]]:
        """The stage's structs `Sight` of consecutive tasks, at a time."""
        (sights,) = self._sights(self.alliance.address, tasks[0], tasks[-1], places, now=now)
        return sights  # type: ignore[no-any-return]

    def phases(self, tasks: Sequence[int], now: int) -> list[tuple[int, int, int]]:
        """Phase, round and deadline (0: none) of consecutive tasks, at a time."""
        (found,) = self._phases(self.alliance.address, tasks[0], tasks[-1], now=now)
        return list(found)

    def credits(self) -> list[int]:
        """What each member has in the Ledger, wei."""
        return list(self._ask(self._stage.call("credits", self._ledger.address)))

    def block(self) -> wire.Head:
        """The latest."""
        return wire.head(self._net.rpc("eth_getBlockByNumber", "latest", False))

    def _play(self, acts: Iterable[Act]) -> dict[str, Any]:
        return self._send(self._stage.call("play", [(act.member, act.call.to, act.call.data) for act in acts]))

    def _deploy(self, call: Call) -> ChecksumAddress:
        return wire.address(self._send(call)["contractAddress"])

    def _send(self, call: Call) -> dict[str, Any]:
        sent = {"from": self._sender, "data": "0x" + call.data.hex(), "gas": hex(SETTINGS.gas_limit - 1)}
        if call.to is not None:
            sent["to"] = call.to
        transaction = self._net.rpc("eth_sendTransaction", sent)
        self._net.mine()
        receipt = self._net.rpc("eth_getTransactionReceipt", transaction)
        assert isinstance(receipt, dict)
        assert receipt["status"] == "0x1", "reverted"
        return receipt

    def _ask(self, call: Call) -> Any:
        answer = self._net.rpc("eth_call", {"to": call.to, "data": "0x" + call.data.hex()}, "latest")
        return call.result(wire.data(answer))
