"""Parameters for tests of single rules."""

from typing import Any

from covey.protocol.params import TaskParams
from covey.verify.events import Params
from tests.workers.verify.world import PARAMS


def rules(**changes: Any) -> Params:
    """The usual parameters as the verifier reads them, changed by the verifier's names."""
    return Params(*PARAMS.to_abi())._replace(**changes)


def read(params: TaskParams) -> Params:
    """The parameters as the chain's struct gives them to the verifier."""
    return Params(*params.to_abi())
