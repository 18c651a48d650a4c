"""An alliance by real processes on a real chain: clients train on their own digits, vote, and are paid."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from covey.federated.plan import Plan
from covey.federated.rules.means import FedAvg
from covey.learning.architectures import Linear
from covey.learning.artefact import encode
from covey.learning.data import load, stratify
from covey.learning.local import loss_on
from covey.learning.task import TaskSpec
from covey.learning.training import untrained
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import AllianceParams, Lengths
from covey.protocol.alliance.phases import Cause, Status
from covey.protocol.alliance.settlement import Verdict
from covey.protocol.alliance.votes import Outcome
from covey.roles.alliance import errands
from covey.roles.alliance.chores import chores
from covey.roles.alliance.config import AlliancePlan
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel, cid_for
from covey.roles.alliance.state import AllianceState
from covey.roles.alliance.view import AllianceView
from covey.roles.run import create_alliance
from covey.storage import open_store
from covey.verify.alliance.export import export_alliance
from covey.verify.check import verify
from covey.verify.recompute import recompute
from covey.verify.report import Report
from covey.verify.rpc import Node
from tests.e2e.network import PATIENCE, TOKEN, Network
from tests.e2e.restarts import over, restart_until

CREATOR, KEEPER, FIRST = 0, 1, 2
CLIENTS = 5
LENGTHS = Lengths(join=3_600, propose=600, publish=600, vote=600, reveal=600)
"""Long: phases close when everybody has acted; the silent one's deadlines are skipped to."""

STAKE = 100 * TOKEN


def parts(folder: Path, count: int) -> list[Path]:
    """The digits, dealt to so many clients, one file each."""
    digits, files = load("digits"), []
    for i, rows in enumerate(stratify(digits.y, [1 / count] * count, b"parts")):
        files.append(folder / f"part-{i}.npz")
        np.savez(files[-1], x=digits.x[rows], y=digits.y[rows])
    return files


def start() -> bytes:
    """A model that knows nothing."""
    digits = load("digits")
    return encode(untrained(TaskSpec("image-classification", digits.input_shape, 10), Linear(), seed=1))


def post(network: Network, rounds: int, model: bytes, **chosen: int) -> int:
    plan = Plan(FedAvg(), fraction_bits=16)
    rules = {
        "min_clients": 3,
        "max_clients": 8,
        "min_updates": 1,
        "proposer_share": 400_000,  # two propose and three vote: whichever role the silent one has, the others decide
        "harm": 8_192,  # of two honest proposals, one may do worse than the other
        "min_stake": STAKE,
        "pool": 1_000 * TOKEN,
        "keeper_fee": TOKEN,
    }
    rule = {"rounds": rounds, "rule": FedAvg.number, "fraction_bits": plan.fraction_bits}
    params = AllianceParams(**(rules | rule | chosen), lengths=LENGTHS)
    classes = tuple(map(str, range(10)))
    wanted = AlliancePlan("test", "digits together", model, (), classes, plan, params)
    return create_alliance(network.config(CREATOR), wanted, lambda notice: None)


def wealth(network: Network, account: int) -> int:
    """Tokens and credit of an account, in wei."""
    c, address = network.contracts, network.signers[account].address
    return int(network.read(c.token.call("balanceOf", address)) + network.read(c.ledger.call("creditOf", address)))


def loss_of(network: Network, model: bytes, hash_: bytes) -> float:
    """Of the model with this hash, on all digits; `model` is one of the task's."""
    data = open_store(network.store).get(cid_for(hash_, len(model)), len(model))
    own = GlobalModel.decode(data, ()).own
    assert own is not None
    return loss_on(own, load("digits"), "cpu")


