"""What every fault that lasts leaves behind."""

from collections.abc import Callable

Undo = Callable[[], None]
"""Ends a fault. To be called once."""
