"""Everything about an account that is locked, due, claimable, leaving or refused, and why."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from covey.cli.acts.alliance_items import explain_alliances, facts_of
from covey.cli.acts.items import (
    CLAIMABLE,
    DUE,
    EARNED,
    HELD,
    LEAVING,
    LOCKED,
    LOST,
    REFUSED,
    Item,
)
from covey.cli.acts.session import Connection, parse_address
from covey.cli.acts.staking import NOBODY, when
from covey.cli.acts.survey import Survey, survey
from covey.cli.amounts import tokens
from covey.cli.output import Output, Table
from covey.protocol.faults import Absence, validator_slash
from covey.protocol.params import GWEI
from covey.protocol.phases import Phase, Status
from covey.roles.standings import Reason, trainer_reasons, validator_reasons
from covey.roles.task import Member, TaskState
from covey.roles.view import View

_ORDER: Final = (DUE, REFUSED, CLAIMABLE, LEAVING, LOCKED, LOST, EARNED, HELD)
_DONE_SHOWN: Final = 10
"""Tasks that are over and still shown, the newest."""


def show(connection: Connection, account: str, out: Output) -> None:
    address = parse_address(account)
    with out.step("reading the chain"):
        found = survey(connection, address)
    items = sorted(explain(found), key=_place)
    out.result(
        {
            "account": address,
            "operator": found.operator,
            "block": found.block,
            "alliances": list(facts_of(found)),
            "items": [asdict(item) | {"amount": None if item.amount is None else str(item.amount)} for item in items],
        }
    )
    operator = "" if found.operator in (None, address) else f", hot key of {found.operator}"
    out.say(f"account {address}{operator}, at {when(found.now)}")
    rows = [
        (
            item.kind,
            "" if item.amount is None else tokens(item.amount),
            item.text
            + (f" (until {when(item.until)})" if item.until else "")
            + (f": {item.next}" if item.next else ""),
        )
        for item in items
    ]
    out.table(Table(("", "tokens", ""), rows, frozenset({"tokens"})))


def _place(item: Item) -> tuple[int, int, int]:
    return _ORDER.index(item.kind), item.task or 0, item.alliance or 0


def explain(found: Survey) -> Iterator[Item]:
    """A pure function of what was read."""
    yield from _money(found)
    yield from _stake(found)
    yield from _pools(found)
    tasks = sorted(found.tasks.values(), key=lambda state: -state.task)
    over = 0
    for state in tasks:
        if state.status is Status.FINISHED:
            over += 1
            if over > _DONE_SHOWN:
                continue
        yield from _task(found, state)
    yield from explain_alliances(found, _DONE_SHOWN)


def _money(found: Survey) -> Iterator[Item]:
    if not found.coins:
        yield Item(REFUSED, "no coins to pay for gas: nothing can be sent", next=f"send some to {found.account}")
    yield Item(HELD, "tokens in the wallet", found.tokens)
    if found.credit:
        yield Item(CLAIMABLE, "credit in the Ledger", found.credit, next="covey claim")
        if found.chargeable:
            yield Item(HELD, "of the credit the Arena may charge", min(found.chargeable, found.credit))
        else:
            yield Item(
                REFUSED, "the Arena may charge nothing: tasks and enrolments", next="covey ledger approve AMOUNT"
            )
        if found.alliance_chargeable:
            yield Item(HELD, "of the credit the Alliance may charge", min(found.alliance_chargeable, found.credit))
    for due in found.due:
        what = "relaying" if due.operator is None else f"delegation behind {due.operator}"
        yield Item(CLAIMABLE, f"pay for {what} in task {due.task}", due.amount, task=due.task, next="covey claim")


def _stake(found: Survey) -> Iterator[Item]:
    stake, approval, operator = found.stake, found.approval, found.operator
    if operator is None:
        return
    active = stake["ownTokens"] + stake["delegatedTokens"]
    yield Item(HELD, f"stake of {operator}, its delegators' included", active)
    hot_key = stake["hotKey"]
    if hot_key == NOBODY:
        yield Item(REFUSED, "no key may act for this stake: enrolments", next="covey stake authorize --self")
    elif found.account not in (operator, hot_key):
        yield Item(REFUSED, f"{found.account} is an old hot key: {hot_key} acts now", next="use that key")
    if not approval["ceiling"]:
        yield Item(REFUSED, "the Arena may lock nothing: enrolments", next="covey stake approve AMOUNT")
    elif approval["ceiling"] - approval["locked"] < active - stake["locked"]:
        left = approval["ceiling"] - approval["locked"]
        yield Item(HELD, "of the stake the Arena may still lock", left, next="covey stake approve AMOUNT")
    if approval["activatesAt"]:
        ready = approval["activatesAt"] <= found.now
        text = "a larger approval of the Arena waits" + ("" if ready else f" until {when(approval['activatesAt'])}")
        yield Item(DUE if ready else LEAVING, text, approval["pendingCeiling"], next="covey stake activate")


def _pools(found: Survey) -> Iterator[Item]:
    for pool in found.pools:
        own = pool.operator == found.account
        where = "" if own else f" --operator {pool.operator}"
        if pool.tokens and not own:
            yield Item(HELD, f"delegated to {pool.operator}", pool.tokens, next=f"covey stake exit --all{where}")
        for exit_ in pool.exits:
            text = "stake asked out" + ("" if own else f" of {pool.operator}")
            if exit_["maturesAt"] <= found.now:
                yield Item(CLAIMABLE, f"{text}, mature", exit_["tokens"], next=f"covey stake withdraw{where}")
            else:
                yield Item(LEAVING, f"{text}, slashable", exit_["tokens"], until=exit_["maturesAt"])


def _task(found: Survey, state: TaskState) -> Iterator[Item]:
    view = View(state, found.now, found.block)
    if state.creator == found.account:
        yield from _creator(view)
    for index, member in enumerate(state.trainers):
        if member.operator == found.operator:
            yield from _member(view, member, "trainer", trainer_reasons(state, index))
            if member.concluded is None:
                yield from _trainer_dues(view, index)
    for index, member in enumerate(state.validators):
        if member.operator == found.operator:
            yield from _member(view, member, "validator", validator_reasons(state, index))
            if member.concluded is None:
                yield from _validator_dues(view, index)


def _creator(view: View) -> Iterator[Item]:
    state, task = view.state, view.state.task
    if state.finished is not None:
        yield Item(EARNED, f"task {task}: what its bounty and bond left", state.finished["refunded"], task=task)
        return
    locked = state.params.bounty + state.params.bond
    yield Item(LOCKED, f"task {task}: bounty and bond; it waits: {view.waiting().reason}", locked, task=task)
    for round_ in view.open_rounds:
        if view.round_phase(round_) is Phase.POST_KEY:
            end = view.schedule.key_end(round_)
            text = f"task {task}, round {round_ + 1}: post the key, or bond and unearned bounty are burnt"
            yield Item(DUE, text, until=end, task=task, next=f"covey task serve {task}")


def _member(view: View, member: Member, role: str, reasons: tuple[Reason, ...]) -> Iterator[Item]:
    state, task = view.state, view.state.task
    where = f"task {task} as {role}"
    if member.concluded is None:
        last = state.created_at + state.params.duration
        text = f"{where}, which waits: {view.waiting().reason}"
        yield Item(LOCKED, text, member.stake * GWEI, until=last, task=task)
        settled = "so far"
    else:
        settled = "paid"
        if delegated := member.concluded["delegated"]:
            yield Item(EARNED, f"{where}: for delegators", delegated, task=task)
    for reason in reasons:
        if reason.slashed:
            yield Item(LOST, f"{where}, {reason.text}", reason.slashed, task=task)
        else:
            yield Item(
                EARNED, f"{where}, {reason.text}" + (f", {settled}" if reason.earned else ""), reason.earned, task=task
            )


def _trainer_dues(view: View, index: int) -> Iterator[Item]:
    state, task = view.state, view.state.task
    run = f"covey train --task {task}"
    member = state.trainers[index]
    if state.status is Status.RUNNING and not view.clock.mask_closed():
        text = f"task {task}: a handle, or the whole lock is burnt; whose are registered can't be seen"
        yield Item(DUE, text, until=view.schedule.mask_end, task=task, next=run)
    if state.status is not Status.ENDED:
        return
    if member.handle is None:
        if not view.clock.open_closed():
            end = view.schedule.open_end(state.ended_at)
            yield Item(DUE, f"task {task}: open the handle, or the whole lock is burnt", until=end, task=task, next=run)
        return
    handle = state.handles[member.handle]
    for round_ in view.rounds_won(member.handle):
        if round_ not in handle.delivered and view.now < view.delivery_end:
            text = f"task {task}, round {round_ + 1}: deliver the creator's box, or that pay is refunded"
            yield Item(DUE, text, until=view.delivery_end, task=task, next=run)


def _validator_dues(view: View, index: int) -> Iterator[Item]:
    state, task = view.state, view.state.task
    if state.status is not Status.RUNNING:
        return
    run, round_ = f"covey validate --task {task}", view.settled
    data, stake = state.rounds[round_], state.validators[index].stake
    if index not in view.active:
        yield Item(REFUSED, f"task {task}: benched after a missed commit or reveal: scores of later rounds", task=task)
        return
    match view.round_phase(round_):
        case Phase.SCORE if index not in data.commitments:
            fine = validator_slash(state.params, stake, Absence.COMMIT)
            text = f"task {task}, round {round_ + 1}: commit scores, or {tokens(fine)} are burnt"
            yield Item(DUE, text, until=view.schedule.score_end(round_), task=task, next=run)
        case Phase.REVEAL if index in data.commitments and index not in data.reveals:
            fine = validator_slash(state.params, stake, Absence.REVEAL)
            text = f"task {task}, round {round_ + 1}: reveal scores, or {tokens(fine)} are burnt"
            yield Item(DUE, text, until=view.schedule.reveal_end(round_), task=task, next=run)
        case _:
            pass