@pytest.mark.slow
def test_clients_train_a_model_together_and_a_silent_one_stalls_nobody(network: Network, tmp_path: Path) -> None:
    rounds, silent = 2, FIRST + CLIENTS - 1
    files, model = parts(tmp_path, CLIENTS), start()
    everybody = (CREATOR, KEEPER, *range(FIRST, FIRST + CLIENTS))
    before = {account: wealth(network, account) for account in everybody}
    burnt_before = network.read(network.contracts.token.call("balanceOf", "0x000000000000000000000000000000000000dEaD"))
    task = post(network, rounds, model)
    network.mine_every(1)
    network.start("keeper", KEEPER, alliance=task)
    for account, file in zip(range(FIRST, FIRST + CLIENTS), files, strict=True):
        strategy = "silent" if account == silent else "honest"
        network.start("client", account, task=task, data=str(file), strategy=strategy)
    state = network.await_task(ALLIANCE, task, lambda s: len(s.clients) == CLIENTS)
    network.skip_to(state.created_at + LENGTHS.join)
    absent = state.place(network.signers[silent].address)
    assert absent is not None
    # The silent one is waited for in its role's phase of the first round, then it is benched.
    state = network.await_task(ALLIANCE, task, lambda s: _waits_for(s, absent))
    running = state.rounds[0]
    proposes = bitmaps.has(running.proposers, absent)
    network.skip_to(running.drawn_at + LENGTHS.propose + (0 if proposes else LENGTHS.publish + LENGTHS.vote))
    state = network.await_task(ALLIANCE, task, lambda s: s.status is Status.ENDED and not s.clients)

    assert state.cause is Cause.COMPLETED
    assert state.settled == rounds
    for played in state.rounds:
        assert played.concluded is not None
        assert played.concluded.outcome is Outcome.ACCEPTED
    assert state.rounds[0].judgements[absent].verdict is Verdict.SILENT
    assert absent not in state.rounds[1].judgements
    others = [j for played in state.rounds for i, j in played.judgements.items() if i != absent]
    assert {judgement.verdict for judgement in others} == {Verdict.RIGHT}
    assert loss_of(network, model, state.model) < loss_of(network, model, state.terms.model) / 2

    for worker in network.workers.values():
        assert network.await_exit(worker) == 0, network.story()
    c = network.contracts
    burnt = network.read(c.token.call("balanceOf", "0x000000000000000000000000000000000000dEaD")) - burnt_before
    assert burnt == sum(played.concluded.burnt for played in state.rounds if played.concluded)
    assert sum(wealth(network, account) for account in everybody) + burnt == sum(before.values())
    assert network.read(c.ledger.call("bucketOf", c.alliance.address, task)) == 0
    slashed = state.rounds[0].judgements[absent].slash
    assert wealth(network, silent) - before[silent] == -slashed
    for account in range(FIRST, silent):
        assert wealth(network, account) > before[account]

    bundle = export_alliance(Node(network.net.url), c.alliance.address.lower(), task)
    assert verify(bundle).passed
    report = Report()
    recompute(bundle, open_store(network.store), report)
    assert report.passed, report
    assert len(report.checks) == 2 * rounds  # the aggregate, and whose updates are in it


def _waits_for(state: AllianceState, absent: int) -> bool:
    """Whether everybody but one client has done its part of the first round so far."""
    if not state.rounds:
        return False
    played = state.rounds[0]
    role = played.proposers if bitmaps.has(played.proposers, absent) else played.voters
    return not role & ~bitmaps.of(played.commitments) & ~(1 << absent)


@pytest.mark.slow
def test_who_poisons_loses_and_the_honest_gain(network: Network, tmp_path: Path) -> None:
    honest, poisoner = range(FIRST, FIRST + 4), FIRST + 4
    files, model = parts(tmp_path, CLIENTS), start()
    accounts = (*honest, poisoner)
    before = {account: wealth(network, account) for account in accounts}
    task = post(network, 3, model)
    network.mine_every(1)
    network.start("keeper", KEEPER, alliance=task)
    for account, file in zip(accounts, files, strict=True):
        strategy = "poisoner" if account == poisoner else "honest"
        network.start("client", account, task=task, data=str(file), strategy=strategy)
    state = network.await_task(ALLIANCE, task, lambda s: len(s.clients) == CLIENTS)
    place = state.place(network.signers[poisoner].address)
    assert place is not None
    network.skip_to(state.created_at + LENGTHS.join)
    state = network.await_task(ALLIANCE, task, lambda s: s.status is Status.ENDED and not s.clients)

    assert state.cause is Cause.COMPLETED
    first, second, third = state.rounds
    for played in (first, second):  # a mean without defence: votes alone keep the poison out
        assert played.concluded is not None
        poisoned = bitmaps.has(played.proposers, place)
        assert played.concluded.outcome is (Outcome.REJECTED if poisoned else Outcome.ACCEPTED)
        assert played.judgements[place].verdict is (Verdict.REJECTED if poisoned else Verdict.WRONG)
    assert third.judgements[place].verdict is Verdict.ISOLATED
    assert loss_of(network, model, state.model) < loss_of(network, model, state.terms.model)
    for worker in network.workers.values():
        assert network.await_exit(worker) == 0, network.story()
    gained = {account: wealth(network, account) - before[account] for account in accounts}
    assert gained[poisoner] == -first.judgements[place].slash - second.judgements[place].slash < 0
    assert all(gained[account] > 0 for account in honest)


