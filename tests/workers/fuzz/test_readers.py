"""Everything that reads untrusted bytes reads any, or refuses them with the errors that it documents.

A small, fixed part of what `make fuzz` searches.
"""

import logging
from collections.abc import Iterator
from random import Random

import pytest

from tests.fuzz.target import Target
from tests.fuzz.targets import QUICK, targets_of

pytestmark = pytest.mark.filterwarnings("ignore")

TARGETS = [target for module in QUICK for target in targets_of(module)]
INPUTS = 2_000


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Refusals are logged; thousands of them are of no use."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_any_input_is_read_or_refused(target: Target) -> None:
    random = Random(target.name)
    seeds = target.seeds()
    for seed in seeds:
        target.probe(seed)
    for _ in range(INPUTS // target.cost):
        data = random.choice(seeds)
        for _ in range(random.choice((1, 1, 2, 4))):
            data = target.mutate(data, random)
        target.probe(data)


def test_every_target_reads_a_seed() -> None:
    """Else it would show nothing."""
    for target in TARGETS:
        assert any(_is_read(target, seed) for seed in target.seeds()), target.name


def _is_read(target: Target, seed: bytes) -> bool:
    try:
        target.read(seed)
    except target.refusals:
        return False
    return True


def test_targets_have_names_of_their_own() -> None:
    names = [target.name for target in TARGETS]
    assert len(set(names)) == len(names)
