"""An alliance of other people's apps on a real chain: an unchanged Flower app, and a FLock model, train one network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from covey.apps.app import Parameters, Partition
from covey.apps.loading import load_app
from covey.federated.plan import Plan
from covey.federated.rules.means import FedAvg
from covey.learning import tensors
from covey.learning.data import load
from covey.protocol.alliance.params import AllianceParams
from covey.protocol.alliance.phases import Cause, Status
from covey.protocol.alliance.settlement import Verdict
from covey.protocol.alliance.votes import Outcome
from covey.roles.alliance.config import AlliancePlan
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel, cid_for
from covey.roles.run import create_alliance
from covey.storage import open_store
from tests.e2e.network import TOKEN, Network
from tests.e2e.test_alliance import CREATOR, FIRST, KEEPER, LENGTHS, STAKE, wealth

APPS = Path(__file__).parents[1] / "workers" / "apps" / "apps"
QUICKSTART, FLOCK = APPS / "quickstart", APPS / "flock_digits.py"
NAMES = ("hidden.weight", "hidden.bias", "out.weight", "out.bias")
CLIENTS = 3


def start() -> Parameters:
    """The apps' network, untrained."""
    torch.manual_seed(1)
    layers = {"hidden": torch.nn.Linear(64, 32), "out": torch.nn.Linear(32, 10)}
    return {f"{name}.{key}": v.numpy() for name, layer in layers.items() for key, v in layer.state_dict().items()}


def post(network: Network, model: bytes, rounds: int) -> int:
    plan = Plan(FedAvg(), fraction_bits=16)
    params = AllianceParams(
        rounds=rounds,
        min_clients=CLIENTS,
        min_updates=1,
        proposer_share=1,
        epsilon=1_000_000,  # an accuracy of a few dozen examples moves in steps
        harm=16_384,
        min_stake=STAKE,
        pool=1_000 * TOKEN,
        keeper_fee=TOKEN,
        rule=FedAvg.number,
        fraction_bits=plan.fraction_bits,
        lengths=LENGTHS,
    )
    wanted = AlliancePlan("apps", "digits together", model, NAMES, (), plan, params)
    return create_alliance(network.config(CREATOR), wanted, lambda notice: None)


def loss_of(parameters: Parameters) -> float:
    """On what the Flower app holds out, if it has all digits."""
    return load_app(QUICKSTART, None, 1, Partition(0, 1)).evaluate(parameters, 0).loss


@pytest.mark.slow
def test_a_flower_app_and_a_flock_model_train_together(network: Network, tmp_path: Path) -> None:
    digits = load("digits")
    np.savez(tmp_path / "third.npz", x=digits.x[2::3], y=digits.y[2::3])
    (tmp_path / "hangs.py").write_text(
        FLOCK.read_text().replace(
            "    def train(",
            "    def train(self, parameters):\n        import time\n        time.sleep(3600)\n\n    def honest_train(",
        )
    )
    flower = [{"path": str(QUICKSTART), "index": i, "count": CLIENTS} for i in range(2)]
    flock = {"path": str(FLOCK), "data": str(tmp_path / "third.npz"), "samples": 479}
    hanging = flock | {"path": str(tmp_path / "hangs.py"), "limit": 1.0}
    model = tensors.pack(start())
    task = post(network, model, rounds=3)
    before = wealth(network, FIRST + CLIENTS)
    network.mine_every(1)

    bad = network.start("client", FIRST + CLIENTS, task=task, app=hanging)
    assert network.await_exit(bad) == 3
    del network.workers[bad.name]
    refusal = bad.heard()[-1].text
    assert "train took more than 1 s and was stopped" in refusal
    assert wealth(network, FIRST + CLIENTS) == before

    network.start("keeper", KEEPER, alliance=task)
    for account, app in enumerate((*flower, flock), FIRST):
        network.start("client", account, task=task, app=app)
    state = network.await_task(ALLIANCE, task, lambda s: len(s.clients) == CLIENTS)
    network.skip_to(state.created_at + LENGTHS.join)
    state = network.await_task(ALLIANCE, task, lambda s: s.status is Status.ENDED and not s.clients)

    assert state.cause is Cause.COMPLETED
    for played in state.rounds:
        assert played.concluded is not None
        assert played.concluded.outcome is Outcome.ACCEPTED, network.story()
        assert {judgement.verdict for judgement in played.judgements.values()} == {Verdict.RIGHT}
    data = open_store(network.store).get(cid_for(state.model, len(model)), len(model))
    assert loss_of(GlobalModel.decode(data, NAMES).parameters) < loss_of(start()) / 2
    for account in range(FIRST, FIRST + CLIENTS):
        assert network.await_exit(network.workers[f"client-{account}"]) == 0, network.story()
