"""What exports have in common: logs gathered from a node until they make a bundle, and the node's views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from .abi import words
from .bundle import Block, Log
from .custody import Transfer
from .keccak import keccak256
from .kinds import Event, topic_of
from .moves import DEAD
from .rpc import Filter, Node, NodeError
from .strict import MAX_LOGS


class Gathering:
    """Logs of blocks `first` to `last` of a node. Methods raise NodeError."""

    def __init__(self, node: Node, first: int, last: int | None) -> None:
        self.node = node
        self.first = first
        self.last = node.head() if last is None else last
        self._tip = node.block(self.last)
        self._hashes: dict[int, bytes] = {}
        self._logs: dict[tuple[int, int], Log] = {}

    def ask(self, wanted: Filter, first: int) -> None:
        """Add all such logs from block `first` on."""
        self._add(self.node.logs(wanted, first, self.last))

    def ask_for_burns(self, burns: Sequence[Log], token: str, first: int) -> None:
        """Add the transfer that each burn made: the burner's next one in the same transaction."""
        burners = tuple(sorted({words(burn.address) for burn in burns}))
        if not burners:
            return
        wanted = Filter(token, (topics(Transfer), burners, (words(DEAD),)))
        transfers = self.node.logs(wanted, first, self.last)
        by_burner: dict[tuple[bytes, bytes], list[tuple[Log, bytes]]] = defaultdict(list)
        for transfer in transfers:
            by_burner[transfer[0].transaction, transfer[0].topics[1]].append(transfer)
        for burn in burns:
            own = by_burner[burn.transaction, words(burn.address)]
            after = [transfer for transfer in own if transfer[0].index > burn.index]
            if after:
                self._add([min(after, key=lambda transfer: transfer[0].index)])

    def logs(self) -> list[Log]:
        """In the chain's order."""
        return [self._logs[place] for place in sorted(self._logs)]

    def common(self, task: int) -> dict[str, Any]:
        """What every bundle has but its contracts."""
        logs = tuple(self.logs())
        return {
            "chain_id": self.node.chain_id(),
            "task": task,
            "first": self.first,
            "last": self.last,
            "blocks": self._blocks(logs),
            "logs": logs,
        }

    def address(self, to: str, function: str) -> str:
        """What a view answers."""
        number = self.number(to, function)
        if number >> 160:
            raise NodeError(f"{to} answers {function} with something that is no address")
        return f"0x{number:040x}"

    def number(self, to: str, function: str, *arguments: int) -> int:
        """What a view answers."""
        answer = self.node.call(to, keccak256(function.encode())[:4] + words(*arguments), self.last)
        if len(answer) != 32:
            raise NodeError(f"{to} does not answer {function}: it is another contract, or on another chain")
        return int.from_bytes(answer)

    def _add(self, some: Iterable[tuple[Log, bytes]]) -> None:
        for log, block_hash in some:
            if self._hashes.setdefault(log.block, block_hash) != block_hash:
                raise NodeError("the chain was reorganised during the export: try again")
            self._logs[log.block, log.index] = log
            if len(self._logs) > MAX_LOGS:
                raise NodeError(f"the task has more than {MAX_LOGS} logs")

    def _blocks(self, logs: Sequence[Log]) -> tuple[Block, ...]:
        blocks = tuple(self.node.block(number) for number in sorted({log.block for log in logs}))
        moved = any(block.hash != self._hashes[block.number] for block in blocks)
        if moved or self.node.block(self.last) != self._tip:
            raise NodeError("the chain was reorganised during the export: try again")
        return blocks


def topics(*events: type[Event]) -> tuple[bytes, ...]:
    """First topics of the logs of some events."""
    return tuple(topic_of(event) for event in events)


def created_in(logs: Sequence[Log], creation: type[Event], contract: str, task: int) -> int:
    """The block in which a task begins, of which these are the logs. Raises NodeError."""
    created = [log.block for log in logs if log.topics[0] == topic_of(creation)]
    if not created:
        raise NodeError(f"the {contract} has no task {task}: check the number, the address and the chain")
    return created[0]
