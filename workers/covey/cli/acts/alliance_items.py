"""What an account has in alliances: its places, what it has to do there, and what it earned or lost."""

from collections.abc import Iterator
from typing import Any

from covey.cli.acts.items import CLAIMABLE, DUE, EARNED, LOCKED, LOST, REFUSED, Item
from covey.cli.acts.survey import Survey
from covey.cli.amounts import tokens
from covey.protocol.alliance import bitmaps, payouts
from covey.protocol.alliance.phases import Phase
from covey.roles.alliance.state import Client
from covey.roles.alliance.view import AllianceView

_DEEDS = {
    Phase.PROPOSE: "commit an update",
    Phase.PUBLISH: "publish the update",
    Phase.VOTE: "commit a vote",
    Phase.REVEAL: "reveal the vote",
}


def explain_alliances(found: Survey, most_done: int) -> Iterator[Item]:
    """A pure function of what was read. Of alliances that are over and paid out, the newest are told."""
    for view in _views(found):
        if view.state.creator == found.account:
            yield _created(view)
        for index, client in _places(found, view):
            yield from _client(view, index, client)
    left = [task for task in sorted(found.collected, reverse=True) if task not in found.alliances]
    for task in left[:most_done]:
        text = f"alliance {task}: collected, the stake included"
        yield Item(EARNED, text, found.collected[task], alliance=task)


def facts_of(found: Survey) -> Iterator[dict[str, Any]]:
    """Each place that the account has, for programs; wei as text."""
    for view in _views(found):
        for index, client in _places(found, view):
            yield {
                "alliance": view.state.task,
                "round": view.current.round + 1,
                "rounds": view.state.params.rounds,
                "phase": view.phase.name.lower(),
                "until": view.current.deadline,
                "client": index,
                "is": view.standing(index),
                "stake": str(client.stake),
                "slashed": str(client.joined - client.stake),
                "earned": str(client.earned),
                "collectable": str(view.collectable(index)),
                "reputation": client.reputation,
            }


def _views(found: Survey) -> Iterator[AllianceView]:
    """The newest first."""
    for task in sorted(found.alliances, reverse=True):
        yield AllianceView(found.alliances[task], found.now, found.block)


def _places(found: Survey, view: AllianceView) -> Iterator[tuple[int, Client]]:
    own = {found.account, found.operator}
    for index, client in sorted(view.state.clients.items()):
        if client.operator in own:
            yield index, client


def _created(view: AllianceView) -> Item:
    task = view.state.task
    if view.ended:
        return Item(EARNED, f"alliance {task}: what its pool left", view.state.refunded, alliance=task)
    text = f"alliance {task}: pool of the rounds to come; it waits: {view.waiting().reason}"
    return Item(LOCKED, text, view.state.pool, alliance=task)


def _client(view: AllianceView, index: int, client: Client) -> Iterator[Item]:
    task, collectable = view.state.task, view.collectable(index)
    where = f"alliance {task}, client {index}"
    if collectable >= client.stake + client.earned:
        run = f"covey keep --alliance {task}" if view.ended else f"covey fl join {task}"
        yield Item(
            CLAIMABLE, f"{where}: stake, and {tokens(client.earned)} earned", collectable, alliance=task, next=run
        )
    else:
        standing = f"{view.standing(index)}, reputation {client.reputation}"
        text = f"{where}: {standing}; it waits: {view.waiting().reason}"
        yield Item(LOCKED, text, client.stake, alliance=task)
        if client.earned:
            yield Item(EARNED, f"{where}: to be collected with the stake, or before", client.earned, alliance=task)
    if client.joined > client.stake:
        yield Item(LOST, f"{where}: slashed", client.joined - client.stake, alliance=task)
    if view.ended:
        return
    yield from _dues(view, index, client)
    if bitmaps.has(view.state.places.benched, index):
        text = f"{where}: benched after it was silent: later rounds, and in a full alliance its place"
        yield Item(REFUSED, text, alliance=task, next=f"covey fl join {task}")
    if bitmaps.has(view.state.places.isolated, index):
        least = view.state.params.reputation_threshold
        yield Item(REFUSED, f"{where}: sits out until its reputation is {least} again", alliance=task)


def _dues(view: AllianceView, index: int, client: Client) -> Iterator[Item]:
    """What it has to do now, or else is slashed."""
    running, task = view.state.current, view.state.task
    if running is None or view.phase not in _DEEDS:
        return
    progress = running.progress
    waited_for = {
        Phase.PROPOSE: progress.proposers & ~progress.committed,
        Phase.PUBLISH: progress.proposers & progress.committed & ~progress.opened,
        Phase.VOTE: progress.voters & ~progress.committed,
        Phase.REVEAL: progress.voters & progress.committed & ~progress.opened,
    }
    if bitmaps.has(waited_for[view.phase], index):
        fine = tokens(payouts.part(client.stake, view.state.params.slash_silent))
        text = f"alliance {task}, round {view.current.round + 1}: {_DEEDS[view.phase]}, or {fine} are slashed"
        yield Item(DUE, text, until=view.current.deadline, alliance=task, next=f"covey fl join {task}")
