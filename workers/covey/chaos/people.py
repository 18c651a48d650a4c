"""Who takes part: every task has people of its own, and one keeper serves all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from covey.network import Cast, Person, honest_cast


@dataclass(frozen=True)
class Group:
    """The people of one task."""

    creator: Person
    trainers: tuple[Person, ...]
    validators: tuple[Person, ...]

    @property
    def everybody(self) -> tuple[Person, ...]:
        return (self.creator, *self.trainers, *self.validators)


def groups_of(tasks: int, workers: int, seed: int) -> tuple[Group, ...]:
    """Honest people for so many tasks: `workers` trainers each, and as many validators, three at least."""
    return tuple(_group(task, honest_cast(workers, ("linear",), seed)) for task in range(1, tasks + 1))


def cast_of(groups: Sequence[Group]) -> Cast:
    """All of them in one network."""
    return Cast(
        creators=tuple(group.creator for group in groups),
        keeper=honest_cast(1, ("linear",), 0).keeper,
        trainers=tuple(person for group in groups for person in group.trainers),
        validators=tuple(person for group in groups for person in group.validators),
    )


def _group(task: int, cast: Cast) -> Group:
    def named(person: Person) -> Person:
        return replace(person, name=f"{task}-{person.name}")

    return Group(named(cast.creator), tuple(map(named, cast.trainers)), tuple(map(named, cast.validators)))
