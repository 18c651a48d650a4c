"""A creator's deed: post an Alliance task. Nothing else is left to its creator: what no round needed comes back."""

from __future__ import annotations

from dataclasses import astuple

from covey.chain.errors import RpcGarbage
from covey.federated.plan import canonical
from covey.roles.alliance.config import AlliancePlan
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel, hash_of
from covey.roles.alliance.rules import refusal_of
from covey.roles.alliance.state import Terms
from covey.roles.context import Context
from covey.roles.description import put_description
from covey.roles.errors import NotReady
from covey.roles.readiness import require_credit

_NOWHERE = "0x0000000000000000000000000000000000000000"


def post_alliance(context: Context, plan: AlliancePlan) -> int:
    """Stores the model and the description, and posts the task; returns its number.

    Doing it again under the same reference posts nothing and returns the same number. Raises NotReady, FormatError,
    ParamOutOfRange, StoreError, ChainError.
    """
    refusal = refusal_of(plan.plan)
    if refusal:
        raise NotReady(f"{refusal}: choose another rule or server step")
    if (plan.params.rule, plan.params.fraction_bits) != (plan.plan.rule.number, plan.plan.fraction_bits):
        raise ValueError("the parameters name another rule or precision than the plan")
    plan.params.check_deployment(context.config.deployment.parameters.min_phase)
    GlobalModel.decode(plan.model, plan.names)
    description = AllianceDescription(
        title=plan.title, model_size=len(plan.model), names=plan.names, classes=plan.classes
    )
    terms = Terms(
        model=hash_of(plan.model),
        model_cid=context.store.put(plan.model),
        rule_parameters=canonical(plan.plan).decode(),
        uri=put_description(description, context.store),
        arena=context.contracts.arena.address if plan.arena_task else _NOWHERE,
        arena_task=plan.arena_task,
    )
    key = f"create-alliance/{plan.reference}"
    if context.journal.intents.find(key) is None:
        require_credit(context, ALLIANCE, context.address, plan.params.pool)
    call = context.contracts.alliance.call("createTask", plan.params.to_abi(), astuple(terms))
    receipt = context.sender.send(key, call)
    created = next((r for r in context.gateway.records(receipt) if r.name == ALLIANCE.creation), None)
    if created is None:
        raise RpcGarbage("the receipt of createTask shows no task: check the RPC endpoint")
    task: int = created.arguments["task"]
    context.inform(task, f"posted {plan.title!r}", uri=terms.uri)
    return task
