"""An Alliance task's parameters: ranges, defaults, and the contract's struct."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from covey.protocol.alliance.params import DEMO, STANDARD, AllianceParams, Lengths
from covey.protocol.alliance.phases import Cause, Phase, Status
from covey.protocol.alliance.settlement import Verdict
from covey.protocol.alliance.votes import Outcome
from covey.protocol.errors import ParamOutOfRange
from tests.workers.protocol.parameters import assert_defaults_documented, assert_range, snake

INTERFACE = (Path(__file__).parents[3] / "contracts/interfaces/IAlliance.sol").read_text()


def params(**chosen: object) -> AllianceParams:
    required: dict[str, object] = {"rule": 1, "min_stake": 10**18, "pool": 10**21, "keeper_fee": 10**15}
    return AllianceParams(**{"lengths": DEMO, **required, **chosen})  # type: ignore[arg-type]


ROOM: dict[str, dict[str, object]] = {
    "rounds": {"keeper_fee": 0},
    "max_clients": {"min_clients": 3, "min_updates": 1},
    "min_clients": {"max_clients": 100},
    "min_updates": {"min_clients": 128, "max_clients": 128},
    "slash_silent": {"slash_wrong": 0, "slash_rejected": 0},
    "max_reputation": {"initial_reputation": 1, "reputation_threshold": 1},
    "initial_reputation": {"reputation_threshold": 1},
    "pool": {"keeper_fee": 0},
    "keeper_fee": {"pool": 2**96 - 1, "rounds": 1},
}
"""What else must be chosen for a parameter to reach its limits."""


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("rounds", 1, 255),
        ("min_clients", 4, 100),
        ("max_clients", 3, 128),
        ("min_updates", 1, 126),
        ("proposer_share", 1, 1_000_000),
        ("max_samples", 1, 2**32 - 1),
        ("epsilon", 0, 1_000_000),
        ("slash_silent", 10_000, 500_000),
        ("slash_wrong", 0, 100_000),
        ("slash_rejected", 0, 100_000),
        ("burn_share", 0, 1_000_000),
        ("contribution_share", 0, 1_000_000),
        ("harm", 0, 16_384),
        ("initial_reputation", 1, 5),
        ("max_reputation", 1, 8),
        ("reputation_threshold", 1, 3),
        ("fraction_bits", 1, 30),
        ("rule", 0, 255),
        ("min_stake", 1, 2**96 - 1),
        ("pool", 0, 2**96 - 1),
        ("keeper_fee", 0, 2**80 - 1),
    ],
)
def test_range_is_what_it_says(name: str, low: int, high: int) -> None:
    assert_range(params, name, low, high, ROOM.get(name, {}))


def test_defaults_are_the_documented_ones() -> None:
    assert_defaults_documented(AllianceParams, "alliance.md")


def test_smallest_and_largest_alliance() -> None:
    smallest = params(min_clients=3, max_clients=3, min_updates=1, rounds=1)
    assert smallest.acts == 3
    assert params(min_clients=128, max_clients=128, min_updates=126).min_updates == 126
    with pytest.raises(ParamOutOfRange, match="min_clients is 127: choose a value from 128"):
        params(min_clients=127, max_clients=128, min_updates=126)


def test_keepers_get_a_tenth_of_the_pool_at_most() -> None:
    task = params(rounds=4, keeper_fee=10, pool=900)
    assert (task.acts, task.fee_reserve, task.distributed) == (9, 90, 810)
    with pytest.raises(ParamOutOfRange, match=r"fee reserve \(a multiple of keeper_fee\) is 90"):
        params(rounds=4, keeper_fee=10, pool=899)


@pytest.mark.parametrize("name", [field.name for field in fields(Lengths)])
def test_length_out_of_range_is_refused_by_name(name: str) -> None:
    for length in (0, 2**24):
        with pytest.raises(ParamOutOfRange, match=name):
            replace(DEMO, **{name: length})
    shorter = params(lengths=replace(STANDARD, **{name: 59}))
    shorter.check_deployment(59)
    with pytest.raises(ParamOutOfRange, match=name):
        shorter.check_deployment(60)


def test_lengths_reach_their_limits() -> None:
    for length in (1, 2**24 - 1):
        assert Lengths(*[length] * 5).round == 4 * length


def test_standard_lengths_are_days() -> None:
    assert Lengths(*[3600 * hours for hours in (24, 48, 6, 12, 6)]) == STANDARD


def test_struct_of_the_contract_goes_there_and_back() -> None:
    task = params(rounds=7, epsilon=3)
    values = task.to_abi()
    assert values[:3] == (7, 6, 64)
    assert values[-5:] == (20, 60, 40, 60, 40)
    assert AllianceParams.from_abi(values) == task


def test_names_and_order_are_the_contracts() -> None:
    (struct,) = re.findall(r"struct Params \{(.*?)\}", INTERFACE, re.DOTALL)
    names = [snake(name) for name in re.findall(r"(\w+);", struct)]
    ours = [field.name for field in fields(AllianceParams)]
    assert names == [*ours[:-1], *(field.name for field in fields(Lengths))]


@pytest.mark.parametrize("enumeration", [Status, Cause, Phase, Outcome, Verdict])
def test_numbers_are_the_contracts(enumeration: type) -> None:
    (names,) = re.findall(rf"enum {enumeration.__name__} \{{(.*?)\}}", INTERFACE, re.DOTALL)
    assert [(snake(name), number) for number, name in enumerate(re.findall(r"\w+", names))] == [
        (member.name.lower(), member.value) for member in enumeration
    ]
