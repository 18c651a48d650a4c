"""Calls that any account may make for a task, and the taking of its pay."""

from __future__ import annotations

from covey.chain.contract import Call
from covey.chain.deployment import Contracts
from covey.roles.context import Context
from covey.roles.decision import Act, Step
from covey.roles.outcome import Outcome
from covey.roles.settling import next_witness
from covey.roles.task import Member
from covey.roles.view import View


def run(context: Context, view: View, act: Act) -> Outcome:
    """Sends one of the calls that need nothing but the task's state. Raises ChainError."""
    return context.send(act, view.state.task, call(context.contracts, context.address, view, act))


def has_claimed(context: Context, task: int) -> bool:
    """Whether the worker took its pay out after this task."""
    return context.did(Act(Step.CLAIM), task, context.contracts.ledger.call("claim"))


def has_pay(context: Context, member: Member | None) -> bool:
    """Whether the worker's account itself, not another operator's, got something out of its place in a task."""
    if member is None or member.concluded is None or member.operator != context.address:
        return False
    return bool(member.concluded["paid"] + member.concluded.get("returned", 0))


def call(contracts: Contracts, account: str, view: View, act: Act) -> Call:
    """The call that does it, for `account` to send. Raises ValueError for a deed that needs more."""
    arena, task = contracts.arena, view.state.task
    match act.step:
        case Step.ADVANCE:
            return arena.call("advance", task)
        case Step.SETTLE:
            return arena.call("settle", task, next_witness(view.state))
        case Step.TALLY:
            return arena.call("tally", task, act.place[0])
        case Step.CONCLUDE_TRAINER:
            return arena.call("concludeTrainer", task, act.place[0])
        case Step.CONCLUDE_VALIDATOR:
            return arena.call("concludeValidator", task, act.place[0])
        case Step.FINISH:
            return arena.call("finish", task)
        case Step.CLAIM_RELAY:
            return arena.call("claimRelay", task, account)
        case Step.CLAIM:
            return contracts.ledger.call("claim")
        case _:
            raise ValueError(f"{act} needs more than the task's state")
