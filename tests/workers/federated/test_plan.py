"""Plans of aggregation as text and hash, and the steps that a server makes of aggregates."""

import json
from typing import Any

import numpy as np
import pytest

from covey.federated import plan as plans
from covey.federated import server
from covey.federated.errors import CohortError, ParameterError, UnknownRuleError
from covey.federated.fixed import VALUE_LIMIT, dequantise, quantise
from covey.federated.plan import Plan
from covey.federated.rules import NUMBERS, RULES, Krum, MultiKrum, rule_kind
from covey.federated.server import Adam, Momentum, Plain, Server
from covey.learning.errors import FormatError

from . import reference

BITS = 20


@pytest.mark.parametrize("name", RULES)
def test_a_plan_is_its_canonical_text(name: str) -> None:
    plan = Plan(RULES[name](), mixing=1000, server=Momentum())
    text = plans.canonical(plan)
    assert plans.parse(text) == plan
    assert json.loads(text)["rule"]["name"] == name
    assert len(plans.digest(plan)) == 32
    assert plans.digest(plan) != plans.digest(Plan(RULES[name]()))


def test_the_text_and_hash_never_change() -> None:
    plan = Plan(MultiKrum(), mixing=2000)
    assert plans.canonical(plan) == (
        b'{"fraction_bits":20,"mixing":2000,"rule":{"name":"multi-krum","share":2000},"server":{"name":"plain"}}'
    )
    assert plans.digest(plan).hex() == "48c1859d4d53708a23ddd921cd8bbab8ef47016b8de486c2e664fed0dedb7035"


def test_rules_have_numbers_on_chain() -> None:
    assert {number: kind.name for number, kind in NUMBERS.items()} == {
        1: "fedavg",
        2: "norm-bounding",
        3: "centered-clipping",
        4: "fltrust",
        5: "geometric-median",
        6: "median",
        7: "trimmed-mean",
        8: "krum",
        9: "multi-krum",
        10: "bulyan",
    }
    assert rule_kind(8) is rule_kind("krum") is Krum


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"rule": {"name": "krum", "share": 5000}}, "share"),
        ({"rule": {"name": "krum", "shares": 1}}, "shares"),
        ({"rule": {"name": "krum", "share": "2000"}}, "share"),
        ({"rule": {"name": "fedavg"}, "mixing": -1}, "mixing"),
        ({"rule": {"name": "fedavg"}, "fraction_bits": 31}, "fraction_bits"),
        ({"rule": {"name": "fedavg"}, "server": {"name": "sgd"}}, "no server step 'sgd'"),
        ({"rule": {"name": "geometric-median", "iterations": 0}}, "iterations"),
    ],
)
def test_parameters_out_of_bounds_are_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        plans.plan_of(**values)


def test_unknown_rules_are_refused() -> None:
    for rule in ({"name": "mean"}, {}):
        with pytest.raises(UnknownRuleError, match="multi-krum"):
            plans.plan_of(rule)
    with pytest.raises(UnknownRuleError):
        rule_kind(99)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"fraction_bits":20,"mixing":0,"rule":{"name":"fedavg"},"server":{"name":"plain"}}',
        b'{"fraction_bits": 20,"mixing":0,"rule":{"name":"median"},"server":{"name":"plain"}}',
        b'{"fraction_bits":20,"mixing":0,"rule":{"name":"median"},"server":{"name":"plain"},"x":1}',
        b" " * 5000,
    ],
)
def test_other_spellings_are_refused(text: bytes) -> None:
    with pytest.raises(ParameterError):
        plans.parse(text)


# -- Server steps ------------------------------------------------------------------------------------------------------


def run(stepping: Server, aggregates: list[np.ndarray]) -> list[np.ndarray]:
    moments, found = stepping.start(len(aggregates[0])), []
    for aggregate in aggregates:
        step = stepping.step(aggregate, moments)
        moments = server.unpack(server.pack(step.moments), stepping, len(aggregate)) if step.moments else ()
        found.append(step.vector)
    return found


def aggregates() -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [quantise(rng.normal(0.01, 0.02, 500), BITS) for _ in range(12)]


def test_the_plain_step_is_the_aggregate() -> None:
    found = run(Plain(), aggregates())
    assert all(np.array_equal(a, b) for a, b in zip(found, aggregates(), strict=True))


def test_momentum_and_fedadam_are_their_formulas() -> None:
    exact = [dequantise(a, BITS) for a in aggregates()]
    for found, wanted, units in (
        (run(Momentum(decay=9000, rate=5000), aggregates()), reference.momentum(exact, 0.9, 0.5), 5),
        (
            run(Adam(), aggregates()),
            reference.fedadam(exact, 0.9, 0.99, 10_486 / 2**BITS, 1049 / 2**BITS),
            64,
        ),
    ):
        for one, other in zip(found, wanted, strict=True):
            assert np.abs(dequantise(one, BITS) - other).max() <= units * 2.0**-BITS


@pytest.mark.parametrize("stepping", [Momentum(rate=100_000), Adam(beta2=0, rate=2**20, tau=1)], ids=lambda s: s.name)
def test_steps_saturate(stepping: Server) -> None:
    extreme = [np.array([VALUE_LIMIT, -VALUE_LIMIT], np.int32)] * 3 + [np.zeros(2, np.int32)] * 3
    found = run(stepping, extreme)
    assert max(int(np.abs(step).max()) for step in found) == VALUE_LIMIT


def test_another_server_s_moments_are_refused() -> None:
    moments = server.pack(Momentum().start(5))
    with pytest.raises((CohortError, FormatError)):
        server.unpack(moments, Adam(), 5)
    with pytest.raises((CohortError, FormatError)):
        server.unpack(moments, Momentum(), 6)
    with pytest.raises(CohortError, match="replay"):
        server.unpack(moments.replace(b"moment.0", b"moment.9"), Momentum(), 5)
