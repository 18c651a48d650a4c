"""What an account gets and loses when a task is over (docs/protocol.md, sections 7 to 9).

Amounts are wei, locks gwei.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from covey.protocol import faults, payouts
from covey.protocol.faults import Absence
from covey.protocol.params import MASK_UNITS, TaskParams


@dataclass(frozen=True)
class Conclusion:
    """What concluding an account moves.

    `paid` goes to the operator, `delegated` waits for its delegators, `slashed` is burnt of the lock, `returned` is the
    unused part of the message quota, `keeper` the fee of whoever concludes.
    """

    paid: int
    delegated: int
    slashed: int
    returned: int
    keeper: int


@dataclass(frozen=True)
class TrainerAccount:
    """A trainer at the end of a task.

    `handle` is the index of the one it opened (None: it opened none), `messages` how many that handle had accepted, not
    counting the mask; `unpublished` and `malformed` count rounds; `delivered` holds the rounds whose creator's box was
    posted; `delegated` is its delegators' share of the stake in 1/65,535.
    """

    lock: int
    delegated: int
    handle: int | None
    messages: int
    unpublished: int
    malformed: int
    delivered: frozenset[int]


@dataclass(frozen=True)
class ValidatorAccount:
    """A validator at the end of a task. `shares` holds its part of each settled round's pay."""

    lock: int
    delegated: int
    shares: tuple[int, ...]
    missed: Absence | None


def conclude_trainer(
    params: TaskParams, account: TrainerAccount, tallies: Mapping[int, Mapping[int, int]]
) -> Conclusion:
    """`tallies` has the pays of each settled round, by handle (`settlement.tally_round`)."""
    opened = account.handle is not None
    pay = sum(
        pays.get(account.handle, 0)
        for round, pays in tallies.items()
        if account.handle is not None and round in account.delivered
    )
    slashed = faults.trainer_slash(
        params, account.lock, opened=opened, unpublished=account.unpublished, malformed=account.malformed
    )
    units = params.quota - MASK_UNITS - account.messages if opened else 0
    return _conclude(params, pay, account.delegated, slashed, units)


def conclude_validator(params: TaskParams, account: ValidatorAccount) -> Conclusion:
    slashed = faults.validator_slash(params, account.lock, account.missed)
    return _conclude(params, sum(account.shares), account.delegated, slashed, 0)


def cancelled_trainer(params: TaskParams) -> Conclusion:
    """Of a cancelled task: everything comes back."""
    return _conclude(params, 0, 0, 0, params.quota)


def delegators(part: int, shares: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """What each delegator gets of `part`, by its shares in the block before the lock, and the operator's dust."""
    pays = tuple(payouts.delegator_pay(part, share, sum(shares)) for share in shares)
    return pays, part - sum(pays)


def _conclude(params: TaskParams, pay: int, delegated: int, slashed: int, units: int) -> Conclusion:
    part = payouts.delegators_part(pay, params.sigma, delegated)
    return Conclusion(
        paid=pay - part,
        delegated=part,
        slashed=slashed,
        returned=units * params.relay_fee,
        keeper=params.keeper_fee if slashed else 0,
    )
