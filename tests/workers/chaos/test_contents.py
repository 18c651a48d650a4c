"""A content that the store lost is missing, and there again once it is put back."""

from pathlib import Path

import pytest

from covey.chaos.contents import lose
from covey.storage import Missing
from covey.storage.local import LocalStore


@pytest.mark.parametrize("choice", range(4))
def test_one_content_is_lost_until_it_is_put_back(tmp_path: Path, choice: int) -> None:
    store = LocalStore(tmp_path)
    cids = [store.put(content) for content in (b"one", b"two", b"three")]
    put_back = lose(tmp_path, choice)
    assert put_back is not None
    assert [store.has(cid) for cid in cids].count(False) == 1
    lost = next(cid for cid in cids if not store.has(cid))
    with pytest.raises(Missing):
        store.get(lost, 10)
    put_back()
    assert {store.get(cid, 10) for cid in cids} == {b"one", b"two", b"three"}


def test_an_empty_store_has_nothing_to_lose(tmp_path: Path) -> None:
    assert lose(tmp_path / "none", 0) is None
