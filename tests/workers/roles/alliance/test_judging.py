"""What voters find about updates: the same bytes for all who hold the same, and who helped."""

import numpy as np
import pytest

from covey.apps.app import Parameters
from covey.federated.plan import plan_of
from covey.learning import tensors
from covey.learning.architectures import Linear
from covey.learning.artefact import encode
from covey.learning.errors import NonFiniteError, TensorNamesError
from covey.learning.task import TaskSpec
from covey.learning.training import untrained
from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.lanes import TOP
from covey.roles.alliance.judging import Usable, judge
from covey.roles.alliance.models import GlobalModel, cid_for, hash_of
from covey.storage import cid_of

BITS = 16
FEDAVG = plan_of({"name": "fedavg"}, fraction_bits=BITS)
KRUM = plan_of({"name": "krum", "share": 3000}, fraction_bits=BITS)
START = tensors.pack({"w": np.zeros(4, np.float32)})
MODEL = GlobalModel.decode(START, ("w",))
TARGET = np.ones(4, np.float32)


def loss(parameters: Parameters) -> float:
    """Squared distance from where training should lead."""
    return float(np.square(parameters["w"] - TARGET).sum())


def update(value: float, samples: int = 10) -> Usable:
    return Usable(MODEL.update_to({"w": np.full(4, value, np.float32)}, BITS), samples)


def test_the_aggregate_is_the_weighted_mean_and_is_welcome() -> None:
    found = judge(MODEL, hash_of(START), FEDAVG, {1: update(0.5), 4: update(1.0, 30)}, loss, 0)
    assert found.model is not None
    assert found.vote.result.aggregate_hash == hash_of(found.model)
    assert found.vote.result.accepted == 1 << 1 | 1 << 4
    assert found.vote.in_favour
    np.testing.assert_array_equal(GlobalModel.decode(found.model, ("w",)).parameters["w"], np.full(4, 0.875))


def test_order_of_publication_changes_nothing() -> None:
    first = judge(MODEL, hash_of(START), FEDAVG, {1: update(0.5), 4: update(1.0, 30)}, loss, 0)
    assert judge(MODEL, hash_of(START), FEDAVG, {4: update(1.0, 30), 1: update(0.5)}, loss, 0) == first


def test_what_makes_the_model_worse_is_voted_against_unless_within_epsilon() -> None:
    worse = {0: update(-0.05), 1: update(-0.05)}
    assert not judge(MODEL, hash_of(START), FEDAVG, worse, loss, 0).vote.in_favour
    assert judge(MODEL, hash_of(START), FEDAVG, worse, loss, 200_000).vote.in_favour


def test_contributions_show_who_helped_and_who_harmed() -> None:
    vote = judge(MODEL, hash_of(START), FEDAVG, {0: update(1.0), 1: update(1.0), 2: update(-1.0)}, loss, 0).vote
    assert vote.contributions[0] == vote.contributions[1] > NEUTRAL > vote.contributions[2]


def test_contributions_stay_within_15_bits() -> None:
    assert judge(MODEL, hash_of(START), FEDAVG, {0: update(1.0), 1: update(-100.0)}, loss, 0).vote.contributions == (
        TOP,
        0,
    )


def test_an_unusable_update_is_left_out_and_counts_as_harm() -> None:
    found = judge(MODEL, hash_of(START), FEDAVG, {0: None, 3: update(1.0)}, loss, 0)
    assert found.vote.result.accepted == 1 << 3
    assert found.vote.contributions[0] == 0
    assert found.vote.contributions[1] > NEUTRAL


@pytest.mark.parametrize(("plan", "published"), [(FEDAVG, {0: None, 1: None}), (KRUM, {0: update(1.0), 1: None})])
def test_without_an_aggregate_the_model_stays(plan, published) -> None:  # type: ignore[no-untyped-def]
    found = judge(MODEL, hash_of(START), plan, published, loss, 0)
    assert found.model is None
    assert (found.vote.result.aggregate_hash, found.vote.result.accepted) == (hash_of(START), 0)
    assert not found.vote.in_favour


def test_an_aggregate_beyond_the_type_s_range_is_no_model() -> None:
    half = tensors.pack({"w": np.full(2, 65_000, np.float16)})
    model = GlobalModel.decode(half, ("w",))
    overflowing = Usable(np.full(2, 2**24, np.int32), 1)
    assert (
        judge(
            model, hash_of(half), plan_of({"name": "fedavg"}, fraction_bits=4), {0: overflowing}, lambda _: 1.0, 0
        ).model
        is None
    )


class TestModels:
    def test_a_hash_finds_the_model_whatever_its_size(self) -> None:
        for size in (1, 262_144, 262_145):
            data = bytes(size)
            assert cid_for(hash_of(data), size) == cid_of(data)

    def test_a_covey_model_moves_as_one(self) -> None:
        artefact = encode(untrained(TaskSpec("tabular", (3,), 2), Linear(), 1))
        model = GlobalModel.decode(artefact, ())
        assert model.encode() == artefact
        moved = model.moved(np.ones(model.coordinates.size, np.int32), BITS)
        assert moved.own is not None
        assert GlobalModel.decode(moved.encode(), ()).encode() == moved.encode() != artefact

    def test_a_plain_model_keeps_the_app_s_order_and_what_is_not_trained(self) -> None:
        arrays = {"b": np.ones(2, np.float32), "a": np.zeros(3, np.float32), "n": np.array([7], np.int64)}
        model = GlobalModel.decode(tensors.pack(arrays), ("b", "a", "n"))
        assert list(model.parameters) == ["b", "a", "n"]
        assert model.coordinates.size == 5
        moved = model.moved(np.full(5, 1 << BITS, np.int32), BITS)
        assert list(moved.parameters) == ["b", "a", "n"]
        assert moved.parameters["n"] == 7
        np.testing.assert_array_equal(moved.parameters["a"], np.ones(3))

    def test_other_names_and_numbers_that_are_none_are_refused(self) -> None:
        with pytest.raises(TensorNamesError):
            GlobalModel.decode(START, ("v",))
        with pytest.raises(NonFiniteError):
            GlobalModel.decode(tensors.pack({"w": np.array([np.nan], np.float32)}), ("w",))
