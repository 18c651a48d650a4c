"""The table of a run, and what it says of the tests."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tools.mutation.mutant import Mutant
from tools.mutation.record import Record
from tools.mutation.survivors import Explained
from tools.mutation.verdict import Verdict

GOAL = 0.95


@dataclass(frozen=True)
class Row:
    """Counts of one file, or of all: `made` mutants, `judged` of them on which there was something to notice."""

    name: str
    made: int
    judged: int
    killed: int
    explained: int

    @property
    def survived(self) -> int:
        return self.judged - self.killed

    @property
    def rate(self) -> float:
        return self.killed / self.judged if self.judged else 1.0

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.made} | {self.judged} | {self.killed} | {self.survived} | {self.explained} "
            f"| {100 * self.rate:.1f} % |"
        )


@dataclass(frozen=True)
class Report:
    """All that is known of `mutants`."""

    rows: tuple[Row, ...]
    unexplained: tuple[Mutant, ...]

    @classmethod
    def of(cls, mutants: Sequence[Mutant], record: Record, explained: Explained) -> "Report":
        verdicts = {mutant: record.verdict(mutant) for mutant in mutants}
        survived = [mutant for mutant, verdict in verdicts.items() if verdict is Verdict.SURVIVED]
        made = Counter(mutant.path for mutant in mutants)
        judged = Counter(mutant.path for mutant, verdict in verdicts.items() if verdict is not None and verdict.counts)
        survivors = Counter(mutant.path for mutant in survived)
        reasons = Counter(mutant.path for mutant in survived if explained.reason(mutant) is not None)
        rows = [
            Row(path, made[path], judged[path], judged[path] - survivors[path], reasons[path]) for path in sorted(made)
        ]
        rows.append(
            Row("all", made.total(), judged.total(), judged.total() - survivors.total(), reasons.total()),
        )
        return cls(tuple(rows), tuple(mutant for mutant in survived if explained.reason(mutant) is None))

    @property
    def passes(self) -> bool:
        return self.rows[-1].rate >= GOAL and not self.unexplained

    def __str__(self) -> str:
        head = ["| file | mutants | judged | killed | survived | of them explained | kill rate |", "|" + "---|" * 7]
        survivors = [f"survived: {mutant}" for mutant in self.unexplained]
        return "\n".join([*head, *map(str, self.rows), *survivors])
