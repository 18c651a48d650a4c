"""What each step of a task cost in gas, from the receipts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from covey.chain import Gateway, Record, queries

ARENA_STEPS: Final = {
    "TaskCreated": "create task",
    "TrainerEnrolled": "enrol trainer",
    "ValidatorEnrolled": "enrol validator",
    "EnrolClosed": "advance: close enrol",
    "DrawPostponed": "advance: postpone the draw",
    "RingsDrawn": "advance: draw rings",
    "HandleRegistered": "mask",
    "Submitted": "submit",
    "Published": "publish",
    "KeyPosted": "post key",
    "ScoresCommitted": "commit scores",
    "VectorRevealed": "reveal a new vector",
    "ScoresRevealed": "reveal a known vector",
    "RoundEmpty": "advance: empty round",
    "RoundSettled": "settle",
    "TaskEnded": "advance: end",
    "HandleOpened": "open",
    "Delivered": "deliver",
    "RoundTallied": "tally",
    "TrainerConcluded": "conclude trainer",
    "ValidatorConcluded": "conclude validator",
    "TaskFinished": "finish",
    "RelayPaid": "claim relay pay",
    "DelegationClaimed": "claim delegation pay",
    "HotKeyAuthorized": "authorize hot key",
    "EngineApproved": "approve engine",
    "Staked": "stake, delegate",
    "Deposited": "deposit",
    "ChargeApproved": "approve charges",
    "Claimed": "claim",
}
"""By the event that tells the step; of several in one transaction the first here."""

ALLIANCE_STEPS: Final = {
    "AllianceCreated": "create task",
    "ClientJoined": "join",
    "RoundConcluded": "settle",
    "RoundFrozen": "advance: freeze",
    "DrawPostponed": "advance: postpone the draw",
    "RolesDrawn": "advance: draw roles",
    "Committed": "commit",
    "UpdatePublished": "publish",
    "VoteRevealed": "reveal",
    "Collected": "collect",
}
"""As `ARENA_STEPS`."""


@dataclass(frozen=True)
class GasLine:
    """Transactions of one step: their number, and gas of the cheapest, all together, and the dearest."""

    step: str
    count: int
    least: int
    total: int
    most: int

    @property
    def mean(self) -> int:
        return self.total // self.count


def gas_by_step(gateway: Gateway, records: Iterable[Record], steps: Mapping[str, str]) -> list[GasLine]:
    """In the order of `steps`. Raises RpcError."""
    events: dict[bytes, set[str]] = {}
    for record in records:
        events.setdefault(record.log.transaction, set()).add(record.name)
    found: dict[str, list[int]] = {step: [] for step in steps.values()}
    transactions = list(events)
    receipts = gateway.rpc.ask_each([queries.receipt(transaction) for transaction in transactions])
    for transaction, receipt in zip(transactions, receipts, strict=True):
        step = next((steps[name] for name in steps if name in events[transaction]), None)
        if receipt is not None and step is not None:
            found[step].append(receipt.gas_used)
    return [_line(step, used) for step, used in found.items() if used]


def _line(step: str, used: Sequence[int]) -> GasLine:
    return GasLine(step, len(used), min(used), sum(used), max(used))
