"""Attacks: what each sends, and that the reader, not the rule, deals with what are no numbers."""

import numpy as np
import pytest

from covey.federated.attacks import ATTACKS, Scene
from covey.federated.attacks.data import TARGET, flip_labels, plant_backdoor, trigger_test
from covey.learning.data import Dataset, load_digits

ATTACKERS, HONEST, SIZE = 4, 16, 300


@pytest.fixture
def scene() -> Scene:
    rng = np.random.default_rng(3)
    drift = rng.normal(0, 0.05, SIZE)
    return Scene(
        drift + rng.normal(0, 0.02, (HONEST, SIZE)),
        drift + rng.normal(0, 0.02, (ATTACKERS, SIZE)),
        np.random.default_rng(1),
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attacker_sends_an_update(name: str, scene: Scene) -> None:
    crafted = ATTACKS[name].craft(scene)
    assert crafted.shape == scene.own.shape
    assert np.isfinite(crafted).all() == (name != "not-finite")


def test_directions_are_turned(scene: Scene) -> None:
    mean = scene.honest.mean(0)
    assert (ATTACKS["sign-flip"].craft(scene) @ mean < 0).all()
    assert np.allclose(ATTACKS["inner-product"].craft(scene), -mean / 2)


def test_a_little_is_enough_hides_among_the_honest(scene: Scene) -> None:
    """With 20 clients, 4 of them attackers: 7 supporters are needed of 16, so z = Phi^-1(9 / 16)."""
    crafted = ATTACKS["alie"].craft(scene)[0]
    assert np.allclose((scene.honest.mean(0) - crafted) / scene.honest.std(0), 0.15731, atol=1e-4)


def test_min_max_goes_as_far_as_honest_updates_are_apart(scene: Scene) -> None:
    crafted = ATTACKS["min-max"].craft(scene)[0]
    farthest = max(np.linalg.norm(crafted - update) for update in scene.honest)
    apart = max(np.linalg.norm(a - b) for a in scene.honest for b in scene.honest)
    assert apart * 0.999 < farthest <= apart * (1 + 1e-9)


def test_a_boosted_update_replaces_the_mean(scene: Scene) -> None:
    """What the honest contribute aside."""
    assert np.allclose(ATTACKS["backdoor"].craft(scene).sum(0) / 20, scene.own.mean(0))


def test_sybils_send_the_same(scene: Scene) -> None:
    crafted = ATTACKS["sybil"].craft(scene)
    assert (crafted == crafted[0]).all()


def test_a_free_rider_sends_next_to_nothing(scene: Scene) -> None:
    crafted = ATTACKS["free-rider"].craft(scene)
    assert 0 < np.linalg.norm(crafted[0]) < 0.05 * np.linalg.norm(scene.own[0])


def test_labels_are_flipped_and_nothing_else() -> None:
    data = load_digits()
    flipped = flip_labels(data)
    assert np.array_equal(flipped.x, data.x)
    assert np.array_equal(flipped.y, 9 - data.y)


def test_a_backdoor_marks_half_of_the_examples() -> None:
    data = load_digits()
    poisoned = plant_backdoor(data)
    marked = (poisoned.x[:, :, -3:, -3:] == data.x.max()).all((1, 2, 3))
    assert marked.sum() == -(-len(data) // 2)
    assert (poisoned.y[marked] == TARGET).all()
    assert np.array_equal(poisoned.x[~marked], data.x[~marked])
    test = trigger_test(data, data)
    assert len(test) == (data.y != TARGET).sum()
    assert (test.y == TARGET).all()


def test_tables_have_triggers_too() -> None:
    data = Dataset(np.ones((6, 5), np.float32), np.array([0, 1, 0, 1, 0, 1]), 2)
    assert (trigger_test(data, Dataset(data.x * 7, data.y, 2)).x[:, -3:] == 7).all()
