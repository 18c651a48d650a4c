"""A creator gets the models it pays for, though their trainers keep them no longer than they must."""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from covey.roles.config import CreatorConfig, Notice
from covey.roles.context import Context, opened
from covey.roles.creating import CreatorRole
from covey.roles.decision import Decision, Step, act
from covey.roles.outcome import Local
from covey.roles.sealed import audience_of
from covey.sealing import seal_model
from tests.e2e.network import Network
from tests.workers.roles.models import put
from tests.workers.roles.script import TASK, Script

ARTEFACT = b"a model" * 1_000
COLLECTED = "task-7-round-1-handle-0.covey"


class Stage:
    """A creator's worker, and its task: the first of two handles published a model in `store`."""

    def __init__(self, context: Context, uri: str, store: Path, models: Path, notices: list[Notice]) -> None:
        self.context, self.store, self.models, self.notices = context, store, models, notices
        self.restart()
        self.script = Script(context.address, uri).enrolled().drawn().masked().submit(0, 0).submit(1, 0)
        creator_key = context.describe(self.script.state).creator_key
        audience = audience_of(context.domain, self.script.state, 0, creator_key)
        self.sealed = seal_model(ARTEFACT, b"k" * 32, "image-classification", audience)
        self.script.publish(0, 0, **put(self.sealed, store))

    def restart(self) -> None:
        self.role = CreatorRole(self.context, CreatorConfig(self.context.config, TASK, self.models))

    def decide(self, later: int = 0) -> Decision:
        return self.role.decide(self.script.view(self.script.now + later))

    def fetch(self) -> None:
        """Begins to fetch what is due, and waits until that is over."""
        self.context.wake.clear()
        (deed,) = act(Step.FETCH).acts
        assert self.role.perform(self.script.view(), deed) is Local.PENDING
        assert self.context.wake.wait(60)

    def collect(self) -> bytes:
        (deed,) = act(Step.COLLECT, 0, 0).acts
        assert self.role.perform(self.script.view(), deed) is Local.DONE
        return (self.models / COLLECTED).read_bytes()

    def deliver(self) -> None:
        """The round is settled, the task ends, and the trainer hands over the creator's box."""
        self.script.publish(1, 0).key(0).revealed(0, [30_000, 20_000]).settled(0).ended().open(0)
        self.script.add("Delivered", round=0, index=0, box=self.sealed.creator_box)


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, str]]:
    """A network, and where a task's description is in its store."""
    with Network(tmp_path_factory.mktemp("creating"), accounts=1) as network:
        yield network, network.state(network.post(rounds=2)).uri


@pytest.fixture
def stage(posted: tuple[Network, str], tmp_path: Path) -> Iterator[Stage]:
    network, uri = posted
    store, notices = tmp_path / "store", list[Notice]()
    shutil.copytree(network.folder / "store", store)
    config = replace(network.config(0), folder=tmp_path / "worker", store=f"dir:{store}")
    with opened(config, notices.append) as context:
        yield Stage(context, uri, store, tmp_path / "models", notices)


def test_a_model_that_its_trainer_withdraws_once_it_is_scored_is_collected(stage: Stage) -> None:
    assert stage.decide() == act(Step.FETCH)
    stage.fetch()
    assert stage.decide().acts == ()
    shutil.rmtree(stage.store)
    stage.deliver()
    assert stage.decide() == act(Step.COLLECT, 0, 0)
    assert stage.collect() == ARTEFACT
    assert stage.decide().acts == ()


def test_what_was_fetched_stays_though_the_creator_starts_again(stage: Stage) -> None:
    stage.fetch()
    shutil.rmtree(stage.store)
    stage.deliver()
    stage.restart()
    assert stage.decide() == act(Step.FETCH)
    stage.fetch()
    assert stage.decide() == act(Step.COLLECT, 0, 0)
    assert stage.collect() == ARTEFACT
    stage.restart()
    assert stage.decide().acts == ()


def test_a_model_that_is_not_to_be_had_is_tried_again_later_and_delays_no_other(stage: Stage) -> None:
    shutil.rmtree(stage.store)
    stage.fetch()
    assert "has no" in stage.notices[-1].text
    assert stage.decide().acts == ()
    assert stage.decide(later=2) == act(Step.FETCH)
    stage.script.publish(1, 0)
    assert [deed.step for deed in stage.decide().acts] == [Step.POST_KEY, Step.FETCH]


def test_a_store_that_does_not_answer_delays_neither_key_nor_other_models(stage: Stage) -> None:
    cid = stage.script.state.rounds[0].publications[0].cid
    (content,) = stage.store.glob(f"*/{cid}/*")
    content.unlink()
    os.mkfifo(content)  # whoever reads it waits for a writer
    (deed,) = stage.decide().acts
    assert stage.role.perform(stage.script.view(), deed) is Local.PENDING
    stage.script.publish(1, 0)
    assert [deed.step for deed in stage.decide().acts] == [Step.POST_KEY, Step.FETCH]
    content.open("wb").close()
    assert stage.context.wake.wait(60)


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can have a byte more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_model_for_which_there_is_no_room_is_fetched_once_there_is(stage: Stage) -> None:
    with full_disk():
        stage.fetch()
    assert "no room" in stage.notices[-1].text
    assert stage.decide().acts == ()
    assert stage.decide(later=2) == act(Step.FETCH)
    stage.script.at(stage.script.now + 2)
    stage.fetch()
    shutil.rmtree(stage.store)
    stage.deliver()
    assert stage.collect() == ARTEFACT
