"""Everything that reads untrusted bytes. A module imports no more than what it reads with, so that memory shows."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from tests.fuzz.target import Target

QUICK: Final = (
    "learning",
    "sealing",
    "protocol",
    "storage",
    "wallet",
    "chain",
    "events",
    "verify",
    "roles",
    "http",
)
"""Modules that need nothing but themselves."""

ALL: Final = (*QUICK, "settlement")


def targets_of(module: str) -> tuple[Target, ...]:
    found: tuple[Target, ...] = import_module(f"{__name__}.{module}").TARGETS
    return found
