"""One file for readers that take a path, kept in memory where the system can: a disk would be the slowest part."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


def holding(data: bytes) -> Path:
    """The file, with that content; it is the same one every time."""
    descriptor, path = _file()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, data, 0)
    return path


@cache
def _file() -> tuple[int, Path]:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("fuzz")
        return descriptor, Path(f"/proc/self/fd/{descriptor}")
    descriptor, name = tempfile.mkstemp(prefix="covey-fuzz-")
    return descriptor, Path(name)
