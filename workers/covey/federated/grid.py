"""All attacks against all rules, on the digits, with clients alike and unlike: how well the model still learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from covey.federated.attacks import ATTACKS
from covey.federated.clients import Population
from covey.federated.partition import SPLITS
from covey.federated.plan import Plan
from covey.federated.rules import RULES
from covey.federated.rules.geometric import GeometricMedian
from covey.federated.rules.krum import MultiKrum
from covey.federated.rules.means import CenteredClipping, FedAvg
from covey.federated.simulation import Setup, simulate, started
from covey.learning.data import Dataset, load_digits, stratify
from covey.learning.local import LocalOptions

NONE = "none"
"""The attack of a round in which everybody is honest."""

_SHARE = 2000
_MIXED = (FedAvg, GeometricMedian, CenteredClipping, MultiKrum)

PLANS: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (*(Plan(kind()) for kind in RULES.values()), *(Plan(kind(), mixing=_SHARE) for kind in _MIXED))
}
"""Every rule as it stands, and those that gain by it after nearest-neighbour mixing."""


@dataclass(frozen=True)
class Study:
    """Clients with seven tenths of the digits among them, who train a linear model; a quarter are for the test."""

    rounds: int = 15
    clients: int = 20
    attackers: int = 4
    seed: int = 1


@dataclass(frozen=True)
class Cell:
    """One simulation. curve: accuracy after each round, parts of 1. backdoor: how often the trigger works in the
    end.
    """

    split: str
    plan: str
    attack: str
    curve: tuple[float, ...]
    backdoor: float | None

    @property
    def accuracy(self) -> float:
        """In the end."""
        return self.curve[-1]


@dataclass(frozen=True)
class Verdict:
    """The best rule of a split: the one whose accuracy under its own strongest attack is the highest."""

    split: str
    plan: str
    honest: float
    attack: str
    attacked: float

    @property
    def loss(self) -> float:
        """What the strongest attack costs, parts of 1."""
        return self.honest - self.attacked


def play(study: Study, split: str, plan: str, attack: str) -> Cell:
    """One cell. All luck follows from the study's seed."""
    train, test, trusted = _data()
    population = Population(train, SPLITS[split](train.y, study.clients, study.seed))
    attacked = attack != NONE
    setup = Setup(
        model=started(train, "linear", {}, study.seed),
        population=population,
        test=test,
        plan=PLANS[plan],
        options=LocalOptions(batch_size=16, learning_rate=0.1, seed=study.seed),
        rounds=study.rounds,
        per_round=study.clients,
        attack=ATTACKS[attack] if attacked else None,
        attackers=study.attackers if attacked else 0,
        trusted=trusted,
        seed=study.seed,
    )
    reports = list(simulate(setup))
    curve = tuple(report.accuracy for report in reports if report.accuracy is not None)
    return Cell(split, plan, attack, curve, reports[-1].backdoor)


def by_plan(cells: Sequence[Cell], split: str) -> dict[str, dict[str, Cell]]:
    """Plan -> attack -> cell, in the order in which they were played."""
    found: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        if cell.split == split:
            found.setdefault(cell.plan, {})[cell.attack] = cell
    return found


def strongest(row: Mapping[str, Cell]) -> Cell:
    """The attack that leaves the least accuracy, of one plan's cells."""
    return min((cell for attack, cell in row.items() if attack != NONE), key=lambda cell: cell.accuracy)


def verdict(cells: Sequence[Cell], split: str) -> Verdict:
    """Over the cells of `split`: each of its plans without an attack and with at least one."""
    rows = by_plan(cells, split)
    worst = max((strongest(row) for row in rows.values()), key=lambda cell: cell.accuracy)
    return Verdict(split, worst.plan, rows[worst.plan][NONE].accuracy, worst.attack, worst.accuracy)


@cache
def _data() -> tuple[Dataset, Dataset, Dataset]:
    """For clients, for the test, and the trusted twentieth for FLTrust."""
    data = load_digits()
    train, test, trusted = (data.take(part) for part in stratify(data.y, [0.7, 0.25, 0.05], b"grid"))
    return train, test, trusted
