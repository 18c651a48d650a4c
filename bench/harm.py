"""What an Alliance's voters find about honest updates, and about those that are not, on real digits: the defaults of
`harm`, `epsilon` and `contributionShare` come from here (docs/alliance.md, section 2).

    python bench/harm.py [--seeds 4] [--rounds 5] [--json]

Clients of a linear model, of Covey's own app with its defaults, as `covey fl join --data` has it: a fifth of each one's
digits are held out for its votes. Roles are drawn, updates aggregated, judged and tallied by the code that clients run.
4 to 12 clients, 2 to 6 of whom propose, alike (iid) or not (Dirichlet, alpha 0.5), begin with an untrained model or
with one trained on other digits, as a winner of the Arena is. Where somebody attacks, it is one client, whenever it is
drawn to propose; all votes are honest.

`harm` tells how far under 16,384 (neutral) the voters' median of a contribution may be without a fault: the first table
has how many honest proposers and how many attackers would be slashed by it, the second the same of honest tasks by the
number of clients. The third has how many honest rounds would be rejected for what they cost a voter's held-out loss, by
`epsilon`: those in which the median voter loses more. The fourth has what a free rider, which proposes zeros, earns for
each token that an honest proposer does, by `contributionShare`.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from functools import cache
from itertools import product
from random import Random
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

from covey.apps.own import OwnApp
from covey.federated.attacks.data import flip_labels
from covey.federated.fixed import VALUE_LIMIT
from covey.federated.partition import SPLITS
from covey.federated.plan import Plan
from covey.federated.rules.geometric import GeometricMedian
from covey.federated.rules.means import FedAvg
from covey.learning.architectures import Linear
from covey.learning.artefact import encode
from covey.learning.data import Dataset, load_digits, stratify
from covey.learning.local import LocalOptions, train_on
from covey.learning.task import Model, TaskSpec
from covey.learning.training import untrained
from covey.protocol.alliance import bitmaps, payouts
from covey.protocol.alliance.draw import draw, proposer_count
from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.alliance.votes import Outcome, tally
from covey.protocol.params import PPM
from covey.roles.alliance.judging import Usable, judge
from covey.roles.alliance.models import GlobalModel, hash_of

SPLIT_NAMES, STARTS, CLIENTS = ("iid", "dirichlet"), ("untrained", "winner"), (4, 6, 8, 12)
PLANS = {plan.name: plan for plan in (Plan(FedAvg(), fraction_bits=16), Plan(GeometricMedian(), fraction_bits=16))}
NONE, SIGN_FLIP, LABEL_FLIP, FREE_RIDER = "none", "sign flip", "label flip", "free rider"
FACTORS = {NONE: 1, SIGN_FLIP: -5, LABEL_FLIP: 1, FREE_RIDER: 0}
"""What the attacker multiplies its update by."""

SHARE, LEAST = 500_000, 2
"""The defaults of `proposerShare` and `minUpdates`."""

LENIENT = 250_000
"""The ε of these rounds, so that models go on changing."""

HARMS = (100, 400, 800, 1_600, 2_400, 3_200)
EPSILONS = (10_000, 50_000, 100_000, 250_000)
CONTRIBUTION_SHARES = (0, 500_000, 900_000, PPM)
HARM = 1_600
"""The default, under which pay is compared."""


@dataclass(frozen=True)
class Case:
    """One kind of task."""

    attack: str
    rule: str
    split: str
    start: str


@dataclass(frozen=True)
class Found:
    """What a decided round found: by how much honest proposers and the attacker are under neutral, and by which part of
    1 the median voter's loss grew."""

    honest: tuple[int, ...]
    attacker: tuple[int, ...]
    growth: float


class Clients:
    """All of one task, the last of whom may attack."""

    def __init__(self, case: Case, model: Model, parts: Sequence[Dataset], seed: int) -> None:
        options = LocalOptions(seed=seed, device="cpu")
        self.count = len(parts)
        self.attacker = None if case.attack == NONE else self.count - 1
        self._apps = [OwnApp(model, part, options) for part in parts]
        self._poisoned = OwnApp(model, flip_labels(parts[-1]), options) if case.attack == LABEL_FLIP else None
        self._factor = FACTORS[case.attack]

    def update(self, client: int, model: GlobalModel, round: int, bits: int) -> Usable:
        attacks = client == self.attacker
        app = self._poisoned if attacks and self._poisoned else self._apps[client]
        trained = app.train(model.parameters, round)
        vector = model.update_to(trained.parameters, bits)
        if attacks:
            vector = (vector.astype(np.int64) * self._factor).clip(-VALUE_LIMIT, VALUE_LIMIT).astype(np.int32)
        return Usable(vector, trained.samples)

    def loss(self, client: int, round: int) -> Callable[..., float]:
        return lambda parameters: self._apps[client].evaluate(parameters, round).loss


def play(case: Case, count: int, rounds: int, seed: int) -> Iterator[Found]:
    """The decided rounds of one task. All luck follows from the seed."""
    start, data = _begun(case.start)
    parts = [data.take(part) for part in SPLITS[case.split](data.y, count, seed)]
    clients, plan = Clients(case, start, parts, seed), PLANS[case.rule]
    model, random = GlobalModel.decode(encode(start), ()), Random(seed)
    for number in range(rounds):
        seats = proposer_count(SHARE, count, LEAST)
        proposers = bitmaps.members(draw(random.randbytes(32), dict.fromkeys(range(count), 1), seats))
        sent = {client: clients.update(client, model, number, plan.fraction_bits) for client in proposers}
        voters = [client for client in range(count) if client not in sent]
        name = hash_of(model.encode())
        findings = [judge(model, name, plan, sent, clients.loss(voter, number), LENIENT) for voter in voters]
        votes = {voter: finding.vote for voter, finding in zip(voters, findings, strict=True)}
        decided = tally(dict.fromkeys(voters, 1), votes)
        if not decided.decided:
            continue
        under = {client: NEUTRAL - m for client, m in zip(proposers, decided.medians, strict=True)}
        yield Found(
            tuple(short for client, short in under.items() if client != clients.attacker),
            tuple(short for client, short in under.items() if client == clients.attacker),
            median(finding.after / finding.before - 1 for finding in findings),
        )
        aggregate = findings[0].model
        if decided.outcome is Outcome.ACCEPTED and aggregate is not None:
            model = GlobalModel.decode(aggregate, ())


