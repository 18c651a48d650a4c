"""Joining, leaving, the bench, and collecting: sections 3 and 7 of docs/alliance.md."""

from __future__ import annotations

from ..report import Inconsistent
from .events import ClientJoined, ClientLeft, ClientResumed, Collected
from .history import Client, Status
from .walk import PLACES, Walk

_COLLECTED = "clients collect what they have"


def join(walk: Walk, event: ClientJoined) -> None:
    """A client takes the lowest free place; in a full task somebody was paid out for it just before."""
    history, params, who = walk.history, walk.history.params, f"client {event.client}"
    walk.in_phase(history.status is not Status.ENDED, f"{who} joined")
    free = min(set(range(params.max_clients)) - history.clients.keys(), default=None)
    if event.client != free:
        raise Inconsistent(f"block {walk.at.block}: a client joined at place {event.client}; {free} was to be taken")
    walk.evicted = None
    if event.stake < params.min_stake:
        raise Inconsistent(f"block {walk.at.block}: {who} joined with {event.stake} wei of {params.min_stake}")
    new = event.operator not in history.operators
    walk.report.holds(PLACES, f"{who}, joins once", new, f"{event.operator} joined before")
    history.operators.add(event.operator)
    client = Client(free, event.operator, event.hot_key, event.stake, params.initial_reputation)
    history.clients[free] = client
    history.everybody.append(client)
    history.present.add(free)
    walk.book.charge(walk.at, event.operator, event.stake)


def leave(walk: Walk, event: ClientLeft) -> None:
    history, place = walk.history, walk.client(event.client).place
    walk.in_phase(history.status is not Status.ENDED and place not in history.left, f"client {place} left")
    history.present.discard(place)
    history.benched.discard(place)
    history.left.add(place)


def resume(walk: Walk, event: ClientResumed) -> None:
    history, place = walk.history, walk.client(event.client).place
    if walk.in_phase(history.status is not Status.ENDED and place in history.benched, f"client {place} resumed"):
        history.benched.remove(place)
        history.present.add(place)


def collect(walk: Walk, event: Collected) -> None:
    """Pays what was earned; the stake too when the task ended, the client had left, or another takes its place."""
    history, client = walk.history, walk.client(event.client)
    place, who = client.place, f"client {event.client} in block {walk.at.block}"
    ended = history.status is Status.ENDED
    gone = ended or place in history.left - history.taking
    if event.gone and not gone:
        gone = _makes_room(walk, place)
        walk.evicted = place if gone else None
    due = client.earned + client.stake if gone else client.earned
    walk.report.equal(_COLLECTED, f"{who}: wei, gone", (due, gone), (event.amount, event.gone))
    walk.report.equal(_COLLECTED, f"{who}: operator", client.operator, event.operator)
    walk.report.holds(_COLLECTED, f"{who}: something", due > 0, "there was nothing to collect")
    walk.book.pay(walk.at, client.operator, due)
    client.earned = 0
    if gone:
        del history.clients[place]
        for some in (history.present, history.benched, history.left, history.isolated):
            some.discard(place)


def _makes_room(walk: Walk, place: int) -> bool:
    """Whether a benched client may lose its place now: all are taken, nobody left, and it is the first of those who
    missed a whole round on the bench."""
    history = walk.history
    if len(history.clients) < history.params.max_clients or history.left - history.taking:
        return False
    long_benched = (one for one in history.benched if history.clients[one].silent_in + 1 < history.number)
    return place == min(long_benched, default=None)
