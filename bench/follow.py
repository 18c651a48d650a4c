"""Catching up: an Observer follows a chain of 1,000,000 blocks with 100,000 events of one Arena, all tasks of it.

    python bench/follow.py [--blocks 1000000] [--events 100000] [--json]

The chain is a server in a process of its own that makes up blocks and events as it is asked for them: whole tasks of
three rounds, ten at a time, one event every few blocks. Events are encoded as the contracts encode them, and differ in
all that differs between tasks. The follower is the one of every worker, with its journal, in a fresh process:

    from nothing      the whole chain
    again             started anew after that, with nothing new on the chain
    killed            SIGKILL in the middle, then started again
    no times in logs  from nothing, with a node whose logs lack their block's time, so that headers are asked for

`RPC` is the time that the server spent on answers; `own` is all other time until the state of all tasks stands, the
disk's included. `memory` is the most that the process ever had, its modules included; `before` is what it had before
it began. All runs must end with the same state of all tasks.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from eth_abi import encode
from eth_utils.abi import collapse_if_tuple
from rich.console import Console
from rich.table import Table
from support.machine import machine

from covey.chain import Deployment, Gateway, Parameters, artefacts
from covey.chain.deployment import Addresses
from covey.journal import Journal
from covey.localnet.children import spawn, stop
from covey.protocol.hashing import keccak
from covey.protocol.params import DEMO, TaskParams
from covey.roles import arena
from covey.roles.observer import Observer

BLOCKS, EVENTS = 1_000_000, 100_000
MB = 10**6
GOAL_SECONDS, GOAL_MEMORY = 60, 200 * MB
FIRST = 1_000  # block
TOGETHER = 10  # tasks at a time
TRAINERS, VALIDATORS, ROUNDS = 5, 4, 3
CHAIN_ID = 31337
ARENA = "0x" + "a4" * 20
MARK = bytes.fromhex("7a5c7a5c7a5c7a5c")
"""Stands in a task's events wherever its number, or something that only this task has, will be."""

PATIENCE = 600.0  # seconds for a run
POLL = 0.02


# A task's events ------------------------------------------------------------------------------------------------------


def story() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every event of a task from its posting to its end: name and arguments after the task's number."""
    params = TaskParams.for_counts(
        100,
        20,
        rounds=ROUNDS,
        min_trainer_stake=1,
        min_validator_stake=1,
        bounty=10**21,
        bond=0,
        keeper_fee=0,
        relay_fee=0,
        lengths=DEMO,
    )
    shards = [(word("c", r), word("p", r), word("k", r)) for r in range(ROUNDS)]
    yield (
        "TaskCreated",
        (address("creator"), params.to_abi(), shards, "ipfs://bafkreigh2akiscaildcqabsyg3dfr6chu3fgpre"),
    )
    for i in range(TRAINERS):
        yield "TrainerEnrolled", (i, address("t", i), address("t", i), 10**11, number("x", i), number("y", i))
    for i in range(VALIDATORS):
        yield "ValidatorEnrolled", (i, address("v", i), address("v", i), 10**11, word("box", i))
    yield "EnrolClosed", (TRAINERS, VALIDATORS, 1_020)
    yield "RingsDrawn", (word("seed"),)
    for i in range(TRAINERS):
        yield "HandleRegistered", (i, address("h", i), word("tag", i), word("open", i), 0, address("relay"))
    for r in range(ROUNDS):
        yield from round_(r)
    yield "TaskEnded", (ROUNDS, 1)
    for i in range(TRAINERS):
        yield "HandleOpened", (i, i, address("t", i), word("nonce", i))
    for r in range(ROUNDS):
        yield "Delivered", (r, 0, word("delivered", r) * 3)
        yield "RoundTallied", (r, 10**13, 1, 0)
    for i in range(TRAINERS):
        yield "TrainerConcluded", (i, address("t", i), 10**20, 0, 0, 10**15)
    for i in range(VALIDATORS):
        yield "ValidatorConcluded", (i, address("v", i), 10**20, 0, 0)
    yield "RelayPaid", (address("relay"), 60, 10**15)
    yield "TaskFinished", (0, 0)


