"""What became of a deed when it was begun."""

from dataclasses import dataclass
from enum import Enum, auto


@dataclass(frozen=True)
class Sent:
    """A transaction is on its way, under this key in the journal."""

    key: str


class Local(Enum):
    """Nothing on chain is to be awaited."""

    DONE = auto()  # decide again at once
    PENDING = auto()  # somebody else has it now; decide again at the next block


Outcome = Sent | Local
