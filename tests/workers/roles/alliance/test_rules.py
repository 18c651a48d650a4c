"""Which rules of aggregation clients of a task can follow, and what those hear who meet another."""

from dataclasses import replace

import pytest

from covey.federated.plan import Plan, canonical
from covey.federated.rules.krum import MultiKrum
from covey.federated.rules.means import FedAvg, FlTrust
from covey.federated.server import Adam, Momentum
from covey.protocol.alliance.params import MAX_FRACTION_BITS
from covey.roles.alliance.rules import plan_of
from covey.roles.alliance.state import AllianceState
from covey.roles.errors import BadDescription
from tests.workers.roles.alliance.script import PARAMS, Script


def task(plan: Plan, text: bytes | None = None, **params: int) -> AllianceState:
    """A task of this plan, described by `text` instead, or with other parameters, if they are given."""
    state = Script().state
    chosen = {"rule": plan.rule.number, "fraction_bits": plan.fraction_bits} | params
    terms = replace(state.terms, rule_parameters=(text or canonical(plan)).decode())
    return replace(state, terms=terms, params=replace(PARAMS, **chosen))


@pytest.mark.parametrize("bits", [1, MAX_FRACTION_BITS])
def test_a_plan_is_read_from_the_task_at_every_precision_that_the_contract_allows(bits: int) -> None:
    plan = Plan(MultiKrum(share=1000), mixing=2000, fraction_bits=bits)
    assert plan_of(task(plan)) == plan


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (Plan(FlTrust()), "fltrust needs a trusted update"),
        (Plan(server=Momentum()), "momentum remembers earlier rounds"),
        (Plan(server=Adam()), "fedadam remembers earlier rounds"),
    ],
    ids=("fltrust", "momentum", "fedadam"),
)
def test_what_does_not_follow_from_the_round_alone_is_refused(plan: Plan, says: str) -> None:
    with pytest.raises(BadDescription, match=f"{says}.*choose another task"):
        plan_of(task(plan))


@pytest.mark.parametrize(
    ("text", "params", "says"),
    [
        (b"{}", {}, "its aggregation rule: this is no plan"),
        (None, {"rule": MultiKrum.number}, "another rule or precision"),
        (None, {"fraction_bits": 10}, "another rule or precision"),
    ],
)
def test_a_rule_that_the_parameters_deny_is_refused(text: bytes | None, params: dict[str, int], says: str) -> None:
    with pytest.raises(BadDescription, match=says):
        plan_of(task(Plan(FedAvg()), text, **params))
