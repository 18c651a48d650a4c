"""The table of a run, and what it says of the tests."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tools.mutation.mutant import Mutant
from tools.mutation.record import Record
from tools.mutation.survivors import Explained
from tools.mutation.verdict import Verdict

GOAL = 0.95

Verdicts = Mapping[Mutant, Verdict | None]


@dataclass(frozen=True)
class Row:
    """Counts of a file, a folder or all: `void` mutants leave nothing to notice, `judged` ones do."""

    name: str
    made: int
    void: int
    judged: int
    killed: int
    explained: int

    @classmethod
    def of(cls, name: str, mutants: Sequence[Mutant], verdicts: Verdicts, explained: Explained) -> Self:
        known = [verdict for mutant in mutants if (verdict := verdicts[mutant]) is not None]
        survivors = [mutant for mutant in mutants if verdicts[mutant] is Verdict.SURVIVED]
        judged = sum(verdict.counts for verdict in known)
        return cls(
            name=name,
            made=len(mutants),
            void=len(known) - judged,
            judged=judged,
            killed=judged - len(survivors),
            explained=sum(explained.reason(mutant) is not None for mutant in survivors),
        )

    @property
    def rate(self) -> float:
        return self.killed / self.judged if self.judged else 1.0

    def __str__(self) -> str:
        survived = self.judged - self.killed
        counts = (self.made, self.void, self.judged, self.killed, survived, self.explained)
        rate = f"{100 * self.rate:.1f} %" if self.judged else "-"
        return f"| {self.name} | {' | '.join(map(str, counts))} | {rate} |"


@dataclass(frozen=True)
class Report:
    """All that is known of some mutants, by file and by folder."""

    rows: tuple[Row, ...]
    unexplained: tuple[Mutant, ...]

    @classmethod
    def of(cls, mutants: Sequence[Mutant], record: Record, explained: Explained) -> Self:
        verdicts = {mutant: record.verdict(mutant) for mutant in mutants}
        groups = [
            *_grouped(mutants, lambda mutant: mutant.path),
            *_grouped(mutants, lambda mutant: f"{posixpath.dirname(mutant.path)}/"),
            ("all", mutants),
        ]
        survived = [mutant for mutant in mutants if verdicts[mutant] is Verdict.SURVIVED]
        return cls(
            tuple(Row.of(name, group, verdicts, explained) for name, group in groups),
            tuple(mutant for mutant in survived if explained.reason(mutant) is None),
        )

    @property
    def passes(self) -> bool:
        return self.rows[-1].rate >= GOAL and not self.unexplained

    def __str__(self) -> str:
        head = ["| | mutants | void | judged | killed | survived | of them explained | kill rate |", "|" + "---|" * 8]
        survivors = [f"survived: {mutant}" for mutant in self.unexplained]
        return "\n".join([*head, *map(str, self.rows), *survivors])


def _grouped(mutants: Sequence[Mutant], key: Callable[[Mutant], str]) -> list[tuple[str, list[Mutant]]]:
    groups: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        groups.setdefault(key(mutant), []).append(mutant)
    return sorted(groups.items())