def keep_until(network: Network, task: int, condition: Callable[[AllianceState], bool]) -> AllianceState:
    """Does a keeper's part by hand, and nothing more once the task's state meets a condition."""
    deadline = time.monotonic() + PATIENCE
    while not condition(state := network.tasks(ALLIANCE)[task]):
        assert time.monotonic() < deadline, network.story()
        head = network.gateway.head()
        view = AllianceView(state, head.timestamp, head.number)
        due = chores(view, 0)
        for act in due.acts if due else ():
            network.send(KEEPER, errands.call(network.contracts, view, act))
        time.sleep(0.3)
    return state


@pytest.mark.slow
def test_a_newcomer_finds_the_model_with_any_client_that_stayed(network: Network, tmp_path: Path) -> None:
    members, newcomer = range(FIRST, FIRST + 3), FIRST + 3
    files, model = parts(tmp_path, 4), start()
    task = post(network, 3, model, proposer_share=1)
    network.mine_every(1)
    for account, file in zip(members, files, strict=False):
        network.start("client", account, task=task, data=str(file), patience=10**6)
    state = network.await_task(ALLIANCE, task, lambda s: len(s.clients) == len(members))
    network.skip_to(state.created_at + LENGTHS.join)
    state = keep_until(network, task, lambda s: s.settled == 1)
    assert state.model != state.terms.model
    cid = cid_for(state.model, len(model))
    own = [open_store(f"dir:{network.folder / f'worker-{account}' / 'content'}") for account in members]
    network.await_task(ALLIANCE, task, lambda s: all(store.has(cid) for store in own))

    # Whoever posted the task is gone, with the store, and so are two of the clients.
    shutil.rmtree(network.folder / "store")
    for account in members:
        network.kill(f"client-{account}")
    network.restart(network.workers[f"client-{FIRST}"])
    network.start("client", newcomer, task=task, data=str(files[3]), patience=10**6)
    network.await_task(ALLIANCE, task, lambda s: len(s.clients) == len(members) + 1)

    for account in members[1:]:
        network.restart(network.workers[f"client-{account}"])
    state = keep_until(network, task, lambda s: s.status is Status.ENDED and not s.clients)
    assert state.cause is Cause.COMPLETED
    place = next(i for i in range(4) if i not in state.rounds[1].judgements)
    assert state.rounds[2].judgements[place].verdict is Verdict.RIGHT
    assert {played.concluded.outcome for played in state.rounds if played.concluded} == {Outcome.ACCEPTED}
    final = cid_for(state.model, len(model))
    for worker in network.workers.values():
        assert network.await_exit(worker) == 0, network.story()
    for account in (*members, newcomer):
        assert open_store(f"dir:{network.folder / f'worker-{account}' / 'content'}").has(final)


REORGANISED = 4
"""Blocks."""

STAGES: tuple[Callable[[AllianceState], bool], ...] = (
    lambda s: bool(s.rounds),
    lambda s: bool(s.rounds and s.rounds[0].commitments),
    lambda s: bool(s.rounds and s.rounds[0].updates),
    lambda s: bool(s.rounds and len(s.rounds[0].commitments) > len(s.rounds[0].updates) > 0),
    lambda s: bool(s.rounds and s.rounds[0].votes),
    lambda s: s.settled >= 1,
)
"""How far the first round of a task is."""


