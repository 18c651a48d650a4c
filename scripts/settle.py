"""Does whatever is due in a task: advance, settle, tally, conclude, finish; says what it waits for.

tools/run brownie run scripts/settle.py main 1 --network anvil

The argument is the task's number. What is due, and the witness of a settlement, follow from the chain's events by the
rules that keepers act on (`covey.roles.keeper`, `covey.protocol`). See `scripts/desk.py` for the environment.
"""

from covey.cli.acts.staking import when
from covey.roles import errands, keeper
from covey.roles.keeper import KeeperFacts
from scripts.desk import opened, task_number, understood


def main(task: str) -> None:
    with opened() as desk, desk.connected() as connection:
        number = understood(task_number, task)
        facts = KeeperFacts(desk.address, courtesy=0)
        while True:
            view = desk.look(connection, number)
            decision = keeper.decide(view, facts)
            for act in decision.acts:
                desk.send(str(act), errands.call(connection.contracts, desk.address, view, act))
            if not decision.acts:
                break
        waits = "" if decision.over else "waits: "
        until = f" until {when(decision.until)}" if decision.until else ""
        desk.out.say(f"task {number}: {waits}{decision.reason}{until}")
