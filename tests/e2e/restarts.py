"""Starting workers again whenever they were killed on purpose."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.e2e.network import Network


def restart_until(network: Network, logs: Mapping[str, Path], condition: Callable[[], bool], deadline: float) -> None:
    """Starts each of these workers, named with the logs of their kills, again whenever it was killed."""
    while not condition():
        assert time.monotonic() < deadline, network.story()
        for name, log in logs.items():
            worker = network.workers[name]
            assert worker.process is not None
            status = worker.process.poll()
            assert status in (None, 0, -9), network.story()
            if status == -9:
                network.restart(worker, log)
        time.sleep(0.3)


def over(network: Network, *names: str) -> bool:
    """Whether all of these workers ended because nothing was left to do."""
    processes = [network.workers[name].process for name in names]
    return all(process is not None and process.poll() == 0 for process in processes)
