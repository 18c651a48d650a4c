"""Everything that reads untrusted bytes reads any, or refuses them with the errors that it documents.

A small, fixed part of what `make fuzz` searches.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.target import Finding, Target, name_of
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
def test_any_input_is_read_or_refused(target: Target, tmp_path: Path) -> None:
    for data in inputs(target):
        try:
            target.probe(data)
        except Finding as finding:
            kept = tmp_path / name_of(data)
            kept.write_bytes(data)
            finding.add_note(f"The input is in {kept}")
            raise


def inputs(target: Target) -> Iterator[bytes]:
    """The same ones every time."""
    random = Random(target.name)
    seeds = target.seeds()
    yield from seeds
    for _ in range(INPUTS // target.cost):
        data = random.choice(seeds)
        for _ in range(random.choice((1, 1, 2, 4))):
            data = target.mutate(data, random)
        yield data


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
