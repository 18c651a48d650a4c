"""A task's aggregation, as its terms name it, if clients can follow it from what is public."""

from __future__ import annotations

from covey.federated.errors import FederatedError
from covey.federated.plan import Plan, parse
from covey.federated.rules.means import FlTrust
from covey.federated.server import Plain
from covey.roles.alliance.state import AllianceState
from covey.roles.errors import BadDescription


def plan_of(state: AllianceState) -> Plan:
    """Raises BadDescription for a task that nobody can take part in."""
    try:
        plan = parse(state.terms.rule_parameters.encode(errors="surrogateescape"))
    except FederatedError as error:
        raise BadDescription(f"its aggregation rule: {error}") from error
    if (plan.rule.number, plan.fraction_bits) != (state.params.rule, state.params.fraction_bits):
        raise BadDescription("its parameters name another rule or precision than the rule's text")
    refusal = refusal_of(plan)
    if refusal:
        raise BadDescription(refusal)
    return plan


def refusal_of(plan: Plan) -> str | None:
    """Why voters could not agree on what `plan` gives, if so: everything it needs has to follow from the round."""
    if isinstance(plan.rule, FlTrust):
        return "fltrust needs a trusted update, which no round of the Alliance has"
    if not isinstance(plan.server, Plain):
        return f"the server step {plan.server.name} remembers earlier rounds, which clients that join later lack"
    return None
