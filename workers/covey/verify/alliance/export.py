"""From a node to a bundle: all logs that the settlement of an Alliance's task rests on."""

from __future__ import annotations

from ..abi import words
from ..bundle import AllianceBundle, AllianceContracts, seal
from ..custody import Burnt, Charged, Paid
from ..gathering import Gathering, created_in, topics
from ..kinds import topic_of
from ..rpc import Filter, Node
from .events import AllianceCreated


def export_alliance(node: Node, alliance: str, task: int, first: int = 0, last: int | None = None) -> AllianceBundle:
    """The bundle of a task, up to block `last` (the newest, unless given); `first` is a block not after the Alliance's
    deployment. Raises NodeError."""
    found = Gathering(node, first, last)
    ledger = found.address(alliance, "ledger()")
    contracts = AllianceContracts(alliance, ledger, found.address(ledger, "token()"))
    found.ask(Filter(alliance, (None, (words(task),))), first)
    since = created_in(found.logs(), AllianceCreated, f"alliance {alliance}", task)
    money = (topics(Charged, Paid, Burnt), (words(alliance),), (words(task),))
    found.ask(Filter(ledger, money), since)
    burns = [log for log in found.logs() if log.address == ledger and log.topics[0] == topic_of(Burnt)]
    found.ask_for_burns(burns, contracts.token, since)
    return seal(AllianceBundle(contracts=contracts, **found.common(task)))
