"""Survivors that no test can or should tell from the original, each with its reason (survivors.toml)."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.mutation.mutant import Mutant

FILE = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Explained:
    """Reasons by what stands in the file: path, line of code, what it was and what it became. Lines may move."""

    reasons: dict[tuple[str, str, str, str], str]

    @classmethod
    def load(cls, path: Path = FILE) -> Self:
        entries = tomllib.loads(path.read_text()).get("survivor", [])
        return cls(
            {
                (entry["file"], entry["line"], was, becomes): entry["reason"]
                for entry in entries
                for was, becomes in entry["mutants"]
            }
        )

    def reason(self, mutant: Mutant) -> str | None:
        return self.reasons.get((mutant.path, mutant.context, mutant.was, mutant.becomes))

    def stale(self, mutants: Iterable[Mutant]) -> list[str]:
        """Explanations of mutants that no longer exist, in files that `mutants` covers whole."""
        present = {(mutant.path, mutant.context, mutant.was, mutant.becomes) for mutant in mutants}
        covered = {mutant.path for mutant in mutants}
        return [f"{key[0]}: {key[1]}" for key in self.reasons if key[0] in covered and key not in present]
