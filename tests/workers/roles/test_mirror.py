"""Which published models are fetched next, when some are not to be had."""

from pathlib import Path
from threading import Event

from eth_hash.auto import keccak

from covey.roles.mirror import Mirror
from covey.roles.task import Publication
from covey.sealing import ManifestRules
from covey.storage import Store, open_store

RULES = ManifestRules(task=1, round=0, family="tabular", box_count=0, max_ciphertext_size=1_000)


def published(store: Store, *handles: int) -> list[tuple[int, Publication]]:
    """(Round, publication) of models whose manifests are in the store, and are none."""
    contents = {handle: f"manifest {handle}".encode() for handle in handles}
    return [
        (0, Publication(handle, 0, keccak(content), bytes(32), bytes(32), store.put(content), 0))
        for handle, content in contents.items()
    ]


class Fetching:
    """A mirror of what is in `store`, whose every try is waited for."""

    def __init__(self, store: Path) -> None:
        self.said: list[str] = []
        self._woken = Event()
        self.mirror = Mirror(open_store(f"dir:{store}").get, self.said.append, self._woken.set)

    def fetch(self, publication: Publication, now: int) -> None:
        self._woken.clear()
        self.mirror.begin(publication, lambda: RULES, now)
        assert self._woken.wait(60)


def test_what_is_not_to_be_had_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    (model,) = published(open_store(f"dir:{tmp_path / 'elsewhere'}"), 0)
    here = Fetching(tmp_path / "here")
    tries = []
    for now in range(300):
        if here.mirror.due([model], now):
            here.fetch(model[1], now)
            tries.append(now)
    assert tries == [0, 2, 6, 14, 30, 62, 126, 190, 254]
    assert len(here.said) == len(tries)
    assert not here.mirror.has(model[1])


def test_what_failed_least_comes_first(tmp_path: Path) -> None:
    one, two = published(open_store(f"dir:{tmp_path / 'elsewhere'}"), 1, 2)
    (three,) = published(open_store(f"dir:{tmp_path / 'here'}"), 3)
    here = Fetching(tmp_path / "here")
    assert here.mirror.due([one, two, three], now=0) == [one, two, three]
    here.fetch(one[1], now=0)
    here.fetch(one[1], now=2)
    here.fetch(two[1], now=4)
    assert here.mirror.due([one, two, three], now=4) == [three]
    assert here.mirror.due([one, two, three], now=6) == [three, two, one]


def test_what_is_malformed_is_not_fetched_again(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    (model,) = published(store, 0)
    here = Fetching(tmp_path)
    here.fetch(model[1], now=0)
    assert here.mirror.has(model[1])
    assert here.mirror.due([model], now=1_000) == []


def test_models_that_trickle_leave_room_for_others_but_not_without_bound(tmp_path: Path) -> None:
    models = published(open_store(f"dir:{tmp_path}"), *range(20))
    answer = Event()

    def trickle(cid: str, max_bytes: int) -> bytes:
        answer.wait()
        return b""

    mirror = Mirror(trickle, lambda text: None, lambda: None)
    try:
        for now in range(15):
            mirror.begin(models[now][1], lambda: RULES, now)
        assert mirror.due(models, now=15) == models[15:16]
        mirror.begin(models[15][1], lambda: RULES, 15)
        assert mirror.due(models, now=16) == []
    finally:
        answer.set()
