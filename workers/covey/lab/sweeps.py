"""How far the figures depend on the parameters: the tables from which docs/economics.md derives the defaults."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from covey.lab.creators import captured
from covey.lab.findings import Setup
from covey.lab.rules import RULES, Rule
from covey.lab.strategies.trainers import TRAINERS
from covey.lab.strategies.validators import VALIDATORS
from covey.lab.tally import Tally
from covey.lab.task import STAKE, TOKEN, Task, make_task
from covey.lab.trial import everybody_reveals, play_trainers, play_validators
from covey.lab.world import FIRST_VALID, SPAN, Metric, Reals, World, read_scores, shift_answers
from covey.protocol import payouts, weights
from covey.protocol.params import GWEI, MIN_ABSENCE_SLASH, PPM

TWO_THIRDS = 666_667


@dataclass(frozen=True)
class Grid:
    """A table of figures. `values` has the numbers behind the cells, row by row, for plots and `--json`."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: tuple[tuple[float, ...], ...]


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def grid(
    name: str,
    title: str,
    columns: Sequence[str],
    labels: Sequence[Sequence[str]],
    values: Sequence[Sequence[float]],
    show: Callable[[float], str] = percent,
) -> Grid:
    rows = tuple((*label, *map(show, row)) for label, row in zip(labels, values, strict=True))
    return Grid(name, title, tuple(columns), rows, tuple(map(tuple, values)))


# -- Reports without work ----------------------------------------------------------------------------------------------

HARD, EASY, NEAR_PERFECT = (0.6, 0.9), (0.93, 0.99), (0.97, 0.999)


def guessing(setup: Setup) -> Grid:
    """When a guess is good enough: few models, small shards, models that are nearly perfect."""
    labels, values = [], []
    for weakest, best in (HARD, EASY, NEAR_PERFECT):
        for examples in (200, 1000, 5000):
            for models in (2, 3, 10, 50):
                world = replace(setup.world, weakest=weakest, best=best, examples=examples, shared=0.9)
                row = []
                for tau in (500_000, TWO_THIRDS):
                    task = make_task(world, setup.validators, models, tau=tau)
                    row += [_income(setup, task, world, name) for name in ("last-consensus", "prior")]
                labels.append((f"{weakest:g}-{best:g}", f"{examples:,}", str(models)))
                values.append(row)
    columns = ("accuracies", "examples", "models", "last, τ = ½", "prior, τ = ½", "last, τ = ⅔", "prior, τ = ⅔")
    return grid("guessing", "What guessing earns of honest pay", columns, labels, values)


def tolerance(setup: Setup) -> Grid:
    """ε for floats: enough for honest readings to agree, too little for a guess."""
    labels, values = [], []
    for noises in (1, 2, 3, 4, 6):
        row = []
        for models, shared in ((50, 0.5), (50, 0.99), (3, 0.9)):
            world = replace(setup.world, metric=Metric.FLOATS, shared=shared)
            task = make_task(world, setup.validators, models, epsilon=round(noises * world.noise))
            row += [_income(setup, task, world, name) for name in ("last-consensus", "prior")]
        world = replace(setup.world, metric=Metric.FLOATS)
        task = make_task(world, setup.validators, setup.models, epsilon=round(noises * world.noise))
        honest = _play(setup, task, world, "honest")
        row.append(_spread(honest))
        row.append(_play(setup, task, world, "colluder").income - 1)
        labels.append((str(noises),))
        values.append(row)
    columns = (
        "ε / noise",
        "last, 50 models",
        "prior, 50 models",
        "last, 50 alike",
        "prior, 50 alike",
        "last, 3 models",
        "prior, 3 models",
        "spread of honest pay",
        "gain by merging",
    )
    return grid("tolerance", "ε for floats, in standard deviations of a reading", columns, labels, values)


def paid_vectors(setup: Setup) -> Grid:
    """k2 for floats: no two honest vectors are equal there."""
    labels, values = [], []
    world = replace(setup.world, metric=Metric.FLOATS)
    for k2 in (4, 8, 16, setup.validators):
        task = make_task(world, setup.validators, setup.models, k2=k2)
        honest, merged = (_play(setup, task, world, name) for name in ("honest", "colluder"))
        labels.append((str(k2),))
        values.append([_spread(honest), merged.income - 1, merged.worst_kept])
    columns = ("k2", "spread of honest pay", "gain by merging three stakes", "the others keep")
    return grid("paid-vectors", f"Vectors that are paid, of {setup.validators}", columns, labels, values)


def divergence(setup: Setup) -> Grid:
    """What models that score differently on 40 % of the machines would cost the honest minority, were there any."""
    labels, values = [], []
    for handles in (1, 5, 10, 15, 25):
        row = []
        for tau in (0, 500_000, TWO_THIRDS, 800_000):
            strategy = replace(TRAINERS["divergent"], handles=handles, stake=handles)
            task = make_task(setup.world, setup.validators, setup.models - handles, tau=tau)
            row.append(play_trainers(RULES["covey"], task, setup.world, strategy, setup.tasks, setup.seed).worst_kept)
        labels.append((f"{handles} of {setup.models}",))
        values.append(row)
    columns = ("divergent models", "τ = 0", "τ = ½", "τ = ⅔", "τ = 0.8")
    return grid("divergence", "What honest validators in the minority keep of their pay", columns, labels, values)


