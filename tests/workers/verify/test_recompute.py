"""Aggregates are found again from the updates that a store has; another result is found wrong, a lack is told."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from covey.federated.plan import canonical, plan_of
from covey.federated.updates import encode
from covey.learning import tensors
from covey.protocol.alliance.params import AllianceParams, Lengths
from covey.roles.alliance.description import AllianceDescription
from covey.roles.alliance.judging import Usable, judge
from covey.roles.alliance.models import GlobalModel, hash_of
from covey.storage.cid import RAW, Cid
from covey.storage.local import LocalStore
from covey.verify.alliance.events import Outcome, Params, Result, Terms, Update
from covey.verify.alliance.history import Decision, History, Round
from covey.verify.alliance.rules import Context
from covey.verify.recompute import recompute_rounds
from covey.verify.report import Report

PLAN = plan_of({"name": "fedavg"}, fraction_bits=16)
START = tensors.pack({"w": np.zeros(4, np.float32)})
MODEL = GlobalModel.decode(START, ("w",))
NOBODY = "0x" + "00" * 20
PARAMS = AllianceParams(rounds=2, rule=0, min_stake=1, pool=0, keeper_fee=0, lengths=Lengths(*[10] * 5))


class Task:
    """Rounds that voters decided, and the store that their clients kept."""

    def __init__(self, folder: Path) -> None:
        self.store = LocalStore(folder)
        description = AllianceDescription(title="a test", model_size=len(START), names=("w",))
        uri = "ipfs://" + self.store.put(description.encode())
        terms = Terms(hash_of(START), self.store.put(START), canonical(PLAN).decode(), uri, NOBODY, 0)
        params = Params(*PARAMS.to_abi())
        context = Context(1, NOBODY, 1)
        self.history = History(context, NOBODY, params, terms, created=0, model=terms.model, pool=0, acts=0)

    def play(self, values: Mapping[int, float], outcome: Outcome, start: bytes = START, hidden: int = -1) -> bytes:
        """A round in which clients move the model to these values; nobody gets the update of the `hidden` one in time.
        Returns the aggregate."""
        model = GlobalModel.decode(start, ("w",))
        updates, published = {}, dict[int, Usable | None]()
        for client, value in values.items():
            vector = model.update_to({"w": np.full(4, value, np.float32)}, PLAN.fraction_bits)
            data = encode(vector, model.coordinates)
            updates[client] = Update(hashlib.sha256(data).digest(), 10 + client, self.store.put(data), bytes(32))
            published[client] = None if client == hidden else Usable(vector, 10 + client)
        finding = judge(model, hash_of(start), PLAN, published, lambda parameters: float(parameters["w"].sum()) + 9, 0)
        result = Result(finding.vote.result.aggregate_hash, finding.vote.result.accepted)
        contributions = dict(zip(sorted(values), finding.vote.contributions, strict=True))
        one = Round(len(self.history.rounds), frozenset(values), frozenset(), 0, bytes(32), updates=updates)
        one.decision = Decision(outcome, 2, 1, result, contributions)
        self.history.rounds.append(one)
        assert finding.model is not None
        self.store.put(finding.model)
        return finding.model

    def alter(self, **changes: object) -> None:
        """Another result of the first round."""
        one = self.history.rounds[0]
        assert one.decision is not None
        assert one.decision.result is not None
        one.decision = replace(one.decision, result=one.decision.result._replace(**changes))

    def report(self) -> Report:
        report = Report()
        recompute_rounds(self.history, self.store, report)
        return report


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task(tmp_path)


def test_rounds_are_aggregated_again_from_the_model_as_it_was(task: Task) -> None:
    task.play({0: 1.0, 2: 3.0}, Outcome.REJECTED)
    first = task.play({1: -1.0, 3: -3.0}, Outcome.ACCEPTED)
    task.play({0: 5.0, 1: 6.0}, Outcome.ACCEPTED, first)
    report = task.report()
    assert report.passed
    assert len(report.checks) == 6


@pytest.mark.parametrize(
    ("changes", "subject"), [({"aggregate_hash": bytes(32)}, "aggregate"), ({"accepted": 1}, "accepted updates")]
)
def test_another_result_is_found_wrong(task: Task, changes: dict[str, object], subject: str) -> None:
    task.play({0: 1.0, 2: 3.0}, Outcome.REJECTED)
    task.alter(**changes)
    assert [check.subject for check in task.report().checks if not check.passed] == [subject]


def test_an_update_that_came_too_late_for_voters_is_told(task: Task) -> None:
    task.play({0: 1.0, 2: 3.0, 5: 2.0}, Outcome.REJECTED, hidden=2)
    report = task.report()
    assert report.passed
    assert "without clients [2]" in report.notes[0]


def test_what_the_store_lost_is_told_and_not_judged(task: Task) -> None:
    task.play({0: 1.0, 2: 3.0}, Outcome.REJECTED)
    one = task.history.rounds[0]
    one.updates[2] = one.updates[2]._replace(cid=str(Cid(RAW, bytes(32))))
    report = task.report()
    assert not report.checks
    assert "lacks the updates of clients 2" in report.notes[0]


def test_an_update_that_is_not_what_was_announced_is_left_out(task: Task) -> None:
    task.play({0: 1.0, 2: 3.0}, Outcome.REJECTED, hidden=2)
    one = task.history.rounds[0]
    one.updates[2] = one.updates[2]._replace(update_hash=bytes(32))
    report = task.report()
    assert report.passed
    assert not report.notes
