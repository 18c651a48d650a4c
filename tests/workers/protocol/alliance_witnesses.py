"""Faults that a keeper could put into a round's witness."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from covey.protocol.alliance.settlement import Witness

Fault = Callable[[Random, Witness], Witness | None]
"""A true witness with one fault in it; None where there is no room for it."""


def _ballot(random: Random, sent: Witness, **changes: Any) -> Witness:
    """One of the ballots changed."""
    place = random.randrange(len(sent.ballots))
    changed = replace(sent.ballots[place], **changes)
    return replace(sent, ballots=(*sent.ballots[:place], changed, *sent.ballots[place + 1 :]))


def _flip(random: Random, packed: bytes) -> bytes:
    """A lane of it changed."""
    place = random.randrange(len(packed))
    return packed[:place] + bytes([packed[place] ^ 1]) + packed[place + 1 :]


def _last_ballot(sent: Witness, **changes: Any) -> Witness:
    return replace(sent, ballots=(*sent.ballots[:-1], replace(sent.ballots[-1], **changes)))


def _first_result(sent: Witness, **changes: Any) -> Witness:
    return replace(sent, results=(replace(sent.results[0], **changes), *sent.results[1:]))


FAULTS: dict[str, Fault] = {
    "vote turned round": lambda _, sent: _last_ballot(sent, in_favour=not sent.ballots[-1].in_favour),
    "ballot for no result": lambda random, sent: _ballot(random, sent, result=len(sent.results)),
    "ballot with no vector": lambda random, sent: _ballot(random, sent, vector=255),
    "ballot missing": lambda _, sent: replace(sent, ballots=sent.ballots[:-1]),
    "ballot too many": lambda _, sent: replace(sent, ballots=(*sent.ballots, sent.ballots[0])),
    "other aggregate": lambda random, sent: _first_result(sent, aggregate_hash=random.randbytes(32)),
    "other proposers": lambda _, sent: _first_result(sent, accepted=sent.results[0].accepted ^ 1),
    "result twice": lambda _, sent: replace(sent, results=(*sent.results, sent.results[-1])),
    "order of results": lambda _, sent: replace(sent, results=sent.results[::-1]) if sent.results[1:] else None,
    "other contribution": lambda random, sent: replace(sent, vectors=_flip(random, sent.vectors)),
    "length of vectors": lambda _, sent: replace(sent, vectors=sent.vectors[:-1]),
    "other median": lambda random, sent: replace(sent, medians=_flip(random, sent.medians)) if sent.medians else None,
    "no medians": lambda _, sent: replace(sent, medians=b"") if sent.medians else None,
    "nothing": lambda *_: Witness(),
}
