"""What faults save, and what they burn."""

from covey.lab.findings import Setup
from covey.lab.sweeps.grid import Grid, grid
from covey.lab.task import TOKEN, make_task
from covey.protocol.params import GWEI, MIN_ABSENCE_SLASH, PPM


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
