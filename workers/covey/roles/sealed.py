"""Who the models of a round are encrypted to."""

from covey.protocol.commitments import Domain
from covey.roles.task import TaskState
from covey.sealing import Audience, BoxContext


def audience_of(domain: Domain, state: TaskState, round_: int, creator_key: bytes) -> Audience:
    """The validators, in the order of their places, and the creator. To be asked once Enrol closed."""
    context = BoxContext(domain.chain_id, domain.arena, state.task, round_)
    keys = tuple(member.box_key for member in state.validators if member.box_key is not None)
    return Audience(context, keys, creator_key)
