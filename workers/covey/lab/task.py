"""The task that attacks are mounted on: its rules, who takes part with how much, and what work costs.

All amounts that the protocol knows are in its units (wei, gwei); costs of work, which it does not, are in tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from covey.lab.world import Metric, World
from covey.protocol import payouts, weights
from covey.protocol.params import GWEI, STANDARD, TaskParams
from covey.protocol.payouts import Pools

TOKEN = 10**18
STAKE = 100 * TOKEN // GWEI
"""What `covey task create` asks of a trainer or validator, in gwei."""

EPSILON_NOISES = 3
"""Default ε for floats, in standard deviations of one validator's reading (docs/economics.md derives it)."""


@dataclass(frozen=True)
class Costs:
    """What taking part costs, in tokens: scoring all rounds of a task, training for it; `capital` is what locked stake
    could have earned elsewhere meanwhile, as a part of it."""

    scoring: float = 1.0
    training: float = 5.0
    capital: float = 0.0025
    """10 % a year, for nine days."""


@dataclass(frozen=True)
class Task:
    """One task. Stakes are gwei; `unopened` are the lanes whose handle nobody opens."""

    params: TaskParams
    trainer_stakes: tuple[int, ...]
    validator_stakes: tuple[int, ...]
    unopened: frozenset[int] = frozenset()
    costs: Costs = Costs()

    @cached_property
    def weights(self) -> tuple[int, ...]:
        return weights.weights(self.validator_stakes)

    @cached_property
    def pools(self) -> Pools:
        return payouts.pools(self.params, self.trainer_stakes, self.validator_stakes)

    @cached_property
    def opened_stakes(self) -> tuple[int | None, ...]:
        """Stake behind each lane, None where the handle is not opened."""
        return tuple(None if lane in self.unopened else stake for lane, stake in enumerate(self.trainer_stakes))


def make_task(
    world: World, validators: int, models: int, *, stakes: Sequence[int] | None = None, **chosen: int
) -> Task:
    """A task of 1,000 tokens with the defaults of `covey task create`, and everybody staked alike.

    Of floats no two readings are equal: there k2 has to pay every vector. `stakes` are the validators'; `chosen` are
    other parameters (docs/protocol.md, section 2).
    """
    seats = {"max_trainers": max(64, models), "max_validators": max(16, validators)}
    bounty = chosen.get("bounty", 1000 * TOKEN)
    fee = bounty // 20 // (2 + 2 * chosen.get("rounds", 3) + sum(seats.values()))
    terms: dict[str, object] = {
        **seats,
        "min_trainer_stake": STAKE,
        "min_validator_stake": STAKE,
        "bounty": bounty,
        "bond": bounty // 10,
        "keeper_fee": fee,
        "relay_fee": fee // 4,
        "lengths": STANDARD,
    }
    if world.metric is Metric.FLOATS:
        terms |= {"epsilon": default_epsilon(world.noise), "k2": seats["max_validators"]}
    largest_class = round(world.base_rate * world.examples)
    params = TaskParams.for_counts(world.examples, largest_class, **(terms | chosen))  # type: ignore[arg-type]
    return Task(params, (STAKE,) * models, tuple(stakes or (STAKE,) * validators))


def with_trainers(task: Task, stakes: Sequence[int], unopened: Sequence[int] = ()) -> Task:
    """The task with other trainers."""
    return replace(task, trainer_stakes=tuple(stakes), unopened=frozenset(unopened))


def default_epsilon(noise: float) -> int:
    """ε for floats that validators read with this standard deviation, in score units."""
    return ceil(EPSILON_NOISES * noise)
