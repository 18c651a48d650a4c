"""The demonstration's second act: clients fine-tune the Arena's winner on data that they keep to themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from covey.cli.acts.alliance_story import AllianceStory, money_of, tell
from covey.cli.acts.survey import events_of
from covey.cli.acts.watching import await_task, connection_to, watched
from covey.cli.output import Output
from covey.learning.data import Dataset
from covey.learning.families import family_of
from covey.network import TASK, Cast, Network
from covey.network.gas import ALLIANCE_STEPS, gas_by_step
from covey.network.private import deal
from covey.protocol.alliance import bitmaps
from covey.protocol.alliance.params import Lengths
from covey.protocol.alliance.phases import Phase
from covey.roles.alliance.engine import ALLIANCE
from covey.roles.alliance.models import GlobalModel, cid_for
from covey.roles.alliance.state import AllianceState
from covey.roles.alliance.story import milestones
from covey.roles.alliance.view import AllianceView
from covey.storage import open_store
from covey.verify.alliance.export import export_alliance
from covey.verify.bundle import read_bundle, write_bundle
from covey.verify.check import verify
from covey.verify.report import Report
from covey.verify.rpc import Node

LENGTHS: Final = Lengths(join=300, propose=300, publish=120, vote=300, reveal=120)
"""Seconds, for the slowest of machines: phases close early, and where nobody is awaited any more who would come, the
chain's clock is moved on to the deadline."""

ROUNDS: Final = 5
_CUT_OFF: Final = 1
"""Round, counted from 0, in which a client vanishes."""

_POOL: Final = 500 * 10**18
_TERMS: Final = (
    *("--rounds", str(ROUNDS), "--pool", f"{_POOL}wei"),
    # Updates are shortened to their median length: a poisoner can't drag the model far, and no honest one is left out.
    *("--rule", "norm-bounding"),
    # Votes come from a few dozen examples each, of clients that are unlike: luck must not cost anybody stake.
    *("--set", "epsilon=250000"),
)


def federate(network: Network, winner: Path, out: Output) -> list[str]:
    """From the Arena's winner to an alliance's end; returns what is not as it should be. Raises NetworkError."""
    cast = network.cast
    data = deal(network.folder / "private", [person.name for person in cast.clients])
    out.heading(f"\n{len(cast.clients)} clients go on from the winner, on digits that stay with them")
    _introduce(cast, out)
    with out.step(f"starting {len(cast.clients)} clients"):
        network.start_clients(data.files)
        network.await_ready(cast.clients)
    with out.step("posting the alliance"):
        network.run(cast.creator.name, "ledger", "deposit", f"{_POOL}wei")
        network.post_alliance(winner, LENGTHS, _TERMS)
        await_task(network, ALLIANCE)
    names, vanished, state = _watch(network, out)
    network.await_ended()
    accuracy = _accuracy(network, winner, data.rest)
    connection = connection_to(network)
    records = events_of(connection, network.contracts.alliance)
    story = AllianceStory(
        state=state,
        cast=cast,
        names=names,
        vanished=vanished,
        accuracy=[accuracy(state.terms.model)]
        + [accuracy(played.concluded.model) for played in state.rounds if played.concluded],
        measured=len(data.rest),
        money=money_of(state.params.pool, records),
        gas=gas_by_step(network.gateway, records, ALLIANCE_STEPS),
        report=_verdict(network),
    )
    return tell(story, out)


def _introduce(cast: Cast, out: Output) -> None:
    for person in cast.clients:
        if person.note:
            out.say(f"  {person.name} {person.note}")
    out.say(f"  one of the honest vanishes in round {_CUT_OFF + 1}: its process is killed")


def _watch(network: Network, out: Output) -> tuple[dict[int, str], str | None, AllianceState]:
    """Names by client, who was made to vanish, and the task when everybody is paid out. Raises NetworkError."""
    names: dict[int, str] = {}
    vanished = None
    people = network.names()
    for view in watched(network, ALLIANCE, milestones, _duration, out):
        state = view.state
        names |= {index: people[client.operator] for index, client in state.clients.items()}
        if vanished is None and len(state.rounds) > _CUT_OFF:
            vanished = _honest_proposer(state, names, network.cast)
            network.kill(vanished)
            out.event({"kind": "vanished", "name": vanished, "round": len(state.rounds)})
            out.say(f"         {vanished} vanishes: its process is killed")
        if view.current.deadline and not _comes(view, names, vanished, network.cast):
            out.say("         nobody else is awaited: the chain's clock moves on to the deadline")
            network.skip_to(view.current.deadline)
        if _over(view):
            break
    return names, vanished, view.state


def _comes(view: AllianceView, names: dict[int, str], vanished: str | None, cast: Cast) -> bool:
    """Whether somebody is awaited who is there."""
    if view.phase is Phase.JOIN:
        return len(view.state.clients) < len(cast.clients)
    return any(names[i] != vanished for i in bitmaps.members(view.awaited))


def _honest_proposer(state: AllianceState, names: dict[int, str], cast: Cast) -> str:
    """Somebody for whom the running round waits."""
    honest = {person.name for person in cast.clients if not person.note}
    return next(names[i] for i in bitmaps.members(state.rounds[-1].proposers) if names[i] in honest)


def _duration(view: AllianceView) -> int:
    lengths = view.state.params.lengths
    return lengths.join + view.state.params.rounds * lengths.round


def _over(view: AllianceView) -> bool:
    return view.ended and not any(map(view.collectable, view.state.clients))


def _verdict(network: Network) -> Report:
    """What the verifier says about a bundle of the alliance, and about its updates."""
    from covey.verify.recompute import recompute  # which loads torch

    deployment, file = network.deployment, network.folder / f"alliance-{TASK}.bundle.json"
    bundle = export_alliance(Node(network.node.url), deployment.addresses.alliance.lower(), TASK, deployment.block)
    file.write_bytes(write_bundle(bundle))
    report = verify(read_bundle(file.read_bytes()))
    recompute(bundle, open_store(network.store), report)
    return report


def _accuracy(network: Network, winner: Path, data: Dataset) -> Callable[[bytes], float]:
    """By hash, the share of `data` that one of the task's models gets right."""
    from covey.learning.devices import resolve_device  # torch takes seconds to import

    store, size, device = open_store(network.store), winner.stat().st_size, resolve_device("cpu")

    def measure(hash_: bytes) -> float:
        model = GlobalModel.decode(store.get(cid_for(hash_, size), size), ()).own
        assert model is not None  # the Arena's models are of Covey's families
        return family_of(model.family).count_correct([model], data, device)[0] / len(data)

    return measure
