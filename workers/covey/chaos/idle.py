"""When a task waits for nothing but time: everybody who is there has acted, and the others are kept away.

Phases are long, so that no slow machine makes an honest worker late; when nobody is left to act, the clock is moved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from covey.chaos.people import Group
from covey.protocol.phases import Phase
from covey.roles.view import View


def idle_until(view: View, group: Group, away: Collection[str], names: Mapping[str, str]) -> int | None:
    """The deadline (Unix seconds) that alone is waited for, or None while somebody may act. `away` are those who can't;
    `names` has people by address."""
    state = view.state
    current = view.clock.current()
    validators = [names[member.operator] for member in state.validators]
    if current.phase is Phase.ENROL:
        members = {*validators, *(names[member.operator] for member in state.trainers)}
        expected = {person.name for person in (*group.trainers, *group.validators)}
        return current.deadline if expected - members <= set(away) else None
    round_ = state.rounds[view.settled] if view.settled < view.rounds else None
    if round_ is None:
        return None
    if current.phase is Phase.SCORE:
        waited = view.active - set(round_.commitments)
    elif current.phase is Phase.REVEAL:
        waited = set(round_.commitments) - set(round_.reveals)
    else:
        return None
    return current.deadline if {validators[index] for index in waited} <= set(away) else None
