"""Arrays that a process hands to another on the same machine in shared memory.

A pipe takes 64 KiB at a time: through it, a large model's sums take as long as the training of some clients.
"""

from multiprocessing.reduction import ForkingPickler
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALL = 2**16
"""Bytes that a pipe takes at once."""

Array = npt.NDArray[Any]


def share_arrays() -> None:
    """From now on, large arrays that this process sends by `multiprocessing` lie in shared memory, until whoever gets
    them has copied them.
    """
    ForkingPickler.register(np.ndarray, _reduced)


def _reduced(array: Array) -> Any:
    if array.nbytes <= _SMALL or array.dtype.hasobject:
        return array.__reduce__()
    memory = SharedMemory(create=True, size=array.nbytes)
    np.ndarray(array.shape, array.dtype, memory.buf)[...] = array
    memory.close()
    return _restored, (memory.name, array.shape, array.dtype)


def _restored(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    memory = SharedMemory(name)
    array = np.ndarray(shape, dtype, memory.buf).copy()
    memory.close()
    memory.unlink()
    return array
