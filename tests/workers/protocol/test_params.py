"""Task parameters: defaults, ranges, and the contract's struct."""

from dataclasses import fields, replace

import pytest

from covey.protocol.errors import ParamOutOfRange
from covey.protocol.params import DEMO, STANDARD, Lengths, TaskParams
from tests.workers.protocol.parameters import assert_defaults_documented, assert_range


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


ROOM: dict[str, dict[str, object]] = {
    "max_trainers": {"max_validators": 3, "min_trainers": 1},
    "max_validators": {"max_trainers": 2, "min_trainers": 1, "min_validators": 1},
    "bounty": {"keeper_fee": 0},
    "keeper_fee": {"bounty": 2**96 - 1},
}
"""What else must be chosen for a parameter to reach its limits."""


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("rounds", 1, 8),
        ("max_trainers", 1, 4096),
        ("max_validators", 1, 96),
        ("min_trainers", 1, 64),
        ("min_validators", 1, 16),
        ("min_trainer_stake", 1, 2**64 - 1),
        ("min_validator_stake", 1, 2**64 - 1),
        ("k1", 1, 256),
        ("k2", 1, 96),
        ("gamma", 0, 500_000),
        ("delta", 0, 1_000_000),
        ("q", 1, 1_000_000),
        ("sigma", 0, 1_000_000),
        ("tau", 0, 1_000_000),
        ("epsilon", 0, 4096),
        ("mu", 1, 32_765),
        ("baseline", 2, 32_766),
        ("slash_unpublished", 0, 500_000),
        ("slash_malformed", 0, 500_000),
        ("slash_no_commit", 10_000, 500_000),
        ("slash_no_reveal", 10_000, 500_000),
        ("bounty", 0, 2**96 - 1),
        ("bond", 0, 2**96 - 1),
        ("keeper_fee", 0, 2**80 - 1),
        ("relay_fee", 0, 2**80 - 1),
        ("quota", 12, 1000),
    ],
)
def test_range_is_what_it_says(name: str, low: int, high: int) -> None:
    assert_range(params, name, low, high, ROOM.get(name, {}))


def test_defaults_are_the_documented_ones() -> None:
    assert_defaults_documented(TaskParams, "protocol.md")


def test_standard_lengths_are_days() -> None:
    hours = (24, 12, 48, 6, 6, 12, 6, 24)
    assert Lengths(*[3600 * length for length in hours]) == STANDARD


def test_lengths_reach_their_limits() -> None:
    for length in (1, 2**24 - 1):
        assert Lengths(*[length] * 8).round == 5 * length


def test_limits_over_several_parameters() -> None:
    with pytest.raises(ParamOutOfRange, match="max_trainers \\* max_validators is 57,600"):
        params(max_trainers=600, max_validators=96)
    assert params(max_trainers=4000, max_validators=14).max_trainers == 4000
    assert params(max_trainers=1, min_trainers=1, max_validators=1, min_validators=1).max_trainers == 1
    with pytest.raises(ParamOutOfRange, match="is 56,001"):
        params(max_trainers=1697, max_validators=33)
    with pytest.raises(ParamOutOfRange, match="fee reserve"):
        params(bounty=10**17)
    reserve = 10**15 * (2 + 2 * 3 + 64 + 16)
    assert params(bounty=10 * reserve).bounty == 10 * reserve
    with pytest.raises(ParamOutOfRange, match=r"fee reserve \(a multiple of keeper_fee\) is"):
        params(bounty=10 * reserve - 1)
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
    with pytest.raises(ParamOutOfRange, match="whole schedule is"):
        task.check_deployment(min_phase=20, unbonding=task.duration - 1)


def test_struct_of_the_contract_goes_there_and_back() -> None:
    task = params(k1=7, epsilon=3)
    values = task.to_abi()
    assert len(values) == 34
    assert values[:3] == (task.rounds, task.max_trainers, task.max_validators)
    assert values[-8:] == (20, 40, 60, 40, 20, 60, 40, 60)
    assert TaskParams.from_abi(values) == task
