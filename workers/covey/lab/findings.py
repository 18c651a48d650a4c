"""What comes of each strategy under each rule: cost, income, break-even stake, effect on the ranking; the bounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from covey.lab import creators, delegators
from covey.lab.rules import RULES
from covey.lab.strategies.trainers import TRAINERS, TrainerStrategy
from covey.lab.strategies.validators import VALIDATORS, ValidatorStrategy, seats_of
from covey.lab.tally import Tally
from covey.lab.task import TOKEN, Task, make_task
from covey.lab.trial import play_trainers, play_validators, slashed
from covey.lab.world import Metric, World
from covey.protocol.params import GWEI

BOUNDS = {Metric.COUNTS: 0.02, Metric.FLOATS: 0.10}
"""What a validator strategy without effort may earn of honest pay, at most."""


class Role(StrEnum):
    VALIDATOR = "validator"
    TRAINER = "trainer"
    DELEGATOR = "delegator"
    CREATOR = "creator"


@dataclass(frozen=True)
class Setup:
    """Size of a study: `rounds` are simulated for each strategy and rule, from `seed`."""

    world: World = field(default_factory=World)
    validators: int = 20
    models: int = 50
    rounds: int = 3000
    seed: int = 1

    @property
    def tasks(self) -> int:
        return max(1, self.rounds // make_task(self.world, self.validators, self.models).params.rounds)


@dataclass(frozen=True)
class Finding:
    """One strategy under one rule, per task. What the rule's source does not define is None.

    `cost` is tokens spent on work, lost to slashing and forgone by locking stake, by all its players. `income` is what
    they are paid, as a part of what honest work with the same stake is paid (a delegator: honest delegation; a creator:
    the part of its bounty that comes back), `error` its standard error. `break_even` is the stake, in tokens per seat,
    from which the strategy makes a profit (infinite: never). `changed` is the part of the rounds in which another model
    wins, `moved` the part of the trainers' pay that goes to others than without it, `kept` what the honest validator
    that suffers most keeps of its pay. `bound` is the most that `income` may be.
    """

    role: Role
    strategy: str
    about: str
    rule: str
    cost: float
    income: float
    error: float = 0.0
    break_even: float | None = None
    changed: float | None = None
    moved: float | None = None
    kept: float | None = None
    bound: float | None = None

    @property
    def holds(self) -> bool:
        return self.bound is None or self.income <= self.bound


def strategies() -> dict[str, tuple[Role, str]]:
    """All there are: role, and what it does, by name."""
    known: dict[str, tuple[Role, str]] = {}
    known |= {name: (Role.VALIDATOR, strategy.about) for name, strategy in VALIDATORS.items()}
    known |= {name: (Role.TRAINER, strategy.about) for name, strategy in TRAINERS.items()}
    known |= {name: (Role.DELEGATOR, about) for name, about in delegators.STRATEGIES.items()}
    return known | {name: (Role.CREATOR, about) for name, about in creators.STRATEGIES.items()}


def study(setup: Setup, name: str, rule: str) -> Sequence[Finding]:
    """What comes of one strategy under one rule; nothing if the rule's source does not define it."""
    role, about = strategies()[name]
    match role:
        case Role.VALIDATOR:
            return [validator_finding(setup, VALIDATORS[name], rule)]
        case Role.TRAINER:
            return trainer_findings(setup, TRAINERS[name], rule)
        case Role.DELEGATOR:
            return [Finding(role, name, about, rule, delegators.cost(name), delegators.income(name, rule))]
        case Role.CREATOR:
            back = creators.part_back(name, rule, setup.world, setup.validators, setup.models, setup.tasks, setup.seed)
            task = make_task(setup.world, setup.validators, setup.models)
            return [] if back is None else [Finding(role, name, about, rule, creators.cost(name, task), back)]


def validator_finding(setup: Setup, strategy: ValidatorStrategy, rule: str) -> Finding:
    task = make_task(setup.world, setup.validators, setup.models)
    tally = play_validators(RULES[rule], task, setup.world, strategy, setup.tasks, setup.seed)
    seats = int(seats_of(strategy, setup.validators).sum())
    lost = slashed(task, strategy) if rule == "covey" else 0.0
    bound = BOUNDS[setup.world.metric] if strategy.zero_effort and rule == "covey" else None
    work = strategy.work * task.costs.scoring
    return _finding(Role.VALIDATOR, strategy.name, strategy.about, rule, task, tally, seats, work, lost, bound)


def trainer_findings(setup: Setup, strategy: TrainerStrategy, rule: str) -> Sequence[Finding]:
    """None for what only Covey's rule defines."""
    if rule != "covey" and not strategy.opened:
        return []
    task = make_task(setup.world, setup.validators, setup.models - strategy.handles)
    tally = play_trainers(RULES[rule], task, setup.world, strategy, setup.tasks, setup.seed)
    lost = slashed(task, strategy)
    work = strategy.work * task.costs.training / strategy.stake
    return [
        _finding(Role.TRAINER, strategy.name, strategy.about, rule, task, tally, strategy.stake, work, lost, bound=None)
    ]


def break_even(pay: float, work: float, lost: float, stake: float, capital: float) -> float:
    """The stake, in tokens, from which pay that grows with it covers work that doesn't; infinite if it never does.

    `pay` and `lost` are what `stake` earns and loses, `work` what is spent on any stake, `capital` the part of the
    stake that it could have earned elsewhere.
    """
    margin = (pay - lost) / stake - capital
    return work / margin if margin > 0 else inf


def _finding(
    role: Role,
    name: str,
    about: str,
    rule: str,
    task: Task,
    tally: Tally,
    seats: int,
    work: float,
    lost: float,
    bound: float | None,
) -> Finding:
    """`seats` are stakes of the least size, `work` tokens spent by each."""
    stake = seats * task.params.min_validator_stake * GWEI / TOKEN
    return Finding(
        role=role,
        strategy=name,
        about=about,
        rule=rule,
        cost=seats * work + lost + stake * task.costs.capital,
        income=tally.income,
        error=tally.error,
        break_even=break_even(float(tally.paid.mean()), work, lost, stake, task.costs.capital),
        changed=float(tally.changed.mean()),
        moved=float(tally.moved.mean()),
        kept=tally.worst_kept,
        bound=bound,
    )
