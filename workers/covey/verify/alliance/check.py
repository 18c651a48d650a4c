"""The verdict on an Alliance's task: what the rules demand against what the chain decided, paid, slashed and burnt."""

from __future__ import annotations

from collections.abc import Iterator

from ..bundle import AllianceBundle
from ..report import Line, Report
from .events import Verdict
from .history import Client, History, Status
from .replay import replay


def check_alliance(bundle: AllianceBundle, report: Report) -> None:
    """Check everything about the bundle's task. Raises Inconsistent."""
    history = replay(bundle, report)
    for client in history.everybody:
        earned = sum(judgement.reward for judgement in client.judgements)
        slashed = sum(judgement.slash for judgement in client.judgements)
        report.accounts.append(
            Line(f"client {client.place} {client.operator}", earned, slashed, tuple(_reasons(history, client)))
        )
    _tell_state(history, report)


def _reasons(history: History, client: Client) -> Iterator[str]:
    """A line for each verdict that the client had, and role it had it in."""
    lines: dict[str, list[int]] = {}
    for judgement in client.judgements:
        role = ""
        if judgement.verdict is not Verdict.ISOLATED:
            role = " as proposer" if client.place in history.rounds[judgement.round].proposers else " as voter"
        lines.setdefault(judgement.verdict.name.lower() + role, []).append(judgement.round)
    for what, numbers in lines.items():
        yield f"{what} in round{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _tell_state(history: History, report: Report) -> None:
    outcomes = [one.decision.outcome.name for one in history.rounds if one.decision is not None]
    if outcomes:
        report.notes.append(f"rounds: {', '.join(outcomes).lower().replace('_', ' ')}")
    if history.status is not Status.ENDED:
        report.notes.append("the task has not ended: what happened so far was checked")
        return
    report.notes.append(f"ended: {history.cause.name.lower().replace('_', ' ')}")
    if history.clients:
        report.notes.append(f"not finished: {len(history.clients)} clients have not collected yet")
