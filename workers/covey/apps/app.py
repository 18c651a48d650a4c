"""The interface of a client's own training: what it gets, what it gives back, and what may go wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Parameters = Mapping[str, Array]
"""A model's arrays by name, in the model's own order."""


class AppError(Exception):
    """An app cannot be loaded, failed, or gave back something unusable. The message says which, and what to change."""


@dataclass(frozen=True)
class Trained:
    """A local model: arrays of the names, shapes and types that were given, and the `samples` it was trained on."""

    parameters: Parameters = field(repr=False)
    samples: int


@dataclass(frozen=True)
class Evaluated:
    """How a model does on the client's own held-out data: its mean `loss` (finite, lower is better) over `samples`."""

    loss: float
    samples: int


@dataclass(frozen=True)
class Partition:
    """Which part of a data set an app should take for its own, in Flower's words (`partition-id`, `num-partitions`)."""

    index: int
    count: int


class App(Protocol):
    """One client's. Data stay with it. `round` counts from 0; both raise AppError."""

    def train(self, parameters: Parameters, round: int) -> Trained:
        """A local model, trained from the global one."""
        ...

    def evaluate(self, parameters: Parameters, round: int) -> Evaluated:
        """What the global model does on held-out data."""
        ...


def checked_training(before: Parameters, after: Parameters, samples: object) -> Trained:
    """What an app gave back, if it is a model like the one it was given. Raises AppError."""
    if list(after) != list(before):
        raise AppError(f"the app returned the arrays {_names(after)}; the task's model has {_names(before)}")
    for name, array in before.items():
        if after[name].shape != array.shape or after[name].dtype != array.dtype:
            raise AppError(
                f"the app returned {name} as {after[name].dtype}{after[name].shape}; "
                f"the task's model has {array.dtype}{array.shape}"
            )
        if not np.isfinite(after[name]).all():
            raise AppError(f"the app's training ended in NaN or infinity ({name}): lower the learning rate")
    return Trained(after, checked_samples(samples))


def checked_evaluation(loss: object, samples: object) -> Evaluated:
    """What an app said of a model. A loss that is not finite is as bad as can be, but a number. Raises AppError."""
    if not isinstance(loss, int | float):
        raise AppError(f"the app's loss is {loss!r}: return a number")
    return Evaluated(float(loss) if math.isfinite(loss) else float(np.finfo(np.float64).max), checked_samples(samples))


def checked_samples(samples: object) -> int:
    """A count of examples. Raises AppError."""
    if not isinstance(samples, int) or isinstance(samples, bool) or samples < 1:
        raise AppError(f"the app counted {samples!r} examples: return how many it used, at least 1")
    return samples


def _names(parameters: Parameters) -> str:
    names = ", ".join(list(parameters)[:8])
    return f"[{names}{', ...' if len(parameters) > 8 else ''}]"
