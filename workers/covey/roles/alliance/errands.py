"""Calls that any account may make for an Alliance task, and the taking of its pay."""

from __future__ import annotations

from covey.chain.contract import Call
from covey.chain.deployment import Contracts
from covey.roles.alliance.view import AllianceView
from covey.roles.context import Context
from covey.roles.decision import Act, Step
from covey.roles.outcome import Outcome


def run(context: Context, view: AllianceView, act: Act) -> Outcome:
    """Sends one of the calls that need nothing but the task's state. Raises ChainError."""
    return context.send(act, view.state.task, call(context.contracts, view, act))


def call(contracts: Contracts, view: AllianceView, act: Act) -> Call:
    """The call that does it. Raises ValueError for a deed that needs more."""
    alliance, task = contracts.alliance, view.state.task
    match act.step:
        case Step.ADVANCE:
            return alliance.call("advance", task)
        case Step.SETTLE:
            return alliance.call("settle", task, view.witness().to_abi())
        case Step.COLLECT:
            return alliance.call("collect", task, act.place[0])
        case Step.CLAIM:
            return contracts.ledger.call("claim")
        case _:
            raise ValueError(f"{act} needs more than the task's state")
