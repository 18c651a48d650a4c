"""Tasks in which something goes wrong: the chain takes blocks back, members vanish, relays lie."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from covey.learning.artefact import decode
from covey.learning.task import Limits
from covey.localnet import Node, free_port
from covey.protocol.params import GWEI
from covey.protocol.phases import Cause, Status
from covey.roles import creating
from covey.roles.task import TaskState
from covey.sealing import seal_shard
from tests.e2e.expected import check_conclusions, check_nobody_slashed, check_rounds
from tests.e2e.network import Network
from tests.workers.chain.endpoints import endpoint

CREATOR, KEEPER = 0, 1

# What tells that a phase is under way: something of it is on chain.
PHASES: dict[str, Callable[[TaskState], bool]] = {
    "mask": lambda s: len(s.handles) > 0,
    "submit": lambda s: any(0 in h.done for h in s.handles),
    "publish": lambda s: len(s.rounds[0].publications) > 0,
    "key": lambda s: s.rounds[0].key is not None,
    "score": lambda s: len(s.rounds[0].commitments) > 0,
    "reveal": lambda s: len(s.rounds[0].reveals) > 0,
    "settle": lambda s: s.settled > 0,
    "second round": lambda s: len(s.rounds[1].publications) > 0,
    "open": lambda s: any(h.member is not None for h in s.handles),
    "conclude": lambda s: any(m.concluded for m in s.validators),
}


def start_all(network: Network, task: int, trainers: tuple[int, ...], validators: tuple[int, ...]) -> None:
    network.start("creator", CREATOR, task=task)
    network.start("keeper", KEEPER, task=task)
    for account in trainers:
        network.start("trainer", account, task=task)
    for account in validators:
        network.start("validator", account, task=task)


@pytest.mark.slow
def test_reorganisations_in_every_phase_change_nothing_in_the_end(network: Network) -> None:
    task = network.post(CREATOR, rounds=2)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4, 5))
    network.enrol(task, trainers=2, validators=2)
    for reached in PHASES.values():
        network.await_state(task, reached)
        network.net.rpc("anvil_reorg", 4, [])
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    check_conclusions(state)
    check_nobody_slashed(state)
    took_back = [n for w in network.workers.values() for n in w.heard() if "took back" in n.text]
    assert took_back


@pytest.mark.slow
def test_a_creator_that_vanishes_loses_its_bond_and_nobody_else_a_wei(network: Network) -> None:
    task = network.post(CREATOR, rounds=2)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4, 5))
    network.enrol(task, trainers=2, validators=2)
    network.await_state(task, lambda s: s.rounds[0].key is not None)
    network.kill("creator-0")
    state = network.await_state(task, lambda s: s.settled == 1 and len(s.rounds[1].publications) == 2)
    lengths = state.params.lengths
    key_end = state.created_at + lengths.enrol + lengths.mask + lengths.round
    network.skip_to(key_end + lengths.submit + lengths.publish + lengths.key)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.KEY_MISSING
    check_rounds(state)
    check_conclusions(state)
    assert state.finished is not None
    assert state.finished["refunded"] == 0
    assert state.finished["burnt"] > state.params.bond
    check_nobody_slashed(state)


@pytest.mark.slow
def test_an_absent_validator_is_slashed_once_and_holds_nobody_up_twice(network: Network) -> None:
    task = network.post(CREATOR, rounds=2)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4, 5, 6, 7))
    network.enrol(task, trainers=2, validators=4)
    network.kill("validator-7")
    state = network.await_state(task, lambda s: len(s.rounds[0].commitments) == 3)
    lengths = state.params.lengths
    network.skip_to(state.created_at + lengths.enrol + lengths.mask + lengths.round - lengths.reveal)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    check_conclusions(state)
    absent = next(m for m in state.validators if m.operator == network.signers[7].address)
    assert absent.concluded is not None
    assert absent.concluded["slashed"] == absent.stake * GWEI * state.params.slash_no_commit // 10**6


@pytest.mark.slow
def test_a_relay_that_swallows_messages_is_passed_over(network: Network) -> None:
    task = network.post(CREATOR, rounds=1)
    network.mine_every(1)
    port = free_port()
    with swallowing_relay() as (censor, swallowed):
        relays = ["http://127.0.0.1:1", censor, f"http://127.0.0.1:{port}"]
        network.start("creator", CREATOR, task=task)
        network.start("keeper", KEEPER, task=task, port=port)
        for account in (2, 3):
            network.start("trainer", account, task=task, relays=relays, relay_patience=4, send_itself=False)
        for account in (4, 5):
            network.start("validator", account, task=task)
        network.enrol(task, trainers=2, validators=2)
        state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    assert len(swallowed) >= 6
    assert set(network.relays_of(task)) == {network.signers[KEEPER].address}
    check_conclusions(state)


@pytest.mark.slow
def test_without_a_keeper_the_members_do_what_is_due(network: Network) -> None:
    task = network.post(CREATOR, rounds=1)
    network.mine_every(1)
    network.start("creator", CREATOR, task=task, patience=4)
    for account in (2, 3):
        network.start("trainer", account, task=task, patience=2)
    for account in (4, 5):
        network.start("validator", account, task=task, patience=3)
    network.enrol(task, trainers=2, validators=2)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_conclusions(state)


@contextmanager
def swallowing_relay() -> Iterator[tuple[str, list[bytes]]]:
    """A relay that accepts everything and sends nothing."""
    swallowed: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            swallowed.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", swallowed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.slow
def test_a_hidden_set_that_is_none_ends_the_task_at_the_creators_cost(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creating, "seal_shard", lambda plaintext, key: seal_shard(b"nonsense", key))
    task = network.post(CREATOR, rounds=2)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4, 5, 6))
    network.enrol(task, trainers=2, validators=3)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.DATASET_INVALID
    assert state.settled == 0
    check_conclusions(state)
    assert state.finished is not None
    assert state.finished["refunded"] == 0
    check_nobody_slashed(state)


@pytest.mark.slow
def test_too_few_members_get_everything_back(network: Network) -> None:
    task = network.post(CREATOR, rounds=2, min_validators=2)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4,))
    network.enrol(task, trainers=2, validators=1)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.TOO_FEW_MEMBERS
    check_conclusions(state)
    assert state.finished is not None
    assert state.finished["burnt"] == 0
    fees = state.params.keeper_fee * sum(r.name == "KeeperPaid" for r in network.records())
    assert state.finished["refunded"] == state.params.bounty + state.params.bond - fees


@pytest.mark.slow
def test_a_whole_round_on_ganache(tmp_path: Path) -> None:
    with Network(tmp_path, node=Node.GANACHE, accounts=6) as network:
        task = network.post(CREATOR, rounds=1)
        with network.mining_by_hand():
            start_all(network, task, (2, 3), (4, 5))
            network.enrol(task, trainers=2, validators=2)
            state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    check_conclusions(state)


@pytest.mark.slow
def test_workers_outlive_a_node_that_is_down_and_one_that_answers_nonsense(network: Network) -> None:
    answer = ["well"]

    def respond(request: object) -> tuple[int, bytes]:
        match answer[0]:
            case "down":
                return 503, b""
            case "nonsense":
                return 200, b"<html>"
            case _:
                return 200, httpx.post(network.net.url, json=request, timeout=30).content

    task = network.post(CREATOR, rounds=1)
    network.mine_every(1)
    with endpoint(respond) as network.rpc:
        start_all(network, task, (2, 3), (4, 5))
        network.enrol(task, trainers=2, validators=2)
        for trouble, reached in (("down", PHASES["mask"]), ("nonsense", PHASES["publish"]), ("down", PHASES["reveal"])):
            network.await_state(task, reached)
            answer[0] = trouble
            time.sleep(4)
            answer[0] = "well"
        state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_conclusions(state)
    assert all(any(n.kind == "trouble" for n in worker.heard()) for worker in network.workers.values())


@pytest.mark.slow
def test_a_full_disk_ends_nobody_and_delays_them_only(network: Network) -> None:
    def let_files_have(size: int) -> None:
        """At most so many bytes; at none, every write fails as on a full disk."""
        for worker in network.workers.values():
            assert worker.process is not None
            if worker.process.poll() is None:
                resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    task = network.post(CREATOR, rounds=1)
    network.mine_every(1)
    port = free_port()
    relays = [f"http://127.0.0.1:{port}"]
    network.start("creator", CREATOR, task=task)
    network.start("keeper", KEEPER, task=task, port=port)
    for account in (2, 3):
        network.start("trainer", account, task=task, relays=relays, relay_patience=4, send_itself=False)
    for account in (4, 5):
        network.start("validator", account, task=task)
    network.enrol(task, trainers=2, validators=2)
    for phase in ("mask", "submit", "publish", "score", "open"):
        network.await_state(task, PHASES[phase])
        let_files_have(0)
        time.sleep(4)
        let_files_have(resource.RLIM_INFINITY)
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    check_conclusions(state)
    assert all(network.await_exit(worker) == 0 for worker in network.workers.values())
    assert any("no room" in notice.text for worker in network.workers.values() for notice in worker.heard())


@pytest.mark.slow
def test_models_that_trainers_withdraw_once_they_are_scored_reach_the_creator_that_paid(network: Network) -> None:
    kept = network.folder / "worker-0" / "content"

    def scored_and_fetched(state: TaskState) -> bool:
        description, models = 1, 2 * len(state.rounds[0].publications)
        return state.settled == 1 and len([*kept.glob("*/*/*")]) == description + models

    task = network.post(CREATOR, rounds=1)
    network.mine_every(1)
    start_all(network, task, (2, 3), (4, 5))
    network.enrol(task, trainers=2, validators=2)
    network.await_state(task, scored_and_fetched)
    shutil.rmtree(network.folder / "store")
    state = network.await_state(task, lambda s: s.status is Status.FINISHED)
    assert state.cause is Cause.COMPLETED
    check_conclusions(state)
    assert network.await_exit(network.workers["creator-0"]) == 0
    assert state.rounds[0].settled is not None
    for handle in state.rounds[0].settled["winners"]:
        model = network.folder / "models" / f"task-{task}-round-1-handle-{handle}.covey"
        assert decode(model.read_bytes(), Limits()).classes == 10


@pytest.mark.slow
def test_who_waits_for_a_task_outlives_a_node_that_is_down(network: Network, tmp_path: Path) -> None:
    up = threading.Event()
    up.set()

    def respond(request: object) -> tuple[int, bytes]:
        return (200, httpx.post(network.net.url, json=request, timeout=30).content) if up.is_set() else (503, b"")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVEY_")} | {
        "COVEY_DEPLOYMENT": str(network.deployment_file),
        "COVEY_KEY": network.net.keys[4].hex(),
        "COVEY_STORE": network.store,
    }
    command = [sys.executable, "-m", "covey", "validate", "--task", "1", "--wait", "--state", str(tmp_path / "state")]
    with endpoint(respond) as url:
        process = subprocess.Popen(
            [*command, "--rpc", url, "--json"], env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path
        )
        try:
            assert process.stdout is not None
            notices = map(json.loads, process.stdout)
            assert next(notices)["kind"] == "ready"
            network.mine_every(1)
            up.clear()
            assert next(notices)["kind"] == "trouble"
            up.set()
            task = network.post(CREATOR, rounds=1)
            network.await_state(task, lambda s: len(s.validators) == 1)
        finally:
            process.kill()
            process.communicate()
