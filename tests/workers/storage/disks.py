"""Small and read-only disks: real ones, in a mount namespace of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_ALONE = ("unshare", "--map-root-user", "--mount")


def _allowed() -> bool:
    try:
        return subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_mounts = pytest.mark.skipif(not _allowed(), reason="mounting a small disk needs user namespaces")


def on_disk(folder: Path, options: str, command: Sequence[str]) -> list[str]:
    """A command line that runs `command` with a fresh disk at `folder`, mounted with `options` (of tmpfs)."""
    shell = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'
    return [*_ALONE, "sh", "-c", shell, "sh", options, str(folder), *command]
