"""Whole bundles, up to the verdict: the verifier has one on any, however forged."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from covey.verify.bundle import BundleError, read_bundle, seal, write_bundle
from covey.verify.check import verify
from tests.fuzz import mutation
from tests.fuzz.target import Target


def _verify(data: bytes) -> None:
    """A bundle whose digest is right, as its forger would see to."""
    verify(seal(read_bundle(data)))


def _tasks() -> list[bytes]:
    """Bundles of tasks that were played on a chain."""
    from covey.localnet import Localnet
    from covey.verify.export import export
    from covey.verify.rpc import Node
    from tests.workers.verify.stories import STORIES
    from tests.workers.verify.world import World, build

    build()
    with Localnet() as net:
        world = World(net.url)
        played = [STORIES[name](world) for name in ("none_opened", "data_invalid")]
        return [write_bundle(export(Node(net.url), world.arena.address.lower(), run.task)) for run in played]


def _alter_bundle(data: bytes, random: Random) -> bytes:
    """Alters words of some logs, or leaves logs out, doubles or moves them; else any part of the document."""
    try:
        bundle = read_bundle(data)
    except BundleError:
        return mutation.alter_json(data, random)
    logs = list(bundle.logs)
    for _ in range(random.randint(1, 4) if logs else 0):
        place = random.randrange(len(logs))
        log = logs[place]
        match random.randrange(8):
            case 0 if len(logs) > 1:
                del logs[place]
            case 1:
                where = {"block": log.block, "index": log.index, "transaction": log.transaction}
                logs[place] = replace(random.choice(logs), **where)
            case 2 | 3 if log.topics:
                topics = list(log.topics)
                topics[random.randrange(len(topics))] = random.choice([t for one in logs for t in one.topics])
                logs[place] = replace(log, topics=tuple(topics))
            case 4:
                return mutation.alter_json(data, random)
            case _:
                logs[place] = replace(log, data=mutation.alter_words(log.data, random))
    return write_bundle(replace(bundle, logs=tuple(logs)))


TARGETS = (Target("settlement", _verify, _tasks, (BundleError,), mutate=_alter_bundle, max_size=2**17, cost=20),)
