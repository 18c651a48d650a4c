"""From a node to a bundle: all logs that the settlement of an Arena's task rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .abi import words
from .bundle import ArenaBundle, ArenaContracts, Clock, Log, seal
from .custody import (
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
)
from .events import TaskCreated, TrainerEnrolled, ValidatorEnrolled
from .gathering import Gathering, created_in, topics
from .kinds import topic_of
from .rpc import Filter, Node, NodeError

_OPERATORS_AT_ONCE: Final = 200


def export(node: Node, arena: str, task: int, first: int = 0, last: int | None = None) -> ArenaBundle:
    """The bundle of a task, up to block `last` (the newest, unless given); `first` is a block not after the vault's
    deployment. Raises NodeError."""
    found = Gathering(node, first, last)
    contracts, clock = _deployment(found, arena)
    engine, number = words(arena), words(task)
    found.ask(Filter(arena, (None, (number,))), first)
    since = created_in(found.logs(), TaskCreated, f"arena {arena}", task)
    found.ask(Filter(contracts.ledger, (topics(Charged, Paid, Burnt), (engine,), (number,))), since)
    operators = _operators(found.logs())
    for start in range(0, len(operators), _OPERATORS_AT_ONCE):
        some = tuple(operators[start : start + _OPERATORS_AT_ONCE])
        pools = topics(Staked, ExitRequested, PoolEmptied, BucketEmptied)
        found.ask(Filter(contracts.vault, (pools, some)), first)
        found.ask(Filter(contracts.vault, (topics(Locked, Released, Slashed), None, some)), first)
    burns = [log for log in found.logs() if _is_burn(log, contracts, engine, number)]
    found.ask_for_burns(burns, contracts.token, since)
    return seal(ArenaBundle(contracts=contracts, clock=clock, **found.common(task)))


def _operators(logs: Sequence[Log]) -> list[bytes]:
    enrolments = {topic_of(TrainerEnrolled), topic_of(ValidatorEnrolled)}
    return sorted({log.topics[3] for log in logs if log.topics[0] in enrolments and len(log.topics) == 4})


def _deployment(found: Gathering, arena: str) -> tuple[ArenaContracts, Clock]:
    vault = found.address(arena, "vault()")
    ledger = found.address(arena, "ledger()")
    token = found.address(vault, "token()")
    unbonding = found.number(vault, "unbonding()")
    genesis = found.number(vault, "maturityOf(uint24)", 0) - unbonding
    clock = Clock(genesis, found.number(vault, "epochLength()"), unbonding)
    if genesis < 0 or not clock.epoch_length:
        raise NodeError(f"{vault} is no vault")
    return ArenaContracts(arena, vault, ledger, token), clock


def _is_burn(log: Log, contracts: ArenaContracts, engine: bytes, case_id: bytes) -> bool:
    if log.address == contracts.ledger:
        return log.topics[0] == topic_of(Burnt)
    slashed = log.address == contracts.vault and log.topics[0] == topic_of(Slashed)
    return slashed and log.topics[1] == engine and log.topics[3] == case_id
