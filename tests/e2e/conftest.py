from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.network import Network


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with Network(tmp_path) as net:
        yield net
