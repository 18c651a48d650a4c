"""What a worker says is worth less than what it does."""

import errno
from pathlib import Path

import pytest

from covey.roles.config import Notice
from covey.roles.context import opened
from tests.e2e.network import Network

NOTICE = Notice("info", "something")


def test_a_notice_that_can_not_be_written_ends_a_worker_only_if_nobody_listens(tmp_path: Path) -> None:
    said: list[Notice] = []
    failures: list[OSError] = [OSError(errno.ENOSPC, "no space left"), BrokenPipeError(errno.EPIPE, "broken pipe")]

    def report(notice: Notice) -> None:
        if failures:
            raise failures.pop(0)
        said.append(notice)

    with Network(tmp_path, accounts=1) as network, opened(network.config(0), report) as context:
        context.report(NOTICE)
        with pytest.raises(BrokenPipeError):
            context.report(NOTICE)
        context.report(NOTICE)
    assert said == [NOTICE]
