"""Task parameters: defaults, ranges, and the contract's struct."""

from dataclasses import fields, replace

import pytest

from covey.protocol.errors import ParamOutOfRange
from covey.protocol.params import DEMO, STANDARD, Lengths, TaskParams


def params(**chosen: object) -> TaskParams:
    required: dict[str, object] = {
        "min_trainer_stake": 1,
        "min_validator_stake": 1,
        "bounty": 10**21,
        "bond": 10**20,
        "keeper_fee": 10**15,
        "relay_fee": 10**12,
        "lengths": DEMO,
    }
    return TaskParams.for_counts(450, 50, **{**required, **chosen})


def test_counts_give_resolution_baseline_and_quota() -> None:
    derived = params(rounds=4)
    assert derived.mu == 772  # 32,765 / (2·√450) = 772.3
    assert derived.baseline == 2 + 70 * 32_765 // 450  # a ninth, and 3·√(450·1/9·8/9) = 20 right by luck
    assert derived.quota == 22


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rounds", 9),
        ("max_trainers", 4097),
        ("max_validators", 97),
        ("min_trainers", 65),
        ("min_validators", 0),
        ("min_trainer_stake", 0),
        ("min_validator_stake", 2**64),
        ("k1", 257),
        ("k2", 97),
        ("gamma", 500_001),
        ("delta", 1_000_001),
        ("q", 0),
        ("sigma", 1_000_001),
        ("tau", -1),
        ("epsilon", 4097),
        ("mu", 32_766),
        ("baseline", 32_767),
        ("slash_unpublished", 500_001),
        ("slash_malformed", -1),
        ("slash_no_commit", 9_999),
        ("slash_no_reveal", 500_001),
        ("bounty", 2**96),
        ("bond", 2**96),
        ("keeper_fee", 2**80),
        ("relay_fee", -1),
        ("quota", 11),
    ],
)
def test_value_out_of_range_is_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ParamOutOfRange, match=name) as refused:
        params(**{name: value})
    assert refused.value.name == name


def test_limits_over_several_parameters() -> None:
    with pytest.raises(ParamOutOfRange, match="max_trainers \\* max_validators is 57,600"):
        params(max_trainers=600, max_validators=96)
    with pytest.raises(ParamOutOfRange, match="fee reserve"):
        params(bounty=10**17)
    assert params(keeper_fee=2).fee_reserve(10, 5) == 2 * (2 + 2 * 3 + 10 + 5)


@pytest.mark.parametrize("name", [field.name for field in fields(Lengths)])
def test_length_out_of_range_is_refused_by_name(name: str) -> None:
    with pytest.raises(ParamOutOfRange, match=name):
        replace(DEMO, **{name: 0})
    with pytest.raises(ParamOutOfRange, match=name):
        replace(DEMO, **{name: 2**24})
    with pytest.raises(ParamOutOfRange, match=name):
        params(lengths=replace(STANDARD, **{name: 59})).check_deployment(60, 2**32)


def test_schedule_must_end_before_stake_can_leave() -> None:
    task = params()
    assert task.duration == 20 + 40 + 3 * (60 + 40 + 20 + 60 + 40) + 3 * 60
    task.check_deployment(min_phase=20, unbonding=task.duration)
    with pytest.raises(ParamOutOfRange, match="whole schedule"):
        task.check_deployment(min_phase=20, unbonding=task.duration - 1)


def test_struct_of_the_contract_goes_there_and_back() -> None:
    task = params(k1=7, epsilon=3)
    values = task.to_abi()
    assert len(values) == 34
    assert values[:3] == (task.rounds, task.max_trainers, task.max_validators)
    assert values[-8:] == (20, 40, 60, 40, 20, 60, 40, 60)
    assert TaskParams.from_abi(values) == task
