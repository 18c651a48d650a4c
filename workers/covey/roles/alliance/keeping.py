"""A keeper's deeds in alliances. `keeper.py` decides which."""

from __future__ import annotations

from covey.roles.alliance import errands, keeper
from covey.roles.alliance.view import AllianceView
from covey.roles.context import Context
from covey.roles.decision import Act, Decision
from covey.roles.outcome import Outcome


class AllianceKeeperRole:
    """One keeper, for any number of alliances. Clients have `courtesy` seconds to collect themselves."""

    def __init__(self, context: Context, courtesy: int) -> None:
        self._context = context
        self._courtesy = courtesy

    def decide(self, view: AllianceView) -> Decision:
        return keeper.decide(view, self._courtesy)

    def perform(self, view: AllianceView, act: Act) -> Outcome:
        return errands.run(self._context, view, act)
