"""What reading one input may take."""

from typing import Final

MIB: Final = 2**20
MAX_MEMORY: Final = 256 * MIB
"""Bytes, beyond what the process had before."""

MAX_SECONDS: Final = 10
"""Of processor time."""
