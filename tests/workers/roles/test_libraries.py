"""A library whose import was cut off ends the worker, with a reason."""

import sys
from pathlib import Path

import pytest

from covey.roles.errors import LibraryUnusable
from covey.roles.libraries import SCORING, TRAINING, load


def test_what_training_and_scoring_need_is_there() -> None:
    load(TRAINING + SCORING)
    assert {*TRAINING, *SCORING} <= sys.modules.keys()


def test_a_library_that_breaks_off_while_it_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_a_library.py").write_text("raise OSError(28, 'No space left on device')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LibraryUnusable, match=r"half_a_library can't be loaded \(OSError: .*No space.*start again"):
        load(("half_a_library",))
