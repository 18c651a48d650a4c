"""Reports without work, and what keeps them from being paid: τ, ε, k2 and the size of a shard."""

from dataclasses import replace

from covey.lab.findings import Setup
from covey.lab.rules import RULES
from covey.lab.strategies.trainers import TRAINERS
from covey.lab.strategies.validators import VALIDATORS
from covey.lab.sweeps.grid import Grid, grid
from covey.lab.tally import Tally
from covey.lab.task import Task, make_task
from covey.lab.trial import play_trainers, play_validators
from covey.lab.world import Metric, World

TWO_THIRDS = 666_667

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
