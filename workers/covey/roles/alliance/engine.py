"""The Alliance as workers follow it."""

from typing import Final

from covey.roles.alliance.state import AllianceState, created
from covey.roles.alliance.view import AllianceView
from covey.roles.engine import Engine

ALLIANCE: Final[Engine[AllianceState, AllianceView]] = Engine(
    name="Alliance",
    listing="covey fl list",
    option=" --alliance",
    contract=lambda contracts: contracts.alliance,
    creation="AllianceCreated",
    begin=created,
    timed=frozenset({"AllianceCreated", "RolesDrawn"}),
    view=AllianceView,
)
