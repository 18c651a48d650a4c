"""A whole network: once through a task with all kinds of people (`demo`), or to play with (`up`)."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from covey.cli.acts.federating import federate
from covey.cli.acts.story import Story, tell
from covey.cli.acts.survey import all_events
from covey.cli.acts.tasks import show_standing
from covey.cli.acts.watching import await_task, connection_to, watched
from covey.cli.amounts import tokens
from covey.cli.exits import Exit
from covey.cli.failures import CliError
from covey.cli.output import Output
from covey.localnet import free_port
from covey.network import DEMO_CAST, TASK, Cast, Network, NetworkError, honest_cast
from covey.network.gas import ARENA_STEPS, gas_by_step
from covey.network.network import exports
from covey.protocol.params import Lengths
from covey.protocol.phases import Status
from covey.roles.arena import ARENA
from covey.roles.milestones import milestones
from covey.roles.run import ended_by_signals
from covey.roles.standings import standings
from covey.roles.task import TaskState
from covey.verify.bundle import read_bundle, write_bundle
from covey.verify.check import verify
from covey.verify.export import export
from covey.verify.rpc import Node

LENGTHS: Final = Lengths(enrol=16, mask=16, submit=28, publish=8, key=8, score=14, reveal=10, open=60)
"""Seconds. All phases close early, but for Enrol, and the Reveal of the first round, in which one person never reveals:
these wait for their deadlines, which stand however early the phases before them closed."""

PATIENT: Final = Lengths(enrol=60, mask=60, submit=300, publish=60, key=60, score=300, reveal=60, open=300)
"""For people who all act: only Enrol waits, long enough to join by hand."""

MARK: Final = "covey-network"
"""Name of the file that shows that a folder is a local network's, to be removed by the next."""

BOUNTY: Final = 1_000 * 10**18
_ROUNDS: Final = 3
_BLOCK_TIME: Final = 1
_WAIT: Final = 5.0


@dataclass(frozen=True)
class Posting:
    """The task that a network begins with; `data` are the options that choose its data."""

    data: tuple[str, ...]
    rounds: int
    lengths: Lengths
    reference: str


@dataclass(frozen=True)
class Play:
    """What `up` runs: so many trainers and validators, on this data."""

    workers: int
    rounds: int
    family: str
    data: str
    seed: int
    port: int


def demo(folder: Path | None, out: Output) -> Exit:
    """The demonstration; FAILED if anything in it is not as it should be. `folder` keeps its files."""
    began = time.monotonic()
    posting = Posting(("--data", "digits"), _ROUNDS, LENGTHS, "demo")
    with (
        ended_by_signals(),
        _scratch(out) if folder is None else emptied(folder) as files,
        _running(files, DEMO_CAST, 0, posting, out) as network,
    ):
        _watch(network, out)
        network.await_ended()
        for person in (network.cast.keeper, *network.cast.delegators):
            network.run(person.name, "claim")
        story = _story(network)
        problems = tell(story, out) + federate(network, _winner(network, story.state), out)
    for problem in problems:
        out.note(f"not as it should be: {problem}")
    out.note(f"{time.monotonic() - began:.0f} s; everything was ended" + (f"; files are in {folder}" if folder else ""))
    return Exit.FAILED if problems else Exit.OK


def up(play: Play, folder: Path, out: Output) -> Exit:
    """A network of honest people to play with, until Ctrl-C."""
    models = ("linear", "mlp", "cnn") if play.family == "image-classification" else ("linear", "mlp")
    cast = honest_cast(play.workers, models, play.seed)
    data = ("--data", play.data, "--family", play.family)
    posting = Posting(data, play.rounds, PATIENT, f"up-{play.seed}")
    with (
        ended_by_signals(),
        emptied(folder) as files,
        _running(files, cast, play.port, posting, out) as network,
    ):
        _invite(network, out)
        try:
            state = _watch(network, out)
            for standing in standings(state):
                show_standing(state, standing, network.names(), out)
            out.note("the task is finished; the network stays until Ctrl-C")
            while True:
                time.sleep(_WAIT)
        except KeyboardInterrupt:
            out.note("ending everything")
    return Exit.OK


