"""What a worker has used up since it started."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass

from covey.chain.metrics import RpcCounts
from covey.roles.context import Context


@dataclass(frozen=True)
class Usage:
    """`storage` and `processor` in seconds, the latter of all threads; `memory` in bytes, the most so far."""

    rpc: RpcCounts
    storage: float
    processor: float
    memory: int

    def __str__(self) -> str:
        return (
            f"{self.rpc.total} questions to the chain in {self.rpc.requests} requests, {self.storage:.1f} s of "
            f"storage, {self.processor:.1f} s of processor time, {self.memory >> 20} MiB of memory"
        )


def usage(context: Context) -> Usage:
    """So far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Usage(
        rpc=context.gateway.metrics.read(),
        storage=context.store.seconds,
        processor=time.process_time(),
        memory=peak if sys.platform == "darwin" else peak << 10,
    )
