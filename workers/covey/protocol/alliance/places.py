"""The clients' places in a task, and who takes part in its next round (docs/alliance.md, sections 3 and 7)."""

from dataclasses import dataclass, replace
from typing import Self

from covey.protocol.alliance import bitmaps


def missed_a_round(benched_in: int, round: int) -> bool:
    """Whether who was silent in round `benched_in`, and stayed on the bench, missed a whole one before `round`."""
    return benched_in + 1 < round


@dataclass(frozen=True)
class Places:
    """Disjoint sets `present` (in from the next freeze on), `benched` (out until they resume) and `left` (to be
    collected), and across them `isolated` (reputation under the threshold)."""

    present: int = 0
    benched: int = 0
    left: int = 0
    isolated: int = 0

    @property
    def participants(self) -> int:
        """Who takes part in a round that is frozen now."""
        return self.present & ~self.isolated

    def to_take(self, max_clients: int, taking: int, missing: int) -> int | None:
        """The place that a joining client gets, or None.

        The lowest free one; else that of a client that left and is not `taking` part in the current round; else that of
        one who was `missing` from a whole round on the bench.
        """
        free = (1 << max_clients) - 1 & ~(self.present | self.benched | self.left)
        for candidates in (free, self.left & ~taking, self.benched & missing):
            if candidates:
                return bitmaps.members(candidates)[0]
        return None

    def joined(self, client: int) -> Self:
        return replace(self, present=self.present | 1 << client)

    def resumed(self, client: int) -> Self:
        return replace(self, present=self.present | 1 << client, benched=self.benched & ~(1 << client))

    def quit(self, client: int) -> Self:
        return replace(self.freed(client), left=self.left | 1 << client, isolated=self.isolated)

    def freed(self, client: int) -> Self:
        """Once the client was paid out, while the task goes on."""
        others = ~(1 << client)
        return replace(
            self,
            present=self.present & others,
            benched=self.benched & others,
            left=self.left & others,
            isolated=self.isolated & others,
        )

    def after_round(self, *, isolated: int, silent: int) -> Self:
        """Once a round was settled: `isolated` are all clients that are now; who was `silent` and has not left is
        benched."""
        return replace(
            self,
            present=self.present & ~silent,
            benched=self.benched | self.present & silent,
            isolated=isolated,
        )
