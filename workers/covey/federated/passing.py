"""How large arrays pass from one process to another on the same machine: as files, which the kernel keeps in memory.

A pipe takes 64 KiB at a time: through it, a large model's sums take as long as the training of some clients.
"""

from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt

_SMALL = 2**16
"""Bytes that a pipe takes at once."""

Array = npt.NDArray[Any]


def pass_arrays_in(folder: Path) -> None:
    """From now on, large arrays that this process sends by `multiprocessing` lie in `folder` until they are received.

    If there is no room, the pipe takes them.
    """
    ForkingPickler.register(np.ndarray, partial(_reduced, folder))


def _reduced(folder: Path, array: Array) -> Any:
    if array.nbytes <= _SMALL or array.dtype.hasobject:
        return array.__reduce__()
    path = folder / f"{uuid4().hex}.npy"
    try:
        np.save(path, array)
    except OSError:
        path.unlink(missing_ok=True)
        return array.__reduce__()
    return _restored, (path,)


def _restored(path: Path) -> Array:
    array: Array = np.load(path)
    path.unlink()
    return array