@cache
def _begun(start: str) -> tuple[Model, Dataset]:
    """The model that a task starts from, and the digits of its clients: not those that the winner was trained on."""
    digits = load_digits()
    public, private = (digits.take(part) for part in stratify(digits.y, [0.3, 0.7], b"harm"))
    model = untrained(TaskSpec("image-classification", digits.input_shape, 10), Linear(), 1, public)
    if start == "untrained":
        return model, private
    options = LocalOptions(epochs=20, device="cpu")
    return Model(**{**vars(model), "weights": train_on(model, public, options)}), private


# -- Tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One that was played."""

    case: Case
    clients: int
    rounds: tuple[Found, ...]


Label = Callable[[Task], tuple[str, ...] | None]
"""The row that a task belongs to, if any."""


def by_harm(tasks: Sequence[Task], title: str, names: Sequence[str], label: Label) -> Table:
    """Who would be slashed, in percent, and how far under neutral the worst honest proposal is."""
    table = Table(*names, "of", "proposals", "worst", *(f"{harm:,}" for harm in HARMS), title=title)
    for row, rounds in _rows(tasks, label):
        for whose, shorts in (
            ("honest", [short for found in rounds for short in found.honest]),
            ("attacker", [short for found in rounds for short in found.attacker]),
        ):
            if shorts:
                slashed = (_percent([short > harm for short in shorts]) for harm in HARMS)
                table.add_row(*row, whose, f"{len(shorts):,}", f"{max(shorts):,}", *slashed)
    return table


def by_epsilon(tasks: Sequence[Task], title: str, names: Sequence[str], label: Label) -> Table:
    """Which rounds would be rejected, in percent."""
    table = Table(*names, *(f"{epsilon:,}" for epsilon in EPSILONS), title=title)
    for row, rounds in _rows(tasks, label):
        table.add_row(*row, *(_percent([found.growth > epsilon / PPM for found in rounds]) for epsilon in EPSILONS))
    return table


def by_contribution_share(tasks: Sequence[Task], title: str, names: Sequence[str], label: Label) -> Table:
    """What an attacker's proposal earns, as a part of an honest one's."""
    table = Table(*names, *(f"{share:,}" for share in CONTRIBUTION_SHARES), title=title)
    for row, rounds in _rows(tasks, label):
        table.add_row(*row, *(f"{_relative_pay(rounds, share):.2f}" for share in CONTRIBUTION_SHARES))
    return table


def _relative_pay(rounds: Sequence[Found], contribution_share: int) -> float:
    """All with the same stake, in the rounds that the attacker proposes in."""
    pay: dict[bool, list[int]] = {True: [], False: []}
    for found in rounds:
        if not found.attacker:
            continue
        medians = dict(enumerate(NEUTRAL - short for short in (*found.honest, *found.attacker)))
        right = bitmaps.of(client for client, m in medians.items() if not payouts.harms(m, HARM))
        stakes = dict.fromkeys(medians, PPM)
        earned = payouts.share(PPM * len(medians), contribution_share, stakes, 0, right, medians).rewards
        for client in medians:
            pay[client >= len(found.honest)].append(earned.get(client, 0))
    return float(np.mean(pay[True]) / np.mean(pay[False]))


def _rows(tasks: Sequence[Task], label: Label) -> Iterator[tuple[tuple[str, ...], list[Found]]]:
    rows: dict[tuple[str, ...], list[Found]] = {}
    for task in tasks:
        row = label(task)
        if row is not None:
            rows.setdefault(row, []).extend(task.rounds)
    yield from rows.items()


def _percent(those: Sequence[bool]) -> str:
    return f"{100 * float(np.mean(those)):.1f}"


def kind(task: Task) -> tuple[str, ...]:
    return astuple(task.case)


def honest_kind(task: Task) -> tuple[str, ...] | None:
    return astuple(task.case)[1:] if task.case.attack == NONE else None


def ridden(task: Task) -> tuple[str, ...] | None:
    return astuple(task.case)[1:] if task.case.attack == FREE_RIDER else None


def size(task: Task) -> tuple[str, ...] | None:
    return (task.case.split, str(task.clients)) if task.case.attack == NONE else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    cases = [Case(*values) for values in product(FACTORS, PLANS, SPLIT_NAMES, STARTS)]
    tasks = [
        Task(case, count, tuple(play(case, count, options.rounds, seed)))
        for case, count, seed in product(cases, CLIENTS, range(options.seeds))
    ]
    if options.json:
        print(json.dumps([asdict(task) for task in tasks]))
        return
    console = Console()
    names = [field.name for field in fields(Case)]
    poisoned = [task for task in tasks if task.case.attack != FREE_RIDER]
    console.print(by_harm(poisoned, "slashed by harm, %", names, kind))
    console.print(by_harm(tasks, "slashed by harm in honest tasks, %", ("split", "clients"), size))
    console.print(by_epsilon(tasks, "honest rounds rejected by epsilon, %", names[1:], honest_kind))
    console.print(by_contribution_share(tasks, "pay of a free rider, relative to honest", names[1:], ridden))


if __name__ == "__main__":
    main()