def _income(setup: Setup, task: Task, world: World, strategy: str) -> float:
    return _play(setup, task, world, strategy).income


def _play(setup: Setup, task: Task, world: World, strategy: str) -> Tally:
    return play_validators(RULES["covey"], task, world, VALIDATORS[strategy], setup.tasks, setup.seed)


def _spread(honest: Tally) -> float:
    """Standard deviation of an honest validator's pay in one task, as a part of its mean."""
    return float(honest.kept.std() / honest.kept.mean())


# -- Coalitions --------------------------------------------------------------------------------------------------------

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


# -- Trainers ----------------------------------------------------------------------------------------------------------


def sybils(setup: Setup) -> Grid:
    """What the best trainer gains by entering one model under several handles, its stake split among them.

    Nine other trainers have as much stake, and rank behind it. By the curve alone: no simulation.
    """
    labels, values = [], []
    for k1, q in ((8, 850_000), (8, 700_000), (8, PPM), (3, 850_000), (1, 850_000)):
        row = []
        for handles in (1, 2, 4, 8):
            stakes = ([STAKE * 8 // handles] * handles + [STAKE * 8] * 9)[:k1]
            pays = payouts.trainer_pays(10**24, q, stakes)
            row.append(sum(pays[:handles]) / 10**24)
        labels.append((str(k1), f"{q / PPM:g}"))
        values.append(row)
    columns = ("k1", "q", "1 handle", "2 handles", "4 handles", "8 handles")
    return grid("sybils", "Part of the trainers' pool that the best of ten trainers gets", columns, labels, values)


def copies(setup: Setup) -> Grid:
    """How often a copy of the best model earns more than its original, by how much it was altered."""
    labels, values = [], []
    for answers in (0, 1, 10, 100):
        row = []
        for examples in (200, 1000, 5000):
            world = replace(setup.world, examples=examples)
            if answers <= examples // 2:
                row.append(outranked(RULES["covey"], world, answers, setup.tasks, setup.seed))
            else:
                row.append(float("nan"))
        world = setup.world
        row += [outranked(RULES[rule], world, answers, setup.tasks, setup.seed) for rule in ("flock", "yuma")]
        labels.append((str(answers),))
        values.append(row)
    columns = ("answers changed", "200 examples", "1,000", "5,000", "flock, 1,000", "yuma, 1,000")
    return grid(
        "copies",
        "Rounds in which a copy earns more than its original",
        columns,
        labels,
        values,
        lambda value: "-" if np.isnan(value) else percent(value),
    )


def outranked(rule: Rule, world: World, answers: int, tasks: int, seed: int) -> float:
    """The part of rounds in which a later copy of a model, with so many answers changed, earns more than the model.

    Lane 0 is the original, published before; the last lane is the copy.
    """
    rng = np.random.default_rng(seed)
    models, seats = 10, 5
    task = make_task(world, seats, models)
    exact = FIRST_VALID + SPAN * np.floor(rng.uniform(0.6, 0.85, (tasks, models)) * world.examples) / world.examples
    exact[:, 0] = FIRST_VALID + SPAN * np.floor(rng.uniform(0.85, 0.9, tasks) * world.examples) / world.examples
    exact = np.floor(exact)
    exact[:, -1] = shift_answers(rng, world, exact[:, :1], answers)[:, 0] if answers else exact[:, 0]
    scores = read_scores(rng, world, exact, seats)
    if not answers:
        scores[:, :, -1] = scores[:, :, 0]
    ballot = everybody_reveals(rng, scores)
    ballot.first_rounds[:, -1] = 1
    shares = rule.settle(task, 1, ballot, None).trainer_shares
    return float((shares[:, -1] > shares[:, 0]).mean())


# -- Slashes and bonds -------------------------------------------------------------------------------------------------


def penalties(setup: Setup) -> Grid:
    """What a fault saves or brings at the most, beside what it burns, in tokens and with least stakes."""
    task = make_task(setup.world, setup.validators, setup.models)
    params, costs = task.params, task.costs
    least = params.min_validator_stake * GWEI / TOKEN
    last = (task.pools.trainers[-1] + task.pools.validators[-1]) / TOKEN
    values = [
        [costs.scoring, least * MIN_ABSENCE_SLASH / PPM, least * params.slash_no_commit / PPM],
        [costs.scoring, least * MIN_ABSENCE_SLASH / PPM, least * params.slash_no_reveal / PPM],
        [0.0, 0.0, least * params.slash_unpublished / PPM],
        [0.0, 0.0, least * params.slash_malformed / PPM],
        [last, last, last + params.bond / TOKEN],
    ]
    labels = [(name,) for name in ("no commit", "no reveal", "unpublished", "malformed", "key of B withheld")]
    columns = ("fault", "saves at most", "burns at least", "burns by default")
    return grid("penalties", "Faults, in tokens", columns, labels, values, lambda value: f"{value:.4g}")


SWEEPS: dict[str, Callable[[Setup], Grid]] = {
    "guessing": guessing,
    "tolerance": tolerance,
    "paid-vectors": paid_vectors,
    "divergence": divergence,
    "coalitions": coalitions,
    "cap": cap,
    "capture": capture,
    "sybils": sybils,
    "copies": copies,
    "penalties": penalties,
}
"""By name."""
