"""What keeps a worker from starting, said clearly; and how one ends."""

import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from covey.chain.errors import NoContract, RpcUnavailable, WrongChain
from covey.journal import JournalForeign, JournalLocked
from covey.learning.architectures import Linear
from covey.learning.task import TrainOptions
from covey.protocol.params import GWEI
from covey.roles.config import CreatorConfig, Notice, TrainerConfig, ValidatorConfig, WorkerConfig
from covey.roles.context import opened
from covey.roles.errors import BadDescription, NotReady, UnknownTask
from covey.roles.run import run_creator, run_trainer, run_validator
from covey.storage import open_store
from covey.wallet import Signer
from tests.e2e.network import STAKE, Network

OPTIONS = TrainOptions(Linear(), epochs=1, device="cpu")


def ignore(notice: Notice) -> None:
    pass


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, int]]:
    with Network(tmp_path_factory.mktemp("start"), accounts=6) as network:
        yield network, network.post(rounds=2)


def train(worker: WorkerConfig, task: int, **options: object) -> None:
    run_trainer(TrainerConfig(worker, task, OPTIONS, **options), ignore)  # type: ignore[arg-type]


def stranger(network: Network, folder: Path) -> WorkerConfig:
    """An account with coin for gas and nothing else."""
    signer = Signer.generate()
    network.net.rpc("anvil_setBalance", signer.address, hex(10**20))
    return replace(network.config(0), signer=signer, folder=folder)


def test_a_task_that_is_not_there(shared: tuple[Network, int]) -> None:
    network, _ = shared
    with pytest.raises(UnknownTask, match="no task 99"):
        train(network.config(2), 99)


def test_an_account_that_is_nobodys_hot_key(shared: tuple[Network, int], tmp_path: Path) -> None:
    network, task = shared
    with pytest.raises(NotReady, match="covey stake authorize"):
        train(stranger(network, tmp_path), task)


def test_too_little_stake(shared: tuple[Network, int]) -> None:
    network, task = shared
    with pytest.raises(NotReady, match=r"covey stake add 1000000000wei"):
        train(network.config(2), task, stake=STAKE // GWEI + 1)


def test_an_arena_that_may_not_lock(shared: tuple[Network, int]) -> None:
    network, task = shared
    c = network.contracts
    network.send(2, c.vault.call("approveEngine", c.arena.address, 5))
    with pytest.raises(NotReady, match="covey stake approve"):
        run_validator(ValidatorConfig(network.config(2), task), ignore)
    network.send(2, c.vault.call("approveEngine", c.arena.address, 2**96 - 1))


def test_no_credit_for_the_messages(shared: tuple[Network, int]) -> None:
    network, task = shared
    c = network.contracts
    network.send(2, c.ledger.call("approve", c.arena.address, 0))
    with pytest.raises(NotReady, match="covey ledger approve"):
        train(network.config(2), task)
    network.send(2, c.ledger.call("claim"))
    with pytest.raises(NotReady, match="covey ledger deposit"):
        train(network.config(2), task)


def test_a_creator_of_another_task(shared: tuple[Network, int], tmp_path: Path) -> None:
    network, task = shared
    with pytest.raises(NotReady, match="belongs to"):
        run_creator(CreatorConfig(network.config(3), task, tmp_path), ignore)


def test_a_task_that_nobody_can_read(shared: tuple[Network, int]) -> None:
    network, _ = shared
    c = network.contracts
    for uri in ("nonsense", "ipfs://" + open_store(network.store).put(b"{}")):
        task = network.post_with_uri(uri)
        with pytest.raises(BadDescription, match="choose another task"):
            run_validator(ValidatorConfig(network.config(4), task), ignore)
    assert network.read(c.vault.call("stakeOf", network.signers[4].address))["locked"] == 0


def test_hidden_data_other_than_committed_to(shared: tuple[Network, int]) -> None:
    network, _ = shared
    described = network.state(network.post(creator=5, rounds=1)).uri
    task = network.post_with_uri(described)  # which commits to other hashes
    with pytest.raises(BadDescription, match=r"hidden data of round 1 is not what was committed to.*choose another"):
        run_validator(ValidatorConfig(network.config(4), task), ignore)
    assert network.read(network.contracts.vault.call("stakeOf", network.signers[4].address))["locked"] == 0


def test_an_rpc_that_is_down_or_another_chains(shared: tuple[Network, int], tmp_path: Path) -> None:
    network, task = shared
    config = replace(network.config(4), folder=tmp_path)
    with pytest.raises(RpcUnavailable):
        train(replace(config, rpc=("http://127.0.0.1:1",)), task)
    with pytest.raises(WrongChain):
        train(replace(config, deployment=config.deployment.model_copy(update={"chain_id": 5})), task)


def test_a_deployment_that_is_not_there(shared: tuple[Network, int], tmp_path: Path) -> None:
    network, task = shared
    config = replace(network.config(4), folder=tmp_path)
    elsewhere = config.deployment.addresses.model_copy(update={"arena": network.signers[0].address})
    with pytest.raises(NoContract, match="arena"):
        train(replace(config, deployment=config.deployment.model_copy(update={"addresses": elsewhere})), task)


def test_a_journal_of_another_account_or_in_use(shared: tuple[Network, int]) -> None:
    network, task = shared
    with pytest.raises(JournalForeign):
        train(replace(network.config(4), folder=network.config(0).folder), task)
    with opened(network.config(4), ignore), pytest.raises(JournalLocked):
        train(network.config(4), task)


def test_posting_again_finds_the_task(shared: tuple[Network, int]) -> None:
    network, task = shared
    before = network.read(network.contracts.arena.call("taskCount"))
    assert network.post(rounds=2) == task
    assert network.read(network.contracts.arena.call("taskCount")) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_worker_at_once_and_it_goes_on_when_started_again(
    network: Network, number: signal.Signals
) -> None:
    task = network.post(rounds=1)
    network.mine_every(1)
    keeper = network.start("keeper", 1, task=task)
    trainer = network.start("trainer", 2, task=task, epochs=2_000)
    network.await_state(task, lambda state: len(state.trainers) == 1)
    for worker in (keeper, trainer):
        assert worker.process is not None
        worker.process.send_signal(number)
        assert network.await_exit(worker) == 130
    trainer.notices.unlink()
    network.restart(trainer)
    deadline = time.monotonic() + 60
    while not any(notice.kind == "waits" for notice in trainer.heard()):
        assert time.monotonic() < deadline, network.story()
        time.sleep(0.2)
    assert len(network.state(task).trainers) == 1
