"""What there is to know about an account, thing by thing."""

from dataclasses import dataclass

LOCKED, DUE, CLAIMABLE, LEAVING, REFUSED, EARNED, LOST, HELD = (
    "locked",
    "due",
    "claimable",
    "leaving",
    "refused",
    "earned",
    "lost",
    "held",
)


@dataclass(frozen=True)
class Item:
    """One thing to know. `amount` in wei; `until` in Unix seconds; `next` is what to do about it.

    `task` is the Arena's, `alliance` the Alliance's, if it is about one.
    """

    kind: str
    text: str
    amount: int | None = None
    until: int | None = None
    task: int | None = None
    alliance: int | None = None
    next: str = ""
