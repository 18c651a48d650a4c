"""What a voter finds about a round: the aggregate, whether it is as good as the model was, and who helped.

The aggregate is computed in integers, so that all who could read the same updates find the same bytes. An update that
a voter can't use (it can't be fetched, is malformed, or is not what was announced) is left out, and its contribution
is 0, the worst. Malformed is malformed for everybody; but what some voters could fetch and others could not gives two
results, of which the one with more stake counts: voters therefore keep trying for half of Vote, and serve what they
fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from covey.apps.app import Parameters
from covey.federated.cohort import Cohort, Rows, Stream
from covey.federated.errors import TooFewUpdatesError
from covey.federated.fixed import Vector
from covey.federated.plan import Plan
from covey.federated.updates import decode
from covey.learning import tensors
from covey.learning.errors import LearningError
from covey.protocol import lanes
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.commitments import Update
from covey.protocol.alliance.params import NEUTRAL
from covey.protocol.alliance.votes import Result, Vote
from covey.protocol.params import PPM
from covey.roles.alliance.models import GlobalModel, hash_of

Loss = Callable[[Parameters], float]
"""Of a model's parameters on the voter's own held-out data; finite, lower is better."""

_LEAST = 1e-12
"""A loss under this counts as this, where losses are divided."""


@dataclass(frozen=True)
class Usable:
    """A published update: its integers, and the number of samples that its proposer declared."""

    vector: Vector
    samples: int


@dataclass(frozen=True)
class Finding:
    """A voter's `vote`, the aggregated model as bytes (None: no aggregate), and the losses it was decided by."""

    vote: Vote
    model: bytes | None = field(repr=False)
    before: float
    after: float


@dataclass(frozen=True)
class Aggregate:
    """What a rule makes of updates: the model as it moved, its bytes, and whose updates it holds, as a set."""

    model: GlobalModel
    encoded: bytes
    selected: int


def usable_from(data: bytes, announced: Update, model: GlobalModel) -> Usable | None:
    """An update as it was fetched, if it is what was announced and fits the model."""
    if hashlib.sha256(data).digest() != announced.update_hash:
        return None
    try:
        return Usable(decode(data, model.coordinates), announced.samples)
    except (LearningError, ValueError):
        return None


def size_of_update(model: GlobalModel) -> int:
    """Bytes of every well-formed update of a model."""
    return len(tensors.header_of(model.coordinates.layout)) + 4 * model.coordinates.size


def judge(
    model: GlobalModel,
    hash_: bytes,
    plan: Plan,
    published: Mapping[int, Usable | None],
    loss: Loss,
    epsilon: int,
) -> Finding:
    """Tries the round's `published` updates (None: can't be used) on `model`, whose hash is `hash_`.

    The vote is in favour if the aggregate's loss is at most (1 + `epsilon` / 10^6) times the model's (FLock's rule:
    the new model must not be worse by more than a tolerance; for losses, since not every app has an accuracy). Without
    an aggregate, as of too few updates for the rule, it is against keeping the model as it is. A contribution is
    NEUTRAL · (1 + (loss without the update − loss) / the model's loss), within 15 bits. Raises what `loss` raises.
    """
    usable = {client: update for client, update in sorted(published.items()) if update is not None}
    before = max(loss(model.parameters), _LEAST)
    found = aggregate(model, plan, usable)
    if found is None:
        neutral = dict.fromkeys(usable, NEUTRAL)
        return Finding(_vote(Result(hash_, 0), False, published, neutral), None, before, before)
    after = loss(found.model.parameters)
    contributions = {}
    for client in usable:
        others = {other: update for other, update in usable.items() if other != client}
        without = aggregate(model, plan, others)
        effect = (before if without is None else loss(without.model.parameters)) - after
        contributions[client] = round(NEUTRAL * (1 + max(-1.0, min(1.0, effect / before))))
    in_favour = after <= (1 + epsilon / PPM) * before
    result = Result(hash_of(found.encoded), found.selected)
    return Finding(_vote(result, in_favour, published, contributions), found.encoded, before, after)


def aggregate(model: GlobalModel, plan: Plan, usable: Mapping[int, Usable]) -> Aggregate | None:
    """Of updates by ascending client. None if the rule makes no model of these."""
    if not usable:
        return None
    rows = Rows([update.vector for update in usable.values()])
    try:
        outcome = plan.aggregate(Cohort(Stream(rows), tuple(update.samples for update in usable.values())))
        moved = model.moved(outcome.aggregate, plan.fraction_bits)
        encoded = moved.encode()
    except (TooFewUpdatesError, LearningError):
        return None
    selected = bitmaps.of(client for client, chosen in zip(usable, outcome.selected, strict=True) if chosen)
    return Aggregate(moved, encoded, selected)


def _vote(
    result: Result, in_favour: bool, published: Mapping[int, Usable | None], contributions: Mapping[int, int]
) -> Vote:
    scores = tuple(min(contributions.get(client, 0), lanes.TOP) for client in sorted(published))
    return Vote(result, in_favour, scores)