def round_(r: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for i in range(TRAINERS):
        yield "Submitted", (r, i, word("commitment", r, i), True, address("relay"))
    for i in range(TRAINERS):
        hashes = (word(name, r, i) for name in ("manifest", "plaintext", "box", "salt"))
        yield "Published", (r, i, i, *hashes, "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpreg", r, address("relay"))
    yield "KeyPosted", (r, word("key", r))
    for i in range(VALIDATORS):
        yield "ScoresCommitted", (r, i, word("scores", r, i))
    vector = word("vector", r)
    yield "VectorRevealed", (r, 0, vector, word("lanes", r))
    for i in range(VALIDATORS):
        yield "ScoresRevealed", (r, i, vector, word("score salt", r, i), 255)
    yield "VectorPaid", (r, 0, 10**20)
    yield "RoundSettled", (r, TRAINERS, 2_500_000, 10**20, 10**20, list(range(TRAINERS)))


def word(*what: object) -> bytes:
    """32 bytes that differ between tasks."""
    return keccak(repr(what).encode())[:24] + MARK


def number(*what: object) -> int:
    return int.from_bytes(word(*what))


def address(*what: object) -> str:
    return "0x" + word(*what)[12:].hex()


def encoded(name: str, arguments: Sequence[Any]) -> str:
    """Topics and data of an event, as JSON-RPC gives them."""
    event = next(event for event in artefacts.load("Arena").interface.events if event.name == name)
    topics, kinds, values = [event.digest], [], []
    for parameter, value in zip(event.inputs, (int.from_bytes(MARK), *arguments), strict=True):
        kind = collapse_if_tuple(parameter)
        if parameter["indexed"]:
            topics.append(encode([kind], [value]))
        else:
            kinds.append(kind)
            values.append(value)
    return json.dumps({"topics": [hexed(t) for t in topics], "data": hexed(encode(kinds, values))})[1:-1]


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


# The chain ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chain:
    """`blocks` blocks from FIRST on, over which `events` events are spread evenly."""

    blocks: int
    events: int

    @property
    def last(self) -> int:
        return FIRST + self.blocks - 1

    @cached_property
    def _steps(self) -> tuple[str, ...]:
        return tuple(encoded(name, arguments) for name, arguments in story())

    def block(self, tag: str) -> dict[str, Any] | None:
        at = self.last if tag == "latest" else int(tag, 16)
        if at > self.last:
            return None
        hashes = {"hash": self._hash(at), "parentHash": self._hash(at - 1)}
        return {"number": hex(at), "timestamp": hex(at), "gasLimit": hex(30_000_000), "baseFeePerGas": "0x1"} | hashes

    def logs(self, first: int, last: int, times: bool) -> str:
        """As JSON, `times` of blocks included or not."""
        # Event i is in block FIRST + i * blocks // events.
        begin, end = (max(0, -(-(block - FIRST) * self.events // self.blocks)) for block in (first, last + 1))
        return "[" + ",".join(self._log(i, times) for i in range(begin, min(end, self.events))) + "]"

    def _log(self, i: int, times: bool) -> str:
        in_group = len(self._steps) * TOGETHER
        step, task = (i % in_group) // TOGETHER, i // in_group * TOGETHER + i % TOGETHER + 1
        at = FIRST + i * self.blocks // self.events
        place = f'"blockNumber":"{at:#x}","blockHash":"{self._hash(at)}","logIndex":"{i:#x}"'
        time_ = f'"blockTimestamp":"{at:#x}",' if times else ""
        content = self._steps[step].replace(MARK.hex(), f"{task:016x}")
        return f'{{"address":"{ARENA}",{place},{time_}"transactionHash":"0x{i:064x}",{content}}}'

    def _hash(self, at: int) -> str:
        return f"0x{at ^ 0xFACE << 240:064x}"


@dataclass
class Asked:
    """What the chain was asked since it was last reset. `seconds` were spent on answers; blocks of logs."""

    seconds: float = 0.0
    requests: int = 0
    headers: int = 0
    first: int | None = None
    last: int = 0


def serve(chain: Chain) -> None:
    """Answers JSON-RPC on a free port, which it prints first. `bench_asked` tells what was asked, and may start anew;
    `bench_times` tells whether logs have their blocks' times."""
    asked, times = Asked(), True

    def answer(call: dict[str, Any]) -> str:
        nonlocal asked, times
        match call["method"], call["params"]:
            case "eth_chainId", _:
                return json.dumps(hex(CHAIN_ID))
            case "eth_getBlockByNumber", [tag, _]:
                asked.headers += 1
                return json.dumps(chain.block(tag))
            case "eth_getLogs", [{"fromBlock": first, "toBlock": last}]:
                asked.first = asked.first or int(first, 16)
                asked.last = int(last, 16)
                return chain.logs(int(first, 16), int(last, 16), times)
            case "bench_asked", [reset]:
                told = json.dumps(asdict(asked))
                asked = Asked() if reset else asked
                return told
            case "bench_times", [wanted]:
                times = wanted
                return "null"
            case method, _:
                raise ValueError(f"no method {method}")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            began = time.perf_counter()
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls = request if isinstance(request, list) else [request]
            answers = [f'{{"jsonrpc":"2.0","id":{call["id"]},"result":{answer(call)}}}' for call in calls]
            body = (f"[{','.join(answers)}]" if isinstance(request, list) else answers[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            asked.seconds += time.perf_counter() - began
            asked.requests += 1

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


# Following ------------------------------------------------------------------------------------------------------------


def deployment() -> Deployment:
    """The file that a follower of the chain starts from."""
    zero = "0x" + "0" * 40
    addresses = Addresses(token=zero, vault=zero, ledger=zero, arena=ARENA, alliance=zero, modules={})
    return Deployment(
        chain_id=CHAIN_ID,
        block=FIRST,
        block_hash="0" * 64,
        addresses=addresses,
        parameters=Parameters(unbonding=1, min_phase=1),
        abi_digest=artefacts.abi_digest(),
    )


def work(url: str, folder: Path) -> None:
    """What a worker does when it starts, and what it took."""
    with Gateway([url], codebook=artefacts.codebook()) as gateway, Journal(folder / "journal.sqlite") as journal:
        head, before = gateway.head(), memory("VmRSS")
        wall, processor = time.perf_counter(), time.process_time()
        observer = Observer(arena.ARENA, gateway, journal, deployment(), None)
        observer.update(head)
        taken = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
        taken |= {"memory_before": before, "memory": memory("VmHWM")}
        tasks = {number: observer.tasks[number] for number in sorted(observer.tasks)}
        state = {"tasks": len(tasks), "state": hashlib.sha256(repr(tasks).encode()).hexdigest()}
        without = memory("VmRSS")
        import torch  # noqa: F401

        print(json.dumps(taken | state | {"torch": memory("VmRSS") - without}))


def memory(which: str) -> int:
    """Bytes that this process has (VmRSS) or had at most (VmHWM), as Linux counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(which)).split()[1]) << 10


@dataclass(frozen=True)
class Run:
    """One start of a follower. Seconds; memory and journal in bytes; `first` block whose logs it asked for; `torch` is
    what importing it adds."""

    name: str
    seconds: float
    rpc: float
    processor: float
    requests: int
    headers: int
    first: int | None
    tasks: int
    state: str
    memory_before: int
    memory: int
    journal: int
    torch: int

    @property
    def own(self) -> float:
        return self.seconds - self.rpc

    def facts(self) -> dict[str, Any]:
        return asdict(self) | {"own": self.own}


@dataclass(frozen=True)
class Resumed:
    """Blocks: the last that a killed follower asked for, the last in its journal, the first asked for afterwards."""

    asked: int
    journal: int
    began: int | None


class Bench:
    """The chain's server, and the journal's folder; processes end with this one."""

    def __init__(self, chain: Chain, folder: Path, url: str) -> None:
        self.chain, self.folder, self.url = chain, folder, url

    def start(self, times: bool = True) -> subprocess.Popen[str]:
        self.ask("bench_times", times)
        self.asked(reset=True)
        return subprocess.Popen(itself("--follow", self.url, str(self.folder)), stdout=subprocess.PIPE, text=True)

    def run(self, name: str, times: bool = True) -> Run:
        child = self.start(times)
        output, _ = child.communicate(timeout=PATIENCE)
        if child.returncode:
            raise SystemExit("the follower failed")
        asked = self.asked(reset=True)
        journal = sum(file.stat().st_size for file in self.folder.glob("journal.sqlite*"))
        return Run(
            name=name,
            rpc=asked.seconds,
            requests=asked.requests,
            headers=asked.headers,
            first=asked.first,
            journal=journal,
            **json.loads(output),
        )

    def kill_in_the_middle(self) -> tuple[int, int]:
        """Kills a follower when it has read half the chain; the last blocks that it asked for and that it kept."""
        child = self.start()
        while self.asked().last < FIRST + self.chain.blocks // 2:
            if child.poll() is not None:
                raise SystemExit("the follower ended before it could be killed")
            time.sleep(POLL)
        child.kill()
        child.wait()
        with Journal(self.folder / "journal.sqlite") as journal:
            cursor = journal.feed(f"{deployment().addresses.arena}/all").cursor()
        return self.asked().last, cursor.number if cursor else 0

    def asked(self, reset: bool = False) -> Asked:
        return Asked(**self.ask("bench_asked", reset))

    def ask(self, method: str, argument: bool) -> Any:
        call = {"id": 1, "method": method, "params": [argument]}
        return httpx.post(self.url, json=call, trust_env=False).json()["result"]

    def forget(self) -> None:
        for file in self.folder.glob("journal.sqlite*"):
            file.unlink()


@contextmanager
def opened(chain: Chain) -> Iterator[Bench]:
    with TemporaryDirectory(prefix="covey-bench-") as name:
        folder = Path(name)
        with (folder / "port").open("wb") as output:
            server = spawn(itself("--serve", "--blocks", str(chain.blocks), "--events", str(chain.events)), output)
        try:
            while not (port := (folder / "port").read_text()).endswith("\n"):
                if server.poll() is not None:
                    raise SystemExit(f"the chain's server failed:\n{port}")
                time.sleep(POLL)
            yield Bench(chain, folder, f"http://127.0.0.1:{port.strip()}")
        finally:
            stop(server)


def itself(*arguments: str) -> list[str]:
    return [sys.executable, __file__, *arguments]


# Report ---------------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--follow", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chain = Chain(arguments.blocks, arguments.events)
    if arguments.serve:
        serve(chain)
    elif arguments.follow:
        url, folder = arguments.follow
        work(url, Path(folder))
    else:
        report(chain, arguments.json)


def report(chain: Chain, as_json: bool) -> None:
    here = {"machine": machine(), "python": platform.python_version()}
    here["load before"] = f"{os.getloadavg()[0]:.1f}"
    with opened(chain) as bench:
        runs = [bench.run("from nothing"), bench.run("again")]
        bench.forget()
        asked, journal = bench.kill_in_the_middle()
        runs.append(bench.run("killed"))
        bench.forget()
        runs.append(bench.run("no times in logs", times=False))
    if len({run.state for run in runs}) > 1:
        raise SystemExit("the runs end with different states")
    resumed = Resumed(asked, journal, runs[2].first)
    if as_json:
        print(json.dumps(here | asdict(chain) | {"runs": [run.facts() for run in runs], "resumed": asdict(resumed)}))
        return
    console = Console(width=150)
    console.print(", ".join(f"{name} {value}" for name, value in here.items()))
    console.print(f"{chain.blocks:,} blocks, {chain.events:,} events, {runs[0].tasks:,} tasks")
    console.print(table(runs))
    console.print(
        f"killed after asking for logs up to block {resumed.asked:,}, with its journal at {resumed.journal:,}; started "
        f"again it asked from block {resumed.began:,} on"
    )
    console.print(
        f"goal: own under {GOAL_SECONDS} s, memory under {GOAL_MEMORY // MB} MB; torch, which trainers and validators "
        f"load, adds {runs[0].torch // MB} MB"
    )


def table(runs: Sequence[Run]) -> Table:
    columns = [
        "seconds",
        "RPC",
        "own",
        "processor",
        "requests",
        "headers",
        "before, MB",
        "memory, MB",
        "journal, MB",
    ]
    shown = Table("run", *columns)
    for run in runs:
        seconds = (f"{value:.1f}" for value in (run.seconds, run.rpc, run.own, run.processor))
        sizes = (str(size // MB) for size in (run.memory_before, run.memory, run.journal))
        shown.add_row(run.name, *seconds, f"{run.requests:,}", f"{run.headers:,}", *sizes)
    return shown


if __name__ == "__main__":
    main()
