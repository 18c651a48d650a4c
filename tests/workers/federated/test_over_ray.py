"""Simulations on a real Ray cluster on this machine: the same bits as with processes, the same errors."""

from collections.abc import Sequence

import numpy as np
import psutil
import pytest

from covey.federated.clients import OwnJob, Population
from covey.federated.crew import Processes
from covey.federated.errors import NonFiniteUpdateError
from covey.federated.over_ray import LOCAL, OverRay
from covey.federated.partition import dirichlet
from covey.federated.plan import Plan
from covey.federated.rounds import aggregated, gathered
from covey.federated.rules.krum import MultiKrum
from covey.federated.simulation import started
from covey.learning.data import load_digits
from covey.learning.local import LocalOptions

CLIENTS = [3, 5, 8, 9, 17, 18, 19]


def failing(job: OwnJob, clients: Sequence[int]) -> None:
    raise NonFiniteUpdateError(f"{clients[0]} diverged")


@pytest.mark.slow
def test_ray_gives_the_bits_that_processes_give_and_leaves_nothing_running() -> None:
    data = load_digits()
    job = OwnJob(Population(data, dirichlet(data.y, 20, 1)), LocalOptions(seed=3), Plan().fraction_bits)
    model = started(data, "mlp", {"hidden": [9]}, 1)
    with Processes(job, 2) as processes, OverRay(job, 2, LOCAL) as over_ray:
        assert _of_ray()
        ours, theirs = (gathered(crew, model, CLIENTS, 4) for crew in (processes, over_ray))
        assert np.array_equal(ours.rows, theirs.rows)
        assert ours.samples == theirs.samples
        for plan in (Plan(), Plan(MultiKrum())):
            one, other = (aggregated(crew, plan, model, CLIENTS, 5, None) for crew in (processes, over_ray))
            assert np.array_equal(one.outcome.aggregate, other.outcome.aggregate)
            assert one.outcome.selected == other.outcome.selected
        with pytest.raises(NonFiniteUpdateError, match=r"^3 diverged$"):
            over_ray.map(failing, CLIENTS)
    psutil.wait_procs(_of_ray(), timeout=60)
    assert not _of_ray()


def _of_ray() -> list[psutil.Process]:
    """Programs of a cluster that this process started."""
    children = psutil.Process().children(recursive=True)
    return [child for child in children if child.name() in {"raylet", "gcs_server"} and child.status() != "zombie"]
