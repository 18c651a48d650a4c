"""Which published models are fetched next, when some are not to be had."""

from pathlib import Path

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


def test_what_is_not_to_be_had_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    (model,) = published(open_store(f"dir:{tmp_path / 'elsewhere'}"), 0)
    said: list[str] = []
    mirror = Mirror(open_store(f"dir:{tmp_path / 'here'}").get, said.append)
    tries = []
    for now in range(300):
        if mirror.due([model], now):
            mirror.fetch(model[1], RULES, now)
            tries.append(now)
    assert tries == [0, 2, 6, 14, 30, 62, 126, 190, 254]
    assert len(said) == len(tries)
    assert not mirror.has(model[1])


def test_what_failed_least_comes_first(tmp_path: Path) -> None:
    one, two = published(open_store(f"dir:{tmp_path / 'elsewhere'}"), 1, 2)
    (three,) = published(open_store(f"dir:{tmp_path / 'here'}"), 3)
    mirror = Mirror(open_store(f"dir:{tmp_path / 'here'}").get, lambda text: None)
    assert mirror.due([one, two, three], now=0) == [one, two, three]
    mirror.fetch(one[1], RULES, now=0)
    mirror.fetch(one[1], RULES, now=2)
    mirror.fetch(two[1], RULES, now=4)
    assert mirror.due([one, two, three], now=4) == [three]
    assert mirror.due([one, two, three], now=6) == [three, two, one]


def test_what_is_malformed_is_not_fetched_again(tmp_path: Path) -> None:
    store = open_store(f"dir:{tmp_path}")
    (model,) = published(store, 0)
    mirror = Mirror(store.get, lambda text: None)
    mirror.fetch(model[1], RULES, now=0)
    assert mirror.has(model[1])
    assert mirror.due([model], now=1_000) == []
