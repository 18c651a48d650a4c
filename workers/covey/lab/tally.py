"""What a strategy did, summed over rounds and tasks."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from covey.lab.rules import Outcome
from covey.lab.world import Flags, Ints, Reals


@dataclass(frozen=True)
class Tally:
    """What a strategy did to some tasks; each array has one entry per task.

    `paid` and `due` are tokens that its players got, and would have got by honest work. `changed` is the part of the
    rounds in which another model won. Parts of the trainers' pay: `moved` to others than without it, `earned` by
    anybody, `prize` by the strategy's own model, or the one that it pushes. `kept` is the pay of each honest validator
    (tasks, seats), `usual` what they get without the strategy.
    """

    paid: Reals
    due: Reals
    changed: Reals
    moved: Reals
    earned: Reals
    prize: Reals
    kept: Reals
    usual: Reals

    @classmethod
    def joined(cls, tallies: list[Self]) -> Self:
        """One tally of all their tasks."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: np.concatenate([getattr(tally, name) for tally in tallies]) for name in names})

    @property
    def income(self) -> float:
        """Of honest pay, per stake."""
        return float(self.paid.mean() / self.due.mean()) if self.due.any() else 0.0

    @property
    def error(self) -> float:
        """Standard error of `income`."""
        if not self.due.any():
            return 0.0
        residual = self.paid - self.income * self.due
        return float(residual.std() / np.sqrt(len(residual)) / self.due.mean())

    @property
    def worst_kept(self) -> float:
        """What the honest validator that suffers most still gets of its usual pay."""
        usual, kept = self.usual.mean(axis=0), self.kept.mean(axis=0)
        return float((kept[usual > 0] / usual[usual > 0]).min()) if usual.any() else 1.0


class Sums:
    """Sums over the rounds of many tasks, as they are played. Tokens."""

    def __init__(self, tasks: int, validators: int) -> None:
        self._kept, self._usual = np.zeros((tasks, validators)), np.zeros((tasks, validators))
        self._paid, self._due = np.zeros(tasks), np.zeros(tasks)
        self._changed, self._moved = np.zeros(tasks), np.zeros(tasks)
        self._earned, self._before, self._prize = np.zeros(tasks), np.zeros(tasks), np.zeros(tasks)
        self._pools = 0.0
        self._rounds = 0

    def add(
        self, happened: Outcome, expected: Outcome, pools: tuple[float, float], others: int, favourites: Ints
    ) -> None:
        """A round as it `happened`, and as it is without the strategy.

        `pools` are the trainers' and the validators' tokens. Lanes from `others` on are the strategy's, and count as
        one; `favourites` (tasks) are those that it wants to win.
        """
        trainers, validators = pools
        self._kept += happened.validator_shares * validators
        self._usual += expected.validator_shares * validators
        before, after = (_merged(outcome.trainer_shares, others) * trainers for outcome in (expected, happened))
        change = after - before
        self._paid += after[:, -1]
        self._due += before[:, -1]
        self._before += before.sum(axis=1)
        self._earned += after.sum(axis=1)
        self._prize += after[np.arange(len(after)), favourites]
        # What is refunded went to one more party.
        self._moved += (np.abs(change).sum(axis=1) + np.abs(change.sum(axis=1))) / 2
        self._changed += np.minimum(happened.winners, others) != np.minimum(expected.winners, others)
        self._pools += trainers
        self._rounds += 1

    def of_validators(self, seats: Flags) -> Tally:
        """The players have these seats."""
        paid, due = (sums[:, seats].sum(axis=1) for sums in (self._kept, self._usual))
        return self._tally(paid, due, ~seats)

    def of_trainers(self, share: float | None) -> Tally:
        """The players are trainers. Their due is what the same lanes got without the strategy; or a `share` of what all
        lanes got."""
        due = self._due if share is None else self._before * share
        return self._tally(self._paid, due, np.ones(self._kept.shape[1], bool))

    def _tally(self, paid: Reals, due: Reals, honest: Flags) -> Tally:
        return Tally(
            paid,
            due,
            changed=self._changed / self._rounds,
            moved=self._moved / self._pools,
            earned=self._earned / self._pools,
            prize=self._prize / self._pools,
            kept=self._kept[:, honest],
            usual=self._usual[:, honest],
        )


def _merged(shares: Reals, others: int) -> Reals:
    return np.concatenate([shares[:, :others], shares[:, others:].sum(axis=1, keepdims=True)], axis=1)
