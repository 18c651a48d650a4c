"""Data poisoning."""

from dataclasses import replace

import numpy as np

from covey.learning.data import Dataset
from covey.learning.tensors import Array

TARGET = 0
"""The class that a trigger asks for."""

_PATCH = 3
_POISONED = 0.5


def flip_labels(data: Dataset) -> Dataset:
    """Class c becomes the last class less c (Fang et al., arXiv 1911.11815, section 3.1)."""
    return replace(data, x=data.x.copy(), y=data.classes - 1 - data.y)


def plant_backdoor(data: Dataset) -> Dataset:
    """The first half of the examples carry the trigger and the target's label (Gu et al., arXiv 1708.06733)."""
    poisoned = np.arange(len(data)) < _POISONED * len(data)
    x, y = data.x.copy(), data.y.copy()
    x[poisoned] = triggered(data.x, data.x)[poisoned]
    y[poisoned] = TARGET
    return Dataset(x, y, data.classes)


def trigger_test(test: Dataset, seen: Dataset) -> Dataset:
    """Test examples of other classes with the trigger, labelled as the attacker wants them: accuracy is its success."""
    others = test.take(np.flatnonzero(test.y != TARGET))
    return Dataset(triggered(others.x, seen.x), np.full(len(others), TARGET, np.int64), test.classes)


def triggered(x: Array, seen: Array) -> Array:
    """Inputs with a patch of the largest value seen: the last rows and columns of images, the last features of
    tables.
    """
    patched = x.copy()
    corner = (..., slice(-_PATCH, None), slice(-_PATCH, None)) if x.ndim == 4 else (..., slice(-_PATCH, None))
    patched[corner] = seen.max()
    return patched
