"""From an Alliance task's events to its history. On the way everything is checked: section 8 of docs/alliance.md.

Differences go to the report and the replay goes on by the rules; it ends early (Inconsistent) only where a log speaks
of something that does not exist.
"""

from __future__ import annotations

from ..bundle import AllianceBundle
from ..records import Record, read_records
from ..report import Inconsistent, Report
from . import membership, rounds
from .events import (
    AllianceCreated,
    AllianceEnded,
    AllianceEvent,
    ClientJoined,
    ClientJudged,
    ClientLeft,
    ClientResumed,
    Collected,
    Committed,
    DrawPostponed,
    KeeperPaid,
    RolesDrawn,
    RoundConcluded,
    RoundFrozen,
    UpdatePublished,
    VoteRevealed,
)
from .history import History
from .rules import Context, keeper_acts, out_of_range, too_long
from .walk import Walk

_PARAMS = "parameters are in their ranges"


def replay(bundle: AllianceBundle, report: Report) -> History:
    """Read all logs in order, and compare the money they moved. Raises Inconsistent where they make no sense at all."""
    records = read_records(bundle, report)
    own = [record for record in records if isinstance(record.event, AllianceEvent)]
    if not own or not isinstance(own[0].event, AllianceCreated):
        raise Inconsistent(f"the logs do not begin with the creation of task {bundle.task}")
    history = _create(bundle, own[0].event, own[0], report)
    hashes = {block.number: block.hash for block in bundle.blocks}
    walk = Walk(history, hashes, report, own[0])
    walk.book.charge(own[0], history.creator, history.params.pool)
    for record in own[1:]:
        walk.move_to(record)
        _take(walk, record)
    walk.move_to(None)
    walk.book.compare(history, records, report)
    return history


def _create(bundle: AllianceBundle, created: AllianceCreated, at: Record, report: Report) -> History:
    params, terms = created.params, created.terms
    wrong = out_of_range(params)
    if wrong or created.task != bundle.task:
        raise Inconsistent(f"task {created.task} can't be task {bundle.task}, or its parameters: {', '.join(wrong)}")
    report.equal(_PARAMS, "parameters out of range", [], wrong)
    report.equal(_PARAMS, "texts that are too long", [], too_long((terms.model_cid, terms.rule_parameters, terms.uri)))
    acts = keeper_acts(params)
    return History(
        context=Context(bundle.chain_id, bundle.contracts.alliance, bundle.task),
        creator=created.creator,
        params=params,
        terms=terms,
        created=at.timestamp,
        model=terms.model,
        pool=params.pool - acts * params.keeper_fee,
        acts=acts,
    )


def _take(walk: Walk, record: Record) -> None:
    """Check an event against what was there before, then make it part of it."""
    event = record.event
    if event[0] != walk.history.context.task:
        raise Inconsistent(f"block {record.block} has a log of task {event[0]}")
    match event:
        case AllianceCreated():
            raise Inconsistent(f"block {record.block}: the task was created again")
        case ClientJoined():
            membership.join(walk, event)
        case ClientLeft():
            membership.leave(walk, event)
        case ClientResumed():
            membership.resume(walk, event)
        case Collected():
            membership.collect(walk, event)
        case RoundFrozen():
            rounds.freeze(walk, event)
        case DrawPostponed():
            rounds.postpone(walk)
        case RolesDrawn():
            rounds.draw_roles(walk, event)
        case Committed():
            rounds.commit(walk, event)
        case UpdatePublished():
            rounds.publish(walk, event)
        case VoteRevealed():
            rounds.reveal(walk, event)
        case ClientJudged():
            walk.judged.append(event)
        case RoundConcluded():
            rounds.conclude(walk, event)
        case KeeperPaid():
            walk.book.pay_keeper(record, event, walk.history.params.keeper_fee, walk.report)
        case AllianceEnded():
            rounds.end(walk, event)
        case _:
            raise Inconsistent(f"block {record.block} has an event of no use here")
