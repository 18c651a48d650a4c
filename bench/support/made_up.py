"""Histories that are made up for the verifier: logs as no node could give them in reasonable time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from eth_abi.abi import encode
from eth_hash.auto import keccak

from covey.verify import custody
from covey.verify.abi import words
from covey.verify.bundle import AllianceContracts, ArenaContracts, Block, Log
from covey.verify.kinds import Event
from covey.verify.records import KINDS

TRANSACTIONS_PER_BLOCK: Final = 20
BLOCK_TIME: Final = 12
GENESIS: Final = 1_700_000_000
TASK: Final = 1

_KINDS_OF: Final = {kind.make: (of, topic, kind) for of, kinds in KINDS.items() for topic, kind in kinds.items()}


@dataclass
class Chain:
    """Logs and the blocks they are in. `bucket` holds the task's money, in wei."""

    contracts: ArenaContracts | AllianceContracts
    now: int = GENESIS
    blocks: list[Block] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    bucket: int = 0
    _transactions: int = 0
    _room: int = 0

    def send(self, *events: Event) -> None:
        """One transaction that logs these."""
        if not self._room:
            self.mine()
        self._room -= 1
        self._transactions += 1
        transaction = self._transactions.to_bytes(32)
        self.logs += [self._log(event, transaction, len(self.logs) + i) for i, event in enumerate(events)]
        for event in events:
            match event:
                case custody.Charged(amount=amount):
                    self.bucket += amount
                case custody.Paid(amount=amount) | custody.Burnt(amount=amount):
                    self.bucket -= amount

    def mine(self, at: int = 0) -> bytes:
        """A new block, not before `at`; returns the hash of the one before."""
        before = self.blocks[-1].hash if self.blocks else bytes(32)
        self.now = max(at, self.now + BLOCK_TIME)
        number = len(self.blocks) + 1
        self.blocks.append(Block(number, keccak(b"block" + number.to_bytes(8)), self.now))
        self._room = TRANSACTIONS_PER_BLOCK
        return before

    def common(self) -> dict[str, Any]:
        """What every bundle has but its contracts."""
        used = {log.block for log in self.logs}
        return {
            "chain_id": 1,
            "task": TASK,
            "first": 1,
            "last": len(self.blocks),
            "blocks": tuple(block for block in self.blocks if block.number in used),
            "logs": tuple(self.logs),
        }

    def _log(self, event: Event, transaction: bytes, index: int) -> Log:
        contract, topic, kind = _KINDS_OF[type(event)]
        fields = list(zip(kind.parameters, kind.indexed, event, strict=True))
        topics = [words(value) for _, indexed, value in fields if indexed]
        in_data = [(name, value) for name, indexed, value in fields if not indexed]
        data = encode([name for name, _ in in_data], [value for _, value in in_data])
        addresses: Mapping[str, str] = asdict(self.contracts)
        return Log(addresses[contract], (topic, *topics), data, len(self.blocks), transaction, index)
