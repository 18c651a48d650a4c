"""The data of a demonstration's clients: digits that each keeps to itself, unlike those that the others have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from covey.federated.partition import dirichlet
from covey.learning.data import Dataset, load, stratify

_SEED: Final = 1
_ALPHA: Final = 2.0
_FEWEST: Final = 40
_MEASURED: Final = 0.2
"""Share of the digits that no client has."""


@dataclass(frozen=True)
class PrivateData:
    """`files` of clients by name, and what nobody has, to measure models on."""

    files: Mapping[str, Path]
    rest: Dataset


def deal(folder: Path, clients: Sequence[str]) -> PrivateData:
    """Writes FOLDER/NAME.npz for each client.

    The digits are scikit-learn's as another scanner might see them, one pixel further right, so that a model of the
    originals has something to learn. Each digit's examples are spread over the clients by a draw from Dirichlet(2).
    """
    digits = load("digits")
    shifted = Dataset(np.roll(digits.x, 1, axis=-1), digits.y, digits.classes)
    shared, rest = stratify(shifted.y, [1 - _MEASURED, _MEASURED], b"measured")
    private = shifted.take(shared)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, rows in zip(clients, dirichlet(private.y, len(clients), _SEED, _ALPHA, _FEWEST), strict=True):
        files[name] = folder / f"{name}.npz"
        np.savez(files[name], x=private.x[rows], y=private.y[rows])
    return PrivateData(files, shifted.take(rest))
