"""For all Python tests, but Brownie's, which have a root of their own."""

import gc
import signal
from collections.abc import Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # Shells start background jobs with Ctrl-C ignored, and every child of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """For input that is nested too deep to be read: where the stack ends, finalizers of whatever other tests left fail,
    which would be told as this test's failure.
    """
    gc.disable()
    yield
    gc.enable()