@pytest.mark.slow
def test_reorganisations_in_every_phase_cost_nobody_anything(network: Network, tmp_path: Path) -> None:
    clients = range(FIRST, FIRST + 3)
    files = parts(tmp_path, len(clients))
    task = post(network, 3, start(), proposer_share=1)
    network.mine_every(1)
    for account, file in zip(clients, files, strict=True):
        network.start("client", account, task=task, data=str(file), patience=10**6)
    state = network.await_task(ALLIANCE, task, lambda s: len(s.clients) == len(clients))
    network.skip_to(state.created_at + LENGTHS.join)
    for _ in range(2 * REORGANISED):  # so that none takes back the skip
        network.net.rpc("evm_mine")
    network.start("keeper", KEEPER, alliance=task)
    for reached in STAGES:
        network.await_task(ALLIANCE, task, reached)
        network.net.rpc("anvil_reorg", REORGANISED, [])
    state = network.await_task(ALLIANCE, task, lambda s: s.status is Status.ENDED and not s.clients)

    assert state.cause is Cause.COMPLETED
    for played in state.rounds:
        assert {judgement.verdict for judgement in played.judgements.values()} == {Verdict.RIGHT}
    assert [n for w in network.workers.values() for n in w.heard() if "took back" in n.text]
    for worker in network.workers.values():
        assert network.await_exit(worker) == 0, network.story()


@pytest.mark.slow
def test_workers_killed_at_every_step_lose_nothing(network: Network, tmp_path: Path) -> None:
    clients = range(FIRST, FIRST + 3)
    files = parts(tmp_path, len(clients))
    task = post(network, 1, start(), proposer_share=1)
    network.mine_every(1)
    # Clients are not killed here while they work, which is the same as before they commit, after they were done with a
    # step, and at their claims.
    work = ("before/train/0", "before/judge/0")
    steps = ("join", "commit/0", "publish/0", "reveal/0", *(f"collect/{i}" for i in range(len(clients))))
    claims = (f"{when}/claim" for when in ("before", "sent", "after"))
    spared = "".join(f"{point}\n" for point in (*work, *(f"after/{step}" for step in steps), *claims))
    logs = {f"client-{account}": tmp_path / f"killed-{account}" for account in clients}
    keeper = f"keeper-{KEEPER}"
    network.start("keeper", KEEPER, tmp_path / "killed", alliance=task, courtesy=10**6)
    for account, file, log in zip(clients, files, logs.values(), strict=True):
        log.write_text(spared)
        network.start("client", account, log, task=task, data=str(file), patience=10**6)
    logs[keeper] = tmp_path / "killed"

    deadline = time.monotonic() + 2 * PATIENCE
    restart_until(network, logs, lambda: len(network.tasks(ALLIANCE)[task].clients) == 3, deadline)
    places = {client.hot_key: i for i, client in network.tasks(ALLIANCE)[task].clients.items()}
    network.skip_to(network.tasks(ALLIANCE)[task].created_at + LENGTHS.join)
    restart_until(network, logs, lambda: over(network, *logs), deadline)

    state = network.tasks(ALLIANCE)[task]
    assert (state.cause, state.clients) == (Cause.COMPLETED, {})
    killed = {name: set(log.read_text().split()) for name, log in logs.items()}
    for account in clients:
        place = places[network.signers[account].address]
        opening = "publish" if bitmaps.has(state.rounds[0].proposers, place) else "reveal"
        for step in ("join", "commit/0", f"{opening}/0"):
            assert {f"before/{step}", f"sent/{step}"} <= killed[f"client-{account}"]
    assert {"before/settle/0", "sent/settle/0"} <= killed[keeper]
    assert {judgement.verdict for judgement in state.rounds[0].judgements.values()} == {Verdict.RIGHT}
    sent = [r.arguments["client"] for r in network.records(ALLIANCE) if r.name == "Committed"]
    assert len(sent) == len(set(sent)) == 3
