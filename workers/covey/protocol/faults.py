"""What faults cost (docs/protocol.md, section 8). Amounts are wei, locks gwei."""

from collections.abc import Iterable
from enum import StrEnum

from covey.protocol.params import GWEI, PPM, TaskParams


class Absence(StrEnum):
    """What a validator missed first; it was out of the task from then on."""

    COMMIT = "commit"
    REVEAL = "reveal"


def trainer_slash(params: TaskParams, lock: int, *, opened: bool, unpublished: int, malformed: int) -> int:
    """Burnt of a trainer's lock.

    All of it if its handle was not opened; else a part for each commitment that it did not publish and for each model
    that was malformed by consensus, in rounds that ran.
    """
    whole = lock * GWEI
    if not opened:
        return whole
    faults = unpublished * _part(whole, params.slash_unpublished) + malformed * _part(whole, params.slash_malformed)
    return min(whole, faults)


def validator_slash(params: TaskParams, lock: int, missed: Absence | None) -> int:
    """Burnt of a validator's lock, once."""
    match missed:
        case None:
            return 0
        case Absence.COMMIT:
            return _part(lock * GWEI, params.slash_no_commit)
        case Absence.REVEAL:
            return _part(lock * GWEI, params.slash_no_reveal)


def first_absence(rounds: Iterable[tuple[bool, bool]]) -> Absence | None:
    """What a validator missed first, given whether it (committed, revealed) in each round that ran and had its key."""
    for committed, revealed in rounds:
        if not committed:
            return Absence.COMMIT
        if not revealed:
            return Absence.REVEAL
    return None


def _part(lock: int, rate: int) -> int:
    return lock * rate // PPM
