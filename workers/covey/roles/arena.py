"""The Arena as workers follow it."""

from typing import Final

from covey.roles.engine import Engine
from covey.roles.task import TaskState, created
from covey.roles.view import View

ARENA: Final[Engine[TaskState, View]] = Engine(
    name="Arena",
    listing="covey task list",
    option="",
    contract=lambda contracts: contracts.arena,
    creation="TaskCreated",
    begin=created,
    timed=frozenset({"TaskCreated", "KeyPosted", "TaskEnded"}),
    view=View,
)
