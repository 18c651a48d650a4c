"""For all Python tests, but Brownie's, which have a root of their own."""

import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # Shells start background jobs with Ctrl-C ignored, and every child of the tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
