"""Copies of the working tree to put mutants into: what others edit meanwhile changes no verdict."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

COPIED = ("contracts", "docs", "scripts", "tests", "tools", "workers", "foundry.toml", "pyproject.toml")
LINKED = (".venv", "node_modules")


def copies(root: Path, count: int) -> list[Path]:
    """`count` trees with everything compiled, under build/mutation. The compiler's cache there outlives the command."""
    trees = [root / "build/mutation" / f"tree-{i}" for i in range(count)]
    first, *others = trees
    _copy(root, first)
    run_in(first, ["forge", "build", "--quiet"])
    for tree in others:
        _copy(root, tree)
        shutil.rmtree(tree / "build/forge", ignore_errors=True)
        shutil.copytree(first / "build/forge", tree / "build/forge")
    return trees


def run_in(tree: Path, command: list[str], settings: Mapping[str, str] | None = None) -> None:
    """With the pinned toolchain. Raises CalledProcessError."""
    subprocess.run([tree / "tools/run", *command], cwd=tree, check=True, env=os.environ | dict(settings or {}))


def _copy(root: Path, tree: Path) -> None:
    tree.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source, copy = root / name, tree / name
        if source.is_dir():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, copy)
    for name in LINKED:
        if not (tree / name).exists():
            (tree / name).symlink_to(root / name)
