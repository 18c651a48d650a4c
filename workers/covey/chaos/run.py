"""Playing tasks on one network while faults befall it, to the end of all of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from covey.chaos import check
from covey.chaos.chain import BlockSpace
from covey.chaos.crew import Crew
from covey.chaos.faults import Injected, Injector
from covey.chaos.idle import idle_until
from covey.chaos.people import Group, cast_of, groups_of
from covey.chaos.plan import DEEPEST, Fault, Kind, plan_faults
from covey.chaos.rpc import Proxy
from covey.chaos.stages import place_of, stages
from covey.journal import Journal
from covey.localnet import free_port
from covey.network import Network
from covey.protocol.params import Lengths
from covey.protocol.phases import Status
from covey.roles.arena import ARENA
from covey.roles.observer import Observer
from covey.roles.task import TaskState
from covey.roles.view import View

BOUNTY: Final = 1_000 * 10**18
TOGETHER: Final = 3
"""Tasks that run at the same time."""

_PHASE: Final = 1_500
"""Seconds: long enough for any machine, and for eight rounds within a local network's unbonding time."""

_LENGTHS: Final = Lengths(
    **dict.fromkeys(("enrol", "mask", "submit", "publish", "key", "score", "reveal", "open"), _PHASE)
)
_QUORUM: Final = ("--set", "min_trainers=1", "--set", "min_validators=3")
"""A task without the majority of its three or more validators is cancelled, one without a trainer goes on."""

_CONFIRMED: Final = ("--confirmations", str(DEEPEST))
_BLOCK_TIME: Final = 1
_WAIT: Final = 5.0
_PATIENCE: Final = 600
"""Blocks without any progress after which the tasks count as stuck."""


@dataclass(frozen=True)
class Chaos:
    """What is played: `workers` trainers for each task, of `data` in `family` as `covey task create` takes them."""

    seed: int
    tasks: int
    faults: int
    workers: int
    rounds: int
    family: str
    data: str
    port: int


@dataclass(frozen=True)
class News:
    """Something that happened, `block` blocks after the faults began."""

    block: int
    text: str
    facts: Mapping[str, object]


@dataclass(frozen=True)
class Outcome:
    """What was done and what came of it. `violations` is empty if nobody honest lost anything."""

    tasks: Sequence[TaskState]
    passed: Mapping[int, bool]
    injected: Sequence[Injected]
    missed: Sequence[Fault]
    restarts: int
    endings: Mapping[int, int]
    blocks: int
    seconds: float
    violations: Sequence[str]


class Stuck(Exception):
    """Nothing moves any more."""


Tell = Callable[[News], None]


def play(chaos: Chaos, folder: Path, tell: Tell) -> Outcome:
    """Runs it all in `folder`, which keeps every log. Raises LocalnetError, ChainError."""
    groups = groups_of(chaos.tasks, chaos.workers, chaos.seed)
    cast = cast_of(groups)
    plan = plan_faults(chaos.seed, chaos.faults, groups, cast.keeper.name, chaos.rounds)
    began = time.monotonic()
    with (
        Network(folder, cast, port=chaos.port, relay_port=free_port()) as network,
        Proxy(network.node.url) as proxy,
        Journal(folder / "setup" / "observer.sqlite") as journal,
    ):
        network.endpoints = {person.name: proxy.address(person.name) for person in cast.everybody}
        network.fund()
        network.node.mine(DEEPEST + 1)  # no reorganisation takes the preparations back
        network.mine_every(_BLOCK_TIME)
        observer = Observer(ARENA, network.gateway, journal, network.deployment, None)
        run = _Run(chaos, groups, plan, network, proxy, observer, tell)
        violations: list[str] = []
        try:
            run.all_tasks()
        except Stuck as stuck:
            violations.append(str(stuck))
        network.end_workers()
        findings = check.everything(network, observer, groups, run.excused, run.crew.endings)
        return Outcome(
            tasks=list(observer.tasks.values()),
            passed=findings.passed,
            injected=run.injected,
            missed=run.missed,
            restarts=run.crew.restarts,
            endings=Counter(ending.status for ending in run.crew.endings),
            blocks=run.block,
            seconds=time.monotonic() - began,
            violations=[*violations, *findings.violations],
        )


