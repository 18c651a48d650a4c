"""Every worker is killed (SIGKILL) before, during and after each of its deeds, started again, and loses nothing."""

import time
from pathlib import Path

import pytest

from covey.protocol.phases import Cause, Status
from tests.e2e.expected import check_conclusions, check_nobody_slashed, check_rounds
from tests.e2e.network import PATIENCE, Network
from tests.e2e.restarts import over, restart_until

KEEPER, CREATOR, TRAINER, VALIDATOR = 1, 0, 2, 4
NEVER = 10**6  # seconds: nobody takes a keeper's deeds from it, however long it is dead

# Deeds that every task asks of a role. Of those in the first set, each is killed before it begins and right after its
# transaction was sent; of those in the second, before it begins and once the transaction is mined.
DEEDS = {
    "creator": ({"post-key/0"}, {"post-key/1"}),
    "keeper": ({"settle/0", "tally/1"}, {"settle/1", "finish"}),
    "trainer": ({"enrol", "submit/0", "publish/0", "open"}, {"mask", "submit/1", "publish/1", "deliver/1"}),
    "validator": ({"enrol", "commit/0", "reveal/0"}, {"commit/1", "reveal/1"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("role", DEEDS)
def test_a_worker_killed_at_every_step_finishes_its_task(network: Network, tmp_path: Path, role: str) -> None:
    task = network.post(CREATOR, rounds=2)
    network.mine_every(1)
    log = tmp_path / "killed"
    when_sent, when_mined = DEEDS[role]
    log.write_text("".join(f"sent/{deed}\n" for deed in when_mined))

    def log_of(name: str) -> Path | None:
        return log if name == role else None

    workers = [
        network.start("creator", CREATOR, log_of("creator"), task=task, patience=NEVER),
        network.start("keeper", KEEPER, log_of("keeper"), task=task, courtesy=20),
        network.start("trainer", TRAINER, log_of("trainer"), task=task, patience=NEVER),
        network.start("trainer", TRAINER + 1, task=task, patience=NEVER),
        network.start("validator", VALIDATOR, log_of("validator"), task=task, patience=NEVER),
        network.start("validator", VALIDATOR + 1, task=task, patience=NEVER),
    ]
    victim = next(worker.name for worker in workers if worker.name.startswith(role))
    logs, deadline = {victim: log}, time.monotonic() + 2 * PATIENCE
    restart_until(network, logs, lambda: len(network.state(task).validators) == 2, deadline)
    restart_until(network, logs, lambda: len(network.state(task).trainers) == 2, deadline)
    network.enrol(task, trainers=2, validators=2)
    restart_until(network, logs, lambda: network.state(task).status is Status.FINISHED, deadline)
    restart_until(network, logs, lambda: over(network, victim), deadline)

    killed = set(log.read_text().split())
    assert {f"before/{deed}" for deed in when_sent | when_mined} <= killed
    assert {f"sent/{deed}" for deed in when_sent} | {f"after/{deed}" for deed in when_mined} <= killed
    state = network.state(task)
    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    check_conclusions(state)
    check_nobody_slashed(state)
    assert all(m.concluded and m.concluded["paid"] > 0 for m in (*state.trainers, *state.validators))
