"""Doing what the plan says, to whoever is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from covey.chaos.chain import BlockSpace, reorganise, skew
from covey.chaos.contents import lose
from covey.chaos.crew import Crew
from covey.chaos.plan import Fault, Kind
from covey.chaos.rpc import Proxy
from covey.chaos.undo import Undo
from covey.localnet import Localnet


@dataclass(frozen=True)
class Injected:
    """A fault that is under way, on `victims`; `end` ends it."""

    fault: Fault
    victims: tuple[str, ...]
    end: Undo


@dataclass(frozen=True)
class Injector:
    """Everything that faults are done to."""

    node: Localnet
    space: BlockSpace
    proxy: Proxy
    crew: Crew
    store: Path

    def inject(self, fault: Fault, others: Sequence[str]) -> Injected | None:
        """Begins a fault. Where its victim has no process any more, the first of `others` that has one takes its place;
        None if there is nothing to do it to."""
        match fault.kind:
            case Kind.OFFLINE:
                return Injected(fault, fault.victims, _all([self.crew.hold(name) for name in fault.victims]))
            case Kind.REORG:
                reorganise(self.node, fault.amount)
                return Injected(fault, (), _nothing)
            case Kind.CLOCK:
                skew(self.node, fault.amount)
                return Injected(fault, (), _nothing)
            case Kind.FULL_BLOCKS:
                return Injected(fault, (), self.space.shorten(fault.amount))
            case Kind.LOST_CONTENT:
                put_back = lose(self.store, fault.amount)
                return None if put_back is None else Injected(fault, (), put_back)
        victim = next(filter(self.crew.running, (*fault.victims, *others)), None)
        if victim is None:
            return None
        match fault.kind:
            case Kind.KILL:
                undo = self.crew.hold(victim)
            case Kind.FREEZE:
                undo = self.crew.freeze(victim)
            case Kind.FULL_DISK:
                undo = self.crew.fill_disk(victim)
            case _:
                undo = self.proxy.trouble(victim, fault.kind, fault.amount)
        return Injected(fault, (victim,), undo)


def _all(undos: Sequence[Undo]) -> Undo:
    def undo() -> None:
        for one in undos:
            one()

    return undo


def _nothing() -> None:
    pass
