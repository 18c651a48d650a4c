"""Tasks played on a real chain, once for all tests, and their bundles."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from covey.localnet import Localnet
from covey.verify.bundle import ArenaBundle
from covey.verify.export import export
from covey.verify.rpc import Node
from tests.workers.verify.stories import STORIES
from tests.workers.verify.world import World, build


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    build()
    with Localnet() as net:
        yield World(net.url)


@pytest.fixture(scope="session")
def bundle_of(world: World) -> Callable[[str], ArenaBundle]:
    """The bundle of a story, which is played when it is asked for first."""

    @cache
    def played(name: str) -> ArenaBundle:
        run = STORIES[name](world)
        return export(Node(world.url), world.arena.address.lower(), run.task)

    return played
