"""Copies of the working tree to put mutants into: what others edit meanwhile changes no verdict."""

import shutil
import subprocess
from pathlib import Path

COPIED = ("contracts", "docs", "scripts", "tests", "tools", "workers", "foundry.toml", "pyproject.toml")
LINKED = (".venv", "node_modules")


def copies(root: Path, count: int) -> list[Path]:
    """`count` trees with everything compiled, under build/mutation.

    Each is made anew from one that nobody puts a mutant into, so that a run that was killed leaves none behind.
    Raises CalledProcessError.
    """
    original = root / "build/mutation/original"
    _copy(root, original)
    subprocess.run([original / "tools/run", "forge", "build", "--quiet"], cwd=original, check=True)
    trees = [original.with_name(f"tree-{i}") for i in range(count)]
    for tree in trees:
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(original, tree, symlinks=True)
    return trees


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
