"""A task's deadlines: absolute, and fixed at creation (docs/protocol.md, section 3)."""

from dataclasses import dataclass
from typing import Self

from covey.protocol.params import Lengths, TaskParams


@dataclass(frozen=True)
class Schedule:
    """Unix seconds. A phase is open while now < its end; `rounds` count from 0."""

    enrol_end: int
    lengths: Lengths
    rounds: int

    @classmethod
    def of(cls, params: TaskParams, created_at: int) -> Self:
        """The schedule of a task created in a block of that time."""
        return cls(created_at + params.lengths.enrol, params.lengths, params.rounds)

    @property
    def mask_end(self) -> int:
        return self.enrol_end + self.lengths.mask

    @property
    def draw_end(self) -> int:
        """Until when the rings may be drawn: later, trainers would lack time to register handles."""
        return (self.enrol_end + self.mask_end) // 2

    def submit_end(self, round: int) -> int:
        return self.mask_end + round * self.lengths.round + self.lengths.submit

    def publish_end(self, round: int) -> int:
        return self.submit_end(round) + self.lengths.publish

    def key_end(self, round: int) -> int:
        return self.publish_end(round) + self.lengths.key

    def score_end(self, round: int) -> int:
        return self.key_end(round) + self.lengths.score

    def reveal_end(self, round: int) -> int:
        return self.score_end(round) + self.lengths.reveal

    def open_end(self, ended_at: int) -> int:
        return ended_at + self.lengths.open

    def delivery_end(self, ended_at: int) -> int:
        """Until when creators' boxes may be posted."""
        return ended_at + 2 * self.lengths.open
