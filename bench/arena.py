"""Where the time of a whole task goes: the demo's people, each a process, on a chain with a block every second.

    python bench/arena.py [--people all|acting|both] [--json]

A task is a chain of steps each of which needs the one before on chain, from its posting to its end. A step takes one
block at least, and as many whole blocks as the work in it fills: the training or scoring that it waited for, and the
time in the store, each of the slowest worker. What is left of these blocks is a wait that the block time makes
unavoidable; every further block is overhead, and so is storage. Some moments are fixed beforehand: Enrol has a fixed
length, and whoever never reveals is waited for until the deadline (`acting` leaves that person out). Work beside the
chain of steps, such as training while others score, costs no time and is not counted. Times are those of blocks; the
first training includes loading torch, scoring includes opening the models, and storage is that of the whole round,
thus an upper bound.

Questions to the chain are counted by the workers themselves, from the posting of the task to their end. The processor
time of idle workers is what the kernel counts for them in the last half minute of the longest wait for a deadline.
"""

import argparse
import itertools
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from support.machine import machine

from covey.chain import Record, queries
from covey.cli.acts.demo import BOUNTY, LENGTHS
from covey.journal import Journal
from covey.localnet import free_port
from covey.network import DEMO_CAST, TASK, Cast, Network
from covey.protocol.phases import Status
from covey.protocol.schedule import Schedule
from covey.roles.arena import ARENA
from covey.roles.observer import Observer
from covey.roles.task import TaskState

ROUNDS = 3
BLOCK_TIME = 1  # second
GOAL = 15  # % of overhead
PATIENCE = 10.0  # seconds for a block
IDLE = 30  # seconds over which idle workers are watched
ACTING = replace(DEMO_CAST, validators=tuple(p for p in DEMO_CAST.validators if p.name != "silent"))
PEOPLE = {"all": DEMO_CAST, "acting": ACTING}
Notice = Mapping[str, Any]


# Running --------------------------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """What was seen of one task. `blocks` are timestamps by number, `lag` is how much later blocks were seen than their
    timestamps say, `processor` the workers' processor time by block time and name, `memory` of all workers together
    when most is loaded (bytes, shared pages divided). Times in seconds."""

    state: TaskState
    records: Sequence[Record]
    blocks: Mapping[int, int]
    lag: float
    notices: Mapping[str, Sequence[Notice]]
    processor: Mapping[int, Mapping[str, float]]
    memory: int
    before: Mapping[str, float] = field(default_factory=dict)


def watch(cast: Cast) -> Watched:
    """One task of these people on a fresh chain."""
    clock, before = time.monotonic(), {}
    with (
        TemporaryDirectory(prefix="covey-bench-") as folder,
        Network(Path(folder), cast, relay_port=free_port()) as net,
    ):
        before["node and contracts"] = time.monotonic() - clock
        net.start_workers()
        net.fund()
        net.await_ready(cast.workers)
        before["starting and funding workers"] = time.monotonic() - clock - sum(before.values())
        net.mine_every(BLOCK_TIME)
        net.post(("--data", "digits"), ROUNDS, LENGTHS, BOUNTY, "bench")
        watched = follow(net)
        net.await_ended()
        watched.notices = {name: list(worker.notices()) for name, worker in net.workers.items()}
        watched.before = before
        return watched


def follow(net: Network) -> Watched:
    """Watches until the task is finished."""
    lags: list[float] = []
    processor: dict[int, dict[str, float]] = {}
    memory = 0
    with Journal(net.folder / "setup" / "bench.sqlite") as journal:
        observer = Observer(ARENA, net.gateway, journal, net.deployment, frozenset({TASK}))
        head = net.gateway.head()
        while True:
            lags.append(time.time() - head.timestamp)
            observer.update(head)
            net.require_alive()
            state = observer.tasks.get(TASK)
            if state is not None:
                processor[head.timestamp] = {name: worker_cost(w.child.pid)[0] for name, w in net.workers.items()}
                if state.status is Status.ENDED and not memory:
                    memory = sum(worker_cost(w.child.pid)[1] for w in net.workers.values())
                if state.status is Status.FINISHED:
                    break
            head = net.gateway.wait_for_block(head, PATIENCE)
        records = tuple(observer.records())
        numbers = range(records[0].log.block, head.number + 1)
        heads = net.gateway.rpc.ask_each([queries.block(number) for number in numbers])
        blocks = {block.number: block.timestamp for block in heads if block is not None}
        return Watched(state, records, blocks, statistics.median(lags), {}, processor, memory)


def worker_cost(session: int) -> tuple[float, int]:
    """Seconds of processor time and bytes of memory (PSS) of the processes of a session, as Linux counts them."""
    seconds, memory = 0.0, 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) != session:
                continue
            seconds += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            pss = next(line for line in (process / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
            memory += int(pss.split()[1]) << 10
        except (OSError, StopIteration):  # it has ended
            continue
    return seconds, memory


# Steps ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One link of the chain, in seconds: all it took, and what of that was one thing or another."""

    name: str
    seconds: float
    deadline: float = 0
    training: float = 0
    scoring: float = 0
    storage: float = 0

    @property
    def work(self) -> float:
        return self.training + self.scoring + self.storage

    @property
    def least(self) -> float:
        """In the whole blocks that the work fills, one at least; a fixed moment needs no block of its own."""
        return 0 if self.deadline else max(1, math.ceil(self.work / BLOCK_TIME)) * BLOCK_TIME

    @property
    def waiting(self) -> float:
        """For blocks, unavoidably."""
        return max(0, min(self.least, self.seconds) - self.work)

    @property
    def overhead(self) -> float:
        return self.seconds - self.deadline - self.training - self.scoring - self.waiting


