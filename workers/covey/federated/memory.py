"""How a process that trains one client after the other handles its memory."""

import ctypes

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_ENOUGH = 2**30
"""Bytes that may lie idle, and the size from which an array is given back as soon as it is freed."""


def keep_freed() -> None:
    """From now on, what this process frees is kept for its next arrays, and not handed back to the kernel.

    Else each step of training asks for the same pages again, which takes a CNN's clients one twentieth of their time.
    Does nothing where the C library is not GNU's.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _ENOUGH)
        mallopt(_M_TRIM_THRESHOLD, _ENOUGH)
