"""Aggregating an alliance's published updates again, and comparing with the results that its voters agreed on.

As `rescore`, this needs the rest of Covey. Updates are public, so it takes no key, but the store that still has them.
"""

from __future__ import annotations

from collections.abc import Iterable

from covey.federated.plan import Plan, parse
from covey.protocol.alliance import commitments
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.judging import Usable, aggregate, size_of_update, usable_from
from covey.roles.alliance.models import GlobalModel, cid_for, hash_of
from covey.roles.description import fetch_document
from covey.storage import Store
from covey.storage.errors import BadCid, StoreError, TooLarge

from .alliance.events import Outcome, Result
from .alliance.history import Decision, History, Round
from .alliance.replay import replay
from .alliance.rules import members
from .bundle import AllianceBundle
from .report import Inconsistent, Report


class RecomputeError(Exception):
    """Nothing can be aggregated: what is missing, and what to do."""


def recompute(bundle: AllianceBundle, store: Store, report: Report) -> None:
    """Adds checks for each decided round to the report. Raises RecomputeError, and see `recompute_rounds`."""
    try:
        history = replay(bundle, Report())
    except Inconsistent as error:
        raise RecomputeError(f"the history makes no sense: {error}") from error
    recompute_rounds(history, store, report)


def recompute_rounds(history: History, store: Store, report: Report) -> None:
    """Raises StoreError for a model or description that can't be had, FederatedError, LearningError."""
    description = fetch_document(AllianceDescription, history.terms.uri, store)
    plan = parse(history.terms.rule_parameters.encode(errors="surrogateescape"))
    hash_ = history.terms.model
    for one in history.rounds:
        if one.decision is None or one.decision.result is None:
            continue
        size = description.model_size
        model = GlobalModel.decode(store.get(cid_for(hash_, size), size), description.names)
        _compare(one, one.decision, _Round(model, hash_, plan, one, store), report)
        if one.decision.outcome is Outcome.ACCEPTED:
            hash_ = one.decision.result.aggregate_hash


class _Round:
    """A round's model and updates. `missing` are those that can't be had any more."""

    def __init__(self, model: GlobalModel, hash_: bytes, plan: Plan, one: Round, store: Store) -> None:
        self._model = model
        self._hash = hash_
        self._plan = plan
        self.missing: list[int] = []
        self._usable: dict[int, Usable] = {}
        for client, update in sorted(one.updates.items()):
            announced = commitments.Update(update.update_hash, update.samples, update.cid)
            try:
                found = usable_from(store.get(update.cid, size_of_update(model)), announced, model)
            except (BadCid, TooLarge):
                continue
            except StoreError:
                self.missing.append(client)
                continue
            if found is not None:
                self._usable[client] = found

    def result(self, without: Iterable[int] = ()) -> Result:
        """What voters that could use all updates but some find."""
        usable = {client: update for client, update in self._usable.items() if client not in without}
        found = aggregate(self._model, self._plan, usable)
        return Result(self._hash, 0) if found is None else Result(hash_of(found.encoded), found.selected)


def _compare(one: Round, decision: Decision, again: _Round, report: Report) -> None:
    group, agreed = f"round {one.number}: aggregated again", decision.result
    if agreed is None:
        return
    if again.missing:
        gone = ", ".join(map(str, again.missing))
        report.notes.append(f"{group}: not done, the store lacks the updates of clients {gone}")
        return
    found = again.result()
    # What a voter can't use is left out, and counts as the worst; it may have come too late for them.
    unused = [client for client, contribution in decision.contributions.items() if contribution == 0]
    if found != agreed and unused and again.result(unused) == agreed:
        report.notes.append(f"{group}: without clients {unused}, whose updates voters could not use: availability")
        found = agreed
    report.equal(group, "aggregate", found.aggregate_hash, agreed.aggregate_hash)
    report.equal(group, "accepted updates", sorted(members(found.accepted)), sorted(members(agreed.accepted)))
