"""What an attack is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from covey.learning.data import Dataset

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What attackers see when they write their updates, in units of the model's weights.

    honest: (honest clients, coordinates). own: (attackers, coordinates), what their training gave.
    """

    honest: Floats
    own: Floats
    rng: np.random.Generator

    @property
    def attackers(self) -> int:
        return len(self.own)

    @property
    def clients(self) -> int:
        return len(self.own) + len(self.honest)


@dataclass(frozen=True)
class Attack:
    """craft: the attackers' updates, (attackers, coordinates). poison: what they make of the data that they train
    on.
    """

    name: str
    about: str
    craft: Callable[[Scene], Floats]
    poison: Callable[[Dataset], Dataset] | None = None
