"""What a keeper does next in an Alliance: whatever is due, for the fees, and so that it never stands still."""

from covey.roles.alliance.chores import chores, collecting
from covey.roles.alliance.view import AllianceView
from covey.roles.decision import Decision, over


def decide(view: AllianceView, courtesy: int) -> Decision:
    """All deeds that are due, or what the keeper waits for; clients have `courtesy` seconds to collect themselves."""
    if view.ended and not any(map(view.collectable, view.state.clients)):
        return over("everybody is paid out")
    due = chores(view, 0)
    if due is not None:
        return due
    acts = collecting(view, courtesy)
    return Decision(acts) if acts else view.waiting()
