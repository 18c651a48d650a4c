"""What workers remember and do beside their loop: models, kept content, background work."""

import threading
from pathlib import Path

import pytest

from covey.journal import Journal
from covey.roles.background import Background
from covey.roles.content import KeptStore
from covey.roles.models import Candidate, Models, best_of
from covey.storage import Missing, StoreReadOnly, cid_of, open_store


class TestModels:
    def test_the_best_model_so_far_is_submitted_again(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "j") as journal:
            models = Models(journal, 1)
            models.add(0, b"good", 0.5)
            assert models.choose(0) == b"good"
            models.add(1, b"worse", 0.7)
            assert models.choose(1) == b"good"
            models.add(2, b"better", 0.3)
            assert models.choose(2) == b"better"

    def test_a_choice_stands_whatever_is_trained_later(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "j") as journal:
            models = Models(journal, 1)
            assert models.choose(0) is None
            models.add(0, b"late", 0.1)
            assert models.choose(0) is None
            assert models.choose(1) == b"late"
        with Journal(tmp_path / "j") as journal:
            models = Models(journal, 1)
            assert models.chosen(0) is None
            assert models.chosen(1) == b"late"
            assert set(models.trained(3)) == {0}

    def test_a_second_result_for_a_round_is_dropped(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "j") as journal:
            models = Models(journal, 1)
            models.add(0, b"first", 0.5)
            models.add(0, b"second", 0.1)
            assert models.choose(0) == b"first"

    def test_tasks_do_not_mix(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "j") as journal:
            Models(journal, 1).add(0, b"one", 0.5)
            assert Models(journal, 2).choose(0) is None

    def test_without_losses_the_newest_counts(self) -> None:
        assert best_of({0: Candidate("a", None), 1: Candidate("b", None)}) == Candidate("b", None)
        assert best_of({0: Candidate("a", 0.1), 1: Candidate("b", None)}) == Candidate("b", None)
        assert best_of({0: Candidate("a", 0.1), 1: Candidate("b", 0.1)}) == Candidate("a", 0.1)
        assert best_of({}) is None


def test_what_was_read_once_stays(tmp_path: Path) -> None:
    source, kept = open_store(f"dir:{tmp_path / 'source'}"), open_store(f"dir:{tmp_path / 'kept'}")
    store = KeptStore(kept, source)
    cid = store.put(b"content")
    assert not kept.has(cid)
    assert store.get(cid, 100) == b"content"
    assert KeptStore(kept, open_store(f"dir:{tmp_path / 'gone'}")).get(cid, 100) == b"content"
    with pytest.raises(Missing):
        KeptStore(open_store(f"dir:{tmp_path / 'x'}"), open_store(f"dir:{tmp_path / 'y'}")).get(cid, 100)


def test_what_is_held_is_here_and_in_the_source_as_far_as_either_takes_it(tmp_path: Path) -> None:
    source, kept = open_store(f"dir:{tmp_path / 'source'}"), open_store(f"dir:{tmp_path / 'kept'}")
    cid = KeptStore(kept, source).hold(b"content")
    assert source.has(cid)
    assert kept.has(cid)
    reader = open_store("gateway:http://127.0.0.1:9")
    with pytest.raises(StoreReadOnly):
        KeptStore(kept, reader).hold(b"here")
    assert kept.has(cid_of(b"here"))
    with pytest.raises(StoreReadOnly):
        KeptStore(reader, source).hold(b"there")
    assert source.has(cid_of(b"there"))


class TestBackground:
    def test_does_one_thing_at_a_time(self) -> None:
        release, done = threading.Event(), threading.Event()
        work: Background[int] = Background(done.set)
        work.start(1, lambda: release.wait(60) and None)
        assert work.busy_with == 1
        work.start(2, lambda: pytest.fail("two at a time"))
        release.set()
        assert done.wait(60)
        assert work.busy_with is None

    def test_tells_what_went_wrong_once(self) -> None:
        done = threading.Event()
        work: Background[int] = Background(done.set)

        def fail() -> None:
            raise ValueError("no")

        work.start(1, fail)
        assert done.wait(60)
        with pytest.raises(ValueError, match="no"):
            work.start(1, lambda: None)
        work.start(1, lambda: None)