class Walk:
    """From block to block along the steps."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.at = self.last("TaskCreated")
        self.steps: list[Step] = []

    def last(self, *names: str, **arguments: object) -> int:
        """The block of the last event of these names with these arguments; 0 if there is none."""
        blocks = [
            record.log.block
            for record in self.watched.records
            if record.name in names and arguments.items() <= record.arguments.items()
        ]
        return max(blocks, default=0)

    def to(self, name: str, block: int, training: str = "", scoring: str = "", storage: float = 0) -> None:
        """To a block that had to come; `training` and `scoring` name such work, as `work_of` does."""
        if block <= self.at:
            return  # done before the others
        begin, end = self.watched.blocks[self.at], self.watched.blocks[block]
        done = [self._within(begin, end, kind) if kind else 0.0 for kind in (training, scoring)]
        self.steps.append(Step(name, end - begin, 0, *done, min(storage, end - begin - sum(done))))
        self.at = block

    def until(self, name: str, moment: int) -> None:
        """To the first block of a moment that was fixed beforehand."""
        block = next(number for number, timestamp in self.watched.blocks.items() if timestamp >= moment)
        seconds = self.watched.blocks[block] - self.watched.blocks[self.at]
        if seconds > 0:
            self.steps.append(Step(name, seconds, deadline=seconds))
            self.at = block

    def _within(self, begin: float, end: float, name: str) -> float:
        """The most of one worker's work of this name that lay between two times of the chain."""
        most = 0.0
        for notice in itertools.chain(*self.watched.notices.values()):
            if work_of(notice) == name:
                done = notice["at"] - self.watched.lag
                most = max(most, min(done, end) - max(done - notice["facts"]["seconds"], begin))
        return most


def work_of(notice: Notice) -> str | None:
    """The name of the work that a notice says is done."""
    match notice:
        case {"kind": "trained", "facts": {"round": round_}}:
            return f"train/{round_}"
        case {"kind": "did", "text": str(act), "facts": {"seconds": _}}:
            return act
        case _:
            return None


