"""A task's parameters, their ranges and defaults (docs/protocol.md, section 2).

Rates are parts per million, stakes gwei, money wei, lengths seconds, scores 15-bit integers.
"""

from dataclasses import dataclass
from typing import Self

from covey.protocol import scores
from covey.protocol.bounds import AMOUNT, FEE, ParamStruct, PhaseLengths, check
from covey.protocol.lanes import TOP

PPM = 1_000_000
GWEI = 10**9
"""Wei in a gwei."""

MAX_ROUNDS = 8
MAX_TRAINERS = 4_096
MAX_VALIDATORS = 96
MAX_SCORES = 56_000
"""Most trainers times validators: one transaction's size when all vectors differ."""

MAX_WINNERS = 256
MAX_EPSILON = 4_096
MAX_QUOTA = 1_000
MAX_SLASH = PPM // 2
MIN_ABSENCE_SLASH = PPM // 100
MASK_UNITS = 6
"""Message units of a mask; every other message is one."""

_STAKE = 2**64 - 1


@dataclass(frozen=True)
class Lengths(PhaseLengths):
    """Lengths of the phases in seconds; all but enrol may close early. Raises ParamOutOfRange."""

    enrol: int
    mask: int
    submit: int
    publish: int
    key: int
    score: int
    reveal: int
    open: int

    @property
    def round(self) -> int:
        """Seconds from one round's Submit deadline to the next one's."""
        return self.submit + self.publish + self.key + self.score + self.reveal


def default_quota(rounds: int) -> int:
    """Message units for a mask, and two submissions, a publication and one spare per round."""
    return MASK_UNITS + 4 * rounds


@dataclass(frozen=True, kw_only=True)
class TaskParams(ParamStruct):
    """The rules of one task. Raises ParamOutOfRange, naming the parameter."""

    rounds: int = 3
    max_trainers: int = 64
    max_validators: int = 16
    min_trainers: int = 3
    min_validators: int = 3
    min_trainer_stake: int
    min_validator_stake: int
    k1: int = 8
    k2: int = 8
    gamma: int = 0
    delta: int = 100_000
    q: int = 850_000
    sigma: int = 400_000
    tau: int = 666_667
    epsilon: int = 0
    mu: int
    baseline: int
    slash_unpublished: int = 50_000
    slash_malformed: int = 50_000
    slash_no_commit: int = 100_000
    slash_no_reveal: int = 200_000
    bounty: int
    bond: int
    keeper_fee: int
    relay_fee: int
    quota: int
    lengths: Lengths

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            check(name, getattr(self, name), low, high)
        check("min_trainers", self.min_trainers, 1, self.max_trainers)
        check("min_validators", self.min_validators, 1, self.max_validators)
        check("max_trainers * max_validators", self.max_trainers * self.max_validators, 1, MAX_SCORES)
        check("quota", self.quota, MASK_UNITS + 2 * self.rounds, MAX_QUOTA)
        largest = self.fee_reserve(self.max_trainers, self.max_validators)
        check("fee reserve (a multiple of keeper_fee)", largest, 0, self.bounty // 10)

    @classmethod
    def for_counts(cls, examples: int, largest_class: int, *, rounds: int = 3, **chosen: object) -> Self:
        """Parameters for scores that count right answers on shards of `examples`, `largest_class` of them in one class.

        μ, the baseline and the message quota follow; everything else that has no default must be `chosen`.
        """
        derived: dict[str, object] = {
            "mu": scores.resolution(examples),
            "baseline": scores.baseline(largest_class, examples),
            "quota": default_quota(rounds),
        }
        return cls(**{"rounds": rounds, **derived, **chosen})  # type: ignore[arg-type]

    def fee_reserve(self, trainers: int, validators: int) -> int:
        """F: what keepers can earn, in wei: two acts, two a round, one per account."""
        return self.keeper_fee * (2 + 2 * self.rounds + trainers + validators)

    def check_deployment(self, min_phase: int, unbonding: int) -> None:
        """Raises ParamOutOfRange if a deployment's shortest phase or unbonding time (seconds) forbids the task."""
        self.lengths.check(min_phase)
        check("whole schedule", self.duration, 0, unbonding)

    @property
    def duration(self) -> int:
        """Seconds from creation to the last one at which anything can be slashed."""
        lengths = self.lengths
        return lengths.enrol + lengths.mask + self.rounds * lengths.round + 3 * lengths.open


_RANGES = {
    "rounds": (1, MAX_ROUNDS),
    "max_trainers": (1, MAX_TRAINERS),
    "max_validators": (1, MAX_VALIDATORS),
    "min_trainer_stake": (1, _STAKE),
    "min_validator_stake": (1, _STAKE),
    "k1": (1, MAX_WINNERS),
    "k2": (1, MAX_VALIDATORS),
    "gamma": (0, PPM // 2),
    "delta": (0, PPM),
    "q": (1, PPM),
    "sigma": (0, PPM),
    "tau": (0, PPM),
    "epsilon": (0, MAX_EPSILON),
    "mu": (1, TOP - 2),
    "baseline": (2, TOP - 1),
    "slash_unpublished": (0, MAX_SLASH),
    "slash_malformed": (0, MAX_SLASH),
    "slash_no_commit": (MIN_ABSENCE_SLASH, MAX_SLASH),
    "slash_no_reveal": (MIN_ABSENCE_SLASH, MAX_SLASH),
    "bounty": (0, AMOUNT),
    "bond": (0, AMOUNT),
    "keeper_fee": (0, FEE),
    "relay_fee": (0, FEE),
}


STANDARD = Lengths(
    enrol=86_400, mask=43_200, submit=172_800, publish=21_600, key=21_600, score=43_200, reveal=21_600, open=86_400
)
"""Days: for people who sleep and chains that stall."""

DEMO = Lengths(enrol=20, mask=40, submit=60, publish=40, key=20, score=60, reveal=40, open=60)
"""Seconds, for a local network whose workers act at once: phases close early, so that these are only upper bounds."""
