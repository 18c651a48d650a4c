"""An Alliance task's parameters, their ranges and defaults (docs/alliance.md, section 2).

Rates are parts per million, money is wei, lengths are seconds, contributions 15-bit scores.
"""

from dataclasses import dataclass

from covey.protocol.bounds import AMOUNT, FEE, ParamStruct, PhaseLengths, check
from covey.protocol.params import PPM

MAX_CLIENTS = 128
MIN_VOTERS = 2
"""Fewest voters: of one alone nothing could be compared."""

MAX_WEIGHT = 8
"""Largest reputation: lanes of 32 bits in a hash."""

MAX_FRACTION_BITS = 30
MAX_SLASH = PPM // 2
MIN_SILENCE_SLASH = PPM // 100

NEUTRAL = 16_384
"""Contribution of an update without effect."""

_SAMPLES = 2**32 - 1
_BYTE = 2**8 - 1


@dataclass(frozen=True)
class Lengths(PhaseLengths):
    """Lengths of the phases in seconds; all but join may close early. Raises ParamOutOfRange."""

    join: int
    propose: int
    publish: int
    vote: int
    reveal: int

    @property
    def round(self) -> int:
        """Seconds from a round's draw to its last deadline."""
        return self.propose + self.publish + self.vote + self.reveal


@dataclass(frozen=True, kw_only=True)
class AllianceParams(ParamStruct):
    """The rules of one task. Raises ParamOutOfRange, naming the parameter.

    `epsilon`, `fraction_bits` and `rule` bind clients; the chain only publishes them.
    """

    rounds: int = 10
    min_clients: int = 6
    max_clients: int = 64
    min_updates: int = 2
    proposer_share: int = 500_000
    max_samples: int = 100_000
    epsilon: int = 100_000
    slash_silent: int = 100_000
    slash_wrong: int = 50_000
    slash_rejected: int = 20_000
    burn_share: int = 500_000
    contribution_share: int = 1_000_000
    harm: int = 1_600
    initial_reputation: int = 3
    max_reputation: int = 5
    reputation_threshold: int = 2
    fraction_bits: int = 16
    rule: int
    min_stake: int
    pool: int
    keeper_fee: int
    lengths: Lengths

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            check(name, getattr(self, name), low, high)
        check("min_clients", self.min_clients, self.min_updates + MIN_VOTERS, self.max_clients)
        check("slash_wrong", self.slash_wrong, 0, self.slash_silent)
        check("slash_rejected", self.slash_rejected, 0, self.slash_silent)
        check("initial_reputation", self.initial_reputation, 1, self.max_reputation)
        check("reputation_threshold", self.reputation_threshold, 1, self.initial_reputation)
        check("fee reserve (a multiple of keeper_fee)", self.fee_reserve, 0, self.pool // 10)

    @property
    def acts(self) -> int:
        """What keepers are paid for: the first freeze, and each round's draw and settling."""
        return 1 + 2 * self.rounds

    @property
    def fee_reserve(self) -> int:
        """Wei that keepers can earn."""
        return self.keeper_fee * self.acts

    @property
    def distributed(self) -> int:
        """Wei for the rounds: the pool without the keepers' reserve."""
        return self.pool - self.fee_reserve

    def check_deployment(self, min_phase: int) -> None:
        """Raises ParamOutOfRange if a deployment's shortest phase (seconds) forbids the task."""
        self.lengths.check(min_phase)


_RANGES = {
    "rounds": (1, _BYTE),
    "max_clients": (1 + MIN_VOTERS, MAX_CLIENTS),
    "min_updates": (1, MAX_CLIENTS - MIN_VOTERS),
    "proposer_share": (1, PPM),
    "max_samples": (1, _SAMPLES),
    "epsilon": (0, PPM),
    "slash_silent": (MIN_SILENCE_SLASH, MAX_SLASH),
    "burn_share": (0, PPM),
    "contribution_share": (0, PPM),
    "harm": (0, NEUTRAL),
    "max_reputation": (1, MAX_WEIGHT),
    "fraction_bits": (1, MAX_FRACTION_BITS),
    "rule": (0, _BYTE),
    "min_stake": (1, AMOUNT),
    "pool": (0, AMOUNT),
    "keeper_fee": (0, FEE),
}


STANDARD = Lengths(join=86_400, propose=172_800, publish=21_600, vote=43_200, reveal=21_600)
"""Days: for people who sleep and chains that stall."""

DEMO = Lengths(join=20, propose=60, publish=40, vote=60, reveal=40)
"""Seconds, for a local network whose workers act at once: phases close early, so that these are only upper bounds."""