class _Run:
    """One run's state, from block to block."""

    def __init__(
        self,
        chaos: Chaos,
        groups: Sequence[Group],
        plan: Sequence[Fault],
        network: Network,
        proxy: Proxy,
        observer: Observer[TaskState],
        tell: Tell,
    ) -> None:
        self._chaos = chaos
        self._groups = groups
        self._network = network
        self._observer = observer
        self._tell = tell
        self._keeper = network.cast.keeper
        self._names = network.names()
        self.crew = Crew(network)
        store = network.folder / "store"
        self._injector = Injector(network.node, BlockSpace(network.node), proxy, self.crew, store)
        self._waiting = list(plan)
        self._active: list[tuple[Injected, int]] = []  # with the block at which it ends
        self._entered: dict[tuple[int, int], int] = {}  # when a group's task was first seen in a stage
        self._moved = 0  # the last block at which something happened
        self._last: tuple[int, ...] = ()
        self._head = network.gateway.head()
        self._first = self._head.number
        self.injected: list[Injected] = []
        self.missed: list[Fault] = []

    @property
    def block(self) -> int:
        """Blocks since the faults began."""
        return self._head.number - self._first

    @property
    def excused(self) -> frozenset[str]:
        """Who was kept away for a whole phase, and so may be slashed."""
        return frozenset(name for one in self.injected if one.fault.kind is Kind.OFFLINE for name in one.victims)

    def all_tasks(self) -> None:
        """Plays every group's task, a few at a time. Raises Stuck."""
        relay = ("--store", self._network.store, "--relay", f"127.0.0.1:{self._network.relay_port}")
        self._network.start(self._keeper, (*relay, *_CONFIRMED))
        for first in range(0, len(self._groups), TOGETHER):
            wave = range(first, min(first + TOGETHER, len(self._groups)))
            for index in wave:
                for person in (*self._groups[index].trainers, *self._groups[index].validators):
                    self._network.start_worker(person, index + 1, *_CONFIRMED)
            while not self._over(wave):
                self._step(wave)
                self._head = self._network.gateway.wait_for_block(self._head, _WAIT)

    def _step(self, wave: range) -> None:
        """What is to be done at a new block."""
        self._observe()
        self.crew.supervise(self.block)
        self._end_faults()
        for index in wave:
            self._inject_due(index)
        self._post(wave)
        self._skip_waiting(wave)
        self._require_progress()

    def _observe(self) -> None:
        undone = self._observer.update(self._head)
        if undone:
            self._say(f"the chain took back {undone} events", undone=undone)

    # Tasks ------------------------------------------------------------------------------------------------------------

    def _view(self, index: int) -> View | None:
        """The task that a group works for: its workers know it by its number."""
        state = self._observer.tasks.get(index + 1)
        return None if state is None else View(state, self._head.timestamp, self._head.number)

    def _post(self, wave: range) -> None:
        """Starts the next creator, once the task before is posted: so the groups' tasks have their numbers."""
        started = [index for index in wave if self._groups[index].creator.name in self._network.workers]
        rest = [index for index in wave if index not in started]
        if rest and len(self._observer.tasks) >= rest[0]:
            creator = self._groups[rest[0]].creator
            options = ("--data", self._chaos.data, "--family", self._chaos.family, *_QUORUM, *_CONFIRMED)
            self._network.post(options, self._chaos.rounds, _LENGTHS, BOUNTY, creator.name, creator)

    def _over(self, wave: range) -> bool:
        people = [person.name for index in wave for person in self._groups[index].everybody]
        finished = all(map(self._finished, wave))
        faults = any(fault.group in wave for fault in self._waiting) or self._active
        return finished and not faults and all(map(self.crew.done, people))

    def _finished(self, index: int) -> bool:
        """Whether the task is finished and the keeper has its pay."""
        state = self._observer.tasks.get(index + 1)
        keeper = self._network.signers[self._keeper.name].address
        return state is not None and state.status is Status.FINISHED and not state.relays.get(keeper)

    def _skip_waiting(self, wave: range) -> None:
        """Moves the clock to the next deadline, if nothing else can happen in any task."""
        views = [view for view in map(self._view, wave) if view and view.state.status is not Status.FINISHED]
        if not views or len(self._observer.tasks) <= wave[-1]:
            return
        until = [idle_until(view, self._groups[view.state.task - 1], self._away(), self._names) for view in views]
        deadlines = [deadline for deadline in until if deadline is not None]
        if len(deadlines) < len(views) or min(deadlines) <= self._head.timestamp:
            return
        seconds = min(deadlines) - self._head.timestamp
        self._say(f"only time is waited for: {seconds} s are skipped", seconds=seconds)
        self._network.node.rpc("evm_increaseTime", seconds)

    def _away(self) -> frozenset[str]:
        """Who is kept from acting through the present phase."""
        return frozenset(name for one, _ in self._active if one.fault.kind is Kind.OFFLINE for name in one.victims)

    def _require_progress(self) -> None:
        tasks = self._observer.tasks.values()
        now = (sum(task.changed_at for task in tasks), len(self.injected))
        if now != self._last:
            self._last, self._moved = now, self.block
        if self.block - self._moved > _PATIENCE:
            waiting = "; ".join(
                f"task {task.task}: {View(task, self._head.timestamp, self._head.number).waiting().reason}"
                for task in tasks
                if task.status is not Status.FINISHED
            )
            busy = [name for name in self._network.workers if self.crew.running(name) and name != self._keeper.name]
            raise Stuck(f"nothing happened for {_PATIENCE} blocks ({waiting or 'all finished'}; at work: {busy})")

    # Faults -----------------------------------------------------------------------------------------------------------

    def _inject_due(self, index: int) -> None:
        place = place_of(self._view(index), self._chaos.rounds)
        for fault in [fault for fault in self._waiting if fault.group == index]:
            entered = self._entered.setdefault((index, place), self.block)
            if place < fault.stage or (place == fault.stage and self.block < entered + fault.after):
                break
            self._waiting.remove(fault)
            self._inject(fault, place)

    def _inject(self, fault: Fault, place: int) -> None:
        others = [*(person.name for person in self._groups[fault.group].everybody), self._keeper.name]
        one = self._injector.inject(fault, others)
        if one is None:
            self.missed.append(fault)
            return
        self.injected.append(one)
        self._active.append((one, self.block + fault.blocks))
        line = stages(self._chaos.rounds)
        where = str(line[place]) if place < len(line) else "finished"
        whom = f" ({', '.join(one.victims)})" if one.victims else ""
        facts = {"number": fault.number, "fault": fault.kind, "task": fault.group + 1, "stage": where}
        self._say(f"{fault.number:>4}  task {fault.group + 1}, {where}: {fault.kind}{whom}", **facts, on=one.victims)

    def _end_faults(self) -> None:
        for one, end in list(self._active):
            fault = one.fault
            if fault.kind is Kind.OFFLINE:
                over = place_of(self._view(fault.group), self._chaos.rounds) > fault.until
            else:
                over = self.block >= end
            if over:
                self._active.remove((one, end))
                one.end()

    def _say(self, text: str, **facts: object) -> None:
        self._tell(News(self.block, text, facts))