def steps(watched: Watched, stored: Mapping[str, Sequence[float]]) -> list[Step]:
    """From a task's posting to its end. `stored`: seconds in the store in each round, of the slowest of each role."""
    state, walk = watched.state, Walk(watched)
    schedule = Schedule.of(state.params, state.created_at)
    walk.until("Enrol's length", schedule.enrol_end)
    walk.to("close Enrol", walk.last("EnrolClosed"))
    walk.to("draw rings", walk.last("RingsDrawn"))
    walk.to("register handles", walk.last("HandleRegistered"))
    for r, data in enumerate(state.rounds):
        of = f"round {r + 1}: "
        walk.to(of + "submit", walk.last("Submitted", round=r), training=f"train/{r}", storage=stored["train"][r])
        walk.to(of + "publish", walk.last("Published", round=r))
        walk.to(of + "post key", walk.last("KeyPosted", round=r))
        scored = walk.last("ScoresCommitted", round=r)
        walk.to(of + "score and commit", scored, scoring=f"score/{r}", storage=stored["validate"][r])
        walk.to(of + "first reveal", walk.last("VectorRevealed", round=r, vectorHash=next(iter(data.vectors))))
        walk.to(of + "other reveals", walk.last("ScoresRevealed", round=r))
        if len(data.reveals) < len(data.commitments):
            walk.until(of + "a reveal that never comes", schedule.reveal_end(r))
    walk.to("settle", walk.last("RoundSettled"))
    walk.to("open", walk.last("HandleOpened"))
    walk.to("tally, deliver", walk.last("RoundTallied", "Delivered"))
    walk.to("conclude", walk.last("TrainerConcluded", "ValidatorConcluded"))
    walk.to("finish", walk.last("TaskFinished"))
    return walk.steps


# Workers --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Consumption:
    """Of one role's workers, the mean of each: calls of JSON-RPC methods in a round, of them requests over HTTP, and
    these in a block; processor time in the whole task (s), the most memory at once (bytes)."""

    role: str
    workers: int
    calls: Mapping[str, float]
    requests: float
    requests_per_block: float
    processor: float
    memory: int


def used(notices: Sequence[Notice]) -> list[Mapping[str, Any]]:
    """What a worker had used up after each round, and in all."""
    return [notice["facts"] for notice in notices if notice["kind"] == "usage"]


def storage(watched: Watched, cast: Cast) -> dict[str, list[float]]:
    """Seconds in the store per round, of the slowest of each role."""
    slowest: dict[str, list[float]] = {}
    for person in cast.workers:
        seconds = [0.0, *(facts["storage"] for facts in used(watched.notices[person.name]))]
        rounds = [after - before for before, after in itertools.pairwise(seconds)][:ROUNDS]
        slowest[person.verb[0]] = list(map(max, rounds, slowest.get(person.verb[0], rounds)))
    return slowest


def consumption(watched: Watched, cast: Cast) -> Iterator[Consumption]:
    for role, people in (
        ("trainer", cast.trainers),
        ("validator", cast.validators),
        ("keeper, relay", (cast.keeper,)),
        ("creator", (cast.creator,)),
    ):
        totals = [used(watched.notices[person.name])[-1] for person in people]
        methods = sorted({method for total in totals for method in total["rpc"]["calls"]})
        requests = statistics.mean(total["rpc"]["requests"] for total in totals)
        yield Consumption(
            role=role,
            workers=len(people),
            calls={m: statistics.mean(t["rpc"]["calls"].get(m, 0) for t in totals) / ROUNDS for m in methods},
            requests=requests / ROUNDS,
            requests_per_block=requests / len(watched.blocks),
            processor=statistics.mean(total["processor"] for total in totals),
            memory=max(total["memory"] for total in totals),
        )


def idle_processor(watched: Watched, path: Sequence[Step]) -> float | None:
    """Share of one core that all workers together take while they wait for the longest deadline, if one is long."""
    times, at = sorted(watched.processor), watched.state.created_at
    longest = max(path, key=lambda step: step.deadline)
    end = at + sum(step.seconds for step in path[: path.index(longest) + 1])
    window = [t for t in times if end - IDLE <= t < end]
    if longest.seconds < 2 * IDLE or not window:
        return None
    begin, last = watched.processor[window[0]], watched.processor[window[-1]]
    return sum(last[name] - begin[name] for name in last) / (window[-1] - window[0])


