"""A keeper's deeds. `keeper.py` decides which, `relay.py` is its other half."""

from __future__ import annotations

from covey.roles import errands, keeper
from covey.roles.config import KeeperConfig
from covey.roles.context import Context
from covey.roles.decision import Act, Decision
from covey.roles.keeper import KeeperFacts
from covey.roles.outcome import Outcome
from covey.roles.view import View


class KeeperRole:
    """One keeper, for any number of tasks."""

    def __init__(self, context: Context, config: KeeperConfig) -> None:
        self._context = context
        self._facts = KeeperFacts(context.address, config.courtesy)

    def decide(self, view: View) -> Decision:
        return keeper.decide(view, self._facts)

    def perform(self, view: View, act: Act) -> Outcome:
        return errands.run(self._context, view, act)
