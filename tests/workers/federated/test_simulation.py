"""Clients that train, rounds that are played, attacks that are withstood: on the digits, with fixed seeds."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch.nn import functional

from covey.federated.attacks import ATTACKS
from covey.federated.clients import Population, local_updates
from covey.federated.crew import crew_of
from covey.federated.errors import NonFiniteUpdateError, ParameterError
from covey.federated.fixed import dequantise
from covey.federated.grid import Cell, Study, play, verdict
from covey.federated.partition import SPLITS, dirichlet
from covey.federated.plan import Plan
from covey.federated.rules.krum import Bulyan, MultiKrum
from covey.federated.rules.means import FedAvg, FlTrust
from covey.federated.server import Adam, Momentum
from covey.federated.simulation import Setup, job_of, simulate, started
from covey.federated.updates import coordinates_of
from covey.learning.data import Dataset, load_digits, stratify
from covey.learning.families import family_of
from covey.learning.local import LocalOptions, logits
from covey.learning.task import Model

BITS = 20
OPTIONS = LocalOptions(batch_size=16, learning_rate=0.1, seed=3)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def data() -> tuple[Dataset, Dataset, Dataset]:
    digits = load_digits()
    train, test, trusted = (digits.take(part) for part in stratify(digits.y, [0.7, 0.25, 0.05], b"tests"))
    return train, test, trusted


@pytest.fixture(scope="module")
def population(data: tuple[Dataset, Dataset, Dataset]) -> Population:
    return Population(data[0], dirichlet(data[0].y, 12, 1))


@pytest.fixture(scope="module")
def setup(data: tuple[Dataset, Dataset, Dataset], population: Population) -> Setup:
    train, test, trusted = data
    return Setup(
        started(train, "linear", {}, 1), population, test, Plan(), OPTIONS, rounds=3, per_round=12, trusted=trusted
    )


# -- Splits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SPLITS)
def test_splits_give_each_example_to_one_client(name: str, data: tuple[Dataset, Dataset, Dataset]) -> None:
    y = data[0].y
    parts = SPLITS[name](y, 20, 4)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(y)))
    assert all(np.array_equal(a, b) for a, b in zip(parts, SPLITS[name](y, 20, 4), strict=True))
    kinds = np.mean([len(np.unique(y[part])) for part in parts])
    assert kinds > 9.5 if name == "iid" else kinds < 9
    with pytest.raises(ParameterError):
        SPLITS[name](y[:15], 20, 4)


# -- Clients -----------------------------------------------------------------------------------------------------------


def by_hand(model: Model, population: Population, client: int, options: LocalOptions, round: int) -> np.ndarray:
    """One client's training as a torch module with torch's own SGD."""
    family = family_of(model.family)
    module = family.build(model.architecture, family.task(population.data))
    module.load_state_dict({name: torch.from_numpy(weight.copy()) for name, weight in model.weights.items()})
    start = [parameter.detach().clone() for parameter in module.parameters()]
    optimiser = torch.optim.SGD(module.parameters(), lr=options.learning_rate)
    rng = np.random.default_rng([options.seed, round, client])
    for _ in range(options.epochs):
        order = rng.permutation(population.parts[client])
        for first in range(0, len(order), options.batch_size):
            rows = order[first : first + options.batch_size]
            x, y = torch.tensor(population.data.x[rows]).float(), torch.tensor(population.data.y[rows])
            loss = functional.cross_entropy(module(x), y)
            for now, before in zip(module.parameters(), start, strict=True):
                loss = loss + options.proximal / 2 * (now - before).square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    deltas = {name: w.numpy() - model.weights[name] for name, w in module.state_dict().items()}
    return coordinates_of(model).flatten(deltas)


@pytest.mark.parametrize("proximal", [0.0, 0.5])
@pytest.mark.parametrize(("name", "values"), [("linear", {}), ("mlp", {"hidden": [9]}), ("cnn", {"channels": [3]})])
def test_clients_side_by_side_train_as_each_would_alone(
    name: str, values: dict[str, list[int]], proximal: float, population: Population
) -> None:
    model = started(population.data, name, values, 5)
    options = replace(OPTIONS, proximal=proximal)
    clients = [7, 2, 11]
    together = local_updates(model, population, clients, options, 4, BITS)
    for client, update in zip(clients, together, strict=True):
        alone = local_updates(model, population, [client], options, 4, BITS)[0]
        assert np.abs(update - alone).max() <= 8
        assert np.abs(dequantise(update, BITS) - by_hand(model, population, client, options, 4)).max() < 2e-5


def test_convolutions_of_several_clients_are_those_of_each() -> None:
    images = load_digits()
    layers = family_of("image-classification").layers(
        family_of("image-classification").architecture("cnn", {"channels": [3, 4]}), images.input_shape, 10
    )
    weights = [
        {n: torch.from_numpy(w) for n, w in started(images, "cnn", {"channels": [3, 4]}, seed).weights.items()}
        for seed in range(3)
    ]
    x = torch.from_numpy(images.x[:15].astype(np.float32)).view(3, 5, 1, 8, 8)
    shared = {name: w for name, w in weights[0].items() if name.startswith("0.")}
    stacked = {name: torch.stack([one[name] for one in weights]) for name in weights[0] if name not in shared}
    found = logits(layers, {**shared, **stacked}, x)
    for i, one in enumerate(weights):
        alone = {name: w.unsqueeze(0) for name, w in one.items() if name not in shared}
        assert torch.allclose(found[i], logits(layers, {**shared, **alone}, x[i : i + 1])[0], atol=1e-5)


def test_a_client_that_diverges_sends_nothing(population: Population) -> None:
    model = started(population.data, "mlp", {"hidden": [9]}, 5)
    wild = replace(population, data=replace(population.data, x=(population.data.x * np.float32(1e18))))
    with pytest.raises(NonFiniteUpdateError, match="learning rate"):
        local_updates(model, wild, [0], replace(OPTIONS, learning_rate=10.0), 0, BITS)


# -- Rounds ------------------------------------------------------------------------------------------------------------


def accuracies(setup: Setup, processes: int = 1) -> list[float | None]:
    return [report.accuracy for report in simulate(setup, crew_of(job_of(setup), processes))]


def test_rounds_learn_and_repeat_themselves(setup: Setup) -> None:
    found = accuracies(setup)
    assert found == accuracies(setup)
    assert found[-1] is not None
    assert found[-1] > 0.85


def test_processes_change_nothing(setup: Setup) -> None:
    """For sums, which is what FedAvg needs, and for whole updates; up to the last bit of float32 in training."""
    for plan in (Plan(), Plan(MultiKrum())):
        one, two = accuracies(replace(setup, plan=plan)), accuracies(replace(setup, plan=plan), 2)
        assert np.abs(np.array(one, float) - np.array(two, float)).max() < 0.01


def test_sums_are_the_rule(setup: Setup) -> None:
    """FedAvg by running sums is FedAvg by the rule: an attack that nobody of the drawn carries out keeps all the
    rows.
    """
    first = next(simulate(replace(setup, attack=ATTACKS["free-rider"], attackers=1, per_round=2)))
    assert first == next(simulate(replace(setup, per_round=2)))


@pytest.mark.parametrize(
    "plan", [Plan(server=Momentum(decay=5000)), Plan(server=Adam(rate=52_429))], ids=lambda p: p.server.name
)
def test_server_steps_learn(plan: Plan, setup: Setup) -> None:
    found = accuracies(replace(setup, plan=plan, rounds=5))[-1]
    assert found is not None
    assert found > 0.8


def test_what_is_not_finite_is_not_received(setup: Setup) -> None:
    reports = list(simulate(replace(setup, attack=ATTACKS["not-finite"], attackers=3)))
    assert [report.received for report in reports] == [9] * 3
    assert [report.accuracy for report in reports][-1] > 0.85  # type: ignore[operator]


def test_a_round_that_the_rule_refuses_keeps_the_model(setup: Setup) -> None:
    few = replace(setup, per_round=4, plan=Plan(Bulyan(share=2500)))
    reports = list(simulate(few))
    assert len({report.accuracy for report in reports}) == 1
    assert all(report.refused and "needs 7" in report.refused for report in reports)


def test_trust_selects_who_agrees_with_the_root(setup: Setup) -> None:
    flipped = replace(setup, plan=Plan(FlTrust()), attack=ATTACKS["sign-flip"], attackers=3)
    assert [report.selected for report in simulate(flipped)] == [9] * 3


@pytest.mark.parametrize(
    "change",
    [{"per_round": 13}, {"attackers": 2}, {"attack": ATTACKS["alie"]}, {"rounds": 0}],
    ids=lambda change: next(iter(change)),
)
def test_setups_that_make_no_sense_are_refused(change: dict[str, object], setup: Setup) -> None:
    with pytest.raises(ParameterError):
        replace(setup, **change)  # type: ignore[arg-type]


# -- The grid's claim --------------------------------------------------------------------------------------------------


def test_a_backdoor_takes_the_mean_and_not_multi_krum(setup: Setup) -> None:
    by_rule = {}
    for plan in (Plan(FedAvg()), Plan(MultiKrum())):
        attacked = replace(setup, plan=plan, attack=ATTACKS["backdoor"], attackers=2, rounds=4)
        by_rule[plan.name] = list(simulate(attacked))[-1].backdoor
    assert by_rule["fedavg"] > 0.8  # type: ignore[operator]
    assert by_rule["multi-krum"] < 0.3  # type: ignore[operator]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_by_a_fifth_costs_the_best_rule_two_points_on_unlike_clients(attack: str) -> None:
    """Against the attack-free mean, not only against the rule's own attack-free run."""
    assert play(Study(), "dirichlet", "fltrust", attack).accuracy > _honest() - 0.02


@cache
def _honest() -> float:
    return play(Study(), "dirichlet", "fedavg", "none").accuracy


def test_the_mean_withstands_nothing() -> None:
    assert play(Study(), "dirichlet", "fedavg", "sign-flip").accuracy < 0.7


def test_the_verdict_is_the_rule_with_the_least_bad_worst_case() -> None:
    cells = [
        Cell("iid", plan, attack, (0.1, accuracy), None)
        for plan, row in {"a": (0.9, 0.5, 0.9), "b": (0.8, 0.75, 0.7)}.items()
        for attack, accuracy in zip(("none", "x", "y"), row, strict=True)
    ]
    best = verdict(cells, "iid")
    assert (best.plan, best.attack, best.attacked) == ("b", "y", 0.7)
    assert best.loss == pytest.approx(0.1)
