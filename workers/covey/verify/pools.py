"""The stake of the task's operators, re-derived from the StakeVault's logs: shares, exits, locks and slashes.

A pool's price is active tokens / shares, both roundings favour the pool (contracts/libraries/Shares.sol). A slash takes
from the active pool and from the exits asked out in the lock's epoch or later, in proportion, by cumulative rounding.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from .bundle import Clock
from .custody import (
    BucketEmptied,
    ExitRequested,
    Locked,
    PoolEmptied,
    Released,
    Slashed,
    Staked,
    VaultEvent,
)
from .records import Record
from .report import Report
from .rules import delegated_ratio

_STAKE = "stake pools follow their own history"
_LOCKS = "locks are covered and accounted for"

_Case = tuple[str, str, int]


@dataclass(slots=True)
class Lock:
    """An engine's hold on an operator's stake; amounts in wei, `ratio` the delegators' part of the pool in 1/65535.
    It was taken `at` that log.

    `burnt` and `freed` are what became of the amount, `freed` being None while the lock holds.
    """

    amount: int
    until: int
    at: Record
    generation: int
    epoch: int
    ratio: int
    burnt: int = 0
    freed: int | None = None

    @property
    def left(self) -> int:
        return self.amount - self.burnt - (self.freed or 0)


@dataclass(slots=True)
class _Pool:
    """An operator's stake. `shares` and `held` are of the present generation, `past` keeps every earlier balance as
    (block, shares) by (generation, delegator), `totals` the same for all delegators by generation."""

    active: int = 0
    shares: int = 0
    generation: int = 0
    locked: int = 0
    held: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    past: dict[tuple[int, str], list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    totals: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    exits: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    emptied: list[VaultEvent] = field(default_factory=list)

    def delegated(self, operator: str) -> int:
        return self.shares - self.held[operator]


class Pools:
    """Follows the vault's logs in the chain's order; differences go to the report."""

    def __init__(self, clock: Clock, report: Report) -> None:
        self._clock = clock
        self._report = report
        self._pools: dict[str, _Pool] = defaultdict(_Pool)
        self._locks: dict[_Case, Lock] = {}

    def lock_of(self, engine: str, operator: str, case_id: int) -> Lock | None:
        """The latest lock of `engine` on `operator` for a case, freed or not."""
        return self._locks.get((engine, operator, case_id))

    def shares_before(self, operator: str, lock: Lock, delegator: str) -> int:
        """Shares that a delegator had in the block before the lock."""
        past = self._pools[operator].past[lock.generation, delegator]
        return _latest(past, lock.at.block - 1) if delegator != operator else 0

    def delegated_before(self, operator: str, lock: Lock) -> int:
        """Shares that all delegators had in the block before the lock."""
        return _latest(self._pools[operator].totals[lock.generation], lock.at.block - 1)

    def follow(self, event: VaultEvent, at: Record) -> None:
        """Take the next event of the vault, which was logged `at`."""
        pool = self._pools[event.operator]
        if not isinstance(event, PoolEmptied | BucketEmptied):
            self._miss(event.operator, pool)
        match event:
            case Staked():
                self._stake(pool, event, at)
            case ExitRequested():
                self._exit(pool, event, at)
            case Locked():
                self._lock(pool, event, at)
            case Released():
                self._release(pool, event)
            case Slashed():
                self._slash(pool, event)
            case PoolEmptied() | BucketEmptied():
                due = pool.emptied.pop(0) if pool.emptied else None
                self._report.equal(_STAKE, f"{event.operator} emptied in block {at.block}", repr(due), repr(event))

    def close(self) -> None:
        """Take note that there are no more logs."""
        for operator, pool in self._pools.items():
            self._miss(operator, pool)

    def _miss(self, operator: str, pool: _Pool) -> None:
        """What a slash emptied has to be logged before anything else of the operator."""
        for event in pool.emptied:
            self._report.holds(_STAKE, f"{operator} after a slash", False, f"{event} is missing")
        pool.emptied.clear()

    def _stake(self, pool: _Pool, event: Staked, at: Record) -> None:
        due = event.amount if pool.shares == 0 else event.amount * pool.shares // max(pool.active, 1)
        self._report.equal(
            _STAKE,
            f"shares of {event.account} in {event.operator} for {event.amount} wei",
            (due, pool.generation),
            (event.shares, event.generation),
        )
        pool.active += event.amount
        self._move(pool, event.operator, event.account, event.shares, at.block)

    def _exit(self, pool: _Pool, event: ExitRequested, at: Record) -> None:
        worth = event.shares * pool.active // pool.shares if pool.shares else 0
        subject = f"exit of {event.account} from {event.operator} in block {at.block}"
        self._report.equal(_STAKE, subject, (worth, self._epoch(at.timestamp)), (event.amount, event.epoch))
        held = pool.held[event.account]
        self._report.holds(_STAKE, f"{subject}, shares", event.shares <= held, f"{event.shares} of {held}")
        pool.active -= event.amount
        pool.exits[event.epoch] += event.amount
        self._move(pool, event.operator, event.account, -event.shares, at.block)

    def _move(self, pool: _Pool, operator: str, account: str, shares: int, block: int) -> None:
        pool.shares += shares
        pool.held[account] += shares
        if account != operator:
            pool.past[pool.generation, account].append((block, pool.held[account]))
            pool.totals[pool.generation].append((block, pool.delegated(operator)))

    def _lock(self, pool: _Pool, event: Locked, at: Record) -> None:
        covered = pool.locked + event.amount <= pool.active
        problem = f"{pool.locked} + {event.amount} locked of {pool.active} wei"
        self._report.holds(_LOCKS, f"lock on {event.operator} in block {at.block}", covered, problem)
        pool.locked += event.amount
        before = _latest(pool.totals[pool.generation], at.block - 1)
        self._locks[event.engine, event.operator, event.case_id] = Lock(
            amount=event.amount,
            until=event.until,
            at=at,
            generation=pool.generation,
            epoch=self._epoch(at.timestamp),
            ratio=delegated_ratio(min(before, pool.delegated(event.operator)), pool.shares) if pool.shares else 0,
        )

    def _release(self, pool: _Pool, event: Released) -> None:
        lock = self._lock_for(event)
        if lock is None:
            return
        held = lock.freed is None and event.amount <= lock.left
        problem = f"{event.amount} wei of {lock.left} that are locked"
        self._report.holds(_LOCKS, f"release of {event.operator}, case {event.case_id}", held, problem)
        # What is burnt of a lock that ends is logged after its release.
        lock.freed = event.amount
        pool.locked -= event.amount

    def _slash(self, pool: _Pool, event: Slashed) -> None:
        lock = self._lock_for(event)
        if lock is None:
            return
        subject = f"{event.operator}, case {event.case_id}"
        problem = f"{event.amount} wei of {lock.left} that are locked"
        self._report.holds(_LOCKS, f"slash of {subject}", event.amount <= lock.left, problem)
        lock.burnt += event.amount
        pool.locked -= event.amount

        reached = [epoch for epoch in sorted(pool.exits) if epoch >= lock.epoch]
        base = pool.active + sum(pool.exits[epoch] for epoch in reached)
        from_active = event.amount * pool.active // base if base else 0
        self._report.equal(_STAKE, f"active pool's part of the slash of {subject}", from_active, event.from_active)

        cumulated, taken = pool.active, from_active
        pool.active -= from_active
        if from_active and pool.active == 0:
            pool.emptied.append(PoolEmptied(event.operator, pool.generation))
            pool.shares = 0
            pool.held.clear()
            pool.generation += 1
        for epoch in reached:
            cumulated += pool.exits[epoch]
            due = event.amount * cumulated // base if base else 0
            pool.exits[epoch] -= due - taken
            if due != taken and pool.exits[epoch] == 0:
                pool.emptied.append(BucketEmptied(event.operator, epoch))
            taken = due

    def _lock_for(self, event: Released | Slashed) -> Lock | None:
        lock = self._locks.get((event.engine, event.operator, event.case_id))
        if lock is None:
            self._report.holds(_LOCKS, f"lock on {event.operator}, case {event.case_id}", False, "there is none")
        return lock

    def _epoch(self, timestamp: int) -> int:
        return 1 + (timestamp - self._clock.genesis) // self._clock.epoch_length


def _latest(past: list[tuple[int, int]], block: int) -> int:
    """The balance at the end of `block`."""
    return next((shares for number, shares in reversed(past) if number <= block), 0)
