"""How far the figures depend on the parameters: the tables from which docs/economics.md derives the defaults."""

from collections.abc import Callable

from covey.lab.findings import Setup
from covey.lab.sweeps.faults import penalties
from covey.lab.sweeps.grid import Grid
from covey.lab.sweeps.guesses import divergence, guessing, paid_vectors, tolerance
from covey.lab.sweeps.majorities import cap, capture, coalitions
from covey.lab.sweeps.places import copies, sybils

SWEEPS: dict[str, Callable[[Setup], Grid]] = {
    "guessing": guessing,
    "tolerance": tolerance,
    "paid-vectors": paid_vectors,
    "divergence": divergence,
    "coalitions": coalitions,
    "cap": cap,
    "capture": capture,
    "sybils": sybils,
    "copies": copies,
    "penalties": penalties,
}
"""By name."""

__all__ = ["SWEEPS", "Grid"]