@contextmanager
def _running(folder: Path, cast: Cast, port: int, posting: Posting, out: Output) -> Iterator[Network]:
    """A network whose task is posted."""
    with out.step("starting a node and deploying the contracts"):
        network = Network(folder, cast, port=port, relay_port=free_port())
    with network:
        _introduce(cast, out)
        with out.step(f"starting {len(cast.workers)} worker processes, funding and staking"):
            network.start_workers()
            network.fund()
            network.await_ready(cast.workers)
        network.mine_every(_BLOCK_TIME)
        with out.step("posting the task"):
            network.post(posting.data, posting.rounds, posting.lengths, BOUNTY, posting.reference)
            await_task(network, ARENA)
        yield network


def _introduce(cast: Cast, out: Output) -> None:
    for role, people in (("trainers", cast.trainers), ("validators", cast.validators)):
        out.say(f"{role}: {', '.join(person.name for person in people)}")
        for person in people:
            if person.note:
                out.say(f"  {person.name} {person.note}")
    for delegator, operator, amount in cast.delegations:
        out.say(f"  {delegator} put {tokens(amount)} tokens behind {operator}")


def _watch(network: Network, out: Output) -> TaskState:
    """Tells what happens until the Arena's task is finished. Raises NetworkError."""
    for view in watched(network, ARENA, milestones, lambda view: view.state.params.duration, out):
        if view.state.status is Status.FINISHED:
            break
    return view.state


def _story(network: Network) -> Story:
    """What happened, and what the verifier says about a bundle of it."""
    records, tasks = all_events(connection_to(network))
    bundle = network.folder / f"task-{TASK}.bundle.json"
    node, arena = Node(network.node.url), network.deployment.addresses.arena.lower()
    bundle.write_bytes(write_bundle(export(node, arena, TASK, network.deployment.block)))
    return Story(
        state=tasks[TASK],
        records=records,
        cast=network.cast,
        names=network.names(),
        gas=gas_by_step(network.gateway, records, ARENA_STEPS),
        report=verify(read_bundle(bundle.read_bytes())),
    )


def _winner(network: Network, state: TaskState) -> Path:
    """The file of the last round's best model, as its creator got it. Raises NetworkError."""
    last = standings(state)[-1]
    best = next((line for line in last.models if line.rank == 1), None)
    file = network.models / f"task-{TASK}-round-{last.round + 1}-handle-{best.handle if best else None}.covey"
    if not file.exists():
        raise NetworkError("the last round has no winner whose model was delivered")
    return file


def _invite(network: Network, out: Output) -> None:
    environment = network.environment(network.spare) | {"COVEY_STORE": network.store, "COVEY_RELAY": network.relay}
    shown = {name: value for name, value in environment.items() if name.startswith("COVEY_")}
    out.event({"kind": "up", "environment": shown})
    out.heading("in another terminal, with a staked account of this network (its key is public: play money only):")
    for line in exports(environment):
        out.say(f"  {line}")
    out.say("  covey status; covey task list; covey task watch 1; covey train --task 1 --model cnn")
    out.say()


@contextmanager
def _scratch(out: Output) -> Iterator[Path]:
    """A folder that is removed at the end, unless something fails that its files may explain."""
    folder = Path(tempfile.mkdtemp(prefix="covey-demo-"))
    try:
        yield folder
    except Exception:
        out.note(f"logs and everything else are in {folder}")
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """The folder, without an earlier network's files, which are of a chain that is gone. Raises CliError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CliError(f"a network runs in {folder}", "end it, or name another folder with --folder") from None
        if folder.exists() and any(folder.iterdir()):
            if not (folder / MARK).exists():
                raise CliError(f"{folder} holds other things than a local network", "name an empty folder", Exit.USAGE)
            shutil.rmtree(folder)
        folder.mkdir(exist_ok=True)
        (folder / MARK).touch()
        yield folder