# Reports --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """One task. Shares are of `wall`, the seconds from its posting to its end; `idle` is of one core, all workers
    together."""

    people: str
    workers: int
    load: float
    before: Mapping[str, float]
    path: Sequence[Step]
    workers_used: Sequence[Consumption]
    idle: float | None
    memory: int

    @property
    def wall(self) -> float:
        return self.total("seconds")

    def total(self, part: str) -> float:
        return float(sum(getattr(step, part) for step in self.path))

    @property
    def sequential(self) -> int:
        """Steps that take a block."""
        return sum(not step.deadline for step in self.path)

    def parts(self) -> dict[str, float]:
        """What the wall time consists of, in seconds."""
        late = self.total("overhead") - self.total("storage")
        return {
            "moments fixed beforehand": self.total("deadline"),
            "training": self.total("training"),
            "scoring": self.total("scoring"),
            "storage": self.total("storage"),
            "chain: blocks that the steps can't do without": self.total("waiting"),
            "chain: further blocks": late,
        }

    def shares(self) -> dict[str, float]:
        """Of the wall time, in percent."""
        neither = self.wall - self.total("training") - self.total("scoring")
        overhead = self.total("overhead")
        return {
            "neither training nor scoring": 100 * neither / self.wall,
            "overhead": 100 * overhead / self.wall,
            "overhead, without moments fixed beforehand": 100 * overhead / (self.wall - self.total("deadline")),
        }

    def facts(self) -> dict[str, Any]:
        figures = ("waiting", "overhead")
        path = [asdict(step) | {name: getattr(step, name) for name in figures} for step in self.path]
        own = asdict(replace(self, path=()))
        return own | {"path": path, "wall": self.wall, "seconds": self.parts(), "shares": self.shares()}


def measure(people: str) -> Report:
    cast, load = PEOPLE[people], os.getloadavg()[0]
    watched = watch(cast)
    path = steps(watched, storage(watched, cast))
    return Report(
        people=people,
        workers=len(cast.workers) + 1,
        load=load,
        before=watched.before,
        path=path,
        workers_used=list(consumption(watched, cast)),
        idle=idle_processor(watched, path),
        memory=watched.memory,
    )


def show(report: Report, console: Console) -> None:
    console.print(f"\npeople: {report.people}, {report.workers} worker processes; load before {report.load:.1f}")
    console.print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.before.items()))
    columns = ("seconds", "deadline", "training", "scoring", "storage", "waiting", "overhead")
    path = Table("step", *columns)
    for step in report.path:
        path.add_row(step.name, *(shown(getattr(step, column)) for column in columns))
    path.add_section()
    path.add_row("all", *(shown(report.total(column)) for column in columns))
    console.print(path)
    for name, part in report.parts().items():
        console.print(f"{name:50} {part:8.2f} s {100 * part / report.wall:6.1f} %")
    console.print(
        f"{report.sequential} steps need a block each: {report.sequential * BLOCK_TIME} s of {report.wall:.0f} s"
    )
    for name, share in report.shares().items():
        goal = f"  (goal: at most {GOAL} %)" if name == "overhead" else ""
        console.print(f"{name:50} {share:8.1f} %{goal}")
    asked = Table("role", "workers", "calls", "requests", "a block", "calls by method", "processor", "memory")
    for line in report.workers_used:
        methods = sorted(line.calls.items(), key=lambda item: -item[1])
        asked.add_row(
            line.role,
            str(line.workers),
            f"{sum(line.calls.values()):.0f}",
            f"{line.requests:.0f}",
            f"{line.requests_per_block:.2f}",
            ", ".join(f"{method.removeprefix('eth_')} {count:.1f}" for method, count in methods if count >= 0.05),
            f"{line.processor:.1f} s",
            f"{line.memory >> 20} MiB",
        )
    console.print("per worker and round (processor time: in the whole task; memory: the most at once)")
    console.print(asked)
    idle = "" if report.idle is None else f"; while all wait they take {100 * report.idle:.1f} % of a core together"
    console.print(f"all workers hold {report.memory >> 20} MiB at the task's end{idle}")


def shown(value: float) -> str:
    return f"{value:.2f}" if value else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=[*PEOPLE, "both"], default="both")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    reports = [measure(people) for people in PEOPLE if arguments.people in (people, "both")]
    here = {
        "machine": machine(),
        "python": platform.python_version(),
        "torch": version("torch"),
        "block_time": BLOCK_TIME,
    }
    if arguments.json:
        print(json.dumps(here | {"tasks": [report.facts() for report in reports]}))
        return
    console = Console(width=150)
    console.print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in here.items()))
    for report in reports:
        show(report, console)


if __name__ == "__main__":
    main()
