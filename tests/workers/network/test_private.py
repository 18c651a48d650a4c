"""The data of a demonstration's clients: all of it, to one each, and unlike."""

from pathlib import Path

import numpy as np

from covey.learning.data import load
from covey.network.private import deal

NAMES = ("a", "b", "c", "d")


def test_every_digit_is_dealt_once_or_kept_to_measure_on(tmp_path: Path) -> None:
    dealt = deal(tmp_path / "private", NAMES)
    parts = [load(str(dealt.files[name]), names=tuple("0123456789")) for name in NAMES]
    digits = load("digits")
    everything = np.concatenate([*(part.x for part in parts), dealt.rest.x])
    assert sorted(map(bytes, everything)) == sorted(map(bytes, np.roll(digits.x, 1, axis=-1)))
    counts = np.array([np.bincount(part.y, minlength=10) for part in parts])
    assert counts.sum() + len(dealt.rest) == len(digits)
    assert (counts.max(0) > 1.5 * counts.min(0)).sum() >= 5  # half of the classes are spread unevenly


def test_it_is_dealt_alike_every_time(tmp_path: Path) -> None:
    first, second = (deal(tmp_path / name, NAMES) for name in ("first", "second"))
    for name in NAMES:
        assert first.files[name].read_bytes() == second.files[name].read_bytes()
