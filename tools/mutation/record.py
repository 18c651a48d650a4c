"""What is known of each mutant, one JSON object a line, so that a run that was interrupted goes on where it stopped."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from tools.mutation.mutant import Mutant
from tools.mutation.survivors import Explained
from tools.mutation.verdict import Verdict


class Record:
    """The newest verdict on each mutant. A changed source is another source: nothing is known of its mutants."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._verdicts: dict[str, Verdict] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                self._verdicts[entry["id"]] = Verdict(entry["verdict"])

    def verdict(self, mutant: Mutant) -> Verdict | None:
        return self._verdicts.get(mutant.id)

    def add(self, mutant: Mutant, verdict: Verdict) -> None:
        self._verdicts[mutant.id] = verdict
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps({"id": mutant.id, "verdict": verdict, **asdict(mutant)}) + "\n")

    def open(self, mutants: Iterable[Mutant], explained: Explained) -> list[Mutant]:
        """Those to be judged: unknown ones first, then those that survived unexplained, as there may be new tests."""

        def waits(mutant: Mutant) -> bool:
            verdict = self.verdict(mutant)
            return verdict is None or (verdict is Verdict.SURVIVED and explained.reason(mutant) is None)

        waiting = [mutant for mutant in mutants if waits(mutant)]
        return sorted(waiting, key=lambda mutant: self.verdict(mutant) is not None)
