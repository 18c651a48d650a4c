"""Starting a worker again whenever it was killed on purpose."""

import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.network import Network, Worker


def restart_until(network: Network, victim: Worker, log: Path, condition: Callable[[], bool], deadline: float) -> None:
    """Starts the worker again whenever it was killed."""
    while not condition():
        assert time.monotonic() < deadline, network.story()
        assert victim.process is not None
        if victim.process.poll() == -9:
            network.restart(victim, log)
        assert victim.process.poll() in (None, 0, -9), network.story()
        time.sleep(0.3)
