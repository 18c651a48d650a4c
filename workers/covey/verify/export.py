"""From a node to a bundle: all logs that a task's settlement rests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from .abi import words
from .bundle import MAX_LOGS, Bundle, Clock, Contracts, Log, seal
from .events import (
    BucketEmptied,
    Burnt,
    Charged,
    ExitRequested,
    Locked,
    Paid,
    PoolEmptied,
    Released,
    Slashed,
    Staked,
    TaskCreated,
    TrainerEnrolled,
    Transfer,
    ValidatorEnrolled,
    topic_of,
)
from .keccak import keccak256
from .money import DEAD
from .rpc import Filter, Node, NodeError

_OPERATORS_AT_ONCE: Final = 200


def export(node: Node, arena: str, task: int, first: int = 0, last: int | None = None) -> Bundle:
    """The bundle of a task, up to block `last` (the newest, unless given); `first` is a block not after the vault's
    deployment. Raises NodeError."""
    last = node.head() if last is None else last
    tip = node.block(last)
    contracts, clock = _deployment(node, arena, last)
    found = _Found()

    found.add(node.logs(Filter(arena, (None, (words(task),))), first, last))
    created = [log.block for log in found.logs() if log.topics[0] == topic_of(TaskCreated)]
    if not created:
        raise NodeError(f"the arena {arena} has no task {task}: check the number, the address and the chain")
    since, engine = created[0], words(arena)

    kinds = _topics(Charged, Paid, Burnt)
    found.add(node.logs(Filter(contracts.ledger, (kinds, (engine,), (words(task),))), since, last))
    enrolments = {topic_of(TrainerEnrolled), topic_of(ValidatorEnrolled)}
    operators = sorted({log.topics[3] for log in found.logs() if log.topics[0] in enrolments and len(log.topics) == 4})
    for start in range(0, len(operators), _OPERATORS_AT_ONCE):
        some = tuple(operators[start : start + _OPERATORS_AT_ONCE])
        pools = _topics(Staked, ExitRequested, PoolEmptied, BucketEmptied)
        found.add(node.logs(Filter(contracts.vault, (pools, some)), first, last))
        found.add(node.logs(Filter(contracts.vault, (_topics(Locked, Released, Slashed), None, some)), first, last))
    burners = (words(contracts.vault), words(contracts.ledger))
    transfers = node.logs(Filter(contracts.token, (_topics(Transfer), burners, (words(DEAD),))), since, last)
    burns = [log for log in found.logs() if _is_burn(log, contracts, engine, words(task))]
    found.add(_following(burns, transfers))

    blocks = tuple(node.block(number) for number in sorted({log.block for log in found.logs()}))
    hashes = {block.number: block.hash for block in blocks}
    if node.block(last) != tip or any(hashes[number] != found.blocks[number] for number in hashes):
        raise NodeError("the chain was reorganised during the export: try again")
    return seal(
        Bundle(
            chain_id=node.chain_id(),
            task=task,
            contracts=contracts,
            clock=clock,
            first=first,
            last=last,
            blocks=blocks,
            logs=tuple(found.logs()),
        )
    )


class _Found:
    """Logs by place, and the hashes of their blocks."""

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}
        self._logs: dict[tuple[int, int], Log] = {}

    def add(self, some: Iterable[tuple[Log, bytes]]) -> None:
        for log, block_hash in some:
            if self.blocks.setdefault(log.block, block_hash) != block_hash:
                raise NodeError("the chain was reorganised during the export: try again")
            self._logs[log.block, log.index] = log
            if len(self._logs) > MAX_LOGS:
                raise NodeError(f"the task has more than {MAX_LOGS} logs")

    def logs(self) -> list[Log]:
        """In the chain's order."""
        return [self._logs[place] for place in sorted(self._logs)]


def _topics(*events: type) -> tuple[bytes, ...]:
    return tuple(topic_of(event) for event in events)


def _deployment(node: Node, arena: str, block: int) -> tuple[Contracts, Clock]:
    vault = _address(node, arena, "vault()", block)
    ledger = _address(node, arena, "ledger()", block)
    token = _address(node, vault, "token()", block)
    unbonding = _number(node, vault, "unbonding()", block)
    genesis = _number(node, vault, "maturityOf(uint24)", block, 0) - unbonding
    clock = Clock(genesis, _number(node, vault, "epochLength()", block), unbonding)
    if genesis < 0 or not clock.epoch_length:
        raise NodeError(f"{vault} is no vault")
    return Contracts(arena, vault, ledger, token), clock


def _number(node: Node, to: str, function: str, block: int, *arguments: int) -> int:
    answer = node.call(to, keccak256(function.encode())[:4] + words(*arguments), block)
    if len(answer) != 32:
        raise NodeError(f"{to} does not answer {function}: it is another contract, or on another chain")
    return int.from_bytes(answer)


def _address(node: Node, to: str, function: str, block: int) -> str:
    number = _number(node, to, function, block)
    if number >> 160:
        raise NodeError(f"{to} answers {function} with something that is no address")
    return f"0x{number:040x}"


def _is_burn(log: Log, contracts: Contracts, engine: bytes, case_id: bytes) -> bool:
    if log.address == contracts.ledger:
        return log.topics[0] == topic_of(Burnt)
    slashed = log.address == contracts.vault and log.topics[0] == topic_of(Slashed)
    return slashed and log.topics[1] == engine and log.topics[3] == case_id


def _following(burns: Sequence[Log], transfers: Sequence[tuple[Log, bytes]]) -> list[tuple[Log, bytes]]:
    """The transfer that each burn made: the burner's next one in the same transaction."""
    by_burner: dict[tuple[bytes, bytes], list[tuple[Log, bytes]]] = defaultdict(list)
    for transfer in transfers:
        by_burner[transfer[0].transaction, transfer[0].topics[1]].append(transfer)
    made = []
    for burn in burns:
        own = by_burner[burn.transaction, words(burn.address)]
        after = [transfer for transfer in own if transfer[0].index > burn.index]
        if after:
            made.append(min(after, key=lambda transfer: transfer[0].index))
    return made
