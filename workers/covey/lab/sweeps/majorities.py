"""Coalitions, the cap on one stake, and what half of the weight costs a creator."""

from dataclasses import replace

import numpy as np

from covey.lab.creators import captured
from covey.lab.findings import Setup
from covey.lab.rules import RULES, Rule
from covey.lab.sweeps.grid import Grid, grid, percent
from covey.lab.task import STAKE, TOKEN, make_task
from covey.lab.trial import everybody_reveals
from covey.lab.world import FIRST_VALID, SPAN, Metric, Reals, World, read_scores
from covey.protocol import weights
from covey.protocol.params import GWEI

COMMITTEE = 49
"""Validators of equal stake: 22 of them are a coalition just under 45 %."""

SHARES = (0.1, 0.2, 0.3, 0.4, 0.449)
GAPS = (0.5, 1.0, 2.0, 3.0)


def flips(rule: Rule, world: World, share: float, gap: float, tasks: int, seed: int) -> float:
    """The part of rounds in which a coalition makes the second-best model win.

    The best model is `gap` score units above it. The coalition votes the best down and the second up, agrees with an
    honest vector on the others, and has `share` of the weight.
    """
    rng = np.random.default_rng(seed)
    task = make_task(world, COMMITTEE, 10)
    ladder = FIRST_VALID + SPAN * np.linspace(0.8, 0.5, 10)
    exact: Reals = np.repeat(ladder[None, :], tasks, axis=0)
    exact[:, 1] = exact[:, 0] - gap
    if world.metric is Metric.COUNTS:
        exact = exact.round()
    scores = read_scores(rng, world, exact, COMMITTEE)
    before = rule.settle(task, 0, everybody_reveals(rng, scores), None)
    seats = np.arange(COMMITTEE) < int(share * COMMITTEE)
    scores[:, seats] = scores[:, :1]
    scores[:, seats, 0] = FIRST_VALID
    scores[:, seats, 1] = FIRST_VALID + SPAN
    after = rule.settle(task, 0, everybody_reveals(rng, scores), None)
    return float(((before.winners == 0) & (after.winners == 1)).mean())


def coalitions(setup: Setup) -> Grid:
    """Floats, the gap in standard deviations of one validator's reading; then of the shard's sampling; then counts."""
    labels, values = [], []
    floats, counts = (replace(setup.world, metric=metric) for metric in (Metric.FLOATS, Metric.COUNTS))
    cases = [(f"{gap:g} readings", "covey", floats, gap * floats.noise) for gap in GAPS]
    cases += [
        ("2 samplings", "covey", floats, 2 * floats.sampling),
        ("1 answer, counts", "covey", counts, SPAN / counts.examples + 1),
        ("2 samplings", "flock", floats, 2 * floats.sampling),
        ("2 samplings", "yuma", floats, 2 * floats.sampling),
    ]
    for gap_name, rule, world, gap in cases:
        labels.append((rule, gap_name))
        values.append([flips(RULES[rule], world, share, gap, setup.tasks, setup.seed) for share in SHARES])
    columns = ("rule", "gap", *(percent(share) for share in SHARES))
    return grid(
        "coalitions", "Rounds whose winner a coalition changes, by its part of the weight", columns, labels, values
    )


def cap(setup: Setup) -> Grid:
    """What the cap makes of one large stake among others of equal size."""
    labels, values = [], []
    for share in (0.1, 0.15, 0.3, 0.5, 0.7, 0.9):
        row = []
        for others in (3, 8, setup.validators - 1):
            stakes = [round(share / (1 - share) * others * STAKE), *[STAKE] * others]
            held = weights.weights(stakes)
            row.append(held[0] / sum(held))
        labels.append((percent(share, 0),))
        values.append(row)
    columns = ("of the stake", *(f"weight beside {others} others" for others in (3, 8, setup.validators - 1)))
    return grid("cap", "Part of the counted weight that one validator has", columns, labels, values)


def capture(setup: Setup) -> Grid:
    """What it costs a creator to have half of the weight, and what it gets back with it.

    The stake is what outweighs so many honest validators of the least stake, in enough accounts to stay under the cap;
    it is locked, not lost. `forgone` is what it could have earned elsewhere during the task.
    """
    labels, values = [], []
    for honest in (3, 8, 15, 19):
        accounts = next(n for n in range(1, 97) if _outweighs(n, honest))
        stake = accounts * STAKE * GWEI / TOKEN
        task = make_task(setup.world, honest + accounts, setup.models)
        share = accounts / (honest + accounts)
        back = captured("covey", task, setup.world, share, min(setup.tasks, 200), setup.seed)
        labels.append((str(honest),))
        values.append([accounts, stake, stake * task.costs.capital, 100 * back])
    columns = ("honest validators", "accounts", "tokens locked", "tokens forgone", "% of the bounty that comes back")
    return grid("capture", "Capture of the panel", columns, labels, values, lambda value: f"{value:,.4g}")


def _outweighs(accounts: int, honest: int) -> bool:
    held = weights.weights([STAKE] * (accounts + honest))
    return 2 * sum(held[:accounts]) > sum(held)
